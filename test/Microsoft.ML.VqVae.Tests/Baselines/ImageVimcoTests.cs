using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Tests.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Baselines;

/// <summary>VIMCO on latents that can be enumerated: the expectation of its estimator is the exact gradient of its bound, and the bound is
/// one.</summary>
[TestClass]
public sealed class ImageVimcoTests
{
    static ImageVimco Model(VimcoLatents kind, int samples = 3)
    {
        var model = new ImageVimco(
            TinyImages.Codec(),
            new VimcoOptions { Latents = kind, Categories = 3, Dimensions = 4, LatentsPerPosition = 2, Samples = samples }, seed: 5);
        model.SetPixelStatistics(120, 70, 0, 255);
        TinyImages.Enlarge(model, 2.5);
        return model;
    }

    // All states of the two latents: Int64 [states, 2].
    static Tensor States(ImageVimco model) => tensor([.. Enumerable.Range(0, model.Categories)
        .SelectMany(first => Enumerable.Range(0, model.Categories).SelectMany(second => new long[] { first, second }))]).view(-1, 2);

    /// <summary>ln p(x, z) and ln q(z|x) of every state for one image, [states], with gradients.</summary>
    static (Tensor Joint, Tensor Posterior) Enumerate(ImageVimco model, Tensor image)
    {
        Tensor states = States(model);
        long count = states.shape[0];
        Tensor bits = model.ReconstructionBits(model.Embed(states.view(count, 1, 1, 2)), image.expand(count, 1, 2, 2).contiguous());
        Tensor posterior = model.call(image).view(2, -1);
        Tensor q = posterior.select(0, 0).index_select(0, states.select(1, 0))
            + posterior.select(0, 1).index_select(0, states.select(1, 1));
        return (bits * -Math.Log(2) - 2 * Math.Log(model.Categories), q);
    }

    /// <summary>All ways to draw S states with replacement: numbers of states.</summary>
    static IEnumerable<long[]> Tuples(long states, int samples) => samples == 0
        ? [[]]
        : Tuples(states, samples - 1).SelectMany(tuple => Enumerable.Range(0, (int)states).Select(state => (long[])[.. tuple, state]));

    /// <summary>The expectation of the bound of S samples in nats, with gradients.</summary>
    static Tensor ExactBound(ImageVimco model, Tensor image, int samples)
    {
        (Tensor? joint, Tensor? q) = Enumerate(model, image);
        Tensor logWeights = joint - q;
        var terms = new List<Tensor>();
        foreach (long[] tuple in Tuples(q.shape[0], samples))
        {
            Tensor drawn = tensor(tuple);
            Tensor bound = logWeights.index_select(0, drawn).logsumexp(0) - Math.Log(samples);
            terms.Add(q.index_select(0, drawn).sum().exp() * bound);
        }
        return stack(terms).sum();
    }

    [TestMethod]
    [DataRow(VimcoLatents.Categorical, 2)]
    [DataRow(VimcoLatents.Bernoulli, 3)]
    public void The_expected_estimate_is_the_exact_gradient_of_the_bound(VimcoLatents kind, int samples)
    {
        using DisposeScope scope = NewDisposeScope();
        using ImageVimco model = Model(kind, samples);
        Tensor image = TinyImages.Images(1);
        (-ExactBound(model, image, samples) / (4 * Math.Log(2))).backward();
        Dictionary<string, float[]> exact = TinyImages.Gradients(model);

        model.zero_grad();
        Tensor states = States(model), probabilities = Enumerate(model, image).Posterior.detach().exp();
        double value = 0;
        foreach (long[] tuple in Tuples(states.shape[0], samples))
        {
            using DisposeScope step = NewDisposeScope();
            Tensor drawn = tensor(tuple);
            double probability = tuple.Aggregate(1.0, (product, state) => product * probabilities[state].item<float>());
            StepLoss losses = model.Loss(image, model.call(image), states.index_select(0, drawn).unsqueeze(0));
            (losses.Total * probability).backward();
            value += probability * losses.Total.item<float>();
            Assert.AreEqual(losses.Total.item<float>(), losses.Terms["reconstruction bits"].item<float>() + losses.Terms["latent bits"].item<float>(), 1e-4);
        }
        Assert.AreEqual(-ExactBound(model, image, samples).item<float>() / (4 * Math.Log(2)), value, 1e-4);
        TinyImages.SameGradients(exact, TinyImages.Gradients(model), 2e-3);
        Assert.IsTrue(exact["encoder.project.weight"].Any(gradient => Math.Abs(gradient) > 1e-5), "the encoder is reached");
    }

    [TestMethod]
    public void More_samples_come_closer_to_the_likelihood_and_never_beyond()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable withoutGradients = no_grad();
        using ImageVimco model = Model(VimcoLatents.Bernoulli);
        Tensor images = TinyImages.Images(3);
        for (int i = 0; i < 3; i++)
        {
            Tensor image = images.narrow(0, i, 1);
            double likelihood = Enumerate(model, image).Joint.logsumexp(0).item<float>(), last = double.NegativeInfinity;
            for (int samples = 1; samples <= 3; samples++)
            {
                double bound = ExactBound(model, image, samples).item<float>();
                Assert.IsGreaterThanOrEqualTo(last - 1e-4, bound, $"{samples} samples");
                Assert.IsLessThanOrEqualTo(likelihood + 1e-4, bound, $"{samples} samples");
                last = bound;
            }
        }
    }

    [TestMethod]
    public void The_reported_bound_of_many_samples_is_the_likelihood()
    {
        using DisposeScope scope = NewDisposeScope();
        using var model = new ImageVimco(
            TinyImages.Codec(),
            new VimcoOptions { Categories = 3, Dimensions = 4, LatentsPerPosition = 2, EvaluationSamples = 20_000 }, seed: 5);
        model.SetPixelStatistics(120, 70, 0, 255);
        Tensor images = TinyImages.Images(2);
        float[] bits = TensorAssert.Floats(model.BoundBits(images));
        for (int i = 0; i < 2; i++)
            Assert.AreEqual(-Enumerate(model, images.narrow(0, i, 1)).Joint.logsumexp(0).item<float>() / Math.Log(2), bits[i], 0.02);
        TensorAssert.Close([bits[1]], model.BoundBits(images.narrow(0, 1, 1)), 1e-4, "an image without its neighbour");
    }

    [TestMethod]
    public void Samples_follow_the_posterior()
    {
        using DisposeScope scope = NewDisposeScope();
        using ImageVimco model = Model(VimcoLatents.Categorical);
        Tensor posterior = model.call(TinyImages.Images(2)).detach();
        const int count = 20_000;
        Tensor samples = model.Draw(posterior, count, step: 7);
        CollectionAssert.AreEqual(new long[] { 2, count, 2 }, samples.shape);
        for (int category = 0; category < 3; category++)
        {
            Tensor share = samples.eq(tensor((long)category)).to(ScalarType.Float32).mean([1L]);
            TensorAssert.Close(posterior.select(2, category).exp(), share, 0.015, $"share of category {category}");
        }
        TensorAssert.Same(samples, model.Draw(posterior, count, step: 7), "the same step");
        Assert.IsFalse(samples.eq(model.Draw(posterior, count, step: 8)).all().item<bool>(), "another step");
    }

    [TestMethod]
    [DataRow(VimcoLatents.Categorical)]
    [DataRow(VimcoLatents.Bernoulli)]
    public void Latents_are_saved_and_have_the_promised_shapes(VimcoLatents kind)
    {
        using DisposeScope scope = NewDisposeScope();
        using ImageVimco model = Model(kind);
        using var loaded = new ImageVimco(
            model.Options, new VimcoOptions { Latents = kind, Categories = 3, Dimensions = 4, LatentsPerPosition = 2 }, seed: 6);
        loaded.load_state_dict(TensorAssert.Snapshot(model));
        Tensor images = TinyImages.Images(5), codes = model.Encode(images);
        CollectionAssert.AreEqual(new long[] { 5, 1, 1, 2 }, codes.shape);
        TensorAssert.Same(codes, loaded.Encode(images), "codes");
        TensorAssert.Same(model.Decode(model.Embed(codes)), loaded.Decode(loaded.Embed(codes)), "images");
        CollectionAssert.AreEqual(new long[] { 5, 1, 2, 2 }, model.Decode(model.Embed(codes)).shape);
        TensorAssert.Close(ones(5, 2), model.call(images).exp().sum(2), 1e-5, "probabilities");
    }

    [TestMethod]
    public void No_tensor_outlives_a_step_and_torchs_own_generator_is_not_touched()
    {
        using Tensor images = TinyImages.Images(4);
        using ImageVimco model = Model(VimcoLatents.Categorical);
        using Tensor random = get_rng_state();
        void Step()
        {
            using DisposeScope scope = NewDisposeScope();
            model.Loss(images, TestTask.At(0)).Total.backward();
            model.BoundBits(images);
            model.Encode(images);
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

    [TestMethod]
    public void Wrong_options_are_told_at_once()
    {
        ArgumentOutOfRangeException error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new ImageVimco(
            TinyImages.Codec(), new VimcoOptions { Categories = 1, Dimensions = 0, LatentsPerPosition = 0, Samples = 1 }, seed: 1));
        foreach (string option in new[] { "Categories", "Dimensions", "LatentsPerPosition", "Samples must be from 2" })
            StringAssert.Contains(error.Message, option);
    }
}
