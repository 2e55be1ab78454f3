using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae;

/// <summary>The labels of the current utterance, by the time of the center of a code.</summary>
internal abstract class FrameLabels
{
    const float Rounding = 0.001f;

    readonly FrameColumns _names;
    readonly DataViewRow _row;
    readonly ValueGetter<VBuffer<float>> _getStarts, _getEnds;
    VBuffer<float> _startBuffer, _endBuffer;
    float[] _starts = [], _ends = [];
    int _codes;
    bool _read;

    FrameLabels(FrameColumns names, DataViewRow row, DataViewSchema.Column starts, DataViewSchema.Column ends)
    {
        (_names, _row) = (names, row);
        (_getStarts, _getEnds) = (row.GetGetter<VBuffer<float>>(starts), row.GetGetter<VBuffer<float>>(ends));
    }

    public static FrameLabels Create(
        FrameColumns names, DataViewRow row, DataViewSchema.Column labels, DataViewSchema.Column starts, DataViewSchema.Column ends) =>
        ((VectorDataViewType)labels.Type).ItemType is KeyDataViewType
            ? new Of<uint>(names, row, labels, starts, ends)
            : new Of<ReadOnlyMemory<char>>(names, row, labels, starts, ends);

    public void NextUtterance(int codes) => (_codes, _read) = (codes, false);

    /// <summary>The getter of the label of the code that <paramref name="current"/> returns.</summary>
    public abstract Delegate Getter(Func<int> current);

    protected abstract int ReadLabels();

    /// <summary>The index of the label at the center of a code, or −1.</summary>
    protected int IndexAt(int code)
    {
        if (!_read)
            Read();
        // The last label that starts at the center or before.
        float center = _names.Center(code);
        int place = Array.BinarySearch(_starts, center);
        if (place < 0)
            place = ~place - 1;
        while (place + 1 < _starts.Length && _starts[place + 1] <= center)
            place++;
        return place >= 0 && center < _ends[place] ? place : -1;
    }

    void Read()
    {
        _getStarts(ref _startBuffer);
        _getEnds(ref _endBuffer);
        int count = ReadLabels();
        if (_startBuffer.Length != count || _endBuffer.Length != count)
        {
            throw Bad($"has {count} labels in column '{_names.Labels}', {_startBuffer.Length} times in '{_names.LabelStarts}' and "
                + $"{_endBuffer.Length} in '{_names.LabelEnds}'; expected is the same number in all three");
        }
        (_starts, _ends) = ([.. _startBuffer.DenseValues()], [.. _endBuffer.DenseValues()]);
        for (int i = 0; i < count; i++)
        {
            float earliest = i == 0 ? 0 : _ends[i - 1];
            if (!(_starts[i] >= earliest - Rounding && _ends[i] >= _starts[i]))
            {
                throw Bad(Text($"has label {i + 1} from {_starts[i]} s to {_ends[i]} s in column '{_names.Labels}'; ")
                    + Text($"expected is one that begins at {earliest} s or later, and ends no earlier"));
            }
        }
        // Codes cover whole utterances, with padding: labels beyond the last code are of other audio, or the time of a code is wrong.
        double end = _names.Duration(_codes + _names.CodesPerPosition);
        if (count > 0 && _ends[^1] > end)
        {
            throw Bad(Text($"has labels up to {_ends[^1]} s in column '{_names.LabelEnds}', but only {_codes} codes of ")
                + Text($"{_names.SamplesPerCode} samples at {_names.SampleRate} Hz, {_names.Duration(_codes)} s. ")
                + "Check the labels, SamplesPerCode, CodesPerPosition and SampleRate");
        }
        _read = true;
    }

    InvalidOperationException Bad(string what) => new(Text($"Row {_row.Position} {what}."));

    static string Text(FormattableString text) => FormattableString.Invariant(text);

    sealed class Of<T> : FrameLabels
    {
        readonly ValueGetter<VBuffer<T>> _getLabels;
        VBuffer<T> _buffer;
        T[] _labels = [];

        public Of(FrameColumns names, DataViewRow row, DataViewSchema.Column labels, DataViewSchema.Column starts,
            DataViewSchema.Column ends)
            : base(names, row, starts, ends) => _getLabels = row.GetGetter<VBuffer<T>>(labels);

        public override Delegate Getter(Func<int> current) => (ValueGetter<T>)((ref T value) =>
        {
            int label = IndexAt(current());
            value = label < 0 ? default! : _labels[label];
        });

        protected override int ReadLabels()
        {
            _getLabels(ref _buffer);
            _labels = [.. _buffer.DenseValues()];
            return _labels.Length;
        }
    }
}
