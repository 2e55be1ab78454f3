using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// Finite scalar quantization (Mentzer et al. 2023, arXiv 2309.15505): each dimension of an encoding is bounded by tanh and rounded to one of a
/// few values, with the straight-through gradient. The codebook is the grid of these values; it has no weights and cannot collapse.
/// </summary>
/// <remarks>
/// A dimension with L levels takes the values (i − ⌊L/2⌋) / ⌊L/2⌋ for i = 0 … L − 1. The number of a code is Σ i_d · Π_{e&lt;d} L_e. The paper's
/// code shifts even levels by tan where this uses the inverse of tanh, so that an encoding of 0 is quantized to 0 exactly. Two levels are
/// bounded to an interval of width 1.5 instead of L − 1 = 1, since the shift of the latter would be infinite.
/// </remarks>
public sealed class FiniteScalarQuantizer : Quantizer
{
    readonly FiniteScalarQuantizerOptions _options;
    readonly float[] _halfRanges, _offsets, _shifts, _halfWidths;
    readonly long[] _levels, _strides;

    /// <summary>Creates a quantizer.</summary>
    /// <param name="options">The settings; copied.</param>
    /// <exception cref="ArgumentOutOfRangeException">The options cannot work; the message lists all problems.</exception>
    public FiniteScalarQuantizer(FiniteScalarQuantizerOptions options) : base(nameof(FiniteScalarQuantizer))
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options.Copy();
        _levels = [.. _options.Levels];
        _strides = new long[_levels.Length];
        for (int i = 0, stride = 1; i < _levels.Length; stride *= (int)_levels[i++])
            _strides[i] = stride;
        // Any number between L/2 − 1 and L/2 reaches all levels and no others.
        _halfRanges = Array.ConvertAll(_levels, levels => levels == 2 ? 0.75f : (levels - 1) / 2f);
        _offsets = Array.ConvertAll(_levels, levels => levels % 2 == 0 ? 0.5f : 0);
        _shifts = [.. _offsets.Zip(_halfRanges, (offset, range) => MathF.Atanh(offset / range))];
        _halfWidths = Array.ConvertAll(_levels, levels => (float)(levels / 2));
        RegisterComponents();
    }

    /// <summary>A copy of the settings.</summary>
    public FiniteScalarQuantizerOptions Options => _options.Copy();

    /// <inheritdoc/>
    public override int CodebookSize => _options.CodebookSize;

    /// <inheritdoc/>
    public override int CodesPerPosition => _options.CodesPerPosition;

    /// <inheritdoc/>
    public override int Channels => _options.Channels;

    /// <summary>Quantizes encodings [B, Channels, …].</summary>
    /// <exception cref="ArgumentException">The encodings have another shape.</exception>
    /// <exception cref="InvalidOperationException">An encoding is not a number (on the CPU only).</exception>
    public override QuantizationResult forward(Tensor encodings)
    {
        CheckEncodings(encodings);
        using DisposeScope scope = NewDisposeScope();
        Tensor bounded = Bound(encodings);
        Tensor values = bounded.detach().round();
        if (values.device_type == DeviceType.CPU && !float.IsFinite(values.sum().item<float>()))
        {
            throw new InvalidOperationException("The encodings given to the quantizer hold a value that is not a number. Check the data for "
                + "NaN and infinity; if it is clean, training diverged: lower the learning rate or clip gradients.");
        }
        // The rounded values, with the gradient of the bounded ones.
        Tensor passed = bounded.requires_grad ? bounded.Add(values - bounded.detach()) : values;
        Tensor indices = IndicesOf(values);
        long[] spatial = [encodings.shape[0], .. encodings.shape[2..]];
        Tensor none = zeros([], dtype: ScalarType.Float32, device: encodings.device);
        return new QuantizationResult(
            FromRows((passed / Constant(_halfWidths, encodings.device)).reshape(-1, Channels), spatial),
            indices.reshape([.. spatial, CodesPerPosition]), none, none.clone(),
            NearestCodes.Count(indices.view(-1), CodebookSize).view(1, -1), none.clone()).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Encode(Tensor encodings)
    {
        CheckEncodings(encodings);
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        long[] shape = [encodings.shape[0], .. encodings.shape[2..], CodesPerPosition];
        return IndicesOf(Bound(encodings).round()).reshape(shape).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Embed(Tensor indices)
    {
        CheckIndices(indices);
        using DisposeScope scope = NewDisposeScope();
        Tensor digits = indices.reshape(-1, 1).div(Constant(_strides, indices.device), RoundingMode.floor)
            .remainder(Constant(_levels, indices.device));
        Tensor halfWidths = Constant(_halfWidths, indices.device);
        Tensor values = (digits.to_type(ScalarType.Float32) - halfWidths) / halfWidths;
        return FromRows(values.reshape(-1, Channels), indices.shape[..^1]).MoveToOuterDisposeScope();
    }

    internal override OnnxValue EncodeToOnnx(OnnxValue encodings)
    {
        OnnxValue vectors = encodings.ChannelsLast().SplitLast(CodesPerPosition, _levels.Length);
        OnnxValue bounded = (vectors + Constant(_shifts, CPU)).Tanh() * Constant(_halfRanges, CPU) - Constant(_offsets, CPU);
        return ((bounded.Round() + Constant(_halfWidths, CPU)).To<long>() * Constant(_strides, CPU)).Sum(vectors.Rank - 1);
    }

    internal override OnnxValue EmbedToOnnx(OnnxValue indices)
    {
        OnnxValue digits = (indices.SplitLast(-1, 1) / Constant(_strides, CPU)).Remainder(Constant(_levels, CPU));
        return ((digits.To<float>() - Constant(_halfWidths, CPU)) / Constant(_halfWidths, CPU)).MergeLast().ChannelsFirst();
    }

    /// <summary>Encodings as [N·G, dimensions], each dimension within the range that rounds to its levels.</summary>
    internal Tensor Bound(Tensor encodings)
    {
        Tensor vectors = ToRows(encodings).reshape(-1, _levels.Length);
        return vectors.Add(Constant(_shifts, encodings.device)).tanh() * Constant(_halfRanges, encodings.device)
            - Constant(_offsets, encodings.device);
    }

    // NaN counts as 0: as an integer it would be no code at all.
    Tensor IndicesOf(Tensor rounded) =>
        (rounded.nan_to_num(0).Add(Constant(_halfWidths, rounded.device)).to_type(ScalarType.Int64) * Constant(_strides, rounded.device)).sum(1);

    static Tensor Constant(float[] values, Device device) => tensor(values, device: device);

    static Tensor Constant(long[] values, Device device) => tensor(values, device: device);
}

/// <summary>
/// The settings of a <see cref="FiniteScalarQuantizer"/> ("Finite Scalar Quantization: VQ-VAE Made Simple", Mentzer et al. 2023, arXiv
/// 2309.15505). There is no codebook to learn, and there are no quantizer losses.
/// </summary>
public sealed class FiniteScalarQuantizerOptions : QuantizerOptions
{
    /// <summary>The number of values that each dimension of a code can have. A codebook has their product of codes.</summary>
    /// <value>At least one number, each 2 or more, with a product of at most 16777216; the paper recommends 5 or more. The default is 8, 8, 8,
    /// about 512 codes as in table 1 of the paper.</value>
    public IReadOnlyList<int> Levels { get; set; } = [8, 8, 8];

    // No weight bounds the codebook, but each code has a name in the annotations of columns.
    const int MaxCodes = 1 << 24;

    /// <inheritdoc/>
    /// <value>At least 1. The default is 1.</value>
    public override int CodesPerPosition { get; set; } = 1;

    /// <summary>K: the product of <see cref="Levels"/>.</summary>
    public override int CodebookSize => Levels.Aggregate(1, (product, levels) => checked(product * levels));

    /// <summary>The number of channels of encodings: one for each of <see cref="Levels"/> and of the codes at a position.</summary>
    public override int Channels => checked(Levels.Count * CodesPerPosition);

    /// <inheritdoc/>
    public override Quantizer CreateQuantizer(int seed) => new FiniteScalarQuantizer(this);

    /// <inheritdoc/>
    public override FiniteScalarQuantizerOptions Copy() => new() { Levels = [.. Levels], CodesPerPosition = CodesPerPosition };

    /// <inheritdoc/>
    public override void Validate() => OptionProblems.Check("The finite scalar quantizer's options cannot be used", Describe);

    internal override void Describe(OptionProblems problems)
    {
        string found = Levels is null ? "null" : $"[{string.Join(", ", Levels)}]";
        bool valid = Levels is { Count: > 0 } && Levels.All(levels => levels >= 2);
        problems.Require(valid, nameof(Levels), "one number or more, each 2 or more", found);
        if (valid)
        {
            double product = Levels!.Aggregate(1.0, (product, levels) => product * levels);
            problems.Require(product <= MaxCodes, nameof(Levels), $"numbers whose product is at most {MaxCodes}", found);
        }
        problems.AtLeast(nameof(CodesPerPosition), CodesPerPosition, 1);
    }
}
