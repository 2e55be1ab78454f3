global using CodesModel = Microsoft.ML.VqVae.TrainedModel<Microsoft.ML.VqVae.CodesModelDescription, Microsoft.ML.VqVae.Networks.CodesVqVae>;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>The description of a second-level codec in a model file: all that is needed to recreate it, except its weights.</summary>
internal sealed record CodesModelDescription(
    CodesCodecOptions Codec, QuantizerOptions Quantizer, CodeFormat Grid, int PredictionBatchSize) : INetworkDescription<CodesVqVae>
{
    public CodesVqVae CreateNetwork(int seed) => new(Codec, Quantizer, seed);

    public void Describe(OptionProblems problems)
    {
        Codec.Describe(problems);
        Quantizer.Describe(problems);
        if (!problems.Any)
            Grid.Describe(problems, nameof(Grid), Codec.Decoder.Grid);
    }

    /// <summary>The format of the column of latents [L], keys whose values are the codes, from 0.</summary>
    public CodeFormat ToLatents() => CodeFormat.Line(Quantizer.CodesPerPosition, Quantizer.CodebookSize);
}

/// <summary>The column names of an encoder of codes; null for columns that are not requested.</summary>
internal sealed record CodesEncoderColumns(string Codes, string Latents, string? Bits) : IColumnNames<CodesModelDescription>
{
    public void Describe(OptionProblems problems, CodesModelDescription model) =>
        SchemaColumns.Describe(problems, [Codes], [Latents, Bits]);

    public ModelInput ToInput(CodesModel model) => new CodesInput(Codes, model.Description.Grid);

    public IReadOnlyList<ModelColumn<CodesModel, CodesPass>> ToOutputs()
    {
        List<ModelColumn<CodesModel, CodesPass>> columns =
        [
            ModelColumn<CodesModel, CodesPass>.Codes(
                Latents, model => ColumnTypes.Codes(Latents, model.Description.ToLatents()), pass => pass.Latents,
                (model, inputs) => model.Network.EncodeToOnnx(inputs[0])),
        ];
        if (Bits is not null)
        {
            columns.Add(ModelColumn<CodesModel, CodesPass>.Number(Bits, pass => pass.Bits,
                (model, inputs) => model.Network.BitsToOnnx(inputs[0], model.Network.EncodeToOnnx(inputs[0])).Sum(1)));
        }
        return columns;
    }
}

/// <summary>The column names of a decoder of codes.</summary>
internal sealed record CodesDecoderColumns(string Latents, string Output) : IColumnNames<CodesModelDescription>
{
    public void Describe(OptionProblems problems, CodesModelDescription model) => SchemaColumns.Describe(problems, [Latents], [Output]);

    public ModelInput ToInput(CodesModel model) => new CodesInput(Latents, model.Description.ToLatents(), "latents");

    public IReadOnlyList<ModelColumn<CodesModel, Tensor>> ToOutputs() =>
        [ModelColumn<CodesModel, Tensor>.Codes(Output, model => ColumnTypes.Codes(Output, model.Description.Grid), codes => codes)];
}

/// <summary>The column names of a likelihood of codes.</summary>
internal sealed record CodesLikelihoodColumns(string Output, string Codes, string Latents) : IColumnNames<CodesModelDescription>
{
    public void Describe(OptionProblems problems, CodesModelDescription model) =>
        SchemaColumns.Describe(problems, [Codes, Latents], [Output]);

    public ModelInput ToInput(CodesModel model) => new CombinedInput(
        new CodesInput(Codes, model.Description.Grid), new CodesInput(Latents, model.Description.ToLatents(), "latents"));

    public IReadOnlyList<ModelColumn<CodesModel, Tensor>> ToOutputs() =>
    [
        ModelColumn<CodesModel, Tensor>.Number(
            Output, bits => bits, (model, inputs) => model.Network.BitsToOnnx(inputs[0], inputs[1]).Sum(1)),
    ];
}

/// <summary>The lazy forward pass of a batch of codes through the encoder.</summary>
internal sealed class CodesPass(CodesVqVae network, Tensor codes)
{
    public Tensor Latents => field ??= network.Encode(codes);

    public Tensor Bits => network.Bits(codes, Latents).sum(1);
}

/// <summary>The sampling settings of a decoder of codes.</summary>
internal sealed record CodesSampling(double Temperature, int? TopK, int Seed);

/// <summary>The JSON text of a <see cref="CodesVqVaeDecoderTransformer"/> in a model file.</summary>
internal sealed record SavedCodesDecoder(CodesModelDescription Model, CodesDecoderColumns Columns, CodesSampling Sampling)
    : ISaved<CodesModelDescription>
{
    public void Describe(OptionProblems problems)
    {
        new Saved<CodesModelDescription, CodesDecoderColumns>(Model, Columns).Describe(problems);
        new SamplingSettings { Temperature = Sampling.Temperature, TopK = Sampling.TopK }.Describe(problems);
    }
}
