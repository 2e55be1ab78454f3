using Microsoft.ML.VqVae.Benchmarks.Plain;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Benchmarks.Limits;

/// <summary>The speed of a single operator of the size of a layer, forward, in GFLOP/s.</summary>
internal static class OperatorSpeed
{
    const double Milliseconds = 60;
    const int Measurements = 5;

    /// <summary>The layer as a convolution of its own; null for a layer that is none.</summary>
    public static double? OfConvolution(LayerWork layer, ScalarType type, MemoryLayout layout)
    {
        if (layer.Kind == LayerKind.NearestCode)
            return null;
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
        return Measure(layer.Operations, () => layer.Kind switch
        {
            LayerKind.TransposedConvolution => nn.functional.conv_transpose2d(input, weight, null, stride, padding),
            LayerKind.Convolution1d when !asImage => nn.functional.conv1d(input, weight, null, stride[0], padding[0], dilation[0]),
            _ => nn.functional.conv2d(input, weight, null, stride, padding, dilation),
        });
    }

    /// <summary>The matrix product with as many operations as the layer.</summary>
    public static double OfProduct(LayerWork layer, ScalarType type)
    {
        using DisposeScope scope = NewDisposeScope();
        (long rows, long inner, long columns) = layer.Product;
        Tensor left = randn(rows, inner).to(type), right = randn(inner, columns).to(type);
        return Measure(layer.Operations, () => left.mm(right));
    }

    static double Measure(double operations, Func<Tensor> once)
    {
        using IDisposable withoutGradients = no_grad();
        double Time(int count) => IWorkloads.Time(() =>
        {
            for (int run = 0; run < count; run++)
                once().Dispose();
        }) / count;

        Time(2);
        int count = Math.Max(1, (int)(Milliseconds / Time(2)));
        double median = Enumerable.Range(0, Measurements).Select(_ => Time(count)).Order().ElementAt(Measurements / 2);
        return operations / 1e6 / median;
    }
}
