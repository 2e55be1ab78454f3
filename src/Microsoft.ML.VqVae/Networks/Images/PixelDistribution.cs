using TorchSharp;
using static Microsoft.ML.VqVae.Networks.TensorArithmetic;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// The computation of a <see cref="PixelLikelihood"/> from the decoder's output, [B, C·P, H, W] with P parameters per value.
/// </summary>
internal abstract class PixelDistribution
{
    // The narrowest and the widest scale, in bytes: a scale of 0.1 puts all but e^−5 of the mass into one bin, one of 1000 is flat.
    const double MinLogScale = -2.3, MaxLogScale = 6.9;

    public static PixelDistribution For(PixelLikelihood likelihood) => likelihood switch
    {
        PixelLikelihood.Gaussian => new LearnedGaussian(),
        PixelLikelihood.DiscretizedLogistic => new DiscretizedLogistic(),
        PixelLikelihood.Categorical => new Categorical(),
        _ => new UnitGaussian(),
    };

    /// <summary>P: the number of parameters per value.</summary>
    public abstract int Parameters { get; }

    /// <summary>The mean, as normalized images [B, C, H, W].</summary>
    public virtual Tensor Mean(Tensor parameters, PixelUnits units) => Part(parameters, 0);

    public virtual OnnxValue Mean(OnnxValue parameters, PixelUnits units) => Part(parameters, 0);

    /// <summary>−ln p of the bytes that images [B, C, H, W], in the units of the data, are; of the same shape.</summary>
    public abstract Tensor Nats(Tensor parameters, Tensor images, PixelUnits units);

    public abstract OnnxValue Nats(OnnxValue parameters, OnnxValue images, PixelUnits units);

    // The means of all channels come first, then the scales of all channels.
    Tensor Part(Tensor parameters, int number)
    {
        long channels = parameters.shape[1] / Parameters;
        return parameters.narrow(1, number * channels, channels);
    }

    OnnxValue Part(OnnxValue parameters, int number) => Parameters == 1 ? parameters
        : parameters.ChannelsLast().SplitLast(Parameters, -1).Select(parameters.Rank - 1, number).ChannelsFirst();

    Tensor LogScale(Tensor parameters, PixelUnits units) =>
        Part(parameters, 1).Add(units.BytesPerDeviation.log()).Clamp(MinLogScale, MaxLogScale);

    OnnxValue LogScale(OnnxValue parameters, PixelUnits units) =>
        (Part(parameters, 1) + units.BytesPerDeviation.log()).Clamp(MinLogScale, MaxLogScale);

    /// <summary>The mean of −ln N over the bin of a byte: the square of a number uniform in ±½ has the mean 1/12.</summary>
    static Tensor GaussianNats(Tensor distance, Tensor logDeviation) =>
        (distance.Square().Add(1.0 / 12) * logDeviation.Mul(-2).exp()).Mul(0.5).Add(logDeviation).Add(0.5 * Math.Log(2 * Math.PI));

    static OnnxValue GaussianNats(OnnxValue distance, OnnxValue logDeviation) =>
        (distance.Square() + 1.0 / 12) * (logDeviation * -2.0).Exp() * 0.5 + logDeviation + 0.5 * Math.Log(2 * Math.PI);

    sealed class UnitGaussian : PixelDistribution
    {
        public override int Parameters => 1;

        public override Tensor Nats(Tensor parameters, Tensor images, PixelUnits units) =>
            GaussianNats(units.Bytes(images) - units.ToBytes(parameters), units.BytesPerDeviation.log());

        public override OnnxValue Nats(OnnxValue parameters, OnnxValue images, PixelUnits units) => GaussianNats(
            units.Bytes(images) - units.ToBytes(parameters), parameters.Graph.Constant(units.BytesPerDeviation.log()));
    }

    sealed class LearnedGaussian : PixelDistribution
    {
        public override int Parameters => 2;

        public override Tensor Nats(Tensor parameters, Tensor images, PixelUnits units) =>
            GaussianNats(units.Bytes(images) - units.ToBytes(Part(parameters, 0)), LogScale(parameters, units));

        public override OnnxValue Nats(OnnxValue parameters, OnnxValue images, PixelUnits units) =>
            GaussianNats(units.Bytes(images) - units.ToBytes(Part(parameters, 0)), LogScale(parameters, units));
    }

    sealed class DiscretizedLogistic : PixelDistribution
    {
        public override int Parameters => 2;

        public override Tensor Nats(Tensor parameters, Tensor images, PixelUnits units)
        {
            // σ(a) − σ(b) = σ(a) · σ(−b) · (1 − e^(b − a)): three factors whose logarithms lose no digits, however far off or narrow the
            // bin is, where the difference of the two would be 0. The first bin has no lower edge and the last no upper, and
            // their factors are 1.
            Tensor bytes = units.Bytes(images);
            Tensor inverse = (-LogScale(parameters, units)).exp();
            Tensor centre = (bytes - units.ToBytes(Part(parameters, 0))) * inverse;
            Tensor below = centre.Add(inverse.Mul(0.5)).log_sigmoid();
            Tensor above = (inverse.Mul(0.5) - centre).log_sigmoid();
            Tensor width = (-(-inverse).expm1()).log();
            Tensor first = bytes.Lt(0.5);
            Tensor last = bytes.Gt(254.5);
            return -where(first, below, where(last, above, below.Add(above).Add(width)));
        }

        public override OnnxValue Nats(OnnxValue parameters, OnnxValue images, PixelUnits units)
        {
            OnnxValue bytes = units.Bytes(images), inverse = (-LogScale(parameters, units)).Exp();
            OnnxValue centre = (bytes - units.ToBytes(Part(parameters, 0))) * inverse, half = inverse * 0.5;
            // ONNX has neither ln σ(x) = −softplus(−x) nor 1 − e^(−2x) = 2 · tanh x / (1 + tanh x).
            OnnxValue below = -(-(centre + half)).Softplus(), above = -(centre - half).Softplus();
            OnnxValue width = (half.Tanh() * 2 / (half.Tanh() + 1)).Log();
            return -bytes.Less(0.5).Where(below, bytes.Less(254.5).Where(below + above + width, above));
        }
    }

    sealed class Categorical : PixelDistribution
    {
        public override int Parameters => 256;

        public override Tensor Mean(Tensor parameters, PixelUnits units)
        {
            Tensor bytes = Arange(256, parameters.device).to(ScalarType.Float32).view(1, 1, 256, 1, 1);
            return units.FromBytes((Scores(parameters).softmax(2) * bytes).sum([2L]));
        }

        public override OnnxValue Mean(OnnxValue parameters, PixelUnits units)
        {
            OnnxValue scores = Scores(parameters);
            using Tensor bytes = Arange(256).to(ScalarType.Float32);
            return units.FromBytes((scores.Softmax() * bytes).Sum(scores.Rank - 1)).ChannelsFirst();
        }

        public override Tensor Nats(Tensor parameters, Tensor images, PixelUnits units)
        {
            Tensor bytes = units.Bytes(images).to(ScalarType.Int64);
            return -Scores(parameters).log_softmax(2).gather(2, bytes.unsqueeze(2)).squeeze(2);
        }

        public override OnnxValue Nats(OnnxValue parameters, OnnxValue images, PixelUnits units) =>
            -Scores(parameters).LogSoftmax().Choose(units.Bytes(images).To<long>().ChannelsLast()).ChannelsFirst();

        // The 256 scores of a value lie side by side when channels are innermost in memory.
        static Tensor Scores(Tensor parameters)
        {
            long[] shape = parameters.shape;
            return parameters.reshape(shape[0], shape[1] / 256, 256, shape[2], shape[3]);
        }

        // [B, H, W, C, 256]
        static OnnxValue Scores(OnnxValue parameters) => parameters.ChannelsLast().SplitLast(-1, 256);
    }
}

/// <summary>Conversion between normalized values, values in the units of the data and bytes: a byte b is in the data
/// (b − <paramref name="Offset"/>) · <paramref name="Scale"/>, and a value v normalized as (v − mean) / deviation.</summary>
internal readonly record struct PixelUnits(Tensor Mean, Tensor Deviation, double Offset, double Scale)
{
    /// <summary>A standard deviation in bytes; positive.</summary>
    public Tensor BytesPerDeviation => Deviation.Div(Math.Abs(Scale));

    /// <summary>The bytes that values in the units of the data are, rounded, as Single.</summary>
    public Tensor Bytes(Tensor values) => values.Div(Scale).Add(Offset).round().Clamp(0, 255);

    public OnnxValue Bytes(OnnxValue values) => (values / Scale + Offset).Round().Clamp(0, 255);

    /// <summary>Normalized values on the scale of bytes, neither rounded nor clamped.</summary>
    public Tensor ToBytes(Tensor normalised) => (normalised * Deviation.Div(Scale)).Add(Mean.Div(Scale).Add(Offset));

    public OnnxValue ToBytes(OnnxValue normalised) => normalised * Deviation.Div(Scale) + Mean.Div(Scale).Add(Offset);

    public Tensor FromBytes(Tensor bytes) => (bytes.Sub(Offset).Mul(Scale) - Mean) / Deviation;

    public OnnxValue FromBytes(OnnxValue bytes) => ((bytes - Offset) * Scale - Mean) / Deviation;
}

/// <summary>p(x|z): the distribution of a pixel given the latents, used for the reconstruction loss and for bits.</summary>
/// <remarks>
/// Bits are always those of 8-bit values, −log2 of the probability of the byte that a pixel is. A density is not a probability: for the two
/// Gaussians the byte stands for all numbers that round to it, and its bits are the mean of −log2 p over them (uniform dequantization;
/// Theis et al. 2015, arXiv 1511.01844). By Jensen's inequality that is never below −log2 of the probability of the bin, so that the
/// reported value stays a bound. The other two are distributions over the 256 bytes themselves.
/// </remarks>
public enum PixelLikelihood
{
    /// <summary>A Gaussian with the standard deviation of the training data: training minimizes the squared error. The default.</summary>
    UnitGaussian,

    /// <summary>A Gaussian with mean and deviation predicted for each value.</summary>
    Gaussian,

    /// <summary>A logistic distribution with mean and scale predicted for each value, integrated over the bin of each byte. The
    /// first and the last bin reach to infinity (Salimans et al. 2017, arXiv 1701.05517, with one component).</summary>
    DiscretizedLogistic,

    /// <summary>A probability for each of the 256 bytes, by softmax (van den Oord et al. 2016, arXiv 1601.06759). The decoder's last layer
    /// becomes 256 times as wide.</summary>
    Categorical,
}
