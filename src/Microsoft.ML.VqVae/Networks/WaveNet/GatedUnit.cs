using System.Numerics;
using System.Runtime.CompilerServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>The gated unit tanh(f) ⊙ σ(g) of WaveNet and PixelCNN: equation 2 of arXiv 1609.03499 and of arXiv 1606.05328.</summary>
/// <remarks>On a CPU, it is computed in one pass over memory, and its gradient in another. libtorch's operators take more passes, and MKL's
/// tanh takes longer than both exponentials.</remarks>
internal static class GatedUnit
{
    /// <param name="sums">[…, 2C], channels innermost: f, then g.</param>
    /// <returns>[…, C].</returns>
    public static Tensor Of(Tensor sums)
    {
        if (GatedUnitKernel.Handles(sums))
            return is_grad_enabled() && sums.requires_grad ? WithGradient.Compute(sums) : GatedUnitKernel.Forward(sums);
        Tensor[] halves = sums.chunk(2, -1);
        return halves[0].tanh().mul(halves[1].sigmoid());
    }

    sealed class WithGradient : OwnGradient<WithGradient>
    {
        protected override int Arguments => 1;

        protected override int Tensors => 1;

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var sums = (Tensor)vars[0];
            ctx.save_for_backward([sums]);
            ctx.set_materialize_grads(false);
            return GatedUnitKernel.Forward(sums);
        }

        protected override Tensor?[] Gradients(autograd.AutogradContext context, Tensor ofResult) =>
            [GatedUnitKernel.Backward(context.get_saved_variables()[0], ofResult)];
    }
}

/// <summary><see cref="GatedUnit"/> and its gradient on a CPU, in Single or BFloat16.</summary>
internal static unsafe class GatedUnitKernel
{
    /// <summary>Units that a thread takes at a time.</summary>
    const int PartUnits = 1 << 14;

    /// <summary>Whether these sums can be taken.</summary>
    public static bool Handles(Tensor sums) =>
        Vector.IsHardwareAccelerated && sums.device_type == DeviceType.CPU && sums.dtype is ScalarType.Float32 or ScalarType.BFloat16
        && sums.size(-1) % (4 * Vector<float>.Count) == 0 && sums.numel() is > 0 and <= int.MaxValue / sizeof(float);

    /// <summary>The units of sums: […, 2C] → […, C].</summary>
    public static Tensor Forward(Tensor sums)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor units = empty([.. sums.shape[..^1], sums.size(-1) / 2], sums.dtype);
        Compute<UnitPass>(new Work(sums.contiguous(), units, units), sums.dtype);
        return units.MoveToOuterDisposeScope();
    }

    /// <summary>The gradient of sums from that of their units: […, 2C] and […, C] → […, 2C].</summary>
    public static Tensor Backward(Tensor sums, Tensor ofUnits)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor gradients = empty(sums.shape, sums.dtype);
        Compute<GradientPass>(new Work(sums.contiguous(), ofUnits.contiguous(), gradients), sums.dtype);
        return gradients.MoveToOuterDisposeScope();
    }

    static void Compute<TPass>(Work work, ScalarType type) where TPass : IPass
    {
        Action<Work, int, int> rows = type == ScalarType.Float32 ? Rows<TPass, Singles> : Rows<TPass, BFloat16s>;
        int parts = Math.Clamp(work.Rows * work.Channels / PartUnits, 1, work.Rows);
        new SharedWork(parts, part => rows(work, RowsBefore(part), RowsBefore(part + 1))).Run(Math.Min(parts, get_num_threads()));

        int RowsBefore(int part) => (int)((long)work.Rows * part / parts);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Rows<TPass, TNumbers>(Work work, int first, int end)
        where TPass : IPass
        where TNumbers : INumbers
    {
        int channels = work.Channels;
        for (int row = first; row < end; row++)
        {
            for (int unit = row * channels; unit < (row + 1) * channels; unit += 2 * Vector<float>.Count)
                TPass.Take<TNumbers>(work, filter: row * channels + unit, gate: (row + 1) * channels + unit, unit);
        }
    }

    /// <summary>A pass over the numbers of a call.</summary>
    interface IPass
    {
        /// <summary>Takes two vectors, at places in the memory of sums and of units.</summary>
        static abstract void Take<TNumbers>(Work work, int filter, int gate, int unit) where TNumbers : INumbers;
    }

    readonly struct UnitPass : IPass
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Take<TNumbers>(Work work, int filter, int gate, int unit) where TNumbers : INumbers
        {
            (Vector<float> f1, Vector<float> f2) = TNumbers.Load(work.Sums, filter);
            (Vector<float> g1, Vector<float> g2) = TNumbers.Load(work.Sums, gate);
            TNumbers.Store(work.Result, unit, VectorFunctions.GatedUnit(f1, g1), VectorFunctions.GatedUnit(f2, g2));
        }
    }

    readonly struct GradientPass : IPass
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Take<TNumbers>(Work work, int filter, int gate, int unit) where TNumbers : INumbers
        {
            (Vector<float> f1, Vector<float> f2) = TNumbers.Load(work.Sums, filter);
            (Vector<float> g1, Vector<float> g2) = TNumbers.Load(work.Sums, gate);
            (Vector<float> u1, Vector<float> u2) = TNumbers.Load(work.Units, unit);
            (f1, g1) = VectorFunctions.GatedUnitGradients(f1, g1, u1);
            (f2, g2) = VectorFunctions.GatedUnitGradients(f2, g2, u2);
            TNumbers.Store(work.Result, filter, f1, f2);
            TNumbers.Store(work.Result, gate, g1, g2);
        }
    }

    /// <summary>The memory of a call.</summary>
    /// <param name="sums">[…, 2C], contiguous.</param>
    /// <param name="units">The units or their gradients, […, C], contiguous.</param>
    /// <param name="result">What is written.</param>
    sealed class Work(Tensor sums, Tensor units, Tensor result)
    {
        public void* Sums { get; } = Start(sums);

        public void* Units { get; } = Start(units);

        public void* Result { get; } = Start(result);

        public int Channels { get; } = (int)(sums.size(-1) / 2);

        public int Rows { get; } = (int)(sums.numel() / sums.size(-1));

        static void* Start(Tensor values)
        {
            fixed (byte* start = values.bytes)
                return start;
        }
    }

    /// <summary>Numbers in memory, two vectors of them at a time.</summary>
    interface INumbers
    {
        static abstract (Vector<float> First, Vector<float> Second) Load(void* numbers, int index);

        static abstract void Store(void* numbers, int index, Vector<float> first, Vector<float> second);
    }

    readonly struct Singles : INumbers
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static (Vector<float> First, Vector<float> Second) Load(void* numbers, int index)
        {
            float* at = (float*)numbers + index;
            return (Vector.Load(at), Vector.Load(at + Vector<float>.Count));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Store(void* numbers, int index, Vector<float> first, Vector<float> second)
        {
            float* at = (float*)numbers + index;
            first.Store(at);
            second.Store(at + Vector<float>.Count);
        }
    }

    /// <summary>The upper halves of the bits of Singles, rounded to the nearest, of two equally near ones to the even one.</summary>
    readonly struct BFloat16s : INumbers
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static (Vector<float> First, Vector<float> Second) Load(void* numbers, int index)
        {
            Vector.Widen(Vector.Load((ushort*)numbers + index), out Vector<uint> first, out Vector<uint> second);
            return (Vector.AsVectorSingle(first << 16), Vector.AsVectorSingle(second << 16));
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Store(void* numbers, int index, Vector<float> first, Vector<float> second) =>
            Vector.Narrow(Rounded(first), Rounded(second)).Store((ushort*)numbers + index);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static Vector<uint> Rounded(Vector<float> values)
        {
            Vector<uint> bits = Vector.AsVectorUInt32(values);
            return (bits + new Vector<uint>(0x7FFF) + ((bits >> 16) & Vector<uint>.One)) >> 16;
        }
    }
}
