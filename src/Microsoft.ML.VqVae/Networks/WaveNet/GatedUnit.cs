using System.Numerics;
using System.Runtime.CompilerServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>The gated unit tanh(f) ⊙ σ(g) of WaveNet and PixelCNN: equation 2 of arXiv 1609.03499 and of arXiv 1606.05328.</summary>
/// <remarks>On a CPU it is computed in one pass over memory, and its gradient in another. libtorch takes three passes and five, and MKL's tanh
/// longer than the two exponentials.</remarks>
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

    /// <summary>The units [.., C] of sums [.., 2C], in memory of their own.</summary>
    public static Tensor Forward(Tensor sums)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor given = sums.contiguous();
        Tensor units = empty([.. sums.shape[..^1], sums.size(-1) / 2], sums.dtype);
        var work = new Work(given, units, units);
        Share(work, sums.dtype == ScalarType.Float32 ? Forward<Singles> : Forward<BFloat16s>);
        return units.MoveToOuterDisposeScope();
    }

    /// <summary>The gradient of sums from that of the units.</summary>
    public static Tensor Backward(Tensor sums, Tensor ofUnits)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor given, Tensor gradient) = (sums.contiguous(), ofUnits.contiguous());
        Tensor result = empty(sums.shape, sums.dtype);
        var work = new Work(given, gradient, result);
        Share(work, sums.dtype == ScalarType.Float32 ? Backward<Singles> : Backward<BFloat16s>);
        return result.MoveToOuterDisposeScope();
    }

    static void Share(Work work, Action<Work, int, int> rows)
    {
        int parts = Math.Max(1, Math.Min(work.Rows, work.Rows * work.Channels / PartUnits));
        new SharedWork(parts, part => rows(
            work, (int)((long)work.Rows * part / parts), (int)((long)work.Rows * (part + 1) / parts))).Run(Math.Min(parts, get_num_threads()));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Forward<TNumbers>(Work work, int first, int end) where TNumbers : INumbers
    {
        (int channels, Vector<float> one) = (work.Channels, Vector<float>.One);
        for (int row = first; row < end; row++)
        {
            (int f, int unit) = (2 * row * channels, row * channels);
            for (int i = 0; i < channels; i += 2 * Vector<float>.Count)
            {
                (Vector<float> f1, Vector<float> f2) = TNumbers.Load(work.Sums, f + i);
                (Vector<float> g1, Vector<float> g2) = TNumbers.Load(work.Sums, f + channels + i);
                TNumbers.Store(work.Result, unit + i, Unit(f1, g1), Unit(f2, g2));
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        Vector<float> Unit(Vector<float> f, Vector<float> g)
        {
            (f, g) = (VectorFunctions.Exp(-2 * f), VectorFunctions.Exp(-g));
            return (one - f) / ((one + f) * (one + g));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Backward<TNumbers>(Work work, int first, int end) where TNumbers : INumbers
    {
        (int channels, Vector<float> one) = (work.Channels, Vector<float>.One);
        for (int row = first; row < end; row++)
        {
            (int f, int unit) = (2 * row * channels, row * channels);
            for (int i = 0; i < channels; i += 2 * Vector<float>.Count)
            {
                (Vector<float> f1, Vector<float> f2) = TNumbers.Load(work.Sums, f + i);
                (Vector<float> g1, Vector<float> g2) = TNumbers.Load(work.Sums, f + channels + i);
                (Vector<float> d1, Vector<float> d2) = TNumbers.Load(work.Units, unit + i);
                (f1, g1) = Gradients(f1, g1, d1);
                (f2, g2) = Gradients(f2, g2, d2);
                TNumbers.Store(work.Result, f + i, f1, f2);
                TNumbers.Store(work.Result, f + channels + i, g1, g2);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        (Vector<float> OfFilter, Vector<float> OfGate) Gradients(Vector<float> f, Vector<float> g, Vector<float> ofUnit)
        {
            (f, g) = (VectorFunctions.Exp(-2 * f), VectorFunctions.Exp(-g));
            // One division for tanh(f) = (1 − e^−2f) / (1 + e^−2f) and σ(g) = 1 / (1 + e^−g).
            Vector<float> inverse = one / ((one + f) * (one + g));
            (Vector<float> tanh, Vector<float> sigmoid) = ((one - f) * (one + g) * inverse, (one + f) * inverse);
            Vector<float> ofTanh = ofUnit * sigmoid;
            return (ofTanh * (one - tanh * tanh), ofTanh * tanh * (one - sigmoid));
        }
    }

    /// <summary>The memory of a call.</summary>
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
