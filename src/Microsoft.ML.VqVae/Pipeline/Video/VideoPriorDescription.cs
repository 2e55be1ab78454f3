using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;

namespace Microsoft.ML.VqVae;

/// <summary>What a prior over video is rebuilt from, its weights aside.</summary>
/// <param name="Network">The network.</param>
/// <param name="Format">How the codes of a frame lie.</param>
/// <param name="Actions">The actions.</param>
/// <param name="PredictionBatchSize">How many rows a cursor gives to the network at once.</param>
internal sealed record VideoPriorDescription(
    VideoCodePriorOptions Network, CodeFormat Format, ConditionSet Actions, int PredictionBatchSize)
{
    const string ExpectedEpisode = "a key that tells which episode a frame is of, as MapValueToKey makes it";

    /// <summary>Takes from the columns what the options leave open.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The options and the columns contradict each other.</exception>
    public static VideoPriorDescription Resolve(
        DataViewSchema.Column codes, CodeFormat format, ConditionSet actions, VideoPriorOptions options)
    {
        VideoCodePriorOptions network = options.Network.Copy();
        PixelCnnOptions frame = network.Frame;
        int[] d = format.Dimensions;
        bool fits = d.Length is 2 or 3 && Fits(frame.Height, d[0]) && Fits(frame.Width, d[1])
            && (frame.CodesPerPosition == 1 || frame.CodesPerPosition == d.ElementAtOrDefault(2));
        if (!fits)
        {
            string clips = d.Length == 4 ? "; here each row is a clip, but the prior takes a frame a row" : "";
            throw SchemaColumns.Mismatch(codes.Name, string.Create(CultureInfo.InvariantCulture,
                $"the codes of one frame, [{Text(frame.Height)}, {Text(frame.Width)}, {Text(frame.CodesPerPosition)}]{clips}"),
                codes.Type.ToString()!, "codes");
        }
        (frame.Height, frame.Width, frame.CodesPerPosition) = (d[0], d[1], d.Length == 3 ? d[2] : 1);
        frame.Codes = Agreed(codes, "Network.Frame.Codes", frame.Codes, format.Codes);
        network.Actions = Agreed(codes, "Network.Actions", network.Actions, actions.Count);
        network.Validate();
        return new(network, format, actions, options.PredictionBatchSize);
    }

    /// <summary>Finds and checks the columns in data to be scored or gone on from.</summary>
    public EpisodeColumns Find(DataViewSchema schema, VideoPriorColumns columns)
    {
        DataViewSchema.Column codes = SchemaColumns.Find(schema, columns.Codes, "codes");
        Format.Check(codes);
        DataViewSchema.Column action = SchemaColumns.Find(schema, columns.Action, "action");
        var wanted = new CodesWanted(Format.Codes, Format.Length);
        return new(codes, action, FindEpisode(schema, columns.Episode), wanted, Actions.KeysOf(action));
    }

    public static DataViewSchema.Column FindEpisode(DataViewSchema schema, string name)
    {
        DataViewSchema.Column column = SchemaColumns.Find(schema, name, "episode");
        return column.Type is KeyDataViewType key && key.RawType == typeof(uint)
            ? column
            : throw SchemaColumns.Mismatch(name, ExpectedEpisode, column.Type.ToString()!, "episode");
    }

    public static void CheckEpisode(SchemaShape schema, string name)
    {
        SchemaShape.Column column = SchemaColumns.Find(schema, name, "episode");
        if (column.Kind != SchemaShape.Column.VectorKind.Scalar || !column.IsKey || column.ItemType != NumberDataViewType.UInt32)
            throw SchemaColumns.Mismatch(name, ExpectedEpisode, MLNetInternals.TypeText(column), "episode");
    }

    static bool Fits(int asked, int found) => asked == 0 || asked == found;

    static string Text(int size) => size == 0 ? "?" : size.ToString(CultureInfo.InvariantCulture);

    static int Agreed(DataViewSchema.Column codes, string option, int asked, int found) => Fits(asked, found) ? found
        : throw new ArgumentOutOfRangeException(option, asked,
            $"The options ask for {option} = {asked}, but the columns (codes '{codes.Name}') give {found}. Leave it 0.");
}

/// <summary>The names of the columns of a prior over video.</summary>
internal sealed record VideoPriorColumns(string Codes, string Action, string Episode, string Output);

/// <summary>The JSON text of a <see cref="VideoPriorTransformer"/> in a model file.</summary>
internal sealed record SavedVideoPrior(VideoPriorDescription Model, VideoPriorColumns Columns);
