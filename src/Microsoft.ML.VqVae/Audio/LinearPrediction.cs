namespace Microsoft.ML.VqVae.Audio;

/// <summary>
/// Speech as a source and a filter: a sample is predicted from those before it by coefficients that the envelope of a log-mel frame
/// determines, and what is left is the excitation (linear prediction, Atal and Hanauer 1971). A network that models the excitation need not
/// learn the envelope (ExcitNet, Song et al. 2018, arXiv 1811.04769; LPCNet, Valin and Skoglund 2018, arXiv 1810.11846).
/// </summary>
internal sealed class LinearPrediction
{
    /// <summary>The root mean square of the excitation of a sound whose frames are its own, of a full scale of 1.</summary>
    public const double Level = 0.1;

    // The autocorrelation as if the spectrum were smoothed by so many hertz, and noise of 40 dB less power were added: without it,
    // narrow peaks make filters that ring.
    const double Smoothing = 40, NoiseShare = 1e-4, MinPower = 1e-9;

    readonly MelSpectrogramOptions _options;
    readonly int _order;
    // By point of the Fourier transform: the band whose center lies below it, and the weight of the band above.
    readonly int[] _bands;
    readonly double[] _weights;
    readonly double[] _logSizes;
    readonly double[,] _cosines;
    readonly double _windowPower;

    /// <param name="options">The settings of the log-mel frames.</param>
    /// <param name="order">Number of earlier samples that a sample is predicted from.</param>
    public LinearPrediction(MelSpectrogramOptions options, int order)
    {
        (_options, _order) = (options, order);
        int points = options.FftLength / 2 + 1;
        double[,] filters = MelFilters.Create(options);
        _logSizes = [.. Enumerable.Range(0, options.Bands).Select(band =>
            Math.Log(Enumerable.Range(0, points).Sum(point => filters[point, band])))];
        double[] centers = MelFilters.Centers(options);
        double spacing = (double)options.SampleRate / options.FftLength;
        int last = Math.Max(0, options.Bands - 2);
        _bands = [.. Enumerable.Range(0, points).Select(point =>
            Math.Clamp(Array.FindLastIndex(centers, center => center <= point * spacing), 0, last))];
        _weights = [.. _bands.Select((band, point) => options.Bands == 1 ? 0
            : Math.Clamp((point * spacing - centers[band]) / (centers[band + 1] - centers[band]), 0, 1))];
        _cosines = new double[order + 1, points];
        for (int lag = 0; lag <= order; lag++)
        {
            double window = Math.Exp(-0.5 * Math.Pow(2 * Math.PI * Smoothing / options.SampleRate * lag, 2));
            for (int point = 0; point < points; point++)
            {
                // A point stands for its negative frequency, too, except the first and the last.
                double sides = point == 0 || point == points - 1 ? 1 : 2;
                _cosines[lag, point] = window * sides / options.FftLength * Math.Cos(2 * Math.PI * point * lag / options.FftLength);
            }
        }
        // The sum of the squares of a Hann window.
        _windowPower = 0.375 * options.WindowLength;
    }

    /// <summary>The excitation of a waveform: what its frames do not predict, of the root mean square <see cref="Level"/> where they are
    /// those of the waveform.</summary>
    /// <param name="frames">Log-mel frames, frame by frame.</param>
    /// <param name="waveform">The samples, as many as the frames cover; beyond them there is silence.</param>
    /// <returns>Samples from −1 to 1, as many as the frames cover.</returns>
    public float[] Excitation(ReadOnlySpan<float> frames, ReadOnlySpan<float> waveform)
    {
        float[] excitation = new float[frames.Length / _options.Bands * _options.HopLength];
        double[] emphasized = new double[excitation.Length];
        for (int i = 0; i < Math.Min(waveform.Length, emphasized.Length); i++)
            emphasized[i] = waveform[i] - (i == 0 ? 0 : _options.PreEmphasis * waveform[i - 1]);
        Filter(frames, (at, gain, coefficients) =>
            excitation[at] = (float)Math.Clamp((emphasized[at] - Predicted(emphasized, at, coefficients)) / gain * Level, -1, 1));
        return excitation;
    }

    /// <summary>The waveform of an excitation.</summary>
    /// <param name="frames">Log-mel frames, frame by frame.</param>
    /// <param name="excitation">As many samples as the frames cover, from −1 to 1.</param>
    /// <returns>Samples from −1 to 1; louder ones are clipped.</returns>
    public float[] Synthesize(ReadOnlySpan<float> frames, float[] excitation)
    {
        float[] waveform = new float[excitation.Length];
        double[] emphasized = new double[excitation.Length];
        double sample = 0;
        Filter(frames, (at, gain, coefficients) =>
        {
            emphasized[at] = excitation[at] * gain / Level + Predicted(emphasized, at, coefficients);
            sample = emphasized[at] + _options.PreEmphasis * sample;
            waveform[at] = (float)Math.Clamp(sample, -1, 1);
        });
        return waveform;
    }

    void Filter(ReadOnlySpan<float> frames, Action<int, double, double[]> step)
    {
        double[] coefficients = new double[_order];
        for (int frame = 0; frame < frames.Length / _options.Bands; frame++)
        {
            double gain = Coefficients(frames.Slice(frame * _options.Bands, _options.Bands), coefficients);
            for (int i = 0; i < _options.HopLength; i++)
                step(frame * _options.HopLength + i, gain, coefficients);
        }
    }

    static double Predicted(double[] samples, int at, double[] coefficients)
    {
        double sum = 0;
        for (int lag = 1; lag <= Math.Min(coefficients.Length, at); lag++)
            sum += coefficients[lag - 1] * samples[at - lag];
        return sum;
    }

    /// <summary>The coefficients of a frame.</summary>
    /// <returns>The root mean square of what they leave of the samples.</returns>
    internal double Coefficients(ReadOnlySpan<float> frame, double[] coefficients)
    {
        double[] correlations = new double[_order + 1];
        for (int point = 0; point < _bands.Length; point++)
        {
            int band = _bands[point], above = Math.Min(band + 1, _options.Bands - 1);
            double logPower = (frame[band] - _logSizes[band]) * (1 - _weights[point]) + (frame[above] - _logSizes[above]) * _weights[point];
            double power = Math.Exp(logPower);
            for (int lag = 0; lag <= _order; lag++)
                correlations[lag] += power * _cosines[lag, point];
        }
        correlations[0] = correlations[0] * (1 + NoiseShare) + MinPower;
        return Math.Sqrt(Solve(correlations, coefficients) / _windowPower);
    }

    /// <summary>Solves the normal equations Σ a[j] · r[|i − j|] = r[i] for i from 1 by the recursion of Levinson and Durbin.</summary>
    /// <param name="correlations">r[0] and as many more as there are coefficients.</param>
    /// <param name="coefficients">Receives a[1], a[2], ….</param>
    /// <returns>The power of the error, r[0] − Σ a[j] · r[j].</returns>
    internal static double Solve(ReadOnlySpan<double> correlations, Span<double> coefficients)
    {
        double error = correlations[0];
        Span<double> former = stackalloc double[coefficients.Length];
        for (int order = 1; order <= coefficients.Length; order++)
        {
            double reflection = correlations[order];
            for (int lag = 1; lag < order; lag++)
                reflection -= coefficients[lag - 1] * correlations[order - lag];
            reflection /= error;
            coefficients.CopyTo(former);
            for (int lag = 1; lag < order; lag++)
                coefficients[lag - 1] -= reflection * former[order - lag - 1];
            coefficients[order - 1] = reflection;
            error *= 1 - reflection * reflection;
        }
        return error;
    }
}
