using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>Periodic machines of a formula, some with a fault, and settings for a test of milliseconds.</summary>
internal static class TinySeries
{
    public const int Channels = 2, StepsPerCode = 4, Codes = 6, Dimensions = 4, FixedSteps = 62;

    public sealed class Row
    {
        public float[] Window { get; set; } = [];

        public int Number { get; set; }

        public bool Label { get; set; }
    }

    public sealed class FixedRow
    {
        [VectorType(FixedSteps * Channels)]
        public float[] Window { get; set; } = [];

        public int Number { get; set; }

        public bool Label { get; set; }
    }

    /// <summary>Two channels of different units: vibration, a sine of one of four periods with an overtone, and a temperature that follows
    /// it. Every other machine has a fault: bursts of a fast oscillation, one for each revolution.</summary>
    public static float[] Machine(int number, int steps)
    {
        var random = new Random(number);
        double period = ((double[])[40, 32, 25, 20])[random.Next(4)], phase = random.NextDouble();
        double loud = 0.8 + 0.4 * random.NextDouble();
        float[] series = new float[steps * Channels];
        for (int step = 0; step < steps; step++)
        {
            double turn = step / period + phase, since = (turn - Math.Floor(turn)) * period;
            double burst = number % 2 == 1 && since < 8 ? Math.Cos(Math.PI * since) * (8 - since) / 8 : 0;
            double noise = 0.05 * (random.NextDouble() - 0.5);
            series[step * Channels] =
                (float)(loud * (Math.Sin(2 * Math.PI * turn) + 0.3 * Math.Sin(4 * Math.PI * turn)) + 1.2 * burst + noise);
            series[step * Channels + 1] = (float)(300 + 25 * Math.Cos(2 * Math.PI * turn) + 10 * noise);
        }
        return series;
    }

    /// <summary>Rows of 40 to 124 time steps.</summary>
    public static Row[] Rows(int count, int first = 0) => [.. Enumerable.Range(first, count).Select(number => new Row
    {
        Window = Machine(number, 40 + 17 * (number % 6) - number % 3), Number = number, Label = number % 2 == 1,
    })];

    public static FixedRow[] FixedRows(int count, int first = 0) => [.. Enumerable.Range(first, count).Select(number => new FixedRow
    {
        Window = Machine(number, FixedSteps), Number = number, Label = number % 2 == 1,
    })];

    public static IDataView Data(MLContext ml, int count = 9, bool isFixed = false) =>
        isFixed ? ml.Data.LoadFromEnumerable(FixedRows(count)) : ml.Data.LoadFromEnumerable(Rows(count));

    /// <summary>Options for a few steps of real training, with all columns.</summary>
    public static SeriesVqVaeOptions Options(int steps = 5)
    {
        var options = new SeriesVqVaeOptions
        {
            ReconstructionColumnName = "Decoded", ReconstructionErrorColumnName = "Error", EmbeddingsColumnName = "Embeddings",
            CropLength = 50, PredictionBatchSize = 4,
        };
        (options.Codec.Channels, options.Codec.Downsamplings, options.Codec.HiddenChannels, options.Codec.ResidualChannels) =
            (Channels, 2, 8, 4);
        (options.VectorQuantizer.Codes, options.VectorQuantizer.Dimensions, options.VectorQuantizer.UnquantizedSteps) = (Codes, Dimensions, 2);
        (options.Training.Steps, options.Training.BatchSize, options.Training.Seed) = (steps, 4, 3);
        return options;
    }
}
