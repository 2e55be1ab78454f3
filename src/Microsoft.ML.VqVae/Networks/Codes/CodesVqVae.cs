using TorchSharp;
using TorchSharp.Modules;
using static Microsoft.ML.VqVae.Networks.TensorArithmetic;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// A VQ-VAE over the codes of another one, the second level of section 4.2 of "Neural Discrete Representation Learning" (van den Oord et
/// al.
/// 2017, arXiv 1711.00937): an encoder from a whole grid of codes to a handful of latents, and a PixelCNN over the grid, conditioned on
/// them,
/// as decoder.
/// </summary>
/// <remarks>
/// A grid is Int64 [B, N], row by row, the G codes of a position side by side. Latents are Int64 [B, L]. A PixelCNN
/// can model a grid without latents, and the decoder of a VAE with continuous latents then ignores them (posterior collapse). Here the KL
/// term of a latent is constant, so that its use has no cost, and the decoder uses the latents. Names in <c>state_dict</c>:
/// <c>encoder.embedding</c> [G·K, E], <c>encoder.enter</c>, <c>encoder.down.N</c>, <c>encoder.residual.N.wide</c>,
/// <c>encoder.residual.N.narrow</c>, <c>encoder.project</c>, <c>spread</c>, each with <c>.weight</c> and <c>.bias</c>; <c>quantizer.…</c>
/// as in <see cref="ImageVqVae"/>; <c>decoder.…</c> as in <see cref="PixelCnn"/>.
/// </remarks>
public sealed class CodesVqVae : nn.Module, ITrainable
{
    readonly CodesCodecOptions options;
    readonly CodesEncoder encoder;
    readonly Quantizer quantizer;
    readonly Linear spread;
    readonly PixelCnn decoder;

    /// <summary>Creates a model with fresh weights.</summary>
    /// <param name="codec">The settings of encoder and decoder, the grid included; copied.</param>
    /// <param name="quantizer">The settings of the bottleneck; copied. Its <see cref="VectorQuantizerOptions.CodesPerPosition"/> is L, the
    /// number of latents.</param>
    /// <param name="seed">The seed of weights, codebooks and the randomness of training; torch's global generator is not used.</param>
    /// <exception cref="ArgumentOutOfRangeException">Options are invalid; the message lists all problems of both.</exception>
    public CodesVqVae(CodesCodecOptions codec, QuantizerOptions quantizer, int seed) : base(nameof(CodesVqVae))
    {
        ArgumentNullException.ThrowIfNull(codec);
        ArgumentNullException.ThrowIfNull(quantizer);
        OptionProblems.Check("The options of the VQ-VAE over codes cannot be used", codec.Describe, quantizer.Describe);
        options = codec.Copy();
        PixelCnnOptions grid = options.Decoder;
        using (var source = new WeightSource(seed))
        {
            encoder = new CodesEncoder(options, quantizer.Channels, source);
            spread = source.Linear(quantizer.Channels, checked(grid.MapChannels * grid.Height * grid.Width));
        }
        this.quantizer = quantizer.CreateQuantizer(seed);
        decoder = new PixelCnn(grid, seed);
        RegisterComponents();
    }

    /// <summary>The bottleneck.</summary>
    public Quantizer Quantizer => quantizer;

    /// <summary>A copy of the settings of encoder and decoder.</summary>
    public CodesCodecOptions Options => options.Copy();

    /// <summary>L: the number of latents of a grid.</summary>
    public int Latents => quantizer.CodesPerPosition;

    /// <summary>Runs only the encoder: a grid [B, N] → encodings before quantization [B, L·D, 1, 1].</summary>
    /// <exception cref="ArgumentException">The codes have another shape or are out of range.</exception>
    public Tensor EncodeToLatents(Tensor codes)
    {
        CheckCodes(codes);
        return encoder.call(codes);
    }

    /// <summary>A grid [B, N] → its latents Int64 [B, L], without gradients.</summary>
    /// <exception cref="ArgumentException">The codes have another shape or are out of range.</exception>
    public Tensor Encode(Tensor codes)
    {
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        return quantizer.Encode(EncodeToLatents(codes)).view(codes.shape[0], Latents).MoveToOuterDisposeScope();
    }

    /// <summary>The same in an ONNX graph.</summary>
    internal OnnxValue EncodeToOnnx(OnnxValue codes) => quantizer.EncodeToOnnx(encoder.ToOnnx(codes)).Reshape(-1, Latents);

    /// <summary>−log2 p(code | codes before it, latents) of each code of the grid, Float32 [B, N], without gradients.</summary>
    /// <param name="codes">The grid, Int64 [B, N].</param>
    /// <param name="latents">The latents, Int64 [B, L]: those of the grid, or others for comparison.</param>
    /// <exception cref="ArgumentException">Codes or latents have another shape or are out of range.</exception>
    public Tensor Bits(Tensor codes, Tensor latents)
    {
        CheckCodes(codes);
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        return decoder.Bits(codes, map: MapOf(latents)).MoveToOuterDisposeScope();
    }

    /// <summary>The same in an ONNX graph.</summary>
    internal OnnxValue BitsToOnnx(OnnxValue codes, OnnxValue latents)
    {
        PixelCnnOptions grid = options.Decoder;
        OnnxValue quantized = quantizer.EmbedToOnnx(latents.Reshape(-1, 1, 1, Latents)).Reshape(0, -1);
        return decoder.BitsToOnnx(
            codes, conditions: null, quantized.Through(spread).Reshape(-1, grid.MapChannels, grid.Height, grid.Width));
    }

    /// <summary>Samples grids from latents.</summary>
    /// <param name="latents">Int64 [B, L].</param>
    /// <param name="request">Temperature, seed and the like; count, length, conditions and numbers of rows are set
    /// here.</param>
    /// <returns>Int64 [B, N] on the CPU.</returns>
    /// <exception cref="ArgumentException">The latents have another shape or are out of range, or the request cannot be met.</exception>
    /// <exception cref="OperationCanceledException">The request's token was canceled.</exception>
    public Tensor Sample(Tensor latents, SampleRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor map = MapOf(latents);
        SampleRequest wanted = request with
        {
            Count = (int)latents.shape[0], Length = 0, Conditions = null, Map = map, Numbers = NumbersOf(latents),
        };
        return decoder.Sample(wanted).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The losses of a batch of grids [B, N], equation 3 of the paper with the PixelCNN's −log p(x|z) as reconstruction term, averaged over
    /// the latents of a grid as the quantizer's losses are.
    /// </summary>
    /// <param name="codes">The grid, Int64 [B, N].</param>
    /// <param name="moment">The position in the training run, from which the decoder's dropout derives.</param>
    /// <exception cref="ArgumentException">The codes have another shape or are out of range.</exception>
    public StepLoss Loss(Tensor codes, TrainingMoment moment)
    {
        CheckCodes(codes);
        ArgumentNullException.ThrowIfNull(moment);
        using DisposeScope scope = NewDisposeScope();
        quantizer.BeginStep(moment);
        QuantizationResult quantization = quantizer.call(encoder.call(codes));
        Tensor nats = decoder.Loss(codes, step: moment.Step, map: Spread(quantization.Quantized));
        return quantization.ToStepLoss(nats.Mul((double)codes.shape[1] / Latents), ("bits per code", nats.Div(Math.Log(2))))
            .MoveToOuterDisposeScope();
    }

    StepLoss ITrainable.Loss(IReadOnlyList<Tensor> batch, TrainingMoment moment) => Loss(batch[0], moment);

    /// <summary>Numbers rows by their latents, read as the digits of a number, so that the random numbers of a row do not depend on the
    /// rows around it.</summary>
    long[] NumbersOf(Tensor latents)
    {
        long[] digits = latents.cpu().contiguous().data<long>().ToArray();
        ulong radix = (ulong)quantizer.CodebookSize;
        return [.. digits.Chunk(Latents)
            .Select(row => (long)(row.Aggregate(0UL, (number, digit) => unchecked(number * radix + (ulong)digit)) & long.MaxValue))];
    }

    Tensor MapOf(Tensor latents)
    {
        if (latents is null)
            throw new ArgumentException($"Latents must be Int64 [batch, {Latents}], but are null.", nameof(latents));
        TensorChecks.Shape(latents, ScalarType.Int64, [TensorChecks.Any, Latents], "Latents", nameof(latents), $"[batch, {Latents}]");
        return Spread(quantizer.Embed(latents.view(-1, 1, 1, Latents)));
    }

    /// <summary>The conditions of each position from the latents: [B, L·D, 1, 1] → [B, M, H, W].</summary>
    Tensor Spread(Tensor quantized)
    {
        PixelCnnOptions grid = options.Decoder;
        return spread.Apply(quantized.reshape(quantized.shape[0], -1)).Single().view(-1, grid.MapChannels, grid.Height, grid.Width);
    }

    void CheckCodes(Tensor codes)
    {
        int length = decoder.Length!.Value;
        TensorChecks.Shape(codes, ScalarType.Int64, [TensorChecks.Any, length], "Codes", nameof(codes), $"[batch, {length}]");
        TensorChecks.Range(codes, 0, options.Decoder.Codes - 1, "Codes", nameof(codes));
    }
}

/// <summary>The settings of the encoder and decoder of a <see cref="CodesVqVae"/>. The number of latents, and the number of codes of each
/// chooses from, are settings of its quantizer.</summary>
public sealed class CodesCodecOptions
{
    /// <summary>Channels of the embedding of each code in the encoder.</summary>
    /// <value>At least 1. The default is 32.</value>
    public int EmbeddingChannels { get; set; } = 32;

    /// <summary>Channels of the encoder's convolutions.</summary>
    /// <value>At least 1. The default is 64.</value>
    public int HiddenChannels { get; set; } = 64;

    /// <summary>The number of residual blocks of the encoder.</summary>
    /// <value>Zero or more. The default is 2.</value>
    public int ResidualBlocks { get; set; } = 2;

    /// <summary>The decoder: a PixelCNN over the grid. Its <see cref="PixelCnnOptions.MapChannels"/> are the channels of the condition
    /// computed from the latents. Grid and number of codes are taken from the column where they are 0.</summary>
    /// <value>The default has 5 layers of 48 channels, 32 channels of map, and a dropout of 0.1.</value>
    public PixelCnnOptions Decoder { get; set; } = new() { Layers = 5, Channels = 48, MapChannels = 32, Dropout = 0.1 };

    /// <summary>Checks all settings together, the grid included: set those that come from a column first.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Some settings are invalid. The message lists all of them, each with the expected and
    /// the actual value.</exception>
    public void Validate() => OptionProblems.Check("The options of the codec of codes cannot be used", Describe);

    internal void Describe(OptionProblems problems)
    {
        problems.AtLeast(nameof(EmbeddingChannels), EmbeddingChannels, 1);
        problems.AtLeast(nameof(HiddenChannels), HiddenChannels, 1);
        problems.AtLeast(nameof(ResidualBlocks), ResidualBlocks, 0);
        problems.Require(Decoder is not null, nameof(Decoder), "set", Decoder);
        if (Decoder is null)
            return;
        problems.AtLeast($"{nameof(Decoder)}.{nameof(Decoder.MapChannels)}", Decoder.MapChannels, 1);
        problems.Require(Decoder.Conditions == 0, $"{nameof(Decoder)}.{nameof(Decoder.Conditions)}",
            "0, since the latents are all that the decoder is conditioned on", Decoder.Conditions);
        Decoder.Describe(problems);
    }

    internal CodesCodecOptions Copy()
    {
        var copy = (CodesCodecOptions)MemberwiseClone();
        copy.Decoder = Decoder.Copy();
        return copy;
    }
}

/// <summary>A grid of codes [B, N] → one encoding of the whole grid [B, L·D, 1, 1]: embeddings, convolutions that halve the grid until it
/// is
/// small, residual blocks, and an affine map of all that is left.</summary>
internal sealed class CodesEncoder : nn.Module<Tensor, Tensor>
{
    /// <summary>A grid of at most this side is small enough for the affine map.</summary>
    const int SmallSide = 4;

    readonly PixelCnnOptions grid;
    readonly Parameter embedding;
    readonly Conv2d enter;
    readonly ModuleList<Conv2d> down;
    readonly ModuleList<ResidualBlock> residual;
    readonly Linear project;

    public CodesEncoder(CodesCodecOptions options, int encodingChannels, WeightSource source) : base(nameof(CodesEncoder))
    {
        grid = options.Decoder;
        int hidden = options.HiddenChannels;
        embedding = source.Draw(1, (long)grid.CodesPerPosition * grid.Codes, options.EmbeddingChannels);
        enter = source.Convolution2d(grid.CodesPerPosition * options.EmbeddingChannels, hidden, 3, 1, 1);
        (int height, int width, int halvings) = (grid.Height, grid.Width, 0);
        for (; Math.Max(height, width) > SmallSide; halvings++)
            (height, width) = ((height + 1) / 2, (width + 1) / 2);
        down = new ModuleList<Conv2d>(Enumerable.Range(0, halvings)
            .Select(_ => source.Convolution2d(hidden, hidden, 3, 2, 1)).ToArray());
        residual = new ModuleList<ResidualBlock>(Enumerable.Range(0, options.ResidualBlocks)
            .Select(_ => new ResidualBlock(hidden, hidden, source)).ToArray());
        project = source.Linear(hidden * height * width, encodingChannels);
        RegisterComponents();
    }

    public override Tensor forward(Tensor codes)
    {
        using DisposeScope scope = NewDisposeScope();
        // Each place of a position has a table of its own: code 7 of the first place need not mean the same as code 7 of the second.
        Tensor place = Arange(grid.CodesPerPosition, codes.device).Mul(grid.Codes);
        Tensor rows = codes.view(-1, grid.CodesPerPosition).Add(place).view(-1);
        Tensor x = embedding.index_select(0, rows).view(codes.shape[0], grid.Height, grid.Width, -1).permute(0, 3, 1, 2);
        x = enter.Apply(x);
        foreach (Conv2d layer in down)
            x = layer.Apply(x.relu_());
        foreach (ResidualBlock block in residual)
            x = block.call(x);
        return project.Apply(x.relu_().reshape(codes.shape[0], -1)).Single().unsqueeze(2).unsqueeze(3).MoveToOuterDisposeScope();
    }

    public OnnxValue ToOnnx(OnnxValue codes)
    {
        using Tensor places = Arange(grid.CodesPerPosition).Mul(grid.Codes);
        OnnxValue rows = codes.Reshape(-1, grid.Height, grid.Width, grid.CodesPerPosition) + places;
        OnnxValue x = rows.RowsOf(embedding).MergeLast().ChannelsFirst().Through(enter);
        foreach (Conv2d layer in down)
            x = x.Relu().Through(layer);
        foreach (ResidualBlock block in residual)
            x = block.ToOnnx(x);
        return x.Relu().Reshape(0, -1).Through(project).Reshape(0, -1, 1, 1);
    }
}
