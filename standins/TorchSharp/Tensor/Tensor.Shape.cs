using static TorchSharp.Dispatch;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor t() => Call("t", this);
        public Tensor permute(params long[] permutation) => Call("permute", this, permutation);
        public Tensor reshape(params long[] shape) => Call("reshape", this, shape);
        public Tensor view(params long[] shape) => Call("view", this, shape);
        public Tensor flatten(long start_dim = 0, long end_dim = -1) => Call("flatten.using_ints", this, start_dim, end_dim);
        public Tensor unsqueeze(long dim) => Call("unsqueeze", this, dim);
        public Tensor squeeze(long? dim = null) => dim is { } one ? Call("squeeze.dim", this, one) : Call("squeeze", this);
        public Tensor expand(params long[] sizes) => Call("expand", this, sizes, false);
        public Tensor transpose(long dim0, long dim1) => Call("transpose.int", this, dim0, dim1);
        public Tensor repeat(params long[] sizes) => Call("repeat", this, sizes);
        public Tensor repeat_interleave(long repeats, long? dim = null, long? output_size = null) =>
            Call("repeat_interleave.self_int", this, repeats, dim, output_size);
        public Tensor flip(params long[] dims) => Call("flip", this, dims);
        public Tensor unfold(long dimension, long size, long step) => Call("unfold", this, dimension, size, step);
        public Tensor[] chunk(long chunks, long dim = 0)
        {
            // Chunks are of the same size but for the last, so there may be fewer of them.
            long size = shape[dim < 0 ? dim + Dimensions : dim], each = Math.Max(1, (size + chunks - 1) / chunks);
            return Several("chunk", (int)Math.Max(1, (size + each - 1) / each), this, chunks, dim);
        }
        public Tensor narrow(long dim, long start, long length) => Call("narrow", this, dim, start, length);
        public Tensor select(long dim, long index) => Call("select.int", this, dim, index);
    }
}
