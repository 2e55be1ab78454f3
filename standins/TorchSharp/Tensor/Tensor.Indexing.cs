using System.Runtime.CompilerServices;
using static TorchSharp.Dispatch;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
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

        public Tensor gather(long dim, Tensor index) => Call("gather", this, dim, index);
        public Tensor nonzero() => Call("nonzero", this);
        public Tensor index_select(long dim, Tensor index) => Call("index_select", this, dim, index);
        public Tensor index_add_(long dim, Tensor index, Tensor source, Scalar alpha) =>
            Here("index_add_", this, dim, index, source, alpha);
    }
}
