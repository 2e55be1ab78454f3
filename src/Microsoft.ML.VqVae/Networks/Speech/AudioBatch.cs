using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>A batch of utterances, or crops of them; shorter ones are padded with zeros, which are left out of training.</summary>
/// <param name="Inputs">The inputs of the encoder, Float32 [B, C, T], T a multiple of <see cref="AudioVqVae.ValuesPerCode"/>: features in
/// their own units, or samples.</param>
/// <param name="Lengths">The number of real inputs among the T, Int64 [B].</param>
/// <param name="Normalisers">The maps that normalize the inputs, Float32 [B, 1 + C, C]: means, then the matrix that multiplies the
/// difference from the means.</param>
/// <param name="Targets">The targets of the decoder, Float32 [B, C', T]; null where the inputs are the targets, and outside of
/// training.</param>
/// <param name="Speakers">The numbers of the speakers, Int64 [B]; null for a network that knows no speakers. Only decoding needs
/// them.</param>
internal sealed record AudioBatch(Tensor Inputs, Tensor Lengths, Tensor Normalisers, Tensor? Targets = null, Tensor? Speakers = null)
{
    internal AudioBatch To(Device device) => device.type == TorchSharp.DeviceType.CPU
        ? this
        : new(Inputs.to(device), Lengths.to(device), Normalisers.to(device), Targets?.to(device), Speakers?.to(device));
}

/// <summary>The input of an <see cref="AudioVqVae"/> for one waveform.</summary>
/// <param name="Values">[T, C], time by time: frames of features, or samples.</param>
/// <param name="Length">T.</param>
/// <param name="Statistics">The statistics of the C features over the utterance.</param>
/// <param name="Normaliser">The map that normalizes them, means and a matrix, [1 + C, C] row by row; null where it follows from the
/// statistics.</param>
internal sealed record AudioFeatures(ReadOnlyMemory<float> Values, int Length, FeatureStatistics Statistics, float[]? Normaliser = null);

/// <summary>A training example: the possible inputs and the target for one waveform.</summary>
/// <param name="Views">The possible inputs of the encoder: the utterance unchanged, then as spoken with other vocal tracts; all of the same
/// length.</param>
/// <param name="Target">The target of the decoder; null where it is the view.</param>
internal sealed record AudioExample(IReadOnlyList<AudioFeatures> Views, AudioFeatures? Target);

/// <summary>Statistics of features over a number of frames: those of an utterance, or of all utterances of a speaker.</summary>
/// <param name="Frames">The number of frames.</param>
/// <param name="Means">The mean of each of the C features.</param>
/// <param name="Covariance">Their covariance, C rows of C.</param>
internal sealed record FeatureStatistics(long Frames, float[] Means, float[] Covariance)
{
    // The deviation that a constant feature counts as, so that silence leads to no infinities.
    internal const double MinDeviation = 1e-3;

    // The smallest variance that a direction in the space of features counts as, where the mean is 1.
    const double MinVariance = 1e-4;

    /// <summary>The standard deviation of each feature, never zero.</summary>
    public float[] Deviations =>
        [.. Enumerable.Range(0, Means.Length).Select(c => (float)Math.Max(MinDeviation, Math.Sqrt(Covariance[c * Means.Length + c])))];

    /// <summary>The statistics of normalized features, also used where nothing is known.</summary>
    internal static FeatureStatistics Standard(int size)
    {
        var covariance = new float[size * size];
        for (var c = 0; c < size; c++)
            covariance[c * size + c] = 1;
        return new FeatureStatistics(0, new float[size], covariance);
    }

    /// <summary>The statistics of frames [T, C].</summary>
    internal static FeatureStatistics Of(Tensor frames)
    {
        using var scope = NewDisposeScope();
        var values = frames.to(ScalarType.Float64);
        var means = values.mean([0L]);
        var centered = values - means;
        return new FeatureStatistics(frames.shape[0], Numbers(means), Numbers(centered.t().matmul(centered).Div(frames.shape[0])));
    }

    /// <summary>The joint statistics of several parts, as if all their frames were measured together.</summary>
    internal static FeatureStatistics Of(IReadOnlyCollection<FeatureStatistics> parts)
    {
        var size = parts.Count == 0 ? 0 : parts.First().Means.Length;
        var frames = parts.Sum(part => part.Frames);
        double[] means = new double[size], covariance = new double[size * size];
        foreach (var part in parts)
        {
            for (var row = 0; row < size; row++)
                means[row] += part.Frames * (double)part.Means[row] / frames;
        }
        foreach (var part in parts)
        {
            for (var row = 0; row < size; row++)
            {
                for (var column = 0; column < size; column++)
                    covariance[row * size + column] += part.Frames / (double)frames * (part.Covariance[row * size + column]
                        + (part.Means[row] - means[row]) * (part.Means[column] - means[column]));
            }
        }
        return new FeatureStatistics(
            frames, Array.ConvertAll(means, value => (float)value), Array.ConvertAll(covariance, value => (float)value));
    }

    /// <summary>
    /// The affine map that gives features mean 0 and deviation 1 and removes correlations between them: the means, then C rows of a matrix
    /// W; a frame x becomes W · (x − means).
    /// </summary>
    /// <param name="decorrelation">a in W = V · diag(λ^(−a/2)) · Vᵀ · diag(1/deviation), with the eigenvalues λ and eigenvectors V of the
    /// correlations: 0 leaves them, 1 removes them.</param>
    /// <remarks>Correlations are shrunk as if C more frames without correlations had been measured.</remarks>
    internal float[] Normaliser(double decorrelation)
    {
        var size = Means.Length;
        float[] scales = Array.ConvertAll(Deviations, deviation => 1 / deviation), map = new float[size * size];
        var certainty = Frames / (double)(Frames + size);
        for (var at = 0; at < map.Length; at++)
        {
            var (row, column) = (at / size, at % size);
            map[at] = row == column ? 1
                : decorrelation * certainty == 0 ? 0
                : (float)(certainty * Covariance[at] * scales[row] * scales[column]);
        }
        using var scope = NewDisposeScope();
        var matrix = tensor(map, [size, size]).to(ScalarType.Float64);
        if (decorrelation > 0)
        {
            var (values, vectors) = linalg.eigh(matrix);
            matrix = (vectors * values.ClampMin(MinVariance).log().Mul(-decorrelation / 2).exp()).matmul(vectors.t());
        }
        return [.. Means, .. Numbers(matrix * tensor(scales))];
    }

    static float[] Numbers(Tensor tensor) => MemoryMarshal.Cast<byte, float>(tensor.to(ScalarType.Float32).contiguous().bytes).ToArray();
}
