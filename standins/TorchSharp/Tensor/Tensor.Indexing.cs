using System.Runtime.CompilerServices;
using static TorchSharp.Dispatch;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>One place of an index expression: a number, a range, a tensor of positions or truths, an ellipsis or a new axis.</summary>
    public struct TensorIndex
    {
        internal enum Kind { None, Single, Null, Bool, Ellipsis, Slice, Tensor }

        internal Kind kind;
        internal long? start, stop, step;
        internal Tensor? tensor;

        public static readonly TensorIndex None = new() { kind = Kind.None };
        public static readonly TensorIndex Null = new() { kind = Kind.Null };
        public static readonly TensorIndex Ellipsis = new() { kind = Kind.Ellipsis };
        public static readonly TensorIndex Colon = Slice();

        public static TensorIndex Single(long? index) => new() { kind = Kind.Single, start = index };
        public static TensorIndex Bool(bool value) => new() { kind = Kind.Bool, start = value ? 1 : 0 };
        public static TensorIndex Tensor(Tensor tensor) => new() { kind = Kind.Tensor, tensor = tensor };
        public static TensorIndex Slice(long? start = null, long? stop = null, long? step = null) =>
            new() { kind = Kind.Slice, start = start, stop = stop, step = step };
        public static TensorIndex Slice((int?, int?) range) => Slice(range.Item1, range.Item2);
        public static TensorIndex Slice(Range range) =>
            Slice(Position(range.Start), range.End is { IsFromEnd: true, Value: 0 } ? null : Position(range.End));

        static long Position(Index index) => index.IsFromEnd ? -index.Value : index.Value;

        public static implicit operator TensorIndex(long value) => Single(value);
        public static implicit operator TensorIndex((int?, int?) range) => Slice(range);
        public static implicit operator TensorIndex(Range range) => Slice(range);
        public static implicit operator TensorIndex(Index index) => Single(Position(index));
    }

    public partial class Tensor
    {
        [IndexerName("TensorItems")]
        public Tensor this[params TensorIndex[] indices]
        {
            get => index(indices);
            set => index_put_(value, indices);
        }

        [IndexerName("TensorItems")]
        public Tensor this[params Tensor[] indices]
        {
            get => index(indices);
            set => index_put_(value, indices);
        }

        [IndexerName("TensorItems")]
        public Tensor this[long i1]
        {
            get => select(0, i1);
            set => Put(At(i1), value);
        }

        [IndexerName("TensorItems")]
        public Tensor this[long i1, long i2]
        {
            get => At(i1, i2);
            set => Put(At(i1, i2), value);
        }

        [IndexerName("TensorItems")]
        public Tensor this[long i1, long i2, long i3]
        {
            get => At(i1, i2, i3);
            set => Put(At(i1, i2, i3), value);
        }

        [IndexerName("TensorItems")]
        public Tensor this[long i1, long i2, long i3, long i4]
        {
            get => At(i1, i2, i3, i4);
            set => Put(At(i1, i2, i3, i4), value);
        }

        Tensor At(params ReadOnlySpan<long> indices)
        {
            Tensor part = this;
            foreach (long i in indices)
            {
                Tensor whole = part;
                part = part.select(0, i);
                if (whole != (object)this) whole.Dispose();
            }
            return part;
        }

        static void Put(Tensor part, Tensor value)
        {
            part.copy_(value);
            part.Dispose();
        }

        public Tensor index(params Tensor[] indices) => Call("index.Tensor", this, Value.Optional(indices));

        public Tensor index(params TensorIndex[] indices)
        {
            var (view, tensors) = View(indices);
            if (tensors is null) return view;
            Tensor result = Call("index.Tensor", view, Value.Optional(tensors));
            view.Dispose();
            return result;
        }

        public Tensor index_put_(Tensor value, params Tensor[] indices) => index_put_(value, indices, false);
        public Tensor index_put_(Tensor value, Tensor[] indices, bool accumulate = false) =>
            Here("index_put_", this, Value.Optional(indices), value, accumulate);
        public Tensor index_put_(Tensor value, params TensorIndex[] indices) => index_put_(value, indices, false);
        public Tensor index_put_(Scalar value, params Tensor[] indices) => index_put_(value, [.. indices.Select(TensorIndex.Tensor)]);

        public Tensor index_put_(Scalar value, params TensorIndex[] indices)
        {
            using Tensor number = full([], value, dtype, device);
            return index_put_(number, indices, false);
        }

        public Tensor index_put_(Tensor value, TensorIndex[] indices, bool accumulate = false)
        {
            var (view, tensors) = View(indices);
            if (tensors is null) view.copy_(value);
            else Do("index_put_", view, Value.Optional(tensors), value, accumulate);
            view.Dispose();
            return this;
        }

        /// <summary>Applies numbers, ranges and new axes as views; what is left for tensors of positions comes back by axis.</summary>
        (Tensor, Tensor?[]?) View(TensorIndex[] indices)
        {
            Tensor view = alias();
            Tensor?[]? tensors = null;
            int axis = 0;
            for (int i = 0; i < indices.Length; i++)
            {
                TensorIndex at = indices[i];
                switch (at.kind)
                {
                    case TensorIndex.Kind.Single:
                        Step(view.select(axis, at.start!.Value));
                        break;
                    case TensorIndex.Kind.Slice:
                        if (at.start is not null || at.stop is not null || at.step is not null)
                            Step(Call("slice.Tensor", view, axis, at.start, at.stop, at.step ?? 1));
                        axis++;
                        break;
                    case TensorIndex.Kind.Ellipsis:
                        int after = indices[(i + 1)..].Sum(later => later.kind switch
                        {
                            TensorIndex.Kind.Single or TensorIndex.Kind.Slice => 1,
                            TensorIndex.Kind.Tensor => later.tensor!.dtype == ScalarType.Bool ? (int)later.tensor.Dimensions : 1,
                            _ => 0,
                        });
                        axis = (int)view.Dimensions - after;
                        break;
                    case TensorIndex.Kind.None or TensorIndex.Kind.Null:
                        Step(view.unsqueeze(axis++));
                        break;
                    case TensorIndex.Kind.Tensor:
                        tensors ??= [];
                        Array.Resize(ref tensors, axis + 1);
                        tensors[axis] = at.tensor;
                        axis += at.tensor!.dtype == ScalarType.Bool ? (int)at.tensor.Dimensions : 1;
                        break;
                    default:
                        throw new NotImplementedException($"Indexing with {at.kind}.");
                }
            }
            return (view, tensors);

            void Step(Tensor next)
            {
                view.Dispose();
                view = next;
            }
        }

        public Tensor index_select(long dim, Tensor index) => Call("index_select", this, dim, index);
        public Tensor index_add(long dim, Tensor index, Tensor source, Scalar alpha) => Call("index_add", this, dim, index, source, alpha);
        public Tensor index_add_(long dim, Tensor index, Tensor source, Scalar alpha) =>
            Here("index_add_", this, dim, index, source, alpha);
        public Tensor index_copy(long dim, Tensor index, Tensor source) => Call("index_copy", this, dim, index, source);
        public Tensor index_copy_(long dim, Tensor index, Tensor source) => Here("index_copy_", this, dim, index, source);
        public Tensor index_fill_(long dim, Tensor index, Scalar value) => Here("index_fill_.int_Scalar", this, dim, index, value);
        public Tensor gather(long dim, Tensor index) => Call("gather", this, dim, index);
        public Tensor scatter(long dim, Tensor index, Tensor src) => Call("scatter.src", this, dim, index, src);
        public Tensor scatter_(long dim, Tensor index, Tensor src) => Here("scatter_.src", this, dim, index, src);
        public Tensor scatter_add(long dim, Tensor index, Tensor src) => Call("scatter_add", this, dim, index, src);
        public Tensor scatter_add_(long dim, Tensor index, Tensor src) => Here("scatter_add_", this, dim, index, src);
        public Tensor take(Tensor index) => Call("take", this, index);
        public Tensor masked_select(Tensor mask) => Call("masked_select", this, mask);
        public Tensor nonzero() => Call("nonzero", this);
    }
}
