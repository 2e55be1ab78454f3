global using SeriesModel = Microsoft.ML.VqVae.TrainedModel<Microsoft.ML.VqVae.SeriesModelDescription, Microsoft.ML.VqVae.Networks.SeriesVqVae>;
using System.Globalization;
using System.Text.Json.Serialization;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>Everything that a series codec is rebuilt from, except its weights.</summary>
/// <param name="Codec">Encoder and decoder.</param>
/// <param name="Quantizer">The bottleneck.</param>
/// <param name="TimeSteps">The number of time steps of each row; null where rows may be of any length.</param>
/// <param name="PredictionBatchSize">Number of rows that are computed at once.</param>
internal sealed record SeriesModelDescription(SeriesCodecOptions Codec, QuantizerOptions Quantizer, int? TimeSteps, int PredictionBatchSize)
    : INetworkDescription<SeriesVqVae>
{
    public SeriesVqVae CreateNetwork(int seed) => new(Codec, Quantizer, seed);

    /// <summary>The series in words.</summary>
    public string SeriesText() =>
        $"{TimeSteps?.ToString(CultureInfo.InvariantCulture) ?? "any number of"} time steps of {Codec.Channels} values";

    /// <summary>The codes in words.</summary>
    public string CodesText() => $"each {Codec.StepsPerCode} time steps {Quantizer}";

    public void Describe(OptionProblems problems)
    {
        Codec.Describe(problems);
        Quantizer.Describe(problems);
        if (problems.Any)
            return;
        // The columns of a row have a value for each step and channel, and a code vector for each code.
        long perStep = Math.Max(Codec.Channels, Quantizer.Channels);
        problems.Require(TimeSteps is null || (TimeSteps >= 1 && TimeSteps * perStep <= int.MaxValue), nameof(TimeSteps),
            $"null, or from 1 to {int.MaxValue / perStep}", TimeSteps);
    }

    /// <summary>The column of codes: [N] or [N, G], or of any length.</summary>
    public CodeFormat ToCodes()
    {
        if (TimeSteps is not int steps)
            return CodeFormat.Sequence(Quantizer.CodebookSize);
        int positions = (steps + Codec.StepsPerCode - 1) / Codec.StepsPerCode, perPosition = Quantizer.CodesPerPosition;
        CodeFormat line = CodeFormat.Line(positions, Quantizer.CodebookSize);
        return perPosition == 1 ? line : line with
        {
            Dimensions = [positions, perPosition],
            SlotNames = [.. line.SlotNames!.SelectMany(position =>
                Enumerable.Range(0, perPosition).Select(code => string.Create(CultureInfo.InvariantCulture, $"{position},{code}")))],
        };
    }
}

/// <summary>The column names of a series encoder; null for columns that are not requested.</summary>
internal sealed record SeriesEncoderColumns(string Input, string Codes, string? Reconstruction, string? ReconstructionError, string? Embeddings,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? EncoderOutputs = null)
    : IColumnNames<SeriesModelDescription>
{
    public void Describe(OptionProblems problems, SeriesModelDescription model) =>
        SchemaColumns.Describe(problems, [Input], [Codes, Reconstruction, ReconstructionError, Embeddings, EncoderOutputs]);

    public ModelInput ToInput(SeriesModel model) => new SeriesInput(
        Input, model.Description.Codec.Channels, model.Description.Codec.StepsPerCode, model.Description.TimeSteps);

    public IReadOnlyList<ModelColumn<SeriesModel, SeriesPass>> ToOutputs()
    {
        List<ModelColumn<SeriesModel, SeriesPass>> columns =
        [
            new(Codes, inputs => SchemaColumns.IsOfKnownSize(inputs, Input) ? ColumnTypes.CodesShape(Codes) : ColumnTypes.CodeSequenceShape(Codes),
                model => ColumnTypes.Codes(Codes, model.Description.ToCodes()), (pass, column) => column.Store(pass.Codes, pass.CodeCounts),
                onnx: ToOnnxCodes),
        ];
        if (Reconstruction is not null)
        {
            columns.Add(Numbers(Reconstruction, (model, steps) => [steps * model.Description.Codec.Channels],
                (pass, column) => column.Store(pass.Reconstruction, pass.StepCounts),
                (model, inputs) => ToOnnxReconstruction(model, inputs).ChannelsLast()));
        }
        if (ReconstructionError is not null)
        {
            columns.Add(ModelColumn<SeriesModel, SeriesPass>.Number(ReconstructionError, pass => pass.ReconstructionError,
                (model, inputs) => model.Network.ErrorToOnnx(ToOnnxReconstruction(model, inputs), inputs[0])));
        }
        if (Embeddings is not null)
        {
            columns.Add(Numbers(Embeddings, LatentDimensions,
                (pass, column) => column.Store(pass.Embeddings, pass.CodeCounts),
                (model, inputs) => model.Network.Quantizer.EmbedToOnnx(ToOnnxCodes(model, inputs)).ChannelsLast()));
        }
        if (EncoderOutputs is not null)
        {
            columns.Add(Numbers(EncoderOutputs, LatentDimensions, (pass, column) => column.Store(pass.EncoderOutputs, pass.CodeCounts),
                (model, inputs) => model.Network.LatentsToOnnx(inputs[0]).ChannelsLast()));
        }
        return columns;
    }

    static int[] LatentDimensions(SeriesModel model, int steps) =>
        [model.Description.ToCodes().Dimensions[0], model.Description.Quantizer.Channels];

    static OnnxValue ToOnnxCodes(SeriesModel model, IReadOnlyList<OnnxValue> inputs) => model.Network.EncodeToOnnx(inputs[0]);

    // The last code may cover more than there is.
    static OnnxValue ToOnnxReconstruction(SeriesModel model, IReadOnlyList<OnnxValue> inputs) =>
        model.Network.DecodeToOnnx(ToOnnxCodes(model, inputs)).Narrow(axis: 2, inputs[0], axisOfOther: 2);

    /// <summary>Numbers of known size where the size of the input is known.</summary>
    /// <param name="name">The name of the column.</param>
    /// <param name="dimensions">The dimensions where the number of time steps is known.</param>
    /// <param name="compute">Computes the values of a batch and stores them.</param>
    /// <param name="onnx">Describes the computation in an ONNX graph.</param>
    ModelColumn<SeriesModel, SeriesPass> Numbers(
        string name, Func<SeriesModel, int, int[]> dimensions, Action<SeriesPass, BatchColumn> compute,
        OnnxColumn<SeriesModel> onnx) => new(
        name, inputs => SchemaColumns.IsOfKnownSize(inputs, Input) ? ColumnTypes.VectorShape(name) : ColumnTypes.SequenceShape(name),
        model => model.Description.TimeSteps is int steps ? ColumnTypes.Vector(name, dimensions(model, steps)) : ColumnTypes.Sequence(name),
        compute, onnx: onnx);
}

/// <summary>The column names of a series decoder.</summary>
internal sealed record SeriesDecoderColumns(string Codes, string Output) : IColumnNames<SeriesModelDescription>
{
    public void Describe(OptionProblems problems, SeriesModelDescription model) => SchemaColumns.Describe(problems, [Codes], [Output]);

    public ModelInput ToInput(SeriesModel model)
    {
        (SeriesCodecOptions codec, int perPosition) = (model.Description.Codec, model.Description.Quantizer.CodesPerPosition);
        return new CodeSequenceInput(Codes, model.Description.ToCodes(), perPosition,
            valuesPerCode: Math.Max(1, codec.StepsPerCode * codec.Channels / perPosition));
    }

    public IReadOnlyList<ModelColumn<SeriesModel, SeriesDecoderPass>> ToOutputs() =>
    [
        new(Output, inputs => SchemaColumns.IsOfKnownSize(inputs, Codes) ? ColumnTypes.VectorShape(Output) : ColumnTypes.SequenceShape(Output),
            model => model.Description.TimeSteps is int steps
                ? ColumnTypes.Vector(Output, [steps * model.Description.Codec.Channels]) : ColumnTypes.Sequence(Output),
            (pass, column) => column.Store(pass.Series, pass.StepCounts),
            onnx: ToOnnxSeries),
    ];

    static OnnxValue ToOnnxSeries(SeriesModel model, IReadOnlyList<OnnxValue> inputs)
    {
        OnnxValue series = model.Network.DecodeToOnnx(inputs[0]);
        return (model.Description.TimeSteps is int steps ? series.Narrow(axis: 2, start: 0, steps) : series).ChannelsLast();
    }
}

/// <summary>A batch of series on its way through the encoder, and on request back; every part is computed when it is first needed, and
/// once.</summary>
internal sealed class SeriesPass(SeriesModel model, IReadOnlyList<Tensor> inputs)
{
    readonly Tensor _series = inputs[0].to(model.Device);
    readonly Tensor _lengths = inputs[1].to(model.Device);

    /// <summary>Number of time steps of each row.</summary>
    public long[] StepCounts { get; } = inputs[1].data<long>().ToArray();

    /// <summary>Number of positions of each row.</summary>
    public long[] CodeCounts
    {
        get
        {
            int perCode = model.Network.StepsPerCode;
            return [.. StepCounts.Select(steps => (steps + perCode - 1) / perCode)];
        }
    }

    /// <summary>Int64 [rows, N, G].</summary>
    public Tensor Codes => field ??= model.Network.Quantizer.Encode(Latents);

    /// <summary>Float32 [rows, N, G·D].</summary>
    public Tensor EncoderOutputs => Latents.permute(0, 2, 1);

    /// <summary>Float32 [rows, N, G·D].</summary>
    public Tensor Embeddings => model.Network.Quantizer.Embed(Codes).permute(0, 2, 1);

    /// <summary>Float32 [rows, T, C], in the units of the input.</summary>
    public Tensor Reconstruction => Decoded.permute(0, 2, 1).narrow(1, 0, StepCounts.Max());

    /// <summary>Float32 [rows].</summary>
    public Tensor ReconstructionError => model.Network.ErrorOf(Decoded, _series, _lengths);

    Tensor Latents => field ??= model.Network.EncodeToLatents(_series, _lengths);

    Tensor Decoded => field ??= model.Network.Decode(Codes, _lengths);
}

/// <summary>A batch of codes on its way through the decoder.</summary>
internal sealed class SeriesDecoderPass(SeriesModel model, IReadOnlyList<Tensor> inputs)
{
    // The order in which CodeSequenceInput gives its tensors.
    const int Codes = 0, Lengths = 1;

    /// <summary>Number of time steps of each row.</summary>
    public long[] StepCounts { get; } = [.. inputs[Lengths].data<long>().ToArray()
        .Select(positions => model.Description.TimeSteps ?? positions * model.Network.StepsPerCode)];

    /// <summary>Float32 [rows, T, C].</summary>
    public Tensor Series
    {
        get
        {
            if (inputs[Codes].shape[1] == 0)
                return zeros(inputs[Codes].shape[0], 0, model.Network.Channels);
            return model.Network.Decode(inputs[Codes].to(model.Device), inputs[Lengths].Mul(model.Network.StepsPerCode).to(model.Device))
                .permute(0, 2, 1).narrow(1, 0, StepCounts.Max());
        }
    }
}
