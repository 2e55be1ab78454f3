using TorchSharp.Utils;
using static TorchSharp.torch;

namespace TorchSharp
{
    public enum PaddingModes { Zeros = 0, Reflect = 1, Replicate = 2, Circular = 3, Constant = 4 }
}

namespace TorchSharp.Modules
{
    public abstract class Convolution : nn.Module<Tensor, Tensor>
    {
        [ComponentName(Name = nameof(weight))] Parameter? weights;
        [ComponentName(Name = nameof(bias))] Parameter? offsets;

        internal Convolution(string name, int axes, long in_channels, long out_channels, long[] kernel_size, long[] stride, long[] padding, long[] dilation,
            bool transposed, long[] output_padding, long groups, bool bias, PaddingModes padding_mode, Device? device, ScalarType? dtype) : base(name)
        {
            if (transposed && padding_mode != PaddingModes.Zeros)
                throw new ArgumentException("Only PaddingModes.Zeros is supported for ConvTransposeND", nameof(padding_mode));
            (Axes, this.in_channels, this.out_channels, this.kernel_size, this.stride) = (axes, in_channels, out_channels, kernel_size, stride);
            (this.padding, this.dilation, this.transposed, this.output_padding) = (padding, dilation, transposed, output_padding);
            (this.groups, this.padding_mode) = (groups, padding_mode);
            long[] size = transposed ? [in_channels, out_channels / groups, .. kernel_size] : [out_channels, in_channels / groups, .. kernel_size];
            weight = nn.Parameter(empty(size, dtype, device));
            if (bias) this.bias = nn.Parameter(empty([out_channels], dtype, device));
            reset_parameters();
        }

        internal int Axes { get; }
        public long in_channels { get; }
        public long out_channels { get; }
        public bool transposed { get; }
        public long[]? padding { get; }
        public PaddingModes padding_mode { get; set; }
        public long groups { get; set; }
        public long[] kernel_size { get; set; }
        public long[] stride { get; set; }
        public long[] dilation { get; set; }
        public long[] output_padding { get; set; }

        public Parameter weight
        {
            get => weights!;
            set
            {
                if (value.Handle == weights?.Handle) return;
                weights?.Dispose();
                ConditionallyRegisterParameter(nameof(weight), weights = (Parameter)value.DetachFromDisposeScope());
            }
        }

        public Parameter? bias
        {
            get => offsets;
            set
            {
                offsets?.Dispose();
                ConditionallyRegisterParameter(nameof(bias), offsets = (Parameter?)value?.DetachFromDisposeScope());
            }
        }

        public void reset_parameters() => nn.init.LikeAffine(weight, bias);

        internal Tensor Checked(Tensor input)
        {
            long[] shape = input.shape;
            bool fits = shape.Length == Axes + 2 && shape[1] == in_channels || shape.Length == Axes + 1 && shape[0] == in_channels;
            return fits ? input : throw new ArgumentException(
                $"Expected {Axes + 1}D (unbatched) or {Axes + 2}D (batched) input with {in_channels} channels to {GetName()}.");
        }

        internal Tensor Convolve(string op, Tensor input)
        {
            Checked(input);
            if (padding_mode == PaddingModes.Zeros) return Dispatch.Call(op, input, weight, bias, stride, padding!, dilation, groups);
            using Tensor wider = nn.functional.pad(input, [.. padding!.Reverse().SelectMany(p => new[] { p, p })], padding_mode);
            return Dispatch.Call(op, wider, weight, bias, stride, new long[Axes], dilation, groups);
        }
    }

    public abstract class ConvolutionTranspose : Convolution
    {
        internal ConvolutionTranspose(string name, int axes, long in_channels, long out_channels, long[] kernel_size, long[] stride, long[] padding,
            long[] dilation, long[] output_padding, long groups, bool bias, PaddingModes padding_mode, Device? device, ScalarType? dtype)
            : base(name, axes, in_channels, out_channels, kernel_size, stride, padding, dilation, true, output_padding, groups, bias, padding_mode, device, dtype) { }

        public override Tensor forward(Tensor input) => forward(input, null);

        public abstract Tensor forward(Tensor input, long[]? output_size);

        /// <summary>What must be added at the end so that the result has the wanted size.</summary>
        internal long[] Missing(Tensor input, long[]? output_size)
        {
            if (output_size is null) return output_padding;
            var missing = new long[Axes];
            for (int i = 0; i < Axes; i++)
            {
                long least = (input.size(i - Axes) - 1) * stride[i] - 2 * padding![i] + dilation[i] * (kernel_size[i] - 1) + 1;
                missing[i] = output_size[output_size.Length - Axes + i] - least;
                if (missing[i] < 0 || missing[i] >= stride[i])
                    throw new ArgumentException($"Requested an output size of {output_size}, but valid sizes range from {least} to {least + stride[i] - 1}");
            }
            return missing;
        }
    }

    public sealed class Conv1d : Convolution
    {
        internal Conv1d(long inputs, long outputs, long kernel, long stride, long padding, long dilation, PaddingModes mode, long groups, bool bias, Device? device,
            ScalarType? dtype) : base(nameof(Conv1d), 1, inputs, outputs, [kernel], [stride], [padding], [dilation], false, [0], groups, bias, mode, device, dtype) { }

        public override Tensor forward(Tensor input) => Convolve("conv1d", input);
    }

    public sealed class Conv2d : Convolution
    {
        internal Conv2d(long inputs, long outputs, (long, long) kernel, (long, long) stride, (long, long) padding, (long, long) dilation, PaddingModes mode,
            long groups, bool bias, Device? device, ScalarType? dtype)
            : base(nameof(Conv2d), 2, inputs, outputs, [kernel.Item1, kernel.Item2], [stride.Item1, stride.Item2], [padding.Item1, padding.Item2],
                [dilation.Item1, dilation.Item2], false, [0, 0], groups, bias, mode, device, dtype) { }

        public override Tensor forward(Tensor input) => Convolve("conv2d", input);
    }

    public sealed class Conv3d : Convolution
    {
        internal Conv3d(long inputs, long outputs, long kernel, long stride, long padding, long dilation, PaddingModes mode, long groups, bool bias, Device? device,
            ScalarType? dtype)
            : base(nameof(Conv3d), 3, inputs, outputs, [kernel, kernel, kernel], [stride, stride, stride], [padding, padding, padding],
                [dilation, dilation, dilation], false, [0, 0, 0], groups, bias, mode, device, dtype) { }

        public override Tensor forward(Tensor input) => Convolve("conv3d", input);
    }

    public sealed class ConvTranspose1d : ConvolutionTranspose
    {
        internal ConvTranspose1d(long inputs, long outputs, long kernel, long stride, long padding, long more, long dilation, PaddingModes mode, long groups,
            bool bias, Device? device, ScalarType? dtype)
            : base(nameof(ConvTranspose1d), 1, inputs, outputs, [kernel], [stride], [padding], [dilation], [more], groups, bias, mode, device, dtype) { }

        public override Tensor forward(Tensor input, long[]? output_size) =>
            Dispatch.Call("conv_transpose1d", Checked(input), weight, bias, stride, padding!, Missing(input, output_size), groups, dilation);
    }

    public sealed class ConvTranspose2d : ConvolutionTranspose
    {
        internal ConvTranspose2d(long inputs, long outputs, (long, long) kernel, (long, long) stride, (long, long) padding, (long, long) more,
            (long, long) dilation, PaddingModes mode, long groups, bool bias, Device? device, ScalarType? dtype)
            : base(nameof(ConvTranspose2d), 2, inputs, outputs, [kernel.Item1, kernel.Item2], [stride.Item1, stride.Item2], [padding.Item1, padding.Item2],
                [dilation.Item1, dilation.Item2], [more.Item1, more.Item2], groups, bias, mode, device, dtype) { }

        public override Tensor forward(Tensor input, long[]? output_size) =>
            Dispatch.Call("conv_transpose2d.input", Checked(input), weight, bias, stride, padding!, Missing(input, output_size), groups, dilation);
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static Modules.Conv1d Conv1d(long in_channels, long out_channels, long kernel_size, long stride = 1, long padding = 0, long dilation = 1,
                PaddingModes padding_mode = PaddingModes.Zeros, long groups = 1, bool bias = true, Device? device = null, ScalarType? dtype = null) =>
                new(in_channels, out_channels, kernel_size, stride, padding, dilation, padding_mode, groups, bias, device, dtype);

            public static Modules.Conv2d Conv2d(long in_channels, long out_channels, long kernel_size, long stride = 1, long padding = 0, long dilation = 1,
                PaddingModes padding_mode = PaddingModes.Zeros, long groups = 1, bool bias = true, Device? device = null, ScalarType? dtype = null) =>
                new(in_channels, out_channels, (kernel_size, kernel_size), (stride, stride), (padding, padding), (dilation, dilation), padding_mode, groups, bias,
                    device, dtype);

            public static Modules.Conv2d Conv2d(long in_channels, long out_channels, (long, long) kernel_size, (long, long)? stride = null,
                (long, long)? padding = null, (long, long)? dilation = null, PaddingModes padding_mode = PaddingModes.Zeros, long groups = 1, bool bias = true,
                Device? device = null, ScalarType? dtype = null) =>
                new(in_channels, out_channels, kernel_size, stride ?? (1, 1), padding ?? (0, 0), dilation ?? (1, 1), padding_mode, groups, bias, device, dtype);

            public static Modules.Conv3d Conv3d(long in_channels, long out_channels, long kernel_size, long stride = 1, long padding = 0, long dilation = 1,
                PaddingModes padding_mode = PaddingModes.Zeros, long groups = 1, bool bias = true, Device? device = null, ScalarType? dtype = null) =>
                new(in_channels, out_channels, kernel_size, stride, padding, dilation, padding_mode, groups, bias, device, dtype);

            public static Modules.ConvTranspose1d ConvTranspose1d(long in_channels, long out_channels, long kernel_size, long stride = 1, long padding = 0,
                long output_padding = 0, long dilation = 1, PaddingModes padding_mode = PaddingModes.Zeros, long groups = 1, bool bias = true,
                Device? device = null, ScalarType? dtype = null) =>
                new(in_channels, out_channels, kernel_size, stride, padding, output_padding, dilation, padding_mode, groups, bias, device, dtype);

            public static Modules.ConvTranspose2d ConvTranspose2d(long in_channels, long out_channels, long kernel_size, long stride = 1, long padding = 0,
                long output_padding = 0, long dilation = 1, PaddingModes padding_mode = PaddingModes.Zeros, long groups = 1, bool bias = true,
                Device? device = null, ScalarType? dtype = null) =>
                new(in_channels, out_channels, (kernel_size, kernel_size), (stride, stride), (padding, padding), (output_padding, output_padding),
                    (dilation, dilation), padding_mode, groups, bias, device, dtype);
        }
    }
}
