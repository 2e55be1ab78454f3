namespace Microsoft.ML.VqVae.Audio;

/// <summary>
/// Triangular bands, equally spaced on the mel scale m(f) = 2595 · log10(1 + f/700). A triangle rises from 0 at the centre of the
/// band below to 1 at its own centre and falls to 0 at the centre of the band above, linearly in Hz.
/// </summary>
internal static class MelFilters
{
    /// <summary>Where the warp of frequencies begins to give way, as a share of the highest frequency.</summary>
    const double WarpKnee = 0.63;

    /// <summary>The weights by point of the Fourier transform (FFT/2 + 1 of them) and band.</summary>
    public static double[,] Create(MelSpectrogramOptions options)
    {
        double[] edges = Edges(options);
        int points = options.FftLength / 2 + 1;
        var weights = new double[points, options.Bands];
        for (int point = 0; point < points; point++)
        {
            for (int band = 0; band < options.Bands; band++)
                weights[point, band] = Weight(edges, band, (double)point * options.SampleRate / options.FftLength);
        }
        return weights;
    }

    /// <summary>A band within which no point of the Fourier transform lies, or null.</summary>
    public static int? FirstEmptyBand(MelSpectrogramOptions options)
    {
        double[] edges = Edges(options);
        double spacing = (double)options.SampleRate / options.FftLength;
        for (int band = 0; band < options.Bands; band++)
        {
            double first = (Math.Floor(edges[band] / spacing) + 1) * spacing;
            if (!(first < edges[band + 2]))
                return band;
        }
        return null;
    }

    static double Weight(double[] edges, int band, double frequency)
    {
        (double low, double centre, double high) = (edges[band], edges[band + 1], edges[band + 2]);
        return Math.Max(0, Math.Min((frequency - low) / (centre - low), (high - frequency) / (high - centre)));
    }

    static double[] Edges(MelSpectrogramOptions options)
    {
        double low = ToMel(options.LowestFrequency), high = ToMel(options.HighestFrequency);
        return [.. Enumerable.Range(0, options.Bands + 2)
            .Select(edge => Warp(ToHertz(low + (high - low) * edge / (options.Bands + 1)), options))];
    }

    static double Warp(double frequency, MelSpectrogramOptions options)
    {
        double warp = options.FrequencyWarp, top = options.HighestFrequency, knee = WarpKnee * top * Math.Min(1, 1 / warp);
        return frequency <= knee ? frequency * warp : knee * warp + (frequency - knee) * (top - knee * warp) / (top - knee);
    }

    static double ToMel(double frequency) => 2595 * Math.Log10(1 + frequency / 700);

    static double ToHertz(double mel) => 700 * (Math.Pow(10, mel / 2595) - 1);
}
