using TorchSharp;
using static Microsoft.ML.VqVae.Networks.TensorArithmetic;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>The padding of a batch of unequal lengths, which is kept out of convolutions, losses and codebook.</summary>
internal sealed class Padding
{
    /// <param name="lengths">The number of real values of each row, Int64 [B].</param>
    /// <param name="length">T: the number of values with padding.</param>
    /// <param name="perCode">The number of values that a code covers.</param>
    public Padding(Tensor lengths, long length, int perCode)
    {
        // On a GPU, reading the lengths would make every step wait for the device.
        if (lengths.device_type == DeviceType.CPU && lengths.min().item<long>() == length)
            return;
        Values = Real(lengths, length).unsqueeze(1);
        Codes = Real(lengths.Add(perCode - 1L).DivFloor(perCode), length / perCode).unsqueeze(1);
    }

    /// <summary>1 where a value is real, 0 in the padding, Float32 [B, 1, T]; null where all are real.</summary>
    public Tensor? Values { get; }

    /// <summary>The same for codes, Float32 [B, 1, N]: a code is real where any of its values is.</summary>
    public Tensor? Codes { get; }

    /// <summary>The mask of the codes repeated for the values of a layer between codes and inputs, Float32 [B, 1, N · values]; null where
    /// all are real.</summary>
    /// <param name="values">The number of values that the layer has for a code.</param>
    public Tensor? CodesAt(int values) => values == 1 ? Codes : Codes?.repeat_interleave(values, 2);

    /// <summary>Sets padding to zero, the value that a convolution assumes outside of its input too.</summary>
    public static Tensor Clear(Tensor values, Tensor? mask) => mask is null ? values : values * mask.As(values);

    /// <summary>The mean of [B, C, T] over real positions and all channels.</summary>
    public static Tensor Mean(Tensor values, Tensor? mask) => mask is null
        ? BatchShare.Current.Mean(values.mean(), () => values.numel())
        : BatchShare.Current.Mean(
            (values * mask).sum() / mask.sum().Mul(values.shape[1]), () => mask.sum().item<float>() * (double)values.shape[1]);

    /// <summary>1 for the values of a row, 0 beyond its end, Float32 [B, T].</summary>
    public static Tensor Real(Tensor lengths, long length) =>
        Arange(length, lengths.device).lt(lengths.unsqueeze(1)).to(ScalarType.Float32);
}
