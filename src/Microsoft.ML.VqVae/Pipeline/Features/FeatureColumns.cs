global using FeatureModel =
    Microsoft.ML.VqVae.TrainedModel<Microsoft.ML.VqVae.FeatureDescription, Microsoft.ML.VqVae.Networks.MaskedCodeTransformer>;
using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>The description of a network of features in a model file: all that is needed to recreate it, except its weights.</summary>
/// <param name="Network">The settings of the network.</param>
/// <param name="Format">The format of the codes of the training data.</param>
/// <param name="CodesPerPosition">G: number of codes at a position.</param>
/// <param name="InputChannels">D: numbers at each position of the column that is read; 0 where codes are read.</param>
/// <param name="PredictionBatchSize">Number of rows that the network processes at once.</param>
internal sealed record FeatureDescription(
    MaskedCodeTransformerOptions Network, CodeFormat Format, int CodesPerPosition, int InputChannels, int PredictionBatchSize)
    : INetworkDescription<MaskedCodeTransformer>
{
    public MaskedCodeTransformer CreateNetwork(int seed) => new(Network, ToGrid(), InputChannels, seed);

    /// <summary>The number of codes at a position of a column.</summary>
    /// <param name="column">The column of codes.</param>
    /// <param name="format">Its format.</param>
    /// <param name="asked">The option; 0 for the last dimension of a grid or a clip.</param>
    /// <exception cref="ArgumentOutOfRangeException">The codes of a row are no multiple of the option.</exception>
    public static int PerPosition(DataViewSchema.Column column, CodeFormat format, int asked)
    {
        int found = format.Dimensions.Length >= 3 ? format.Dimensions[^1] : 1;
        if (asked == 0)
            return found;
        return Fits(format.Dimensions, asked) ? asked : throw new ArgumentOutOfRangeException(nameof(asked), asked,
            $"The options ask for {nameof(FeatureOptions.CodesPerPosition)} = {asked}, but column '{column.Name}' is {column.Type}. Leave it 0.");
    }

    /// <summary>The positions of a row: the frames of a clip are stacked, as rows of one grid.</summary>
    // A method, since a property would be written into the model file.
    public CodeGrid ToGrid() => Format.Dimensions switch
    {
        [] => new(0, 0, CodesPerPosition, Format.Codes),
        [int length] => new(1, length / CodesPerPosition, CodesPerPosition, Format.Codes),
        [int height, int width] when CodesPerPosition == 1 => new(height, width, 1, Format.Codes),
        [int length, int perPosition] => new(1, checked(length * perPosition / CodesPerPosition), CodesPerPosition, Format.Codes),
        [.. int[] rows, int width, _] =>
            new(rows.Aggregate((product, size) => checked(product * size)), width, CodesPerPosition, Format.Codes),
    };

    /// <summary>The dimensions of the positions; empty for rows of any length.</summary>
    public int[] PositionDimensions()
    {
        CodeGrid grid = ToGrid();
        return grid.IsSequence ? [] : Format.Dimensions.Length >= 3 ? Format.Dimensions[..^1] : grid.Height == 1
            ? [grid.Width] : [grid.Height, grid.Width];
    }

    public void Describe(OptionProblems problems)
    {
        Network.Describe(problems);
        problems.AtLeast(nameof(CodesPerPosition), CodesPerPosition, 1);
        problems.AtLeast(nameof(InputChannels), InputChannels, 0);
        if (problems.Any)
            return;
        int[] dimensions = Format.Dimensions;
        problems.Require(Fits(dimensions, CodesPerPosition) && Array.TrueForAll(dimensions, size => size > 0), $"{nameof(Format)}.Dimensions",
            $"of {CodesPerPosition} codes per position", $"[{string.Join(", ", dimensions)}]");
        if (!problems.Any)
            Format.Describe(problems, nameof(Format), ToGrid());
    }

    static bool Fits(int[] dimensions, int perPosition) => dimensions.Length switch
    {
        0 => true,
        >= 3 => dimensions[^1] == perPosition,
        _ => dimensions[^1] % perPosition == 0,
    };
}

/// <summary>The columns of a transformer of features, and how a row becomes one vector.</summary>
/// <param name="Codes">The column of codes.</param>
/// <param name="Input">The column that is read instead of codes; null for none.</param>
/// <param name="Output">The column of features.</param>
/// <param name="Positions">The column of the features of each position; null if it is not requested.</param>
/// <param name="Layer">The layer whose outputs are the features, from 1.</param>
/// <param name="PoolingSize">Parts along each axis whose means are taken.</param>
/// <param name="IncludeMaximum">Whether the maximum over all positions follows.</param>
internal sealed record FeatureColumns(
    string Codes, string? Input, string Output, string? Positions, int Layer, int PoolingSize, bool IncludeMaximum)
    : IColumnNames<FeatureDescription>
{
    public void Describe(OptionProblems problems, FeatureDescription model)
    {
        SchemaColumns.Describe(problems, [Codes, Input], [Output, Positions]);
        problems.Require(Input is null == (model.InputChannels == 0), "Columns.Input",
            model.InputChannels == 0 ? "null where codes are read" : "the name of a column", Input);
        problems.Require(Layer >= 1 && Layer <= model.Network.Layers, "Columns.Layer", $"from 1 to {model.Network.Layers}", Layer);
        FeatureOptions.DescribePoolingSize(problems, PoolingSize);
    }

    public ModelInput ToInput(FeatureModel model) => Input is string input
        ? new PositionVectorsInput(input, model.Description)
        : new CodeSequenceInput(Codes, model.Description.Format, model.Description.CodesPerPosition);

    public IReadOnlyList<ModelColumn<FeatureModel, FeaturePass>> ToOutputs()
    {
        List<ModelColumn<FeatureModel, FeaturePass>> columns =
        [
            ModelColumn<FeatureModel, FeaturePass>.Vector(Output, model => [Size(model.Description)], pass => pass.Features, (model, inputs) =>
                FeaturePooling.ToOnnx(StatesToOnnx(model, inputs), model.Description.ToGrid(), PoolingSize, IncludeMaximum)),
        ];
        if (Positions is string positions)
        {
            columns.Add(new(positions, schema => SchemaColumns.IsOfKnownSize(schema, Codes)
                    ? ColumnTypes.VectorShape(positions) : ColumnTypes.SequenceShape(positions),
                model => model.Description.PositionDimensions() is [_, ..] dimensions
                    ? ColumnTypes.Vector(positions, [.. dimensions, model.Description.Network.Channels])
                    : ColumnTypes.Sequence(positions),
                (pass, column) => column.Store(pass.States, pass.Lengths),
                onnx: StatesToOnnx));
        }
        return columns;
    }

    /// <summary>Number of features of a row.</summary>
    public int Size(FeatureDescription model) =>
        (FeaturePooling.Cells(model.ToGrid(), PoolingSize) + (IncludeMaximum ? 1 : 0)) * model.Network.Channels;

    OnnxValue StatesToOnnx(FeatureModel model, IReadOnlyList<OnnxValue> inputs) => model.Network.FeaturesToOnnx(inputs[0], Layer);

    /// <summary>The features in words.</summary>
    public string FeaturesText(FeatureDescription model)
    {
        string parts = PoolingSize == 1 ? "mean" : ToParts(model);
        return string.Create(CultureInfo.InvariantCulture,
            $"{parts}{(IncludeMaximum ? " and maximum" : "")} of {model.Network.Channels} channels of layer {Layer}");
    }

    string ToParts(FeatureDescription model) => string.Create(CultureInfo.InvariantCulture,
        $"means of {(model.ToGrid().Height > 1 ? $"{PoolingSize}×{PoolingSize}" : $"{PoolingSize}")} parts");
}

/// <summary>The lazy forward pass of a batch.</summary>
/// <param name="model">The network.</param>
/// <param name="columns">The layer and the pooling.</param>
/// <param name="inputs">Codes [B, N, G] or vectors [B, N, D], and the number of positions of each row, on the CPU.</param>
internal sealed class FeaturePass(FeatureModel model, FeatureColumns columns, IReadOnlyList<Tensor> inputs)
{
    /// <summary>Number of positions of each row.</summary>
    public long[] Lengths => field ??= inputs[1].data<long>().ToArray();

    /// <summary>Outputs of the layer, Single [rows, N, C].</summary>
    public Tensor States => field ??= model.Network.Features(Inputs.to(model.Device), DeviceLengths, columns.Layer);

    /// <summary>Single [rows, parts, C]; 0 for rows without positions.</summary>
    public Tensor Features
    {
        get
        {
            Tensor features =
                FeaturePooling.Pool(States, model.Network.Grid, DeviceLengths, columns.PoolingSize, columns.IncludeMaximum);
            return Lengths.Contains(0) ? features * inputs[1].sign().view(-1, 1, 1).to(model.Device) : features;
        }
    }

    // The network takes no rows without positions: it computes them as rows of one position.
    Tensor Inputs => inputs[0].shape[1] > 0 ? inputs[0]
        : zeros([inputs[0].shape[0], 1, inputs[0].shape[2]], dtype: inputs[0].dtype);

    Tensor? DeviceLengths => model.Network.Grid.IsSequence ? field ??= inputs[1].ClampMin(1).to(model.Device) : null;
}
