using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae.Samples.Features;

/// <summary>One kind of features of the rows that labels are drawn from, and of the test rows.</summary>
/// <param name="Name">The name in tables and charts.</param>
/// <param name="Train">The features of the training rows.</param>
/// <param name="Test">The features of the test rows.</param>
internal sealed record FeatureSet(string Name, IReadOnlyList<VBuffer<float>> Train, IReadOnlyList<VBuffer<float>> Test)
{
    /// <summary>The share of the mean deviation that is added to each deviation, so that a value that hardly varies is not blown
    /// up.</summary>
    const double DeviationFloor = 0.1;

    /// <summary>Reads a column of vectors of Single of two views.</summary>
    public static FeatureSet Read(string name, IDataView train, IDataView test, string column) =>
        new(name, Values(train, column), Values(test, column));

    /// <summary>Features with mean 0 and a deviation near 1 over the training rows. Labels are not used.</summary>
    public FeatureSet Standardized()
    {
        int size = Train[0].Length;
        double[] mean = new double[size], deviation = new double[size];
        foreach (VBuffer<float> row in Train)
            foreach (KeyValuePair<int, float> item in row.Items())
                mean[item.Key] += (double)item.Value / Train.Count;
        foreach (VBuffer<float> row in Train)
            foreach (KeyValuePair<int, float> item in row.Items(all: true))
                deviation[item.Key] += (item.Value - mean[item.Key]) * (item.Value - mean[item.Key]) / Train.Count;
        for (int slot = 0; slot < size; slot++)
            deviation[slot] = Math.Sqrt(deviation[slot]);
        double floor = Math.Max(1e-9, DeviationFloor * deviation.Average());
        return this with { Train = [.. Train.Select(Scaled)], Test = [.. Test.Select(Scaled)] };

        VBuffer<float> Scaled(VBuffer<float> row)
        {
            float[] values = [.. row.DenseValues()];
            for (int slot = 0; slot < values.Length; slot++)
                values[slot] = (float)((values[slot] - mean[slot]) / (deviation[slot] + floor));
            return new VBuffer<float>(values.Length, values);
        }
    }

    static VBuffer<float>[] Values(IDataView view, string name)
    {
        DataViewSchema.Column column = view.Schema[name];
        using DataViewRowCursor cursor = view.GetRowCursor([column]);
        ValueGetter<VBuffer<float>> get = cursor.GetGetter<VBuffer<float>>(column);
        var rows = new List<VBuffer<float>>();
        while (cursor.MoveNext())
        {
            VBuffer<float> row = default;
            get(ref row);
            rows.Add(row);
        }
        return [.. rows];
    }
}
