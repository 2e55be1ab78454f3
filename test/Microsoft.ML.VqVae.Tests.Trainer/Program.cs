using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae;

// Loads a model file that is named, or trains a codec of time series for a few steps, and writes what the first row became.
var ml = new MLContext(seed: 1);
if (args is [string file])
{
    Console.WriteLine($"loaded: {ml.Model.Load(file, out _)}");
    return;
}
IDataView data = ml.Data.LoadFromEnumerable(Enumerable.Range(0, 8)
    .Select(row => new Row { Values = [.. Enumerable.Range(0, 64).Select(i => MathF.Sin(i * (row + 1) / 8f))] }).ToArray());
using SeriesVqVaeTransformer codec = ml.Transforms.VqVae.EncodeSeries("Codes", "Values", steps: 2).Fit(data);
Coded first = ml.Data.CreateEnumerable<Coded>(codec.Transform(data), reuseRowObject: false).First();
Console.WriteLine($"trained: {first.Codes.Length} codes");

internal sealed class Row
{
    [VectorType(64)]
    public float[] Values { get; set; } = [];
}

internal sealed class Coded
{
    public uint[] Codes { get; set; } = [];
}
