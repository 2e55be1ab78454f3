using System.Numerics;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>A value of an <see cref="OnnxGraph"/>: an input, a constant or the result of an operation. Its methods are named as those of
/// tensors and add operations to the graph, so that a network's description reads as its forward pass.</summary>
/// <param name="graph">The graph.</param>
/// <param name="name">The name of the value within the graph.</param>
/// <param name="type">The type of its numbers: Single, Int64, UInt32 or Boolean.</param>
/// <param name="rank">The number of its dimensions, of which the first is the batch.</param>
internal sealed partial class OnnxValue(OnnxGraph graph, string name, Type type, int rank)
{
    public OnnxGraph Graph => graph;

    public string Name => name;

    public Type Type => type;

    public int Rank => rank;

    public static OnnxValue operator +(OnnxValue left, OnnxValue right) => left.Combine("Add", right);

    public static OnnxValue operator +(OnnxValue left, Tensor right) => left + left.Graph.Constant(right);

    public static OnnxValue operator +(OnnxValue left, double right) => left + left.Number(right);

    public static OnnxValue operator -(OnnxValue left, OnnxValue right) => left.Combine("Sub", right);

    public static OnnxValue operator -(OnnxValue left, Tensor right) => left - left.Graph.Constant(right);

    public static OnnxValue operator -(OnnxValue left, double right) => left - left.Number(right);

    public static OnnxValue operator -(double left, OnnxValue right) => right.Number(left) - right;

    public static OnnxValue operator -(OnnxValue value) => value.Apply("Neg");

    public static OnnxValue operator *(OnnxValue left, OnnxValue right) => left.Combine("Mul", right);

    public static OnnxValue operator *(OnnxValue left, Tensor right) => left * left.Graph.Constant(right);

    public static OnnxValue operator *(OnnxValue left, double right) => left * left.Number(right);

    public static OnnxValue operator /(OnnxValue left, OnnxValue right) => left.Combine("Div", right);

    public static OnnxValue operator /(OnnxValue left, Tensor right) => left / left.Graph.Constant(right);

    public static OnnxValue operator /(OnnxValue left, double right) => left / left.Number(right);

    public OnnxValue Relu() => Apply("Relu");

    public OnnxValue Tanh() => Apply("Tanh");

    public OnnxValue Sigmoid() => Apply("Sigmoid");

    /// <summary>The Gaussian error function.</summary>
    public OnnxValue Erf() => Apply("Erf");

    /// <summary>ln(1 + eˣ).</summary>
    public OnnxValue Softplus() => Apply("Softplus");

    public OnnxValue Exp() => Apply("Exp");

    public OnnxValue Log() => Apply("Log");

    /// <summary>Rounds to the nearest integer, and halves to the even one.</summary>
    public OnnxValue Round() => Apply("Round");

    public OnnxValue Square() => this * this;

    public OnnxValue Sqrt() => Apply("Sqrt");

    public OnnxValue Clamp(double min, double max) => graph.Apply("Clip", type, rank, [this, Number(min), Number(max)]);

    /// <summary>The remainder of non-negative integers.</summary>
    public OnnxValue Remainder(Tensor divisors) => Combine("Mod", graph.Constant(divisors));

    OnnxValue Remainder(long divisor) => Combine("Mod", Number(divisor));

    public OnnxValue Less(double limit) => graph.Apply("Less", typeof(bool), rank, [this, Number(limit)]);

    public OnnxValue Greater(double limit) => graph.Apply("Greater", typeof(bool), rank, [this, Number(limit)]);

    /// <summary>The number of thresholds that each value reaches, Int64; NaN reaches all. A search by halves: a comparison with each
    /// threshold would take memory for all of them at each value.</summary>
    /// <param name="thresholds">Rising numbers, one fewer than a power of two.</param>
    public OnnxValue Reached(Tensor thresholds)
    {
        if (!BitOperations.IsPow2(thresholds.shape[0] + 1))
            throw new ArgumentException($"There are {thresholds.shape[0]} thresholds: expected is one fewer than a power of two.");
        OnnxValue table = graph.Constant(thresholds);
        OnnxValue? reached = null;
        for (long step = (thresholds.shape[0] + 1) / 2; step >= 1; step /= 2)
        {
            OnnxValue threshold = reached is null ? table.Select(axis: 0, step - 1) : (reached + (step - 1)).RowsOf(table);
            OnnxValue added = step - graph.Apply("Less", typeof(bool), rank, [this, threshold]).To<long>() * step;
            reached = reached is null ? added : reached + added;
        }
        return reached!;
    }

    /// <summary>Of each pair of numbers the first where this is true, the second elsewhere.</summary>
    public OnnxValue Where(OnnxValue whereTrue, OnnxValue elsewhere) =>
        graph.Apply("Where", whereTrue.Type, Math.Max(rank, Math.Max(whereTrue.Rank, elsewhere.Rank)), [this, whereTrue, elsewhere]);

    public OnnxValue To<T>() where T : unmanaged =>
        typeof(T) == type ? this : graph.Apply("Cast", typeof(T), rank, [this], ("to", typeof(T)));

    /// <summary>Gives the value another shape: 0 keeps a dimension, and −1, once, is inferred.</summary>
    public OnnxValue Reshape(params long[] shape) => graph.Apply("Reshape", type, shape.Length, [this, Integers(shape)]);

    /// <summary>Splits the last dimension into several, of which one may be −1.</summary>
    public OnnxValue SplitLast(params long[] sizes) => Reshape([.. Enumerable.Repeat(0L, rank - 1), .. sizes]);

    /// <summary>Makes one dimension of the last two.</summary>
    public OnnxValue MergeLast() => Reshape([.. Enumerable.Repeat(0L, rank - 2), -1]);

    public OnnxValue Permute(params long[] axes) => graph.Apply("Transpose", type, rank, [this], ("perm", axes));

    /// <summary>[B, C, …] → [B, …, C].</summary>
    public OnnxValue ChannelsLast() => Permute([0, .. Enumerable.Range(2, rank - 2).Select(axis => (long)axis), 1]);

    /// <summary>[B, …, C] → [B, C, …].</summary>
    public OnnxValue ChannelsFirst() => Permute([0, rank - 1, .. Enumerable.Range(1, rank - 2).Select(axis => (long)axis)]);

    /// <summary>The part of <paramref name="length"/> along an axis.</summary>
    public OnnxValue Narrow(int axis, long start, long length) =>
        graph.Apply("Slice", type, rank, [this, Integers(start), Integers(start + length), Integers(axis)]);

    /// <summary>The first values along an axis, as many as another value has along an axis of its own.</summary>
    public OnnxValue Narrow(int axis, OnnxValue other, int axisOfOther) =>
        graph.Apply("Slice", type, rank, [this, Integers(0), other.SizeOf(axisOfOther), Integers(axis)]);

    /// <summary>All values but the last along an axis.</summary>
    public OnnxValue WithoutLast(int axis) => graph.Apply("Slice", type, rank, [this, Integers(0), Integers(-1), Integers(axis)]);

    /// <summary>The part with one number along an axis, without that axis.</summary>
    public OnnxValue Select(int axis, long index) =>
        graph.Apply("Gather", type, rank - 1, [this, graph.Constant([index])], ("axis", (long)axis));

    /// <summary>Zeros before and after the values along an axis.</summary>
    public OnnxValue Pad(int axis, long before, long after)
    {
        long[] pads = new long[2 * rank];
        (pads[axis], pads[axis + rank]) = (before, after);
        return before == 0 && after == 0 ? this : graph.Apply("Pad", type, rank, [this, Integers(pads)]);
    }

    /// <summary>As few zeros after the values along an axis as make their number a multiple.</summary>
    public OnnxValue PadToMultiple(int axis, long multiple)
    {
        OnnxValue missing = (multiple - SizeOf(axis).Remainder(multiple)).Remainder(multiple);
        OnnxValue pads = Concatenate([Integers(new long[rank + axis]), missing, .. Zeros(rank - 1 - axis)], axis: 0);
        return graph.Apply("Pad", type, rank, [this, pads]);

        OnnxValue[] Zeros(int count) => count == 0 ? [] : [Integers(new long[count])];
    }

    public static OnnxValue Concatenate(IReadOnlyList<OnnxValue> parts, int axis) => parts.Count == 1 ? parts[0]
        : parts[0].Graph.Apply("Concat", parts[0].Type, parts[0].Rank, parts, ("axis", (long)axis));

    /// <summary>The sums of the values up to each one along an axis.</summary>
    public OnnxValue CumulativeSum(int axis) => graph.Apply("CumSum", type, rank, [this, graph.Constant([(long)axis])]);

    public OnnxValue Sum(params long[] axes) => Reduce("ReduceSum", axes);

    public OnnxValue Mean(params long[] axes) => Reduce("ReduceMean", axes);

    public OnnxValue Max(params long[] axes) => Reduce("ReduceMax", axes);

    /// <summary>A share of the values along the last axis, the largest ones: as many as the share rounded up, and at least one.</summary>
    public OnnxValue Largest(double share)
    {
        OnnxValue count = (SizeOf(rank - 1).To<float>() * share).Apply("Ceil").Clamp(1, float.MaxValue).To<long>();
        return graph.Apply("TopK", type, rank, [this, count]);
    }

    /// <summary>The number of the smallest value along the last axis, without that axis; the first of equal ones.</summary>
    public OnnxValue ArgMin() => Arg("ArgMin");

    /// <summary>The number of the largest value along the last axis, without that axis; the first of equal ones.</summary>
    public OnnxValue ArgMax() => Arg("ArgMax");

    /// <summary>Along the last axis.</summary>
    public OnnxValue Softmax() => graph.Apply("Softmax", type, rank, [this], ("axis", rank - 1L));

    /// <summary>Along the last axis.</summary>
    public OnnxValue LogSoftmax() => graph.Apply("LogSoftmax", type, rank, [this], ("axis", rank - 1L));

    /// <summary>The rows of a table [N, …] that are numbered here: […] → […, …].</summary>
    public OnnxValue RowsOf(OnnxValue table) => graph.Apply("Gather", table.Type, rank + table.Rank - 1, [table, this], ("axis", 0L));

    public OnnxValue RowsOf(Tensor table) => RowsOf(graph.Constant(table));

    /// <summary>Of each row along the last axis the value that is numbered: [.., K] and [..] → [..].</summary>
    public OnnxValue Choose(OnnxValue numbers) => graph.Apply(
        "GatherElements", type, rank, [this, numbers.SplitLast(-1, 1)], ("axis", rank - 1L)).MergeLast();

    /// <summary>The product with a matrix along the last axis: […, I] · [I, O] → […, O].</summary>
    public OnnxValue MatMul(Tensor matrix) => MatMul(graph.Constant(matrix));

    public OnnxValue MatMul(OnnxValue matrices) => graph.Apply("MatMul", type, Math.Max(rank, matrices.Rank), [this, matrices]);

    // Int64 [1]
    OnnxValue SizeOf(int axis) => graph.Apply("Shape", typeof(long), 1, [this]).Narrow(axis: 0, start: axis, length: 1);

    OnnxValue Apply(string operation) => graph.Apply(operation, type, rank, [this]);

    OnnxValue Combine(string operation, OnnxValue right) => graph.Apply(operation, type, Math.Max(rank, right.Rank), [this, right]);

    OnnxValue Reduce(string operation, long[] axes) =>
        graph.Apply(operation, type, rank - axes.Length, [this], ("axes", axes), ("keepdims", 0L));

    OnnxValue Arg(string operation) =>
        graph.Apply(operation, typeof(long), rank - 1, [this], ("axis", rank - 1L), ("keepdims", 0L));

    OnnxValue Number(double number) => type == typeof(long) ? graph.Constant([(long)number]) : graph.Constant([(float)number]);

    OnnxValue Integers(params long[] numbers) => graph.Constant(numbers, numbers.Length);
}
