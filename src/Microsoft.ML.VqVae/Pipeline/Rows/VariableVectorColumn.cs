using Microsoft.ML.Data;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>Vectors of numbers whose length differs from row to row.</summary>
internal sealed class VariableVectorColumn(int capacity) : BatchColumn
{
    readonly int[] _lengths = new int[capacity];
    float[] _values = [];
    int _longest;

    /// <summary>All rows have the length of the tensor.</summary>
    public override void Store(Tensor values) => Store(values, full([values.shape[0]], values.shape[1], dtype: ScalarType.Int64));

    /// <summary>Copies [rows, longest] out, and how many values each row has.</summary>
    public void Store(Tensor values, Tensor lengths)
    {
        _longest = (int)values.shape[1];
        int count = checked((int)values.shape[0] * _longest);
        if (_values.Length < count)
            _values = new float[count];
        CopyOut<float>(values, ScalarType.Float32, _values);
        CopyOut<int>(lengths, ScalarType.Int32, _lengths);
    }

    public override Delegate CreateGetter(Func<int> slot) => (ValueGetter<VBuffer<float>>)((ref VBuffer<float> value) =>
    {
        int row = slot();
        Copy<float>(_values.AsSpan(row * _longest, _lengths[row]), ref value);
    });
}
