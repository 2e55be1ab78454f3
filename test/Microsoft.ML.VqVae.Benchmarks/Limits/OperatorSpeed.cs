using Microsoft.ML.VqVae.Benchmarks.Plain;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Benchmarks.Limits;

/// <summary>The speed of single operators of the size of a layer.</summary>
internal static class OperatorSpeed
{
    const double MillisecondsOfMeasurement = 60;
    const int Measurements = 5;

    /// <summary>The layer as a convolution of its own, forward, in GFLOP/s; null for a layer that is none.</summary>
    public static double? OfConvolution(LayerWork layer, ScalarType type, MemoryLayout layout) => layer.Kind == LayerKind.NearestCode
        ? null
        : layer.Operations / 1e6 / MillisecondsOfConvolution(layer, type, layout, training: false);

    /// <summary>The matrix product with as many operations as the layer, in GFLOP/s.</summary>
    public static double OfProduct(LayerWork layer, ScalarType type) => layer.Operations / 1e6 / MillisecondsOfProduct(layer, type);

    /// <summary>The milliseconds that a layer takes alone, in the faster memory layout.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="type">The type of numbers.</param>
    /// <param name="training">Whether with the gradients of input and weight.</param>
    public static double Milliseconds(LayerWork layer, ScalarType type, bool training) => layer.Kind == LayerKind.NearestCode
        ? MillisecondsOfProduct(layer, ScalarType.Float32)
        : Math.Min(MillisecondsOfConvolution(layer, type, MemoryLayout.Contiguous, training),
            MillisecondsOfConvolution(layer, type, MemoryLayout.ChannelsLast, training));

    static double MillisecondsOfConvolution(LayerWork layer, ScalarType type, MemoryLayout layout, bool training)
    {
        using DisposeScope scope = NewDisposeScope();
        // Sequences have a channels-last layout as images of one row only.
        bool asImage = layer.Kind == LayerKind.Convolution1d && layout == MemoryLayout.ChannelsLast;
        Tensor Of(IReadOnlyList<long> shape)
        {
            Tensor values = randn([.. shape]).to(type);
            return (asImage ? values.unsqueeze(2) : values).In(layout);
        }
        long[] Axes(IReadOnlyList<long> values, long ofRow) => asImage ? [ofRow, .. values] : [.. values];

        Tensor input = Of(layer.Input), weight = Of(layer.Weight);
        long[] stride = Axes(layer.Stride, 1), padding = Axes(layer.Padding, 0), dilation = Axes(layer.Dilation, 1);
        Tensor Forward() => layer.Kind switch
        {
            LayerKind.TransposedConvolution => nn.functional.conv_transpose2d(input, weight, null, stride, padding),
            LayerKind.Convolution1d when !asImage => nn.functional.conv1d(input, weight, null, stride[0], padding[0], dilation[0]),
            _ => nn.functional.conv2d(input, weight, null, stride, padding, dilation),
        };
        if (!training)
        {
            using IDisposable withoutGradients = no_grad();
            return Measure(() => Forward().Dispose());
        }
        input.requires_grad_(true);
        weight.requires_grad_(true);
        Tensor gradient = ones_like(Forward().detach());
        return Measure(() =>
        {
            using DisposeScope step = NewDisposeScope();
            autograd.grad([Forward()], [input, weight], [gradient]);
        });
    }

    static double MillisecondsOfProduct(LayerWork layer, ScalarType type)
    {
        using DisposeScope scope = NewDisposeScope();
        (long rows, long inner, long columns) = layer.Product;
        Tensor left = randn(rows, inner).to(type), right = randn(inner, columns).to(type);
        using IDisposable withoutGradients = no_grad();
        return Measure(() => left.mm(right).Dispose());
    }

    static double Measure(Action once)
    {
        double Time(int count) => IWorkloads.Time(() =>
        {
            for (int run = 0; run < count; run++)
                once();
        }) / count;

        Time(2);
        int count = Math.Max(1, (int)(MillisecondsOfMeasurement / Time(2)));
        return Enumerable.Range(0, Measurements).Select(_ => Time(count)).Order().ElementAt(Measurements / 2);
    }
}
