using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// A VQ-VAE ("Neural Discrete Representation Learning", van den Oord et al. 2017, arXiv 1711.00937) for numeric time series: strided
/// convolutions over time, a quantizer, and a decoder that mirrors the encoder.
/// </summary>
/// <remarks>
/// <para>A batch is Float32 [B, C, T], T a multiple of <see cref="StepsPerCode"/>, with the number of real time steps of each row, Int64
/// [B]. What lies beyond the end of a row is ignored: a row gives the same codes and the same decoded series in any batch.</para>
/// <para>Names in <c>state_dict</c>: <c>means</c> [C] and <c>deviations</c> [C], by which each channel is normalized;
/// <c>encoder.down.N</c>, <c>encoder.residual.N.wide</c>, <c>encoder.residual.N.narrow</c>, <c>encoder.project</c>, <c>decoder.expand</c>,
/// <c>decoder.residual.N.wide</c>, <c>decoder.residual.N.narrow</c>, <c>decoder.up.N</c>, each with <c>.weight</c> and <c>.bias</c> in
/// PyTorch's order of axes; <c>quantizer.…</c> as in <see cref="ImageVqVae"/>.</para>
/// </remarks>
public sealed class SeriesVqVae : nn.Module, ITrainable
{
    readonly SeriesCodecOptions options;
    readonly SeriesEncoder encoder;
    readonly Quantizer quantizer;
    readonly SeriesDecoder decoder;

    // Registered by RegisterComponents under these very names, and replaced through them when the module moves to another device.
    Tensor means;
    Tensor deviations;

    /// <summary>Creates a model with fresh weights, PyTorch's default initialization.</summary>
    /// <param name="codec">The settings of encoder and decoder; copied.</param>
    /// <param name="quantizer">The settings of the bottleneck; copied.</param>
    /// <param name="seed">The seed of weights, codebook and the randomness of training; torch's global generator is not used.</param>
    /// <exception cref="ArgumentOutOfRangeException">Options cannot work; the message lists all problems of both.</exception>
    public SeriesVqVae(SeriesCodecOptions codec, QuantizerOptions quantizer, int seed) : base(nameof(SeriesVqVae))
    {
        ArgumentNullException.ThrowIfNull(codec);
        ArgumentNullException.ThrowIfNull(quantizer);
        OptionProblems.Check("The options of the VQ-VAE of series cannot be used", codec.Describe, quantizer.Describe);
        options = codec.Copy();
        using (var source = new WeightSource(seed))
        {
            encoder = new SeriesEncoder(options, quantizer.Channels, source);
            decoder = new SeriesDecoder(options, quantizer.Channels, source);
        }
        this.quantizer = quantizer.CreateQuantizer(seed);
        means = zeros(options.Channels, dtype: ScalarType.Float32);
        deviations = ones(options.Channels, dtype: ScalarType.Float32);
        RegisterComponents();
    }

    /// <summary>A copy of the settings of encoder and decoder.</summary>
    public SeriesCodecOptions Options => options.Copy();

    /// <summary>The bottleneck.</summary>
    public Quantizer Quantizer => quantizer;

    /// <summary>C: the number of values at each time step.</summary>
    public int Channels => options.Channels;

    /// <summary>H: the number of time steps that a code covers.</summary>
    public int StepsPerCode => options.StepsPerCode;

    /// <summary>Sets the mean and the standard deviation by which each channel is normalized; until then they are 0 and 1.</summary>
    /// <param name="channelMeans">The means, one per channel.</param>
    /// <param name="channelDeviations">The standard deviations, one per channel, above 0.</param>
    /// <exception cref="ArgumentException">There are more or fewer than <see cref="Channels"/>, or a deviation is not above 0.</exception>
    public void SetStatistics(float[] channelMeans, float[] channelDeviations)
    {
        ArgumentNullException.ThrowIfNull(channelMeans);
        ArgumentNullException.ThrowIfNull(channelDeviations);
        if (channelMeans.Length != Channels || channelDeviations.Length != Channels || !Array.TrueForAll(channelDeviations, value => value > 0))
        {
            throw new ArgumentException($"Expected are {Channels} means and {Channels} deviations above 0, but there are "
                + $"{channelMeans.Length} means and {channelDeviations.Length} deviations.", nameof(channelMeans));
        }
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        means.copy_(tensor(channelMeans));
        deviations.copy_(tensor(channelDeviations));
    }

    /// <summary>The encoder alone: a batch → encodings before quantization [B, G·D, N], zero where there is only padding.</summary>
    /// <param name="series">Float32 [B, C, T].</param>
    /// <param name="lengths">The number of time steps of each row, Int64 [B].</param>
    /// <exception cref="ArgumentException">The batch has another shape.</exception>
    public Tensor EncodeToLatents(Tensor series, Tensor lengths)
    {
        Check(series, lengths);
        using DisposeScope scope = NewDisposeScope();
        Padding padding = PaddingOf(lengths, series.shape[2]);
        return encoder.Encode(Normalize(series, padding), padding).MoveToOuterDisposeScope();
    }

    /// <summary>A batch → codes Int64 [B, N, G], without gradients. Codes of padding are arbitrary.</summary>
    /// <param name="series">Float32 [B, C, T].</param>
    /// <param name="lengths">The number of time steps of each row, Int64 [B].</param>
    /// <exception cref="ArgumentException">The batch has another shape.</exception>
    public Tensor Encode(Tensor series, Tensor lengths)
    {
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        return quantizer.Encode(EncodeToLatents(series, lengths)).MoveToOuterDisposeScope();
    }

    /// <summary>The same in an ONNX graph, for rows of one length: Single [B, C, T] of any T → Int64 [B, N, G].</summary>
    internal OnnxValue EncodeToOnnx(OnnxValue series) => quantizer.EncodeToOnnx(LatentsToOnnx(series));

    internal OnnxValue LatentsToOnnx(OnnxValue series)
    {
        OnnxValue normalized = (series - means.unsqueeze(1)) / deviations.unsqueeze(1);
        return encoder.ToOnnx(normalized.PadToMultiple(axis: 2, StepsPerCode));
    }

    /// <summary>Codes → series Float32 [B, C, N · H] in the units of the data, without gradients. Values of padding are arbitrary.</summary>
    /// <param name="indices">Int64 [B, N, G].</param>
    /// <param name="lengths">The number of time steps of each row, Int64 [B].</param>
    /// <exception cref="ArgumentException">The codes have another shape or are out of range.</exception>
    public Tensor Decode(Tensor indices, Tensor lengths)
    {
        ArgumentNullException.ThrowIfNull(indices);
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor quantized = quantizer.Embed(indices);
        TensorChecks.OnePerRow(lengths, quantized.shape[0], "Lengths", nameof(lengths));
        Tensor decoded = decoder.Decode(quantized, PaddingOf(lengths, quantized.shape[2] * StepsPerCode));
        return (decoded * deviations.unsqueeze(1)).Add(means.unsqueeze(1)).MoveToOuterDisposeScope();
    }

    /// <summary>The same in an ONNX graph, for rows of one length: Int64 [B, N, G] → Single [B, C, N · H].</summary>
    internal OnnxValue DecodeToOnnx(OnnxValue indices) =>
        decoder.ToOnnx(quantizer.EmbedToOnnx(indices)) * deviations.unsqueeze(1) + means.unsqueeze(1);

    /// <summary>The mean squared difference of two series in units of the variance of each channel, Float32 [B]; NaN for rows without time
    /// steps. A decoder that gives the mean of each channel has an error of 1 on average over the training data.</summary>
    /// <param name="decoded">Float32 [B, C, T].</param>
    /// <param name="series">Float32 [B, C, T].</param>
    /// <param name="lengths">The number of time steps of each row, Int64 [B].</param>
    /// <exception cref="ArgumentException">The series have other shapes.</exception>
    public Tensor ErrorOf(Tensor decoded, Tensor series, Tensor lengths)
    {
        Check(series, lengths);
        TensorChecks.Shape(decoded, ScalarType.Float32, series.shape, "Decoded series", nameof(decoded));
        using DisposeScope scope = NewDisposeScope();
        Tensor difference = Padding.Clear((decoded - series) / deviations.unsqueeze(1), PaddingOf(lengths, series.shape[2]).Values);
        return (difference.Square().sum([1, 2]) / lengths.Mul(Channels)).MoveToOuterDisposeScope();
    }

    internal OnnxValue ErrorToOnnx(OnnxValue decoded, OnnxValue series) =>
        ((decoded - series) / deviations.unsqueeze(1)).Square().Mean(1, 2);

    /// <summary>
    /// The losses of a batch, equation 3 of the paper: reconstruction + codebook loss + β · commitment loss. p(x|z) is a Gaussian of unit
    /// variance around the decoded series, in normalized units; the quantizer's losses are averages over codes, and so is this term. In
    /// training mode the quantizer's state advances.
    /// </summary>
    /// <param name="series">Float32 [B, C, T].</param>
    /// <param name="lengths">The number of time steps of each row, Int64 [B].</param>
    /// <param name="moment">The position in the training run.</param>
    /// <exception cref="ArgumentException">The batch has another shape.</exception>
    public StepLoss Loss(Tensor series, Tensor lengths, TrainingMoment moment)
    {
        Check(series, lengths);
        ArgumentNullException.ThrowIfNull(moment);
        using DisposeScope scope = NewDisposeScope();
        quantizer.BeginStep(moment);
        Padding padding = PaddingOf(lengths, series.shape[2]);
        Tensor normalized = Normalize(series, padding);
        QuantizationResult quantization = padding.Quantize(quantizer, encoder.Encode(normalized, padding));
        Tensor error = Padding.Mean((decoder.Decode(quantization.Quantized, padding) - normalized).Square(), padding.Values);
        double valuesPerCode = (double)Channels * StepsPerCode / quantizer.CodesPerPosition;
        return quantization.ToStepLoss(error.Mul(0.5 * valuesPerCode), ("reconstruction", error)).MoveToOuterDisposeScope();
    }

    StepLoss ITrainable.Loss(IReadOnlyList<Tensor> batch, TrainingMoment moment) => Loss(batch[0], batch[1], moment);

    Padding PaddingOf(Tensor lengths, long length) => new(lengths, length, StepsPerCode);

    Tensor Normalize(Tensor series, Padding padding) =>
        Padding.Clear((series - means.unsqueeze(1)) / deviations.unsqueeze(1), padding.Values);

    void Check(Tensor series, Tensor lengths)
    {
        ArgumentNullException.ThrowIfNull(series);
        long[] shape = series.shape;
        if (shape.Length != 3 || shape[1] != Channels || shape[2] % StepsPerCode != 0 || series.dtype != ScalarType.Float32)
        {
            throw TensorChecks.Mismatch(
                series, ScalarType.Float32, $"[batch, {Channels}, a multiple of {StepsPerCode}]", "Series", nameof(series));
        }
        TensorChecks.OnePerRow(lengths, shape[0], "Lengths", nameof(lengths));
    }
}

/// <summary>The settings of the encoder and decoder of a <see cref="SeriesVqVae"/>. The defaults suit a CPU.</summary>
public sealed class SeriesCodecOptions
{
    /// <summary>C: the number of values at each time step.</summary>
    /// <value>At least 1. The default is 1.</value>
    public int Channels { get; set; } = 1;

    /// <summary>The number of strided convolutions of the encoder, each of which halves the length. A code covers 2 to this power time
    /// steps.</summary>
    /// <value>From 1 to 12. The default is 3: a code for 8 time steps.</value>
    public int Downsamplings { get; set; } = 3;

    /// <summary>Channels of the convolutions.</summary>
    /// <value>At least 1. The default is 64.</value>
    public int HiddenChannels { get; set; } = 64;

    /// <summary>Channels between the two convolutions of a residual block.</summary>
    /// <value>At least 1. The default is 64.</value>
    public int ResidualChannels { get; set; } = 64;

    /// <summary>The number of residual blocks in the encoder and in the decoder.</summary>
    /// <value>Zero or more. The default is 2.</value>
    public int ResidualBlocks { get; set; } = 2;

    /// <summary>H: the number of time steps that a code covers.</summary>
    public int StepsPerCode => 1 << Math.Clamp(Downsamplings, 0, MaxDownsamplings);

    const int MaxDownsamplings = 12;

    /// <summary>Checks all settings together.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Some settings cannot work. The message lists all of them, each with what was expected
    /// and what was found.</exception>
    public void Validate() => OptionProblems.Check("The options of the series codec cannot be used", Describe);

    internal void Describe(OptionProblems problems)
    {
        problems.AtLeast(nameof(Channels), Channels, 1);
        problems.Require(Downsamplings is >= 1 and <= MaxDownsamplings, nameof(Downsamplings), $"from 1 to {MaxDownsamplings}", Downsamplings);
        problems.AtLeast(nameof(HiddenChannels), HiddenChannels, 1);
        problems.AtLeast(nameof(ResidualChannels), ResidualChannels, 1);
        problems.AtLeast(nameof(ResidualBlocks), ResidualBlocks, 0);
    }

    internal SeriesCodecOptions Copy() => (SeriesCodecOptions)MemberwiseClone();
}
