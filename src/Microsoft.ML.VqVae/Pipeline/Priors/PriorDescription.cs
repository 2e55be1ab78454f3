using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;

namespace Microsoft.ML.VqVae;

/// <summary>What a prior is rebuilt from, its weights aside; one of the two networks is set.</summary>
/// <param name="PixelCnn">The network for grids.</param>
/// <param name="WaveNet">The network for sequences.</param>
/// <param name="Format">How the codes lie that it was trained on.</param>
/// <param name="Conditions">The classes that they were conditioned on, or null.</param>
/// <param name="MeanLength">How many codes a row of the training data had on average.</param>
/// <param name="PredictionBatchSize">How many rows a cursor gives to the network at once.</param>
internal sealed record PriorDescription(
    PixelCnnOptions? PixelCnn, WaveNetPriorOptions? WaveNet, CodeFormat Format, ConditionSet? Conditions, double MeanLength,
    int PredictionBatchSize)
{
    public CodePrior Build(int seed) => PixelCnn is not null ? new PixelCnn(PixelCnn, seed) : new WaveNetPrior(WaveNet!, seed);

    /// <summary>Chooses the network by the column and the options, and takes from the columns what the options leave open.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The options and the column contradict each other.</exception>
    public static PriorDescription Resolve(DataViewSchema.Column codes, CodeFormat format, ConditionSet? conditions, PriorOptions options)
    {
        int classes = conditions?.Count ?? 0;
        bool isGrid = options.Network switch
        {
            PriorNetwork.PixelCnn => true,
            PriorNetwork.WaveNet => false,
            _ => format.Dimensions.Length is 2 or 3
                || (format.Dimensions.Length == 1 && options.PixelCnn is { Height: > 0, Width: > 0 }),
        };
        if (isGrid)
        {
            PixelCnnOptions network = WithGrid(codes, format, options.PixelCnn.Copy());
            network.Codes = Agreed(codes, "Codes", network.Codes, format.Codes);
            network.Conditions = Agreed(codes, "Conditions", network.Conditions, classes);
            network.Validate();
            return new(network, null, format, conditions, 0, options.PredictionBatchSize);
        }
        WaveNetPriorOptions waveNet = options.WaveNet.Copy();
        waveNet.Codes = Agreed(codes, "Codes", waveNet.Codes, format.Codes);
        waveNet.Conditions = Agreed(codes, "Conditions", waveNet.Conditions, classes);
        waveNet.Validate();
        return new(null, waveNet, format, conditions, 0, options.PredictionBatchSize);
    }

    static PixelCnnOptions WithGrid(DataViewSchema.Column codes, CodeFormat format, PixelCnnOptions options)
    {
        if (options.MapChannels != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(options), options.MapChannels,
                "PixelCnn.MapChannels must be 0: a column conditions the prior on a class, not on a map.");
        }
        int[] d = format.Dimensions;
        // Dimensions say it all, and 0 and 1 in the options leave it to them; of a vector without any the options have to say what is a row.
        bool fits = d.Length switch
        {
            2 or 3 => Fits(options.Height, d[0]) && Fits(options.Width, d[1])
                && (options.CodesPerPosition == 1 || options.CodesPerPosition == d.ElementAtOrDefault(2)),
            1 => options.Height > 0 && options.Width > 0
                && (long)options.Height * options.Width * options.CodesPerPosition == d[0],
            _ => false,
        };
        if (!fits)
        {
            throw SchemaColumns.Mismatch(codes.Name, string.Create(CultureInfo.InvariantCulture,
                $"a grid of {Text(options.Height)}×{Text(options.Width)}×{options.CodesPerPosition} codes, as PixelCnn says it (its Height, "
                + $"Width and CodesPerPosition), or options for a WaveNet"), codes.Type.ToString()!, "codes");
        }
        if (d.Length > 1)
            (options.Height, options.Width, options.CodesPerPosition) = (d[0], d[1], d.Length == 3 ? d[2] : 1);
        return options;
    }

    static bool Fits(int asked, int found) => asked == 0 || asked == found;

    static string Text(int size) => size == 0 ? "?" : size.ToString(CultureInfo.InvariantCulture);

    // 0 leaves it to the column.
    static int Agreed(DataViewSchema.Column codes, string option, int asked, int found) => Fits(asked, found) ? found
        : throw new ArgumentOutOfRangeException(nameof(asked), asked,
            $"The options of the prior's network ask for {option} = {asked}, but the columns (codes '{codes.Name}') give {found}. Leave it 0.");
}

/// <summary>The names of the columns of a prior; null for those that there are not.</summary>
internal sealed record PriorColumns(string Codes, string? Condition, string Output, string? PerCode);

/// <summary>The JSON text of a <see cref="PriorTransformer"/> in a model file.</summary>
internal sealed record SavedPrior(PriorDescription Model, PriorColumns Columns);
