using static TorchSharp.Dispatch;

namespace TorchSharp;

public enum PaddingModes { Zeros = 0, Reflect = 1, Replicate = 2, Circular = 3, Constant = 4 }

public static partial class torch
{
    public static partial class nn
    {
        public enum Reduction : long { None = 0, Mean = 1, Sum = 2 }

        public static partial class functional
        {
            public static Tensor conv1d(Tensor input, Tensor weight, Tensor? bias = null, long? stride = null, long? padding = null,
                long? dilation = null, long groups = 1) => Call("conv1d", input, weight, bias, new[] { stride ?? 1 }, new[] { padding ?? 0 },
                    new[] { dilation ?? 1 }, groups);

            public static Tensor conv2d(Tensor input, Tensor weight, Tensor? bias = null, long[]? strides = null, long[]? padding = null,
                long[]? dilation = null,
                long groups = 1) => Call("conv2d", input, weight, bias, strides ?? [1], padding ?? [0], dilation ?? [1], groups);

            public static Tensor conv_transpose2d(Tensor input, Tensor weight, Tensor? bias = null, long[]? strides = null,
                long[]? padding = null,
                long[]? output_padding = null, long[]? dilation = null, long groups = 1) =>
                Call("conv_transpose2d.input", input, weight, bias, strides ?? [1], padding ?? [0], output_padding ?? [0], groups,
                    dilation ?? [1]);

            public static Tensor relu(Tensor x, bool inplace = false) => inplace ? x.relu_().alias() : x.relu();

            public static Tensor linear(Tensor input, Tensor weights, Tensor? bias = null) => Call("linear", input, weights, bias);

            public static Tensor pad(Tensor input, long[] pad, PaddingModes mode = PaddingModes.Constant, double value = 0) =>
                Call("constant_pad_nd", input, pad, mode == PaddingModes.Constant ? (Scalar)value
                    : throw new NotImplementedException($"Padding {mode}."));

            // ---- losses ----

            public static Tensor cross_entropy(Tensor input, Tensor target, Tensor? weight = null, long ignore_index = -100,
                Reduction reduction = Reduction.Mean, double label_smoothing = 0) =>
                Call("cross_entropy_loss", input, target, weight, (long)reduction, ignore_index, label_smoothing);
        }
    }
}
