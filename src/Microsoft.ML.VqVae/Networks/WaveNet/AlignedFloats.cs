namespace Microsoft.ML.VqVae.Networks;

/// <summary>Zeros in managed memory that does not move and starts at a cache line, so that no vector straddles two lines.</summary>
internal sealed unsafe class AlignedFloats
{
    const int LineBytes = 64;

    readonly float[] memory;

    public AlignedFloats(int count)
    {
        Count = count;
        memory = GC.AllocateArray<float>(count + LineBytes / sizeof(float), pinned: true);
        fixed (float* first = memory)
            Start = (float*)(((nuint)first + LineBytes - 1) / LineBytes * LineBytes);
    }

    public int Count { get; }

    /// <summary>The first number; valid as long as this object is referred to.</summary>
    public float* Start { get; }

    public Span<float> Span => new(Start, Count);
}
