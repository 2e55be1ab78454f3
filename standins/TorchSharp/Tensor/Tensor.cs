using System.Runtime.InteropServices;
using static TorchSharp.Dispatch;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>A handle on a libtorch tensor. What its members compute is said in PyTorch's documentation under the same names.</summary>
    public unsafe partial class Tensor : IDisposable
    {
        static long live, peak;

        internal nint handle;
        internal DisposeScope? OwningDisposeScope { get; set; }

        internal Tensor(nint handle, bool register = true)
        {
            this.handle = handle;
            long count = Interlocked.Increment(ref live);
            if (count > peak) peak = count;
            if (!register) return;
            OwningDisposeScope = CurrentDisposeScope;
            OwningDisposeScope?.Disposables.Add(this);
        }

        ~Tensor() => Dispose(false);

        public void Dispose()
        {
            Dispose(true);
            GC.SuppressFinalize(this);
        }

        protected virtual void Dispose(bool disposing)
        {
            if (handle == 0) return;
            OwningDisposeScope?.MarkAsDisposed(this);
            Interlocked.Decrement(ref live);
            Native.tensor_release(handle);
            handle = 0;
        }

        public static long TotalCount => live;
        public bool IsInvalid => handle == 0;
        public nint Handle => handle != 0 ? handle : throw new InvalidOperationException("Tensor invalid -- empty handle.");

        /// <summary>Hands the tensor to a Parameter and leaves this object empty.
        /// As in the library stood in for, it stays counted.</summary>
        internal nint MoveHandle()
        {
            nint moved = handle;
            handle = 0;
            return moved;
        }

        public Tensor MoveToOuterDisposeScope()
        {
            OwningDisposeScope?.MoveToOuter(this);
            return this;
        }

        public Tensor DetachFromDisposeScope()
        {
            OwningDisposeScope?.Detach(this);
            return this;
        }

        // ---- what it is ----

        public long Dimensions => Native.tensor_dim(Handle);
        public long NumberOfElements => Native.tensor_numel(Handle);
        public long numel() => NumberOfElements;
        public long ElementSize => Native.tensor_element_size(Handle);
        public ScalarType dtype => (ScalarType)Native.tensor_dtype(Handle);
        public bool is_contiguous() => Native.tensor_is_contiguous(Handle) != 0;
        public bool is_complex() => torch.is_complex(dtype);

        public long[] shape
        {
            get
            {
                var sizes = new long[Dimensions];
                fixed (long* p = sizes) Native.tensor_shape(handle, p, null);
                return sizes;
            }
        }

        public long[] stride()
        {
            var strides = new long[Dimensions];
            fixed (long* p = strides) Native.tensor_shape(handle, null, p);
            return strides;
        }

        public DeviceType device_type
        {
            get
            {
                int index;
                return (DeviceType)Native.tensor_device(Handle, &index);
            }
        }

        public int device_index
        {
            get
            {
                int index;
                Native.tensor_device(Handle, &index);
                return index;
            }
        }

        public Device device => device_type == DeviceType.CPU ? new Device(DeviceType.CPU) : new Device(device_type, device_index);

        // ---- its numbers ----

        internal nint Data => Native.tensor_data(Handle);

        public Span<byte> bytes
        {
            get
            {
                long length = NumberOfElements * ElementSize;
                if (!is_contiguous()) throw new InvalidOperationException("Bytes() called on non-contiguous tensor.");
                if (length > int.MaxValue) throw new ArgumentException("Span only supports up to int.MaxValue elements.");
                if (device_type != DeviceType.CPU)
                    throw new InvalidOperationException("Reading data from non-CPU memory is not supported. " +
                        "Move or copy the tensor to the cpu before reading.");
                return new Span<byte>((void*)Data, (int)length);
            }
            set
            {
                if (!is_contiguous()) throw new InvalidOperationException("SetBytes() called on non-contiguous tensor.");
                if (NumberOfElements * ElementSize != value.Length) throw new ArgumentException("Mismatched data sizes in SetBytes().");
                value.CopyTo(new Span<byte>((void*)Data, value.Length));
            }
        }

        public Utils.TensorAccessor<T> data<T>() where T : unmanaged
        {
            if (TypeOf(typeof(T)) != dtype) throw new ArgumentException($"{typeof(T).Name} is not compatible with {dtype}");
            return new Utils.TensorAccessor<T>(device_type == DeviceType.CPU ? this : cpu());
        }

        public T item<T>() where T : unmanaged
        {
            if (NumberOfElements != 1) throw new ArgumentException("Number of elements in the tensor must be 1");
            return data<T>()[0];
        }

        public Scalar ToScalar() => Scalar.From(Number("_local_scalar_dense", this));

        // ---- gradients ----

        public bool requires_grad
        {
            get => Native.tensor_requires_grad(Handle) != 0;
            set => Native.Check(Native.tensor_set_requires_grad(Handle, value ? 1 : 0));
        }

        public Tensor requires_grad_(bool requires_grad = true) => with_requires_grad(requires_grad);

        public Tensor with_requires_grad(bool requires_grad = true)
        {
            this.requires_grad = requires_grad;
            return this;
        }

        /// <summary>Every reading makes a new object for the same gradient.</summary>
        public Tensor? grad
        {
            get => Native.tensor_grad(Handle) is var gradient and not 0 ? new Tensor(gradient) : null;
            set => Native.Check(Native.tensor_set_grad(Handle, value?.Handle ?? 0));
        }

        public void backward() => backward(null);

        public void backward(IList<Tensor>? grad_tensors = null, bool retain_graph = false, bool create_graph = false,
            IList<Tensor>? inputs = null)
        {
            nint* leaves = stackalloc nint[inputs?.Count ?? 0];
            for (int i = 0; i < inputs?.Count; i++) leaves[i] = inputs[i].Handle;
            nint gradient = grad_tensors is { Count: > 0 } ? grad_tensors[0].Handle : 0;
            Native.Check(Native.tensor_backward(Handle, gradient, retain_graph ? 1 : 0, create_graph ? 1 : 0,
                inputs is null ? null : leaves, inputs?.Count ?? 0));
            GC.KeepAlive(grad_tensors);
            GC.KeepAlive(inputs);
        }

        public Tensor detach() => Call("detach", this);

        // ---- the same numbers elsewhere ----

        public Tensor clone() => Call("clone", this);
        public Tensor alias() => Call("alias", this);
        public Tensor contiguous() => Call("contiguous", this);
        public Tensor pin_memory() => Call("pin_memory", this);
        public Tensor copy_(Tensor source, bool nonBlocking = false) => Here("copy_", this, source, nonBlocking);
        public Tensor cpu() => to(DeviceType.CPU);

        public Tensor to(ScalarType type, Device device, bool copy = false, bool disposeAfter = false, bool non_blocking = false)
        {
            Tensor moved = Call("to.dtype_layout", this, type, default, InitializeDevice(device), default, non_blocking, copy);
            if (disposeAfter) Dispose();
            return moved;
        }

        public Tensor to(DeviceType deviceType, int deviceIndex = -1, bool copy = false, bool disposeAfter = false,
            bool non_blocking = false) =>
            to(dtype, new Device(deviceType, deviceIndex), copy, disposeAfter, non_blocking);

        public Tensor to(Device device, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            to(dtype, device, copy, disposeAfter, non_blocking);

        public Tensor to_type(ScalarType type, bool copy = false, bool disposeAfter = false, bool non_blocking = false)
        {
            Tensor moved = Call("to.dtype", this, type, non_blocking, copy);
            if (disposeAfter) Dispose();
            return moved;
        }

        public Tensor to(ScalarType type, bool copy = false, bool disposeAfter = false, bool non_blocking = false) =>
            to_type(type, copy, disposeAfter, non_blocking);

        /// <summary>An operator that writes into this tensor.</summary>
        Tensor Here(string op, params ReadOnlySpan<Value> arguments)
        {
            Do(op, arguments);
            return this;
        }

        public override bool Equals(object? obj) => obj is Tensor tensor && Equals(tensor);

        /// <summary>Same shape and numbers.</summary>
        public bool Equals(Tensor target) => Ask("equal", this, target);

        public override int GetHashCode() => base.GetHashCode();

        public override string ToString()
        {
            if (IsInvalid) return "<invalid>";
            string text = $"[{string.Join("x", shape)}], type = {dtype}, device = {device}";
            if (NumberOfElements != 1 || is_complex()) return text;
            Scalar only = ToScalar();
            return text + ", value = " +
                (only.IsFloating ? only.AsDouble.ToString(System.Globalization.CultureInfo.InvariantCulture) : only.AsLong.ToString());
        }
    }
}
