namespace Microsoft.ML.VqVae;

/// <summary>How often each code meets each label, and what that says of a label where the code is known. Codes and labels are keys, from
/// 1; 0 stands for a missing one.</summary>
internal sealed class CodeLabelCounts
{
    readonly long[] _counts;

    public CodeLabelCounts(int codes, int labels, long[]? counts = null)
    {
        (Codes, Labels) = (codes, labels);
        _counts = counts ?? new long[checked(codes * labels)];
    }

    public int Codes { get; }

    public int Labels { get; }

    /// <summary>Code by code, all labels of the first code first.</summary>
    public IReadOnlyList<long> All => _counts;

    public long Of(uint code, uint label) => _counts[(int)(code - 1) * Labels + (int)(label - 1)];

    /// <summary>Counts a row, unless its code or label is missing.</summary>
    public bool Add(uint code, uint label)
    {
        if (code == 0 || code > Codes || label == 0 || label > Labels)
            return false;
        _counts[(int)(code - 1) * Labels + (int)(label - 1)]++;
        return true;
    }

    /// <summary>
    /// The probabilities of the labels for a missing code (row 0) and for every code. Each is (count of both + p) / (count of the
    /// code + 1), where p, the probability for a missing code, is (count of the label + 1) / (count of all + number of labels). p is less
    /// than one row, so it decides between labels that are equally frequent, and nothing else.
    /// </summary>
    public float[][] Probabilities()
    {
        var ofLabel = new double[Labels];
        for (int i = 0; i < _counts.Length; i++)
            ofLabel[i % Labels] += _counts[i];
        double all = ofLabel.Sum();
        double[] prior = [.. ofLabel.Select(count => (count + 1) / (all + Labels))];
        var probabilities = new float[Codes + 1][];
        probabilities[0] = [.. prior.Select(p => (float)p)];
        for (int code = 0; code < Codes; code++)
        {
            ReadOnlySpan<long> counts = _counts.AsSpan(code * Labels, Labels);
            double ofCode = 1;
            foreach (long count in counts)
                ofCode += count;
            var row = new float[Labels];
            for (int label = 0; label < Labels; label++)
                row[label] = (float)((counts[label] + prior[label]) / ofCode);
            probabilities[code + 1] = row;
        }
        return probabilities;
    }
}
