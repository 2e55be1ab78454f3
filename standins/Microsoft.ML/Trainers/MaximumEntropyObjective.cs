using System.Numerics;
using System.Runtime.InteropServices;

namespace Microsoft.ML.Trainers;

/// <summary>
/// The mean log-loss of a softmax over linear scores, with its gradient and the L2 term, over sparse rows kept in memory.
/// A parameter vector holds the classes' biases, then for each feature its weight for every class.
/// </summary>
internal sealed class MaximumEntropyObjective(int classes, int features, float l2)
{
    // The rows are cut into the same pieces whatever the number of threads, and summed in order: results do not depend on the
    // machine's cores.
    private const int Chunks = 4;

    private readonly int _stride = (classes + Vector<float>.Count - 1) / Vector<float>.Count * Vector<float>.Count;
    private readonly List<int> _rowEnds = [];
    private readonly List<int> _indices = [];
    private readonly List<float> _values = [];
    private readonly List<int> _labels = [];
    private float[][] _chunkGradients;
    private float[] _weights = [];

    internal int Rows => _labels.Count;

    internal void Add(int label, ReadOnlySpan<int> indices, ReadOnlySpan<float> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (values[i] == 0) continue;
            _indices.Add(indices.IsEmpty ? i : indices[i]);
            _values.Add(values[i]);
        }
        _rowEnds.Add(_indices.Count);
        _labels.Add(label);
    }

    internal double Evaluate(float[] point, float[] gradient)
    {
        int padded = _stride * (features + 1);
        _chunkGradients ??= [.. Enumerable.Range(0, Chunks).Select(_ => new float[padded])];
        if (_weights.Length == 0) _weights = new float[padded];
        for (int f = 0; f <= features; f++) point.AsSpan(f * classes, classes).CopyTo(_weights.AsSpan(f * _stride));

        var losses = new double[Chunks];
        Parallel.For(0, Chunks, chunk =>
        {
            Array.Clear(_chunkGradients[chunk]);
            losses[chunk] = Accumulate(
                (int)((long)Rows * chunk / Chunks), (int)((long)Rows * (chunk + 1) / Chunks), _chunkGradients[chunk]);
        });

        for (int f = 0; f <= features; f++)
            for (int c = 0; c < classes; c++)
            {
                float sum = 0;
                foreach (var part in _chunkGradients) sum += part[f * _stride + c];
                gradient[f * classes + c] = sum;
            }

        double loss = losses.Sum();
        if (l2 > 0)
        {
            ReadOnlySpan<float> regularized = point.AsSpan(classes);
            loss += 0.5 * l2 * DenseMath.Dot(regularized, regularized);
            DenseMath.AddScaled(gradient.AsSpan(classes), l2, regularized);
        }
        DenseMath.Scale(gradient, 1f / Rows);
        return loss / Rows;
    }

    private double Accumulate(int firstRow, int endRow, float[] gradient)
    {
        var indices = CollectionsMarshal.AsSpan(_indices);
        var values = CollectionsMarshal.AsSpan(_values);
        Span<Vector<float>> weights = MemoryMarshal.Cast<float, Vector<float>>(_weights.AsSpan());
        Span<Vector<float>> slopes = MemoryMarshal.Cast<float, Vector<float>>(gradient.AsSpan());
        int lanes = _stride / Vector<float>.Count;
        var scores = new float[_stride];
        Span<Vector<float>> scoreLanes = MemoryMarshal.Cast<float, Vector<float>>(scores.AsSpan());
        double loss = 0;
        for (int row = firstRow; row < endRow; row++)
        {
            int start = row == 0 ? 0 : _rowEnds[row - 1], end = _rowEnds[row];
            weights[..lanes].CopyTo(scoreLanes);
            for (int i = start; i < end; i++)
            {
                int at = (indices[i] + 1) * lanes;
                var value = new Vector<float>(values[i]);
                for (int l = 0; l < lanes; l++) scoreLanes[l] += weights[at + l] * value;
            }

            int label = _labels[row];
            float highest = float.NegativeInfinity;
            for (int c = 0; c < classes; c++) highest = Math.Max(highest, scores[c]);
            float labelScore = scores[label] - highest, sum = 0;
            for (int c = 0; c < classes; c++) sum += scores[c] = MathF.Exp(scores[c] - highest);
            loss += Math.Log(sum) - labelScore;
            for (int c = 0; c < classes; c++) scores[c] *= 1 / sum;
            scores[label] -= 1;
            // The padding's scores stay zero, and so do its gradients.
            for (int l = 0; l < lanes; l++) slopes[l] += scoreLanes[l];
            for (int i = start; i < end; i++)
            {
                int at = (indices[i] + 1) * lanes;
                var value = new Vector<float>(values[i]);
                for (int l = 0; l < lanes; l++) slopes[at + l] += scoreLanes[l] * value;
            }
        }
        if (!double.IsFinite(loss)) throw new InvalidOperationException("Data contain bad values.");
        return loss;
    }
}
