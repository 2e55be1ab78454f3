global using VideoPriorModel = Microsoft.ML.VqVae.TrainedModel<Microsoft.ML.VqVae.VideoPriorDescription, Microsoft.ML.VqVae.Networks.VideoCodePrior>;
using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>The description of a prior over video in a model file: all that is needed to recreate it, except its weights.</summary>
/// <param name="Network">The network.</param>
/// <param name="Format">The codes of a frame.</param>
/// <param name="Actions">The actions.</param>
/// <param name="PredictionBatchSize">Number of rows that the network processes at once.</param>
internal sealed record VideoPriorDescription(
    VideoCodePriorOptions Network, CodeFormat Format, CategorySet Actions, int PredictionBatchSize) : INetworkDescription<VideoCodePrior>
{
    public VideoCodePrior CreateNetwork(int seed) => new(Network, seed);

    public void Describe(OptionProblems problems)
    {
        Network.Describe(problems);
        Actions.Describe(problems, nameof(Actions));
        if (problems.Any)
            return;
        Format.Describe(problems, nameof(Format), Network.Frame.Grid);
        problems.Require(Actions.Count == Network.Actions, nameof(Actions), $"{Network.Actions}, as in the network", Actions.Count);
    }

    /// <summary>Takes the sizes that the options leave open from the columns.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The options and the columns contradict each other.</exception>
    public static VideoPriorDescription Resolve(
        DataViewSchema.Column codes, CodeFormat format, CategorySet actions, VideoPriorOptions options)
    {
        VideoCodePriorOptions network = options.Network.Copy();
        PixelCnnOptions frame = network.Frame;
        // A vector without dimensions is not accepted as a frame, whatever the options.
        CodeGrid? grid = format.Dimensions.Length is 2 or 3 ? CodeGrids.Resolve(format, frame) : null;
        if (grid is null)
        {
            string clips = format.Dimensions.Length == 4 ? "; here each row is a clip, but the prior takes one frame per row" : "";
            throw SchemaColumns.Mismatch(codes.Name, string.Create(CultureInfo.InvariantCulture,
                $"the codes of one frame, [{CodeGrids.Text(frame.Height)}, {CodeGrids.Text(frame.Width)}, "
                + $"{CodeGrids.Text(frame.CodesPerPosition)}]{clips}"), codes.Type.ToString()!, "codes");
        }
        CodeGrids.Agreed(codes, "Network.Frame.Codes", frame.Codes, format.Codes);
        network.Frame = frame.For(grid, conditions: 0);
        network.Actions = CodeGrids.Agreed(codes, "Network.Actions", network.Actions, actions.Count);
        network.Validate();
        return new(network, format, actions, options.PredictionBatchSize);
    }
}

/// <summary>The column names of a prior over video.</summary>
internal sealed record VideoPriorColumns(string Codes, string Action, string Episode, string Output) : IColumnNames<VideoPriorDescription>
{
    public void Describe(OptionProblems problems, VideoPriorDescription model) =>
        SchemaColumns.Describe(problems, [Codes, Action, Episode], [Output]);

    public EpisodeInput ToInput(VideoPriorDescription description) => new(this, description);

    public IReadOnlyList<ModelColumn<VideoPriorModel, VideoPriorPass>> ToOutputs() =>
        [ModelColumn<VideoPriorModel, VideoPriorPass>.Number(Output, pass => pass.Bits)];
}

/// <summary>The lazy forward pass of a batch of frames through the prior.</summary>
internal sealed class VideoPriorPass(VideoPriorModel model, IReadOnlyList<Tensor> inputs)
{
    /// <summary>−log2 p of each frame, [rows], on the CPU; NaN, ML.NET's missing value, for frames too close to the start of their
    /// episode.</summary>
    public Tensor Bits
    {
        get
        {
            (Tensor codes, Tensor past, Tensor actions, Tensor complete) = (inputs[0], inputs[1], inputs[2], inputs[3]);
            Tensor bits = model.Network.Bits(codes.to(model.Device), past.to(model.Device), actions.to(model.Device)).sum(1);
            return where(complete.Eq(1), bits.cpu(), tensor(float.NaN));
        }
    }
}
