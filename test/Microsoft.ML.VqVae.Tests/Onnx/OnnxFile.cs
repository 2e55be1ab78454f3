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

    /// <summary>Compares columns of a transformed view with the graph: all rows in one batch by OnnxRuntime, and row by row by ML.NET. Keys must
    /// be the same, and numbers within the tolerance.</summary>
    public void AssertEqual(IDataView transformed, IDataView input, double tolerance, params string[] columns)
    {
        List<object[]> expected = [.. Values.Read(transformed, columns).Select(row => row.Select(Flat).ToArray())];
        Assert.IsGreaterThan(1, expected.Count);
        Values.AreEqual(expected, Run(input, columns), tolerance);
        IDataView byML = _ml.Transforms.ApplyOnnxModel(Path).Fit(input).Transform(input);
        Values.AreEqual(expected, [.. Values.Read(byML, columns).Select(row => row.Select(Flat).ToArray())], tolerance);
    }

    /// <summary>All rows in one batch.</summary>
    public List<object[]> Run(IDataView input, params string[] columns)
    {
        string[] names = [.. _session.InputMetadata.Keys];
        List<object[]> rows = Values.Read(input, names);
        NamedOnnxValue[] inputs = [.. names.Select((name, index) =>
        {
            NodeMetadata metadata = _session.InputMetadata[name];
            int[] shape = [rows.Count, .. metadata.Dimensions[1..]];
            object[] values = [.. rows.Select(row => Flat(row[index]))];
            return metadata.ElementType == typeof(float) ? Tensor(values.Cast<float[]>()) : Tensor(values.Cast<uint[]>());

            NamedOnnxValue Tensor<T>(IEnumerable<T[]> parts) =>
                NamedOnnxValue.CreateFromTensor(name, new DenseTensor<T>(parts.SelectMany(part => part).ToArray(), shape));
        })];
        using IDisposableReadOnlyCollection<DisposableNamedOnnxValue> results = _session.Run(inputs, [.. columns.Select(name => $"{name}.output")]);
        object[][] byColumn = [.. results.Select(result => result.ElementType == TensorElementType.Float
            ? Rows(result.AsTensor<float>()) : Rows(result.AsTensor<uint>()))];
        return [.. Enumerable.Range(0, rows.Count).Select(row => byColumn.Select(column => column[row]).ToArray())];

        object[] Rows<T>(Tensor<T> tensor) => [.. tensor.ToArray().Chunk((int)tensor.Length / rows.Count)];
    }

    // A single value is a vector of one in ONNX.
    static object Flat(object value) => value switch
    {
        float number => (float[])[number],
        uint number => (uint[])[number],
        _ => value,
    };

    public void Dispose()
    {
        _session.Dispose();
        _folder.Dispose();
    }
}
