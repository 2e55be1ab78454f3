using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// The search for nearest codes on a processor with vectors of 16 numbers: distances are compared as they are computed, and never stored.
/// libtorch writes them all, reads them again, and takes twice as long.
/// </summary>
/// <remarks>
/// The codebook is divided into panels of 32 codes, which lie in the order in which they are needed: 32 values of ‖e‖², then 32 of −2·e for
/// each dimension. A panel meets six vectors at a time: twelve sums in registers, and each number that is loaded is used several times. Each
/// lane keeps the smallest distance it has seen and the panel half that it was in; the lanes are compared at the end. A vector's code does
/// not depend on the vectors beside it.
/// </remarks>
internal static unsafe class NearestCodeSearch
{
    const int Lanes = 16;
    const int PanelCodes = 2 * Lanes;
    const int BlockRows = 6;

    /// <summary>Vectors between two readings of the codebook: their best distances stay in the first-level cache.</summary>
    const int TileRows = 16 * BlockRows;

    /// <summary>With fewer vectors a second thread costs more than it saves.</summary>
    const int MinRowsPerThread = 128;

    /// <summary>Whether <see cref="Find"/> can take the vectors, and is faster than libtorch.</summary>
    public static bool Handles(Tensor vectors, Tensor codebook) =>
        Vector512.IsHardwareAccelerated && vectors.device_type == DeviceType.CPU && vectors.dtype == ScalarType.Float32
        && codebook.dtype == ScalarType.Float32 && vectors.shape[0] * vectors.shape[1] is > 0 and <= int.MaxValue / sizeof(float);

    /// <summary><see cref="NearestCodes.Find(Tensor, Tensor)"/>, on as many threads as libtorch uses. A vector that is not finite gets
    /// code 0.</summary>
    public static Tensor Find(Tensor vectors, Tensor codebook)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor rows = vectors.contiguous();
        Tensor indices = empty(rows.shape[0], dtype: ScalarType.Int64);
        using var panels = new Panels(codebook.contiguous());
        int count = (int)rows.shape[0];
        fixed (byte* firstRow = rows.bytes, firstIndex = indices.bytes)
            Search((float*)firstRow, count, panels, (long*)firstIndex);
        return indices.MoveToOuterDisposeScope();
    }

    static void Search(float* rows, int count, Panels panels, long* indices) =>
        new SharedWork((count + TileRows - 1) / TileRows, tile =>
        {
            int start = tile * TileRows;
            SearchTile(rows + (long)start * panels.Dimensions, Math.Min(TileRows, count - start), panels, indices + start);
        }).Run(Math.Clamp(count / MinRowsPerThread, 1, get_num_threads()));

    /// <summary>The codes of up to <see cref="TileRows"/> vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void SearchTile(float* rows, int count, Panels panels, long* indices)
    {
        int dimensions = panels.Dimensions;
        float* smallest = stackalloc float[TileRows * Lanes];
        int* halves = stackalloc int[TileRows * Lanes];
        new Span<float>(smallest, count * Lanes).Fill(float.PositiveInfinity);
        new Span<int>(halves, count * Lanes).Clear();
        for (int number = 0; number < panels.Count; number++)
        {
            float* panel = panels.Start + (long)number * panels.Size;
            int row = 0;
            for (; row + BlockRows <= count; row += BlockRows)
                CompareBlock(rows + (long)row * dimensions, panel, dimensions, number, smallest + row * Lanes, halves + row * Lanes);
            for (; row < count; row++)
                CompareRow(rows + (long)row * dimensions, panel, dimensions, number, smallest + row * Lanes, halves + row * Lanes);
        }
        for (int row = 0; row < count; row++)
            indices[row] = First(smallest + row * Lanes, halves + row * Lanes);
    }

    /// <summary>The distances of six vectors to the codes of a panel, less ‖z‖².</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void CompareBlock(float* row, float* panel, int dimensions, int number, float* smallest, int* halves)
    {
        Vector512<float> left0 = Vector512.LoadAligned(panel), right0 = Vector512.LoadAligned(panel + Lanes);
        Vector512<float> left1 = left0, left2 = left0, left3 = left0, left4 = left0, left5 = left0;
        Vector512<float> right1 = right0, right2 = right0, right3 = right0, right4 = right0, right5 = right0;
        // Two pointers instead of six leave the registers to the sums.
        float* row3 = row + 3L * dimensions;
        long second = dimensions, third = 2L * dimensions;
        for (int dimension = 0; dimension < dimensions; dimension++, row++, row3++)
        {
            panel += PanelCodes;
            var left = Vector512.LoadAligned(panel);
            var right = Vector512.LoadAligned(panel + Lanes);
            var value = Vector512.Create(row[0]);
            left0 = Vector512.FusedMultiplyAdd(value, left, left0);
            right0 = Vector512.FusedMultiplyAdd(value, right, right0);
            value = Vector512.Create(row[second]);
            left1 = Vector512.FusedMultiplyAdd(value, left, left1);
            right1 = Vector512.FusedMultiplyAdd(value, right, right1);
            value = Vector512.Create(row[third]);
            left2 = Vector512.FusedMultiplyAdd(value, left, left2);
            right2 = Vector512.FusedMultiplyAdd(value, right, right2);
            value = Vector512.Create(row3[0]);
            left3 = Vector512.FusedMultiplyAdd(value, left, left3);
            right3 = Vector512.FusedMultiplyAdd(value, right, right3);
            value = Vector512.Create(row3[second]);
            left4 = Vector512.FusedMultiplyAdd(value, left, left4);
            right4 = Vector512.FusedMultiplyAdd(value, right, right4);
            value = Vector512.Create(row3[third]);
            left5 = Vector512.FusedMultiplyAdd(value, left, left5);
            right5 = Vector512.FusedMultiplyAdd(value, right, right5);
        }
        Keep(left0, right0, number, smallest, halves);
        Keep(left1, right1, number, smallest + Lanes, halves + Lanes);
        Keep(left2, right2, number, smallest + 2 * Lanes, halves + 2 * Lanes);
        Keep(left3, right3, number, smallest + 3 * Lanes, halves + 3 * Lanes);
        Keep(left4, right4, number, smallest + 4 * Lanes, halves + 4 * Lanes);
        Keep(left5, right5, number, smallest + 5 * Lanes, halves + 5 * Lanes);
    }

    /// <summary>The same of one vector, in the same order of operations.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void CompareRow(float* row, float* panel, int dimensions, int number, float* smallest, int* halves)
    {
        Vector512<float> left = Vector512.LoadAligned(panel), right = Vector512.LoadAligned(panel + Lanes);
        for (int dimension = 0; dimension < dimensions; dimension++)
        {
            panel += PanelCodes;
            var value = Vector512.Create(row[dimension]);
            left = Vector512.FusedMultiplyAdd(value, Vector512.LoadAligned(panel), left);
            right = Vector512.FusedMultiplyAdd(value, Vector512.LoadAligned(panel + Lanes), right);
        }
        Keep(left, right, number, smallest, halves);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Keep(Vector512<float> left, Vector512<float> right, int number, float* smallest, int* halves)
    {
        var best = Vector512.Load(smallest);
        var half = Vector512.Load(halves);
        // Only a smaller distance counts, so that the first of equally near codes stays.
        Vector512<float> smaller = Vector512.LessThan(left, best);
        best = Vector512.ConditionalSelect(smaller, left, best);
        half = Vector512.ConditionalSelect(smaller.AsInt32(), Vector512.Create(2 * number), half);
        smaller = Vector512.LessThan(right, best);
        best = Vector512.ConditionalSelect(smaller, right, best);
        half = Vector512.ConditionalSelect(smaller.AsInt32(), Vector512.Create(2 * number + 1), half);
        best.Store(smallest);
        half.Store(halves);
    }

    /// <summary>The first code of the smallest distance among the lanes.</summary>
    static int First(float* smallest, int* halves)
    {
        (float distance, int code) = (smallest[0], halves[0] * Lanes);
        for (int lane = 1; lane < Lanes; lane++)
        {
            int other = halves[lane] * Lanes + lane;
            if (smallest[lane] < distance || (smallest[lane] == distance && other < code))
                (distance, code) = (smallest[lane], other);
        }
        return code;
    }

    /// <summary>A codebook [K, D] as panels. The last is filled up with codes that are infinitely far.</summary>
    sealed class Panels : IDisposable
    {
        public Panels(Tensor codebook)
        {
            int codes = (int)codebook.shape[0];
            Dimensions = (int)codebook.shape[1];
            Count = (codes + PanelCodes - 1) / PanelCodes;
            Start = (float*)NativeMemory.AlignedAlloc((nuint)Count * (nuint)Size * sizeof(float), Lanes * sizeof(float));
            ReadOnlySpan<float> values = MemoryMarshal.Cast<byte, float>(codebook.bytes);
            for (int code = 0; code < Count * PanelCodes; code++)
            {
                float* place = Start + (long)(code / PanelCodes) * Size + code % PanelCodes;
                ReadOnlySpan<float> vector = code < codes ? values.Slice(code * Dimensions, Dimensions) : [];
                float squared = code < codes ? 0 : float.PositiveInfinity;
                foreach (float value in vector)
                    squared += value * value;
                *place = squared;
                for (int dimension = 0; dimension < Dimensions; dimension++)
                    place[(dimension + 1) * PanelCodes] = code < codes ? -2 * vector[dimension] : 0;
            }
        }

        public int Dimensions { get; }

        public int Count { get; }

        public int Size => (Dimensions + 1) * PanelCodes;

        public float* Start { get; }

        public void Dispose() => NativeMemory.AlignedFree(Start);
    }
}
