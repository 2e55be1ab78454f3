global using PriorModel = Microsoft.ML.VqVae.TrainedModel<Microsoft.ML.VqVae.PriorDescription, Microsoft.ML.VqVae.Networks.CodePrior>;
using System.Globalization;
using System.Text.Json.Serialization;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>The description of a prior in a model file: all that is needed to recreate it, except its weights. One of the three networks is
/// set.</summary>
/// <param name="PixelCnn">The network for grids.</param>
/// <param name="WaveNet">The network for sequences.</param>
/// <param name="Format">The format of the codes of the training data.</param>
/// <param name="Conditions">The classes that the prior is conditioned on, or null.</param>
/// <param name="MeanLength">The mean number of codes in the rows of the training data.</param>
/// <param name="PredictionBatchSize">Number of rows that the network processes at once.</param>
/// <param name="Custom">The custom network of the application.</param>
internal sealed record PriorDescription(
    PixelCnnOptions? PixelCnn, WaveNetPriorOptions? WaveNet, CodeFormat Format, CategorySet? Conditions, double MeanLength,
    int PredictionBatchSize,
    [property: JsonConverter(typeof(OpenTypeConverter<CodePriorOptions>))]
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    CodePriorOptions? Custom = null) : INetworkDescription<CodePrior>
{
    // Sequences of this length are sampled where none is asked for.
    const int MaxMeanLength = 1 << 24;

    /// <summary>Selects the network by the column and the options, and takes the sizes that the options leave open from the
    /// columns.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The options and the column contradict each other.</exception>
    public static PriorDescription Resolve(DataViewSchema.Column codes, CodeFormat format, CategorySet? conditions, PriorOptions options)
    {
        int classes = conditions?.Count ?? 0;
        var description = new PriorDescription(null, null, format, conditions, 0, options.PredictionBatchSize);
        CodePriorOptions asked = options.NetworkFor(format);
        if (asked is PixelCnnOptions pixelCnn)
        {
            CodeGrid grid = GridOf(codes, format, pixelCnn);
            CodeGrids.Agreed(codes, "PixelCnn.Codes", pixelCnn.Codes, format.Codes);
            CodeGrids.Agreed(codes, "PixelCnn.Conditions", pixelCnn.Conditions, classes);
            PixelCnnOptions ofGrid = pixelCnn.For(grid, classes);
            ofGrid.Validate();
            return description with { PixelCnn = ofGrid };
        }
        if (asked is WaveNetPriorOptions waveNet)
        {
            CodeGrids.Agreed(codes, "WaveNet.Codes", waveNet.Codes, format.Codes);
            CodeGrids.Agreed(codes, "WaveNet.Conditions", waveNet.Conditions, classes);
            WaveNetPriorOptions ofLine = waveNet.For(CodeGrids.Of(format), classes);
            ofLine.Validate();
            return description with { WaveNet = ofLine };
        }
        // Copied as it would be read from a model file, so that a saved network is recreated as it was trained.
        return description with { Custom = OpenTypeConverter<CodePriorOptions>.Copy(asked, nameof(options.CustomNetwork)) };
    }

    static CodeGrid GridOf(DataViewSchema.Column codes, CodeFormat format, PixelCnnOptions options)
    {
        if (options.MapChannels != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.MapChannels,
                "PixelCnn.MapChannels must be 0: a column conditions the prior on a class, not on a map.");
        }
        return CodeGrids.Resolve(format, options) ?? throw SchemaColumns.Mismatch(codes.Name, string.Create(CultureInfo.InvariantCulture,
            $"a grid of {CodeGrids.Text(options.Height)}×{CodeGrids.Text(options.Width)}×{options.CodesPerPosition} codes, as in the "
            + $"PixelCnn options (Height, Width and CodesPerPosition), or options for a WaveNet"), codes.Type.ToString()!, "codes");
    }

    public void Describe(OptionProblems problems)
    {
        CodePriorOptions[] networks = [.. new CodePriorOptions?[] { PixelCnn, WaveNet, Custom }.OfType<CodePriorOptions>()];
        problems.Require(networks.Length == 1, "The description of the prior", "of one network", networks.Length);
        foreach (CodePriorOptions network in networks)
            network.Describe(problems);
        Conditions?.Describe(problems, nameof(Conditions));
        problems.Require(MeanLength is >= 0 and <= MaxMeanLength, nameof(MeanLength), $"from 0 to {MaxMeanLength}", MeanLength);
        if (problems.Any)
            return;
        // A WaveNet takes a grid as the line of its codes, a network of the application takes any.
        CodeGrid grid = PixelCnn?.Grid ?? (CodeGrids.Of(Format) with { Codes = WaveNet?.Codes ?? Format.Codes });
        Format.Describe(problems, nameof(Format), grid);
        int conditions = Conditions?.Count ?? 0;
        problems.Require((PixelCnn?.Conditions ?? WaveNet?.Conditions ?? conditions) == conditions, nameof(Conditions),
            "as many as the network has", conditions);
        problems.Require(PixelCnn is null or { MapChannels: 0 }, $"{nameof(PixelCnn)}.MapChannels", "0", PixelCnn?.MapChannels);
    }

    public CodePrior CreateNetwork(int seed)
    {
        if (PixelCnn is not null)
            return new PixelCnn(PixelCnn, seed);
        if (WaveNet is not null)
            return new WaveNetPrior(WaveNet, seed);
        if (Custom is null)
            throw new FormatException("The description of the prior has no network: the model file is damaged. Save the model again.");
        CodeGrid grid = CodeGrids.Of(Format);
        int conditions = Conditions?.Count ?? 0;
        CodePrior network = Custom.CreateNetwork(grid, conditions, seed);
        bool fits = network is { MapChannels: 0 } && network.Codes == grid.Codes && network.Conditions == conditions
            && (network.Length ?? grid.Length) == grid.Length;
        if (fits)
            return network;
        string found = network is null ? "null" : string.Create(CultureInfo.InvariantCulture,
            $"{network.Codes}, {network.Conditions}, {Text(network.Length)} and {network.MapChannels}");
        network?.Dispose();
        throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture,
            $"The network of {Custom.GetType().Name}.CreateNetwork must have Codes {grid.Codes}, Conditions {conditions}, Length "
            + $"{Text(grid.Length)}{(grid.Length is null ? "" : " or null")} and MapChannels 0, but has {found}."));
    }

    static string Text(int? length) => length?.ToString(CultureInfo.InvariantCulture) ?? "null";

    /// <summary>Adds the settings of the network to the fingerprint of a checkpoint.</summary>
    public SettingsFingerprint AddTo(SettingsFingerprint fingerprint)
    {
        if (PixelCnn is not null)
            fingerprint.Add("PixelCnn", PixelCnn, SavedJson.Default.PixelCnnOptions);
        if (WaveNet is not null)
            fingerprint.Add("WaveNet", WaveNet, SavedJson.Default.WaveNetPriorOptions);
        if (Custom is not null)
            fingerprint.Add("CustomNetwork", Custom, OpenTypeConverter<CodePriorOptions>.TypeInfo);
        return fingerprint;
    }
}

/// <summary>The column names of a prior; null for columns that are not requested.</summary>
internal sealed record PriorColumns(string Codes, string? Condition, string Output, string? PerCode) : IColumnNames<PriorDescription>
{
    public void Describe(OptionProblems problems, PriorDescription model)
    {
        SchemaColumns.Describe(problems, [Codes, Condition], [Output, PerCode]);
        problems.Require(Condition is null == model.Conditions is null, "Columns.Condition",
            model.Conditions is null ? "null where Conditions is" : "the name of a column where Conditions is set", Condition);
    }

    public ModelInput ToInput(PriorModel model)
    {
        var codes = new CodesInput(Codes, model.Description.Format);
        return model.Description.Conditions is CategorySet conditions
            ? new CombinedInput(codes, new CategoryInput(Condition!, conditions, "condition")) : codes;
    }

    public IReadOnlyList<ModelColumn<PriorModel, PriorPass>> ToOutputs()
    {
        List<ModelColumn<PriorModel, PriorPass>> columns =
        [
            ModelColumn<PriorModel, PriorPass>.Number(
                Output, pass => pass.Bits.sum(1), (model, inputs) => ToOnnxBits(model, inputs).Sum(1)),
        ];
        if (PerCode is string perCode)
        {
            columns.Add(new(perCode, schema => ColumnTypes.PerCodeShape(perCode, CodeFormat.Check(schema, Codes)),
                model => ColumnTypes.PerCode(perCode, model.Description.Format), (pass, column) => pass.StorePerCode(column),
                onnx: ToOnnxBits));
        }
        return columns;
    }

    /// <summary>The bits of each code, [rows, codes].</summary>
    public static OnnxValue ToOnnxBits(PriorModel model, IReadOnlyList<OnnxValue> inputs) =>
        model.Network.BitsToOnnx(inputs[0], inputs.Count > 1 ? inputs[1] : null);
}

/// <summary>The lazy forward pass of a batch through the prior: codes, lengths and, with conditions, classes.</summary>
/// <param name="model">The prior.</param>
/// <param name="inputs">The tensors on the CPU.</param>
/// <param name="maxLogits">The maximum number of logits in memory: long rows are scored a few at a time, however many a cursor reads
/// ahead.</param>
internal sealed class PriorPass(PriorModel model, IReadOnlyList<Tensor> inputs, long maxLogits)
{
    public const long DefaultMaxLogits = 1 << 25;

    /// <summary>−log2 p of each code, [rows, longest], 0 beyond the end of a row; on the CPU.</summary>
    public Tensor Bits => field ??= ComputeBits();

    public void StorePerCode(BatchColumn column)
    {
        if (column is NumberSequenceColumn sequences)
            sequences.Store(Bits, inputs[1].data<long>().ToArray());
        else
            column.Store(Bits);
    }

    Tensor ComputeBits()
    {
        (Tensor codes, Tensor lengths, Tensor? conditions) = (inputs[0], inputs[1], inputs.Count > 2 ? inputs[2] : null);
        CodeFormat format = model.Description.Format;
        long rows = codes.shape[0], together = Math.Clamp(maxLogits / (codes.shape[1] * format.Codes), 1, rows);
        var parts = new List<Tensor>();
        for (long first = 0; first < rows; first += together)
        {
            long count = Math.Min(together, rows - first);
            using DisposeScope scope = NewDisposeScope();
            Tensor? Part(Tensor? whole) => whole?.narrow(0, first, count).to(model.Device);
            Tensor bits = model.Network.Bits(Part(codes)!, Part(conditions), format.Length is null ? Part(lengths) : null);
            parts.Add(bits.cpu().MoveToOuterDisposeScope());
        }
        return parts.Count == 1 ? parts[0] : cat(parts, 0);
    }
}
