using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Microsoft.ML.VqVae.Tests.Pipeline;
using Microsoft.ML.VqVae.Tests.Samples;

namespace Microsoft.ML.VqVae.Tests.Onnx;

/// <summary>A transformer that ML.NET converted to ONNX, run by OnnxRuntime itself and by ML.NET's transformer for ONNX files.</summary>
internal sealed class OnnxFile : IDisposable
{
    readonly MLContext _ml = new();
    readonly TemporaryFolder _folder = new();
    readonly InferenceSession _session;

    /// <param name="transformer">The transformer.</param>
    /// <param name="input">A view with the columns that become the inputs of the graph, and no others.</param>
    /// <param name="outputs">The columns that become its outputs; all if none is named.</param>
    public OnnxFile(ITransformer transformer, IDataView input, params string[] outputs)
    {
        Bytes = Convert(transformer, input, outputs);
        Path = _folder.File("model.onnx");
        File.WriteAllBytes(Path, Bytes);
        _session = new InferenceSession(Bytes);
    }

    public byte[] Bytes { get; }

    public string Path { get; }

    public IReadOnlyDictionary<string, NodeMetadata> Inputs => _session.InputMetadata;

    public static byte[] Convert(ITransformer transformer, IDataView input, params string[] outputs)
    {
        using var stream = new MemoryStream();
        if (outputs.Length == 0)
            new MLContext().Model.ConvertToOnnx(transformer, input, stream);
        else
            new MLContext().Model.ConvertToOnnx(transformer, input, stream, outputs);
        return stream.ToArray();
    }

    /// <summary>The chosen columns of a view, in memory, so that a conversion begins with them.</summary>
    public static IDataView Only(MLContext ml, IDataView view, params string[] columns) =>
        ml.Data.Cache(ml.Transforms.SelectColumns(columns).Fit(view).Transform(view));

    /// <summary>Compares columns of a transformed view with the graph: all rows in one batch by OnnxRuntime, and row by row by ML.NET. Keys
    /// must be the same; numbers may differ by 1e-5 of the largest in their column, since sums are taken in another order. A hundredth of
    /// that is usual.</summary>
    public void AssertEqual(IDataView transformed, IDataView input, params string[] columns)
    {
        List<object[]> expected = Rows(transformed, columns), inOneBatch = Run(input, columns);
        List<object[]> byML = Rows(_ml.Transforms.ApplyOnnxModel(Path).Fit(input).Transform(input), columns);
        Assert.IsGreaterThan(1, expected.Count);
        for (int column = 0; column < columns.Length; column++)
        {
            List<object[]> Column(List<object[]> rows) => [.. rows.Select(row => new[] { row[column] })];
            double largest = expected.Max(row => row[column] is float[] numbers ? numbers.Max(Math.Abs) : 0);
            Values.AreEqual(Column(expected), Column(inOneBatch), 1e-5 * largest);
            Values.AreEqual(Column(expected), Column(byML), 1e-5 * largest);
        }
    }

    static List<object[]> Rows(IDataView view, string[] columns) =>
        [.. Values.Read(view, columns).Select(row => row.Select(Flat).ToArray())];

    /// <summary>All rows in one batch; a batch for each length where lengths differ.</summary>
    public List<object[]> Run(IDataView input, params string[] columns)
    {
        string[] names = [.. _session.InputMetadata.Keys];
        List<object[]> rows = Values.Read(input, names);
        object[][] results = new object[rows.Count][];
        foreach (IGrouping<int, int> alike in Enumerable.Range(0, rows.Count).GroupBy(row => ((Array)Flat(rows[row][0])).Length))
        {
            int[] numbers = [.. alike];
            List<object[]> batch = Run(names, [.. numbers.Select(row => rows[row])], columns);
            for (int i = 0; i < numbers.Length; i++)
                results[numbers[i]] = batch[i];
        }
        return [.. results];
    }

    List<object[]> Run(string[] names, List<object[]> rows, string[] columns)
    {
        NamedOnnxValue[] inputs = [.. names.Select((name, index) =>
        {
            NodeMetadata metadata = _session.InputMetadata[name];
            object[] values = [.. rows.Select(row => Flat(row[index]))];
            int length = ((Array)values[0]).Length;
            int[] shape = [rows.Count, .. metadata.Dimensions[1..].Select(size => size == -1 ? length : size)];
            return metadata.ElementType == typeof(float) ? Tensor(values.Cast<float[]>())
                : metadata.ElementType == typeof(byte) ? Tensor(values.Cast<byte[]>()) : Tensor(values.Cast<uint[]>());

            NamedOnnxValue Tensor<T>(IEnumerable<T[]> parts) =>
                NamedOnnxValue.CreateFromTensor(name, new DenseTensor<T>(parts.SelectMany(part => part).ToArray(), shape));
        })];
        using IDisposableReadOnlyCollection<DisposableNamedOnnxValue> results =
            _session.Run(inputs, [.. columns.Select(name => $"{name}.output")]);
        object[][] byColumn = [.. results.Select(result => result.ElementType switch
        {
            TensorElementType.Float => Rows(result.AsTensor<float>()),
            TensorElementType.Bool => Rows(result.AsTensor<bool>()),
            _ => Rows(result.AsTensor<uint>()),
        })];
        return [.. Enumerable.Range(0, rows.Count).Select(row => byColumn.Select(column => column[row]).ToArray())];

        object[] Rows<T>(Tensor<T> tensor) => [.. tensor.ToArray().Chunk((int)tensor.Length / rows.Count)];
    }

    // A single value is a vector of one in ONNX.
    static object Flat(object value) => value switch
    {
        float number => (float[])[number],
        uint number => (uint[])[number],
        bool truth => (bool[])[truth],
        _ => value,
    };

    public void Dispose()
    {
        _session.Dispose();
        _folder.Dispose();
    }
}
