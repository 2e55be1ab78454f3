using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Tests.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Baselines;

/// <summary>The Gaussian VAE against integrals over its latents.</summary>
[TestClass]
public sealed class ImageGaussianVaeTests
{
    static ImageGaussianVae Model(int channels)
    {
        var model = new ImageGaussianVae(TinyImages.Codec(), channels, seed: 5);
        model.SetPixelStatistics(120, 70, 0, 255);
        TinyImages.Enlarge(model, 2.5);
        return model;
    }

    static double Normal(double x, double mean, double deviation) =>
        Math.Exp(-0.5 * Math.Pow((x - mean) / deviation, 2)) / (deviation * Math.Sqrt(2 * Math.PI));

    [TestMethod]
    [DataRow(0.7f, -1.2f)]
    [DataRow(-2f, 0.9f)]
    [DataRow(0f, 0f)]
    public void The_divergence_is_the_integral_that_defines_it(float mean, float logVariance)
    {
        using DisposeScope scope = NewDisposeScope();
        double deviation = Math.Exp(logVariance / 2), integral = 0;
        const double step = 1e-3;
        for (double z = -20; z <= 20; z += step)
        {
            double q = Normal(z, mean, deviation), p = Normal(z, 0, 1);
            if (q > 1e-300 && p > 0)
                integral += step * q * Math.Log(q / p);
        }
        var posterior = new GaussianPosterior(full([2, 3, 1, 2], mean), full([2, 3, 1, 2], logVariance));
        TensorAssert.Close([(float)(6 * integral), (float)(6 * integral)], posterior.Divergence(), 1e-4, "divergence of six latents");
    }

    /// <summary>For one latent a position and one position: the exact likelihood and the exact bound of an image, in nats, by sums over a
    /// fine grid of z.</summary>
    static (double Likelihood, double Bound) Integrate(ImageGaussianVae model, Tensor image)
    {
        const int points = 4001;
        const double reach = 8, step = 2 * reach / (points - 1);
        float[] grid = [.. Enumerable.Range(0, points).Select(i => (float)(-reach + i * step))];
        float[] bits = TensorAssert.Floats(
            model.ReconstructionBits(tensor(grid).view(points, 1, 1, 1), image.expand(points, 1, 2, 2).contiguous()));
        GaussianPosterior posterior = model.call(image);
        double mean = posterior.Mean.item<float>(), deviation = Math.Exp(posterior.LogVariance.item<float>() / 2);
        double likelihood = 0, reconstruction = 0;
        for (int i = 0; i < points; i++)
        {
            likelihood += step * Normal(grid[i], 0, 1) * Math.Exp(-bits[i] * Math.Log(2));
            reconstruction += step * Normal(grid[i], mean, deviation) * -bits[i] * Math.Log(2);
        }
        return (Math.Log(likelihood), reconstruction - posterior.Divergence().item<float>());
    }

    [TestMethod]
    public void The_bound_stays_below_the_likelihood_and_is_what_losses_estimate()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable withoutGradients = no_grad();
        using ImageGaussianVae model = Model(channels: 1);
        Tensor images = TinyImages.Images(3);
        double expected = 0;
        for (int i = 0; i < 3; i++)
        {
            (double likelihood, double bound) = Integrate(model, images.narrow(0, i, 1));
            Assert.IsLessThanOrEqualTo(likelihood + 1e-3, bound, $"image {i}");
            expected += bound / 3;
        }
        // In training mode every step and every image draws its own z.
        model.train();
        Tensor many = images.repeat(100, 1, 1, 1);
        double[] estimates = [.. Enumerable.Range(0, 60).Select(step =>
        {
            using DisposeScope one = NewDisposeScope();
            return -model.Loss(many, TestTask.At(step)).Total.item<float>() * 4 * Math.Log(2);
        })];
        double mean = estimates.Average(), error = Math.Sqrt(estimates.Average(e => (e - mean) * (e - mean)) / estimates.Length);
        Assert.AreEqual(expected, mean, 4 * error + 1e-3);
        Assert.IsGreaterThan(0, error, "there is something to draw");
    }

    [TestMethod]
    public void The_gradient_reaches_means_variances_and_decoder()
    {
        using DisposeScope scope = NewDisposeScope();
        using ImageGaussianVae model = Model(channels: 2);
        model.Loss(TinyImages.Images(4), TestTask.At(0)).Total.backward();
        Dictionary<string, float[]> gradients = TinyImages.Gradients(model);
        float[] project = gradients["encoder.project.bias"];
        Assert.HasCount(4, project);
        Assert.IsTrue(project.All(gradient => Math.Abs(gradient) > 1e-7), string.Join(", ", project));
        Assert.IsTrue(gradients["decoder.expand.weight"].Any(gradient => gradient != 0));
    }

    [TestMethod]
    public void A_row_is_measured_alone_as_among_others_and_evaluation_repeats_itself()
    {
        using DisposeScope scope = NewDisposeScope();
        using ImageGaussianVae model = Model(channels: 3);
        Tensor images = TinyImages.Images(4), together = model.BoundBits(images);
        for (int i = 0; i < 4; i++)
            TensorAssert.Close(together.narrow(0, i, 1), model.BoundBits(images.narrow(0, i, 1)), 1e-5, $"image {i}");
        model.eval();
        Assert.AreEqual(model.Loss(images, TestTask.At(1)).Total.item<float>(), model.Loss(images, TestTask.At(2)).Total.item<float>());
        Assert.AreEqual(together.mean().item<float>() / 4, model.Loss(images, TestTask.At(1)).Total.item<float>(), 1e-4);
    }

    [TestMethod]
    public void Latents_are_saved_and_have_the_promised_shapes()
    {
        using DisposeScope scope = NewDisposeScope();
        using ImageGaussianVae model = Model(channels: 3);
        using var loaded = new ImageGaussianVae(model.Options, 3, seed: 6);
        loaded.load_state_dict(TensorAssert.Snapshot(model));
        Tensor images = TinyImages.Images(5);
        Assert.AreEqual((1, 1, 3), model.LatentShape);
        CollectionAssert.AreEqual(new long[] { 5, 3, 1, 1 }, model.call(images).LogVariance.shape);
        TensorAssert.Same(model.call(images).Mean, loaded.call(images).Mean, "means");
        TensorAssert.Same(model.BoundBits(images), loaded.BoundBits(images), "bounds");
    }

    [TestMethod]
    public void No_tensor_outlives_a_step_and_torchs_own_generator_is_not_touched()
    {
        using Tensor images = TinyImages.Images(4);
        using ImageGaussianVae model = Model(channels: 2);
        using Tensor random = get_rng_state();
        void Step()
        {
            using DisposeScope scope = NewDisposeScope();
            model.Loss(images, TestTask.At(0)).Total.backward();
            model.BoundBits(images);
        }

        Step();
        model.zero_grad();
        long before = LiveTensors.Count();
        Step();
        model.zero_grad();
        Assert.AreEqual(before, Tensor.TotalCount);
        using Tensor after = get_rng_state();
        TensorAssert.Same(random, after, "state of torch's generator");
    }
}
