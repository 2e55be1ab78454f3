namespace Microsoft.ML.Data;

/// <summary>The sums that the measures of multiclass classification are made of, one row at a time.</summary>
internal sealed class MulticlassCounters(int classes)
{
    private const float LeastProbability = 1e-15f;

    private readonly double[] _rowsOfClass = new double[classes];
    private readonly double[] _logLossOfClass = new double[classes];
    private readonly double[] _rowsOfRank = new double[classes + 1];
    private double _rows;
    private double _logLoss;
    private double _correct;

    internal double[][] Confusion { get; } = Enumerable.Range(0, classes).Select(_ => new double[classes]).ToArray();

    internal double MicroAccuracy => _rows > 0 ? _correct / _rows : 0;

    internal double MacroAccuracy =>
        Enumerable.Range(0, classes).Where(c => _rowsOfClass[c] > 0).Select(c => Confusion[c][c] / _rowsOfClass[c]).DefaultIfEmpty(0).Average();

    internal double LogLoss => _rows > 0 ? _logLoss / _rows : 0;

    /// <summary>How much of the labels' entropy the scores explain.</summary>
    internal double LogLossReduction
    {
        get
        {
            double entropy = -_rowsOfClass.Where(count => count > 0).Sum(count => count * Math.Log(count / _rows)) / _rows;
            return (entropy - LogLoss) / entropy;
        }
    }

    internal IEnumerable<double> PerClassLogLoss => _logLossOfClass.Select((loss, c) => _rowsOfClass[c] > 0 ? loss / _rowsOfClass[c] : 0);

    internal IEnumerable<double> TopKAccuracies(int k)
    {
        double sum = 0;
        return _rowsOfRank.Take(k).Select(count => sum += count / _rows);
    }

    /// <summary>A label outside the scored classes counts as wrong in every way.</summary>
    internal void Add(int label, ReadOnlySpan<float> scores)
    {
        bool known = label < classes;
        float labelScore = known ? scores[label] : 0;
        double logLoss = -Math.Log(Math.Clamp(labelScore, LeastProbability, 1));
        int rank = 0, assigned = 0;
        for (int c = 0; c < classes; c++)
        {
            // Ties go to the class that comes first.
            if (scores[c] > labelScore || scores[c] == labelScore && c < label)
                rank++;
            if (scores[c] > scores[assigned])
                assigned = c;
        }

        _rows++;
        _logLoss += logLoss;
        _rowsOfRank[rank]++;
        if (rank == 0)
            _correct++;
        if (!known)
            return;
        _rowsOfClass[label]++;
        _logLossOfClass[label] += logLoss;
        Confusion[label][assigned]++;
    }
}
