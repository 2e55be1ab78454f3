using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae.Samples.Features;

/// <summary>An utterance with its codes and features.</summary>
internal sealed class Spoken
{
    public string Speaker { get; set; } = "";

    public string Text { get; set; } = "";

    public float[] Waveform { get; set; } = [];

    public uint[] Codes { get; set; } = [];

    public float[] Outputs { get; set; } = [];

    public float[] Positions { get; set; } = [];

    public float[] Mean { get; set; } = [];

    public string[] Labels { get; set; } = [];

    public float[] LabelStarts { get; set; } = [];

    public float[] LabelEnds { get; set; } = [];
}

/// <summary>An utterance with the cepstra of its frames.</summary>
/// <param name="Row">The row of the pipeline.</param>
/// <param name="Cepstra">The cepstra: frames × coefficients.</param>
/// <param name="Codes">The number of different codes.</param>
internal sealed record SpokenFeatures(Spoken Row, float[,] Cepstra, int Codes)
{
    /// <summary>The mean and the deviation of each coefficient over the frames.</summary>
    public VBuffer<float> CepstraStatistics()
    {
        (int frames, int coefficients) = (Cepstra.GetLength(0), Cepstra.GetLength(1));
        float[] statistics = new float[2 * coefficients];
        for (int coefficient = 0; coefficient < coefficients; coefficient++)
        {
            double sum = 0, squares = 0;
            for (int frame = 0; frame < frames; frame++)
            {
                double value = Cepstra[frame, coefficient];
                (sum, squares) = (sum + value, squares + value * value);
            }
            double mean = sum / frames;
            statistics[coefficient] = (float)mean;
            statistics[coefficients + coefficient] = (float)Math.Sqrt(Math.Max(0, squares / frames - mean * mean));
        }
        return new VBuffer<float>(statistics.Length, statistics);
    }

    /// <summary>The share of each code among those of the utterance.</summary>
    public VBuffer<float> BagOfCodes()
    {
        float[] shares = new float[Codes];
        foreach (uint key in Row.Codes.Where(key => key > 0))
            shares[key - 1] += 1f / Row.Codes.Length;
        return new VBuffer<float>(shares.Length, shares);
    }

    public VBuffer<float> Mean() => new(Row.Mean.Length, Row.Mean);
}
