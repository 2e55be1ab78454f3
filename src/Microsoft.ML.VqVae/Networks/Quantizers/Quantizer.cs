using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// The bottleneck of a VQ-VAE: replaces encoder outputs [B, <see cref="Channels"/>, …], with any number of spatial axes, by codes. Derive
/// from it, and from <see cref="QuantizerOptions"/>, to use a quantizer of your own: every codec of this library takes it.
/// </summary>
/// <remarks>All state must be in parameters and persistent buffers, and randomness must derive from a seed and the number of the step, so
/// that a resumed training run ends in the same weights as an uninterrupted one.</remarks>
public abstract class Quantizer : nn.Module<Tensor, QuantizationResult>
{
    /// <summary>Names the module.</summary>
    protected Quantizer(string name) : base(name)
    {
    }

    /// <summary>K: the number of codes that each position chooses from.</summary>
    public abstract int CodebookSize { get; }

    /// <summary>G: the number of codes at each position.</summary>
    public abstract int CodesPerPosition { get; }

    /// <summary>The number of channels of encodings and of quantized encodings.</summary>
    public abstract int Channels { get; }

    /// <summary>The codes of encodings [B, <see cref="Channels"/>, …]: Int64 [B, …, G], without gradients or any change of state.</summary>
    /// <exception cref="ArgumentException">The encodings have another shape.</exception>
    public abstract Tensor Encode(Tensor encodings);

    /// <summary>The quantized encodings of codes: Int64 [B, …, G] → [B, <see cref="Channels"/>, …].</summary>
    /// <exception cref="ArgumentException">The codes have another shape or type, or (checked on the CPU only) are not within
    /// 0 … K − 1.</exception>
    public abstract Tensor Embed(Tensor indices);

    /// <summary><see cref="Encode"/> in an ONNX graph: Single [B, <see cref="Channels"/>, …] → Int64 [B, …, G].</summary>
    /// <exception cref="NotSupportedException">No graph is known for this quantizer.</exception>
    internal virtual OnnxValue EncodeToOnnx(OnnxValue encodings) => throw NoOnnx();

    /// <summary><see cref="Embed"/> in an ONNX graph: Int64 [B, …, G] → Single [B, <see cref="Channels"/>, …].</summary>
    /// <exception cref="NotSupportedException">No graph is known for this quantizer.</exception>
    internal virtual OnnxValue EmbedToOnnx(OnnxValue indices) => throw NoOnnx();

    NotSupportedException NoOnnx() => new($"no ONNX graph is known for its quantizer, {GetType().Name}");

    /// <summary>Called before each training step, with the number of completed steps and the completed share of the run, 0 … 1.</summary>
    public virtual void BeginStep(long step, double fraction)
    {
    }

    /// <summary>Called before each training step, with its position in the run.</summary>
    internal virtual void BeginStep(TrainingMoment moment) => BeginStep(moment.Step, moment.Fraction);

    /// <summary>Encodings [B, C, …] as rows [N, C], N positions over batch and space. Channels-last encodings are in this order already
    /// and are not copied.</summary>
    protected static Tensor ToRows(Tensor encodings)
    {
        ArgumentNullException.ThrowIfNull(encodings);
        long[] axes = [0, .. Enumerable.Range(2, encodings.shape.Length - 2).Select(axis => (long)axis), 1];
        return encodings.permute(axes).reshape(-1, encodings.shape[1]);
    }

    /// <summary>Rows [N, C] as encodings [B, C, …] for the batch and the spatial axes [B, …].</summary>
    protected static Tensor FromRows(Tensor rows, params long[] spatial)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(spatial);
        int last = spatial.Length;
        long[] axes = [0, last, .. Enumerable.Range(1, last - 1).Select(axis => (long)axis)];
        return rows.reshape([.. spatial, rows.shape[^1]]).permute(axes);
    }

    /// <summary>Quantizes the encodings of some positions of each example, [N, C], for a quantizer that does not treat all examples
    /// alike.</summary>
    /// <param name="positions">The encodings.</param>
    /// <param name="examples">The example of each position, Int64 [N].</param>
    /// <param name="count">The number of examples.</param>
    internal virtual QuantizationResult QuantizePositions(Tensor positions, Tensor examples, long count) => call(positions);

    /// <summary>Checks the shape and the type of encodings.</summary>
    /// <exception cref="ArgumentException">They are not Float32 [batch, <see cref="Channels"/>, …].</exception>
    protected void CheckEncodings(Tensor encodings)
    {
        ArgumentNullException.ThrowIfNull(encodings);
        long[] shape = encodings.shape;
        if (shape.Length < 2 || shape[1] != Channels)
        {
            throw new ArgumentException($"Encodings must be [batch, {Channels}, …] ({CodesPerPosition} codes a position), "
                + $"but are [{string.Join(", ", shape)}].", nameof(encodings));
        }
        if (encodings.dtype != ScalarType.Float32)
            throw new ArgumentException($"Encodings must be Float32, but are {encodings.dtype}.", nameof(encodings));
    }

    /// <summary>Checks the shape, the type and, on the CPU, the range of codes.</summary>
    /// <exception cref="ArgumentException">They are not Int64 [batch, …, <see cref="CodesPerPosition"/>] within 0 … K − 1.</exception>
    protected void CheckIndices(Tensor indices)
    {
        ArgumentNullException.ThrowIfNull(indices);
        long[] shape = indices.shape;
        if (shape.Length < 2 || shape[^1] != CodesPerPosition)
        {
            throw new ArgumentException(
                $"Indices must be [batch, …, {CodesPerPosition}], but are [{string.Join(", ", shape)}].", nameof(indices));
        }
        if (indices.dtype != ScalarType.Int64)
            throw new ArgumentException($"Indices must be Int64, but are {indices.dtype}.", nameof(indices));
        TensorChecks.Range(indices, 0, CodebookSize - 1, "Indices", nameof(indices));
    }
}

/// <summary>The settings of a <see cref="Quantizer"/>; they create it. Properties that can be set are saved with a model as JSON.</summary>
public abstract class QuantizerOptions
{
    /// <summary>K: the number of codes that each position chooses from.</summary>
    public abstract int CodebookSize { get; }

    /// <summary>G: the number of codes at each position.</summary>
    public abstract int CodesPerPosition { get; set; }

    /// <summary>The number of channels of encodings.</summary>
    public abstract int Channels { get; }

    /// <summary>Creates the quantizer of these settings.</summary>
    /// <param name="seed">The seed of everything random.</param>
    public abstract Quantizer CreateQuantizer(int seed);

    /// <summary>Checks all settings together.</summary>
    /// <exception cref="ArgumentException">Some settings cannot work. The message lists all of them, each with what was expected and what
    /// was found.</exception>
    public abstract void Validate();

    /// <summary>A copy, which later changes of these settings do not reach.</summary>
    public virtual QuantizerOptions Copy() => (QuantizerOptions)MemberwiseClone();

    /// <summary>The number of codes at a position and in a codebook, and the kind of quantizer.</summary>
    /// <returns>For example <c>1 codes of 512 (VectorQuantizer)</c>.</returns>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{CodesPerPosition} codes of {CodebookSize} ({GetType().Name.Replace("Options", "", StringComparison.Ordinal)})");

    internal VectorQuantizerOptions AsVectorQuantizer() => this as VectorQuantizerOptions ?? throw new InvalidOperationException(
        $"The quantizer is set by {GetType().Name}, not by {nameof(VectorQuantizerOptions)}. Set the options' Quantizer, or change its own "
        + "settings.");

    /// <summary>The number of steps without quantization, if it was set and is not that of a preset.</summary>
    internal virtual int? SetUnquantizedSteps => null;

    /// <summary>Adds the problems of a codec's quantizer in a run of so many steps, where their number is known.</summary>
    internal static void Describe(QuantizerOptions? quantizer, int? steps, OptionProblems problems)
    {
        problems.Require(quantizer is not null, "Quantizer", "set", quantizer);
        quantizer?.Describe(problems);
        if (quantizer?.SetUnquantizedSteps is > 0 and int unquantized && steps > 0)
        {
            problems.Require(unquantized < steps, $"Quantizer.{nameof(VectorQuantizerOptions.UnquantizedSteps)}",
                string.Create(CultureInfo.InvariantCulture, $"less than Training.Steps, which is {steps}"), unquantized);
        }
    }

    /// <summary>Adds the problems of these settings to those of a codec.</summary>
    internal virtual void Describe(OptionProblems problems)
    {
        try
        {
            Validate();
        }
        catch (ArgumentException problem)
        {
            problems.Add(nameof(QuantizerOptions), problem.Message.TrimEnd('.'));
        }
    }
}

/// <summary>The result of quantizing a batch of encoder outputs.</summary>
/// <param name="Quantized">The codes in place of the encoder outputs, same shape [B, G·D, …]. In training its gradient passes straight
/// through to the encoder outputs (equation 2 and section 3.2 of the paper).</param>
/// <param name="Indices">Which codes, Int64 [B, …, G]. Empty while the encoder outputs still pass unquantized.</param>
/// <param name="CodebookLoss">‖sg[z] − e‖², summed over the D dimensions, averaged over the latents of an example and over the batch; a
/// scalar whose gradient reaches the codebook alone. Zero when the codebook learns by moving average.</param>
/// <param name="CommitmentLoss">‖z − sg[e]‖², summed and averaged likewise and not yet weighted by β; a scalar whose gradient reaches the
/// encoder alone.</param>
/// <param name="Counts">Number of times that the batch used each code, Single [codebooks, K]; zero while the encoder outputs still pass
/// unquantized. Sum them over a whole data set before computing usage or perplexity.</param>
/// <param name="Loss">The quantizer's part of the loss of a model: <paramref name="CodebookLoss"/> + β ·
/// <paramref name="CommitmentLoss"/>.</param>
public sealed record QuantizationResult(
    Tensor Quantized, Tensor Indices, Tensor CodebookLoss, Tensor CommitmentLoss, Tensor Counts, Tensor Loss)
{
    /// <summary>The loss of a model: its reconstruction term and the quantizer's losses.</summary>
    /// <param name="reconstruction">The weighted reconstruction term.</param>
    /// <param name="terms">What is reported besides the quantizer's losses.</param>
    internal StepLoss ToStepLoss(Tensor reconstruction, params (string Name, Tensor Value)[] terms)
    {
        (string, Tensor)[] all = [.. terms, ("codebook", CodebookLoss), ("commitment", CommitmentLoss)];
        return new StepLoss(reconstruction.Add(Loss), all.ToDictionary(term => term.Item1, term => term.Item2.detach()), Counts)
        {
            Parts = new Dictionary<string, Tensor> { ["reconstruction"] = reconstruction.detach(), ["quantizer"] = Loss.detach() },
        };
    }

    internal QuantizationResult MoveToOuterDisposeScope()
    {
        foreach (Tensor? tensor in new[] { Quantized, Indices, CodebookLoss, CommitmentLoss, Counts, Loss })
            tensor.MoveToOuterDisposeScope();
        return this;
    }
}

/// <summary>Quantization of sequences of unequal lengths.</summary>
internal static class PaddedQuantization
{
    /// <summary>Quantizes [B, D, N]; the quantizer sees the real positions only, and padding becomes zero.</summary>
    public static QuantizationResult Quantize(this Padding padding, Quantizer quantizer, Tensor latents)
    {
        if (padding.Codes is null)
            return quantizer.call(latents);
        (long batch, long channels, long count) = (latents.shape[0], latents.shape[1], latents.shape[2]);
        Tensor rows = padding.Codes.reshape(-1).nonzero().reshape(-1);
        Tensor real = latents.permute(0, 2, 1).reshape(-1, channels).index_select(0, rows);
        Tensor examples = TensorArithmetic.Arange(batch, latents.device).repeat_interleave(count).index_select(0, rows);
        QuantizationResult result = quantizer.QuantizePositions(real, examples, batch);
        Tensor quantized = zeros(batch * count, channels, dtype: ScalarType.Float32, device: latents.device)
            .IndexAdd_(0, rows, result.Quantized).view(batch, count, channels).permute(0, 2, 1);
        return result with { Quantized = quantized };
    }
}
