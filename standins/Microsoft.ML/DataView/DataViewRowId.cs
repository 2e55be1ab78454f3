using System.Numerics;

namespace Microsoft.ML.Data;

/// <summary>A 128-bit name of a row, stable whatever the order in which rows are served; mixed as in MurmurHash3.</summary>
public readonly struct DataViewRowId : IComparable<DataViewRowId>, IEquatable<DataViewRowId>
{
    private const ulong C1 = 0x87c37b91114253d5;
    private const ulong C2 = 0x4cf5ad432745937f;

    public readonly ulong Low;
    public readonly ulong High;

    public DataViewRowId(ulong low, ulong high)
    {
        Low = low;
        High = high;
    }

    public override string ToString() => $"{High:x16}{Low:x16}";

    public int CompareTo(DataViewRowId other) => High != other.High ? High.CompareTo(other.High) : Low.CompareTo(other.Low);

    public bool Equals(DataViewRowId other) => Low == other.Low && High == other.High;

    public override bool Equals(object obj) => obj is DataViewRowId other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(Low, High);

    public DataViewRowId Fork()
    {
        var next = Next();
        return new DataViewRowId(next.Low ^ BitOperations.RotateLeft(C1, 31) * C2, next.High);
    }

    public DataViewRowId Next() => Absorb(0, 0);

    public DataViewRowId Combine(DataViewRowId other)
    {
        var forked = other.Fork();
        ulong first = BitOperations.RotateLeft(forked.Low * C1, 31) * C2;
        ulong second = BitOperations.RotateLeft(forked.High * C2, 33) * C1;
        return Absorb(first, second);
    }

    private DataViewRowId Absorb(ulong first, ulong second)
    {
        ulong low = (BitOperations.RotateLeft(Low ^ first, 27) + High) * 5 + 0x52dce729;
        ulong high = (BitOperations.RotateLeft(High ^ second, 31) + low) * 5 + 0x38495ab5;
        return new DataViewRowId(low, high);
    }
}
