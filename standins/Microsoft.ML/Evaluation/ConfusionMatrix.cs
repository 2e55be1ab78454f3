using System.Collections.Immutable;
using System.Text;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>How often rows of an actual class (outer list) were taken for a predicted class (inner list).</summary>
public sealed class ConfusionMatrix
{
    private readonly IReadOnlyList<ReadOnlyMemory<char>> _classNames;

    internal ConfusionMatrix(double[][] counts, IReadOnlyList<ReadOnlyMemory<char>> classNames)
    {
        _classNames = classNames;
        NumberOfClasses = counts.Length;
        Counts = counts.Select(row => (IReadOnlyList<double>)row.ToList().AsReadOnly()).ToList().AsReadOnly();
        PerClassRecall = counts.Select((row, c) => Share(row[c], row.Sum())).ToImmutableArray();
        PerClassPrecision = counts.Select((row, c) => Share(row[c], counts.Sum(other => other[c]))).ToImmutableArray();
    }

    public IReadOnlyList<double> PerClassPrecision { get; }

    public IReadOnlyList<double> PerClassRecall { get; }

    public IReadOnlyList<IReadOnlyList<double>> Counts { get; }

    public int NumberOfClasses { get; }

    public double GetCountForClassPair(int predictedClassIndicatorIndex, int actualClassIndicatorIndex)
    {
        const string message = "Invalid index. Should be non-negative, less than the number of classes.";
        Contracts.CheckParam(predictedClassIndicatorIndex >= 0 && predictedClassIndicatorIndex < NumberOfClasses,
            nameof(predictedClassIndicatorIndex), message);
        Contracts.CheckParam(actualClassIndicatorIndex >= 0 && actualClassIndicatorIndex < NumberOfClasses,
            nameof(actualClassIndicatorIndex), message);
        return Counts[actualClassIndicatorIndex][predictedClassIndicatorIndex];
    }

    public string GetFormattedConfusionTable()
    {
        // Names that do not fit over the columns are replaced by numbers there, which the rows then explain.
        int columnWidth = NumberOfClasses == 2 ? 8 : 5;
        int longestName = _classNames.Max(name => name.Length);
        bool numbered = longestName > columnWidth;
        int digits = (NumberOfClasses - 1).ToString().Length;
        int rowWidth = Math.Max("PREDICTED".Length, longestName + (numbered ? digits + 2 : 0));
        string rule = string.Concat(Enumerable.Repeat(NumberOfClasses > 2 ? "========" : "===========", NumberOfClasses));

        var text = new StringBuilder();
        string Head(string title) => title.PadRight(rowWidth) + " ||";
        text.AppendLine().AppendLine("Confusion table").AppendLine(Head("") + rule).Append(Head("PREDICTED"));
        for (int c = 0; c < NumberOfClasses; c++)
            text.Append(' ').Append((numbered ? c.ToString() : _classNames[c].ToString()).PadLeft(columnWidth)).Append(" |");
        text.AppendLine(" Recall").AppendLine(Head("TRUTH") + rule);
        for (int c = 0; c < NumberOfClasses; c++)
        {
            string name = _classNames[c].ToString();
            text.Append(numbered ? $"{c.ToString().PadLeft(digits)}. {name.PadLeft(rowWidth - digits - 2)}" : name.PadLeft(rowWidth)).Append(" ||");
            foreach (double count in Counts[c])
                text.Append(' ').Append(count.ToString("N0").PadLeft(columnWidth)).Append(" |");
            text.AppendLine($" {PerClassRecall[c],5:F4}");
        }
        text.AppendLine(Head("") + rule).Append(Head("Precision"));
        foreach (double precision in PerClassPrecision)
            text.Append(precision.ToString("N4").PadLeft(columnWidth + 1)).Append(" |");
        return text.AppendLine().ToString();
    }

    private static double Share(double part, double whole) => whole > 0 ? part / whole : 0;
}
