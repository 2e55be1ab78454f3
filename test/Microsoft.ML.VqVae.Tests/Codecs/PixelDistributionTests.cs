using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Codecs;

/// <summary>What decoders say of pixels, against the definitions worked out in double precision.</summary>
[TestClass]
public sealed class PixelDistributionTests
{
    const double Mean = 110, Deviation = 60;

    /// <summary>−ln p of all 256 bytes, for a decoder that gives these numbers at each.</summary>
    static double[] Nats(PixelLikelihood likelihood, float[] parameters, double offset = 0, double scale = 1)
    {
        using DisposeScope scope = NewDisposeScope();
        var distribution = PixelDistribution.For(likelihood);
        Assert.HasCount(distribution.Parameters, parameters);
        Tensor given = tensor(parameters).view(1, parameters.Length, 1, 1).expand(256, parameters.Length, 1, 1);
        Tensor images = tensor([.. Enumerable.Range(0, 256).Select(b => (float)((b - offset) * scale))]).view(256, 1, 1, 1);
        return [.. TensorAssert.Floats(distribution.Nats(given, images, Units(offset, scale))).Select(nats => (double)nats)];
    }

    static PixelUnits Units(double offset = 0, double scale = 1) => new(
        tensor(new[] { (float)((Mean - offset) * scale) }), tensor(new[] { (float)(Deviation * Math.Abs(scale)) }), offset, scale);

    static double Sum(double[] nats) => nats.Sum(nat => Math.Exp(-nat));

    static double Logistic(double x) => 1 / (1 + Math.Exp(-x));

    [TestMethod]
    [DataRow(0.3f, -2f)]
    [DataRow(-1.9f, 0f)]
    [DataRow(2.2f, -4.5f)]
    [DataRow(9f, 1.5f)]
    public void The_bins_of_the_logistic_sum_to_one_and_are_differences_of_its_distribution(float mean, float logScale)
    {
        double[] nats = Nats(PixelLikelihood.DiscretizedLogistic, [mean, logScale]);
        Assert.AreEqual(1, Sum(nats), 1e-4);
        double centre = mean * Deviation + Mean, scale = Math.Exp(logScale) * Deviation;
        for (int b = 0; b < 256; b++)
        {
            double above = b == 255 ? 1 : Logistic((b + 0.5 - centre) / scale), below = b == 0 ? 0 : Logistic((b - 0.5 - centre) / scale);
            if (above - below > 1e-9)
                Assert.AreEqual(-Math.Log(above - below), nats[b], 2e-3, $"byte {b}");
        }
    }

    [TestMethod]
    public void The_softmax_sums_to_one_and_its_mean_is_that_of_the_bytes()
    {
        using DisposeScope scope = NewDisposeScope();
        float[] scores = [.. Enumerable.Range(0, 256).Select(b => 4 * MathF.Sin(b / 9f))];
        double[] nats = Nats(PixelLikelihood.Categorical, scores);
        Assert.AreEqual(1, Sum(nats), 1e-5);
        double mean = nats.Select((nat, b) => Math.Exp(-nat) * b).Sum();
        Tensor normalised = PixelDistribution.For(PixelLikelihood.Categorical).Mean(tensor(scores).view(1, 256, 1, 1), Units());
        Assert.AreEqual(mean, normalised.item<float>() * Deviation + Mean, 1e-3);
    }

    [TestMethod]
    public void The_channels_of_the_softmax_keep_apart()
    {
        // Two channels, of which each is sure of a byte of its own.
        using DisposeScope scope = NewDisposeScope();
        Tensor scores = zeros(1, 512, 1, 1, dtype: ScalarType.Float32);
        scores.narrow(1, 7, 1).fill_(30);
        scores.narrow(1, 256 + 200, 1).fill_(30);
        Tensor images = tensor(new float[] { 7, 200 }).view(1, 2, 1, 1);
        var distribution = PixelDistribution.For(PixelLikelihood.Categorical);
        TensorAssert.Close([0, 0], distribution.Nats(scores, images, Units()), 1e-4, "nats of the right bytes");
        TensorAssert.Close([7, 200], Units().ToBytes(distribution.Mean(scores, Units())), 1e-3, "means");
    }

    [TestMethod]
    [DataRow(-1.5f)]
    [DataRow(-3.5f)]
    [DataRow(-4.09434f)]
    public void The_gaussians_bits_are_never_less_than_those_of_its_bins(float logScale)
    {
        double[] nats = Nats(PixelLikelihood.Gaussian, [0.2f, logScale]);
        double centre = 0.2f * Deviation + Mean, deviation = Math.Exp(logScale) * Deviation;
        for (int b = 0; b < 256; b++)
        {
            // The integral over the bin, and the mean of −ln p over it, by the midpoint rule.
            double mass = 0, mean = 0;
            const int points = 400;
            for (int i = 0; i < points; i++)
            {
                double x = (b - 0.5 + (i + 0.5) / points - centre) / deviation;
                double nat = 0.5 * x * x + Math.Log(deviation * Math.Sqrt(2 * Math.PI));
                mass += Math.Exp(-nat) / points;
                mean += nat / points;
            }
            Assert.AreEqual(mean, nats[b], 1e-4 * Math.Max(1, mean), $"byte {b}");
            if (mass > 1e-12)
                Assert.IsGreaterThanOrEqualTo(-Math.Log(mass) - 1e-4, nats[b], $"byte {b}");
        }
        Assert.IsLessThanOrEqualTo(1.0001, Sum(nats));
        // Next to nothing is given away, unless the deviation is that of a single byte.
        Assert.IsGreaterThan(1 - 1 / (20 * deviation * deviation), Sum(nats));
    }

    [TestMethod]
    public void The_default_is_the_gaussian_with_the_deviation_of_the_data() => CollectionAssert.AreEqual(
        Nats(PixelLikelihood.Gaussian, [0.7f, 0]), Nats(PixelLikelihood.UnitGaussian, [0.7f]));

    [TestMethod]
    [DataRow(PixelLikelihood.Gaussian)]
    [DataRow(PixelLikelihood.DiscretizedLogistic)]
    [DataRow(PixelLikelihood.Categorical)]
    public void Bits_do_not_depend_on_the_units_of_the_column(PixelLikelihood likelihood)
    {
        float[] parameters = likelihood == PixelLikelihood.Categorical
            ? [.. Enumerable.Range(0, 256).Select(b => b / 50f)]
            : [0.4f, -1];
        double[] bytes = Nats(likelihood, parameters), scaled = Nats(likelihood, parameters, offset: 127.5, scale: 1 / 127.5);
        for (int b = 0; b < 256; b++)
            Assert.AreEqual(bytes[b], scaled[b], 1e-3, $"byte {b}");
        // Where dark is large, a decoder that says the opposite says the same.
        if (likelihood != PixelLikelihood.Categorical)
            parameters[0] = -parameters[0];
        double[] negative = Nats(likelihood, parameters, offset: 255, scale: -1);
        for (int b = 0; b < 256; b++)
            Assert.AreEqual(bytes[b], negative[b], 1e-3, $"negative byte {b}");
    }

    [TestMethod]
    [DataRow(PixelLikelihood.Gaussian)]
    [DataRow(PixelLikelihood.DiscretizedLogistic)]
    [DataRow(PixelLikelihood.Categorical)]
    public void Values_and_gradients_stay_finite_however_wrong_the_decoder_is(PixelLikelihood likelihood)
    {
        using DisposeScope scope = NewDisposeScope();
        var distribution = PixelDistribution.For(likelihood);
        foreach (float mean in new[] { -1000f, 0, 1000 })
        {
            foreach (float logScale in new[] { -100f, 0, 100 })
            {
                float[] given = [.. Enumerable.Range(0, distribution.Parameters).Select(i => i == 0 ? mean : logScale)];
                Tensor parameters = tensor(given).view(1, given.Length, 1, 1).expand(3, given.Length, 1, 1).contiguous().requires_grad_();
                Tensor nats = distribution.Nats(parameters, tensor(new float[] { 0, 128, 255 }).view(3, 1, 1, 1), Units());
                Assert.IsTrue(nats.isfinite().all().item<bool>(), $"nats for {mean}, {logScale}");
                nats.sum().backward();
                Assert.IsTrue(parameters.grad!.isfinite().all().item<bool>(), $"gradient for {mean}, {logScale}");
            }
        }
    }
}
