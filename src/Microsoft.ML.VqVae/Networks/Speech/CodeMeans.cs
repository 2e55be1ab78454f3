using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>One frame of cepstra for each code: what is said around its centre, without when exactly.</summary>
internal static class CodeMeans
{
    /// <summary>The mean of the frames around the centre of each code, by a Hann window over those that are real, times
    /// <see cref="Importance"/>.</summary>
    /// <param name="features">Float32 [B, C, T], T a multiple of the frames of a code, zero where it is not real.</param>
    /// <param name="real">1 where frames are real, Float32 [B, 1, T]; null where all are.</param>
    /// <param name="width">How many frames the window is long.</param>
    /// <param name="framesPerCode">How many frames a code stands for.</param>
    /// <returns>Float32 [B, C, N].</returns>
    public static Tensor Of(Tensor features, Tensor? real, int width, int framesPerCode)
    {
        var (batch, channels, length) = (features.shape[0], features.shape[1], features.shape[2]);
        var window = tensor(Enumerable.Range(0, width).Select(k => (float)Math.Pow(Math.Sin(Math.PI * (k + 0.5) / width), 2)).ToArray(),
            [1, 1, width], device: features.device);
        Tensor Around(Tensor values) =>
            nn.functional.conv1d(values.reshape(-1, 1, length), window, null, framesPerCode, (width - framesPerCode) / 2);
        var weights = Around(real ?? ones([1, 1, length], dtype: ScalarType.Float32, device: features.device));
        var sums = Around(features).view(batch, channels, -1);
        return sums / weights.clamp(min: 1e-6) * tensor(Importance(channels), [1, channels, 1], device: features.device);
    }

    /// <summary>What each coefficient is multiplied with: the square of its error counts with 1 − k / (4/3 · C).</summary>
    public static float[] Importance(long channels) =>
        [.. Enumerable.Range(0, (int)channels).Select(k => (float)Math.Sqrt(1 - k / (4.0 / 3 * channels)))];
}
