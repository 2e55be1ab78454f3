using TorchSharp;
using TorchSharp.Modules;
using static Microsoft.ML.VqVae.Networks.TensorArithmetic;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// A transformer in which every position of a row of codes sees all others, and which learns without labels: masked codes are predicted from
/// the visible ones, as in BERT (Devlin et al. 2018, arXiv 1810.04805), BEiT (Bao et al. 2021, arXiv 2106.08254) and HuBERT (Hsu et al. 2021,
/// arXiv 2106.07447). The outputs of a middle layer are features.
/// </summary>
/// <remarks>
/// <para>The input at a position is the sum of the embeddings of its codes, or a linear function of a vector, such as the encoder's output
/// before quantization; then codes are targets only. In a grid the embeddings of its row and its column are added; in a sequence of any
/// length queries and keys are rotated by their positions instead (RoFormer, Su et al. 2021, arXiv 2104.09864). Layer normalization precedes
/// each self-attention and each feed-forward network (GELU). Time and memory of the attention grow with the square of the number of
/// positions.</para>
/// <para>Names in <c>state_dict</c>, C channels, F feed-forward channels, G codes per position: <c>codes</c> [G·K, C]; or, for vectors of D
/// numbers, <c>input</c> [C, D], <c>inputMeans</c> [D] and <c>inputDeviations</c> [D]; <c>mask</c> [C]; <c>rows</c> [H, C] and
/// <c>columns</c> [W, C] (for a grid); of layer N <c>layers.N.attentionNorm</c> [C], <c>layers.N.attention</c> [3C, C] (queries, keys, values,
/// each head by head), <c>layers.N.attentionOutput</c> [C, C], <c>layers.N.feedForwardNorm</c> [C], <c>layers.N.feedForward</c> [F, C],
/// <c>layers.N.feedForwardOutput</c> [C, F]; of the objectives whose weight is above 0 <c>maskedCodes.norm</c> [C] and
/// <c>maskedCodes.logits.G</c> [K, C]; <c>bagOfCodes.norm</c> [C] and <c>bagOfCodes.logits</c> [G·K, C]; <c>contrastive.norm</c> [C],
/// <c>contrastive.hidden</c> [C, C] and <c>contrastive.projection</c> [C, C]. All from <c>layers</c> on, and <c>input</c>, end in
/// <c>.weight</c> and <c>.bias</c>.</para>
/// </remarks>
public sealed class MaskedCodeTransformer : nn.Module, ITrainable
{
    readonly MaskedCodeTransformerOptions _options;
    readonly CodeGrid _grid;
    readonly int _seed;
    // TorchSharp registers these by their names, which are those in state_dict.
    readonly Parameter? codes, rows, columns;
    readonly Parameter mask;
    readonly Linear? input;
    Tensor? inputMeans, inputDeviations;
    readonly ModuleList<TransformerLayer> layers;
    readonly MaskedCodesObjective? maskedCodes;
    readonly BagOfCodesObjective? bagOfCodes;
    readonly ContrastiveObjective? contrastive;

    /// <summary>Creates a network with fresh weights.</summary>
    /// <param name="options">The settings; copied.</param>
    /// <param name="grid">The codes of a row.</param>
    /// <param name="inputChannels">D: numbers of the vector that is read at each position; 0 to read the codes.</param>
    /// <param name="seed">The seed of weights, masks, views and dropout; torch's global generator is not touched.</param>
    /// <exception cref="ArgumentOutOfRangeException">The options or the grid cannot work; the message lists all problems.</exception>
    public MaskedCodeTransformer(MaskedCodeTransformerOptions options, CodeGrid grid, int inputChannels, int seed)
        : base(nameof(MaskedCodeTransformer))
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(grid);
        options.Validate();
        Check(grid, inputChannels);
        (_options, _grid, _seed, InputChannels) = (options.Copy(), grid, seed, inputChannels);
        int channels = options.Channels;
        using (var source = new WeightSource(seed))
        {
            Parameter Table(params long[] sizes) => source.Draw(fanIn: 1, [.. sizes, channels]);
            codes = inputChannels == 0 ? Table(checked((long)grid.CodesPerPosition * grid.Codes)) : null;
            input = inputChannels > 0 ? source.Linear(inputChannels, channels) : null;
            mask = Table();
            rows = grid.IsSequence ? null : Table(grid.Height);
            columns = grid.IsSequence ? null : Table(grid.Width);
            layers = new ModuleList<TransformerLayer>([.. Enumerable.Range(0, options.Layers).Select(_ => new TransformerLayer(
                channels, options.Heads, options.FeedForwardChannels, causal: false, source))]);
            // Objectives come last: the weights before them are the same with any of them.
            maskedCodes = options.MaskedCodesWeight > 0 ? new MaskedCodesObjective(options, grid, source) : null;
            bagOfCodes = options.BagOfCodesWeight > 0 ? new BagOfCodesObjective(channels, options.BagOfCodesWeight, grid, source) : null;
            contrastive = options.ContrastiveWeight > 0
                ? new ContrastiveObjective(channels, options.ContrastiveWeight, options.Temperature, source) : null;
        }
        if (inputChannels > 0)
        {
            inputMeans = zeros(inputChannels, dtype: ScalarType.Float32).DetachFromDisposeScope();
            inputDeviations = ones(inputChannels, dtype: ScalarType.Float32).DetachFromDisposeScope();
        }
        RegisterComponents();
    }

    /// <summary>A copy of the settings.</summary>
    public MaskedCodeTransformerOptions Options => _options.Copy();

    /// <summary>The codes of a row.</summary>
    public CodeGrid Grid => _grid;

    /// <summary>D: numbers of the vector that is read at each position; 0 where codes are read.</summary>
    public int InputChannels { get; }

    internal int Seed => _seed;

    /// <summary>Sets the means and the standard deviations by which vectors are normalized; until then they are 0 and 1.</summary>
    /// <param name="means">The mean of each channel.</param>
    /// <param name="deviations">The standard deviation of each channel, above 0.</param>
    /// <exception cref="ArgumentException">There are more or fewer than <see cref="InputChannels"/>, or a deviation is not above
    /// 0.</exception>
    public void SetStatistics(float[] means, float[] deviations)
    {
        ArgumentNullException.ThrowIfNull(means);
        ArgumentNullException.ThrowIfNull(deviations);
        if (means.Length != InputChannels || deviations.Length != InputChannels || !Array.TrueForAll(deviations, value => value > 0))
        {
            throw new ArgumentException($"Expected are {InputChannels} means and {InputChannels} deviations above 0, but there are "
                + $"{means.Length} means and {deviations.Length} deviations.", nameof(means));
        }
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        inputMeans?.copy_(tensor(means));
        inputDeviations?.copy_(tensor(deviations));
    }

    /// <summary>The outputs of a layer, without masks: Single [B, N, C]. Those beyond the end of a row are arbitrary.</summary>
    /// <param name="inputs">Codes Int64 [B, N, G] or, where <see cref="InputChannels"/> is above 0, vectors Single [B, N, D].</param>
    /// <param name="lengths">The number of positions of each row, Int64 [B]; null where all have N.</param>
    /// <param name="layer">The layer, from 1; null for <see cref="MaskedCodeTransformerOptions.FeatureLayer"/>.</param>
    /// <exception cref="ArgumentException">The inputs have another shape, or there is no such layer.</exception>
    public Tensor Features(Tensor inputs, Tensor? lengths = null, int? layer = null)
    {
        CheckInputs(inputs, lengths);
        int count = layer ?? _options.FeatureLayer;
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1, nameof(layer));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _options.Layers, nameof(layer));
        using DisposeScope scope = NewDisposeScope();
        return Run(WithPositions(Embed(inputs)), lengths, kept: null, count).MoveToOuterDisposeScope();
    }

    /// <summary>The same in an ONNX graph, for rows of known length: Int64 [B, N, G] or Single [B, N, D] → Single [B, N, C].</summary>
    /// <exception cref="NotSupportedException">Rows may be of any length.</exception>
    internal OnnxValue FeaturesToOnnx(OnnxValue inputs, int layer)
    {
        if (_grid.IsSequence)
            throw new NotSupportedException($"no ONNX graph is known for a {nameof(MaskedCodeTransformer)} over rows of any length");
        OnnxValue states = (input is null ? (inputs + FirstRows()).RowsOf(codes!).Sum(2)
            : ((inputs - inputMeans!) / inputDeviations!).Through(input)) + Added()!;
        for (int number = 0; number < layer; number++)
            states = layers[number].ToOnnx(states, _grid.Height * _grid.Width);
        return states;
    }

    /// <summary>The loss of a batch: the sum of the losses of the objectives, each times its weight.</summary>
    /// <param name="codes">Int64 [B, N, G].</param>
    /// <param name="lengths">The number of positions of each row, Int64 [B]; null where all have N.</param>
    /// <param name="vectors">Single [B, N, D] where <see cref="InputChannels"/> is above 0; otherwise null.</param>
    /// <param name="moment">The position in the training run, which with the seed decides masks, views and dropout. In evaluation mode the
    /// masks of a batch are always the same.</param>
    /// <exception cref="ArgumentException">The batch has another shape.</exception>
    public StepLoss Loss(Tensor codes, Tensor? lengths, Tensor? vectors, TrainingMoment moment)
    {
        ArgumentNullException.ThrowIfNull(moment);
        CheckCodes(codes);
        if (vectors is null != (InputChannels == 0))
        {
            throw new ArgumentException(
                InputChannels == 0 ? "The network reads codes: vectors must be null." : "Vectors are missing.", nameof(vectors));
        }
        Tensor inputs = vectors ?? codes;
        CheckInputs(inputs, lengths);
        using DisposeScope scope = NewDisposeScope();
        var step = new FeatureStep(this, codes, lengths, Embed(inputs), training ? moment.Step : null);
        return FeatureLoss.Of(Objectives, step).MoveToOuterDisposeScope();
    }

    // The batch is [codes, lengths, vectors?], as a store of features reads it.
    StepLoss ITrainable.Loss(IReadOnlyList<Tensor> batch, TrainingMoment moment) =>
        Loss(batch[0], _grid.IsSequence ? batch[1] : null, InputChannels > 0 ? batch[2] : null, moment);

    internal IEnumerable<IFeatureObjective<FeatureStep>> Objectives =>
        new IFeatureObjective<FeatureStep>?[] { maskedCodes, bagOfCodes, contrastive }.OfType<IFeatureObjective<FeatureStep>>();

    /// <summary>Codes or vectors → the inputs of the first layer without positions, Single [B, N, C].</summary>
    internal Tensor Embed(Tensor inputs)
    {
        if (input is not null)
            return input.Apply((inputs - inputMeans!) / inputDeviations!).Single();
        (long batch, long count) = (inputs.shape[0], inputs.shape[1]);
        Tensor embedded = codes!.index_select(0, inputs.Add(FirstRows().to(inputs.device)).view(-1));
        return embedded.view(batch, count, _grid.CodesPerPosition, -1).sum(2);
    }

    /// <summary>Replaces the inputs of masked positions, Bool [B, N], by the embedding that stands for a mask.</summary>
    internal Tensor Masked(Tensor embedded, Tensor masked) => where(masked.unsqueeze(2), mask, embedded);

    /// <summary>Adds the embeddings of rows and columns, where there are any.</summary>
    internal Tensor WithPositions(Tensor embedded) => Added() is Tensor added ? embedded.Add(added) : embedded;

    /// <summary>The inputs of the first layer → the outputs of a layer.</summary>
    internal Tensor Run(Tensor states, Tensor? lengths, Tensor? kept, int layerCount)
    {
        long count = states.shape[1];
        Tensor? rotation = _grid.IsSequence
            ? TransformerLayer.Rotation((int)count, _options.Channels / _options.Heads).to(ScalarType.Float32).to(states.device) : null;
        // On a GPU, reading the lengths would make every step wait for the device.
        bool whole = lengths is null || (lengths.device_type == DeviceType.CPU && lengths.min().item<long>() == count);
        Tensor? real = whole ? null : Arange(count, states.device).lt(lengths!.unsqueeze(1)).view(-1, 1, 1, count);
        for (int number = 0; number < layerCount; number++)
            states = layers[number].Forward(states, rotation, kept?.select(0, number), real: real);
        return states.Single();
    }

    /// <summary>The factors of dropout in a training step; null without dropout.</summary>
    internal Tensor? Kept(long batch, long? step, Device device) => _options.Dropout == 0 || step is not long number ? null
        : TransformerLayer.Kept(
            _options.Layers, batch, _options.Channels + _options.FeedForwardChannels, _options.Dropout, _seed, number).to(device);

    // [1, N, C]; null for sequences.
    Tensor? Added() => rows is null ? null
        : rows.view(-1, 1, _options.Channels).Add(columns!.view(1, -1, _options.Channels)).view(1, -1, _options.Channels);

    // The first row of each place in the table of codes, Int64 [G].
    Tensor FirstRows() => Arange(_grid.CodesPerPosition).Mul(_grid.Codes);

    void CheckCodes(Tensor given)
    {
        long count = _grid.IsSequence ? TensorChecks.AtLeast(1) : _grid.Height * _grid.Width;
        TensorChecks.Shape(given, ScalarType.Int64, [TensorChecks.Any, count, _grid.CodesPerPosition], "Codes", nameof(codes));
        TensorChecks.Range(given, 0, _grid.Codes - 1, "Codes", nameof(codes));
    }

    void CheckInputs(Tensor inputs, Tensor? lengths)
    {
        if (InputChannels == 0)
        {
            CheckCodes(inputs);
        }
        else
        {
            long count = _grid.IsSequence ? TensorChecks.AtLeast(1) : _grid.Height * _grid.Width;
            TensorChecks.Shape(inputs, ScalarType.Float32, [TensorChecks.Any, count, InputChannels], "Inputs", nameof(inputs));
        }
        if (lengths is null)
            return;
        TensorChecks.OnePerRow(lengths, inputs.shape[0], "Lengths", nameof(lengths));
        TensorChecks.Range(lengths, 1, inputs.shape[1], "Lengths", nameof(lengths));
    }

    static void Check(CodeGrid grid, int inputChannels)
    {
        var problems = new OptionProblems("The codes cannot be learned by a masked code transformer");
        problems.AtLeast(nameof(grid.Codes), grid.Codes, 2);
        problems.AtLeast(nameof(grid.CodesPerPosition), grid.CodesPerPosition, 1);
        problems.AtLeast(nameof(grid.Height), grid.Height, 0);
        problems.Require(grid.IsSequence ? grid.Width == 0 : grid.Width >= 1, nameof(grid.Width),
            "1 or more, or 0 for a sequence of any length (Height 0)", grid.Width);
        problems.AtLeast(nameof(inputChannels), inputChannels, 0);
        problems.ThrowIfAny();
    }
}

/// <summary>The settings of a <see cref="MaskedCodeTransformer"/>.</summary>
/// <remarks>The number of codes and their grid are taken from the columns.</remarks>
public sealed class MaskedCodeTransformerOptions
{
    /// <summary>Number of layers, each with self-attention and a feed-forward network.</summary>
    /// <value>At least 1. The default is 4.</value>
    public int Layers { get; set; } = 4;

    /// <summary>Channels of the residual path, which is the number of features of a position.</summary>
    /// <value>At least 2, a multiple of twice the number of <see cref="Heads"/>. The default is 128.</value>
    public int Channels { get; set; } = 128;

    /// <summary>Number of attention heads, which share the <see cref="Channels"/>.</summary>
    /// <value>At least 1. The default is 4.</value>
    public int Heads { get; set; } = 4;

    /// <summary>Channels of the hidden layer of the feed-forward networks.</summary>
    /// <value>At least 1. The default is 256.</value>
    public int FeedForwardChannels { get; set; } = 256;

    /// <summary>The share of channels dropped in training: of the heads' outputs and of the feed-forward networks' hidden layers.</summary>
    /// <value>From 0, the default, to below 1.</value>
    public double Dropout { get; set; }

    /// <summary>The layer whose outputs are the features, counted from 1.</summary>
    /// <value>From 1 to <see cref="Layers"/>. The default is 3.</value>
    public int FeatureLayer { get; set; } = 3;

    /// <summary>The weight of the loss of masked codes: the codes of masked positions are predicted from the others (BERT, Devlin et al.
    /// 2018, arXiv 1810.04805; BEiT, Bao et al. 2021, arXiv 2106.08254; HuBERT, Hsu et al. 2021, arXiv 2106.07447).</summary>
    /// <value>At least 0. The default is 1.</value>
    public double MaskedCodesWeight { get; set; } = 1;

    /// <summary>The share of positions that are masked.</summary>
    /// <value>Above 0 and below 1. The default is 0.5.</value>
    public double MaskShare { get; set; } = 0.5;

    /// <summary>The minimum size of a masked block: its height and width in a grid, its length in a line or a sequence.</summary>
    /// <value>At least 1, or 0, the default, for 2 in a grid and 4 in a line or a sequence.</value>
    public int MinMaskSize { get; set; }

    /// <summary>The maximum size of a masked block.</summary>
    /// <value>At least <see cref="MinMaskSize"/>, or 0, the default, for 4 in a grid and 10 in a line or a sequence.</value>
    public int MaxMaskSize { get; set; }

    /// <summary>The weight of the loss of the bag of codes: the frequencies of the codes of the whole row are predicted from the mean
    /// features of a view, a crop of the row.</summary>
    /// <value>At least 0. The default is 0.</value>
    public double BagOfCodesWeight { get; set; }

    /// <summary>The weight of the contrastive loss: of the views of all rows of a batch, the other view of the same row is recognized by
    /// the mean features (SimCLR, Chen et al. 2020, arXiv 2002.05709).</summary>
    /// <value>At least 0. The default is 0.</value>
    public double ContrastiveWeight { get; set; }

    /// <summary>The minimum share of the positions of a row in a view; the share is drawn for each step.</summary>
    /// <value>Above 0 and at most 1. The default is 0.4.</value>
    public double MinViewShare { get; set; } = 0.4;

    /// <summary>The temperature of the contrastive loss.</summary>
    /// <value>Above 0. The default is 0.2.</value>
    public double Temperature { get; set; } = 0.2;

    /// <summary>Checks all settings together.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Some settings are invalid. The message lists all of them, each with the expected and
    /// the actual value.</exception>
    public void Validate() => OptionProblems.Check("The options of the masked code transformer cannot be used", Describe);

    internal void Describe(OptionProblems problems)
    {
        problems.AtLeast(nameof(Layers), Layers, 1);
        problems.AtLeast(nameof(Heads), Heads, 1);
        // Rotary positions rotate pairs of the channels of a head.
        problems.Require(Channels >= 2 && (Heads < 1 || Channels % (2L * Heads) == 0),
            nameof(Channels), $"a positive multiple of {nameof(Heads)} · 2", Channels);
        problems.AtLeast(nameof(FeedForwardChannels), FeedForwardChannels, 1);
        problems.Require(Dropout is >= 0 and < 1, nameof(Dropout), "from 0 to below 1", Dropout);
        problems.Require(FeatureLayer >= 1 && FeatureLayer <= Layers, nameof(FeatureLayer), $"from 1 to {nameof(Layers)}, {Layers}",
            FeatureLayer);
        problems.Require(MaskShare is > 0 and < 1, nameof(MaskShare), "above 0 and below 1", MaskShare);
        problems.AtLeast(nameof(MinMaskSize), MinMaskSize, 0);
        problems.Require(MaxMaskSize == 0 || MaxMaskSize >= Math.Max(1, MinMaskSize), nameof(MaxMaskSize),
            $"0, or {nameof(MinMaskSize)} or more", MaxMaskSize);
        double[] weights = [MaskedCodesWeight, BagOfCodesWeight, ContrastiveWeight];
        string[] names = [nameof(MaskedCodesWeight), nameof(BagOfCodesWeight), nameof(ContrastiveWeight)];
        for (int i = 0; i < weights.Length; i++)
            problems.Require(double.IsFinite(weights[i]) && weights[i] >= 0, names[i], "a number of 0 or more", weights[i]);
        problems.Require(Array.Exists(weights, weight => weight > 0), string.Join(", ", names), "above 0, at least one of them", 0);
        problems.Require(MinViewShare is > 0 and <= 1, nameof(MinViewShare), "above 0 and at most 1", MinViewShare);
        problems.Require(double.IsFinite(Temperature) && Temperature > 0, nameof(Temperature), "a number above 0", Temperature);
    }

    internal MaskedCodeTransformerOptions Copy() => (MaskedCodeTransformerOptions)MemberwiseClone();

    /// <summary>The smallest and the largest size of a masked block.</summary>
    internal (int Min, int Max) MaskSizes(bool isGrid)
    {
        int min = MinMaskSize > 0 ? MinMaskSize : isGrid ? 2 : 4;
        return (min, Math.Max(min, MaxMaskSize > 0 ? MaxMaskSize : isGrid ? 4 : 10));
    }
}
