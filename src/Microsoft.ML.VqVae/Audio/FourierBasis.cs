namespace Microsoft.ML.VqVae.Audio;

/// <summary>The discrete Fourier transform of windows as matrices, the Hann window included.</summary>
internal static class FourierBasis
{
    /// <summary>[window, 2 · points]: from samples to the real parts, then the imaginary parts, of the spectrum.</summary>
    public static double[,] Forward(MelSpectrogramOptions options)
    {
        int window = options.WindowLength, points = options.FftLength / 2 + 1;
        var basis = new double[window, 2 * points];
        for (int sample = 0; sample < window; sample++)
        {
            double weight = Hann(sample, window);
            for (int point = 0; point < points; point++)
            {
                (double sine, double cosine) = Angle(sample, point, options.FftLength);
                basis[sample, point] = weight * cosine;
                basis[sample, points + point] = -weight * sine;
            }
        }
        return basis;
    }

    /// <summary>[2 · points, window]: from a spectrum back to samples, times the window once more.</summary>
    public static double[,] Inverse(MelSpectrogramOptions options)
    {
        int window = options.WindowLength, points = options.FftLength / 2 + 1;
        var basis = new double[2 * points, window];
        for (int point = 0; point < points; point++)
        {
            // All points but the first and the last stand for their mirror image too.
            double share = (point == 0 || point == points - 1 ? 1.0 : 2.0) / options.FftLength;
            for (int sample = 0; sample < window; sample++)
            {
                double weight = share * Hann(sample, window);
                (double sine, double cosine) = Angle(sample, point, options.FftLength);
                basis[point, sample] = weight * cosine;
                basis[points + point, sample] = -weight * sine;
            }
        }
        return basis;
    }

    public static double Hann(int sample, int window) => 0.5 - 0.5 * Math.Cos(2 * Math.PI * sample / window);

    // The product is reduced before the division: angles of many turns lose digits.
    static (double Sine, double Cosine) Angle(int sample, int point, int length) =>
        Math.SinCos(2 * Math.PI * ((long)sample * point % length) / length);
}
