namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// Limits the number of values of the networks that this thread creates, until it is disposed: a network that is described by a file is
/// refused before it allocates more than the weights of that file fill.
/// </summary>
internal sealed class WeightLimit : IDisposable
{
    [ThreadStatic]
    static WeightLimit? _current;

    readonly WeightLimit? _outer;
    readonly string _source;
    readonly long _values;
    Int128 _taken;

    /// <param name="values">Number of values that the networks may have together.</param>
    /// <param name="source">The name of the weights, for the message.</param>
    public WeightLimit(long values, string source)
    {
        (_values, _source, _outer) = (values, source, _current);
        _current = this;
    }

    /// <summary>Counts the values of a tensor that is about to be allocated.</summary>
    /// <exception cref="InvalidDataException">There is a limit, which they exceed.</exception>
    public static void Take(params ReadOnlySpan<long> shape)
    {
        if (_current is not WeightLimit limit)
            return;
        Int128 count = 1;
        foreach (long size in shape)
            count = size < 0 || count > limit._values ? Int128.MaxValue / 2 : count * size;
        limit._taken = Int128.Min(Int128.MaxValue / 2, limit._taken + count);
        if (limit._taken > limit._values)
        {
            throw new InvalidDataException($"{limit._source} does not fit the network: the description asks for a network of more than the "
                + $"{limit._values} values that the tensors have.");
        }
    }

    public void Dispose() => _current = _outer;
}
