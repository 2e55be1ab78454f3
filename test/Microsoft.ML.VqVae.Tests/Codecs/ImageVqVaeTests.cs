using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Tests.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Codecs;

/// <summary>What holds for every image VQ-VAE: shapes, units, seeds, saved state, errors.</summary>
[TestClass]
public sealed class ImageVqVaeTests
{
    static ImageCodecOptions Codec(Action<ImageCodecOptions>? change = null)
    {
        var options = new ImageCodecOptions
        {
            Height = 8, Width = 12, Channels = 3, HiddenChannels = 8, OuterChannels = 6, ResidualChannels = 5,
        };
        change?.Invoke(options);
        return options;
    }

    static VectorQuantizerOptions Quantizer(Action<VectorQuantizerOptions>? change = null)
    {
        var options = new VectorQuantizerOptions
        {
            Codes = 9, Dimensions = 4, CodesPerPosition = 2, Learning = CodebookLearning.Gradient, InitializeFromData = false,
            RestartEverySteps = 0,
        };
        change?.Invoke(options);
        return options;
    }

    static Tensor Images(int seed, int count = 4)
    {
        using var generator = new Generator((ulong)seed);
        return rand(count, 3, 8, 12, generator: generator) * 255;
    }

    [TestMethod]
    public void Codes_and_images_have_the_promised_shapes()
    {
        using DisposeScope scope = NewDisposeScope();
        using var model = new ImageVqVae(Codec(), Quantizer(), 1);
        model.SetPixelStatistics(100, 60, 0, 255);
        Assert.AreEqual((2, 3, 2), model.CodeGrid);
        Tensor codes = model.Encode(Images(1));
        CollectionAssert.AreEqual(new long[] { 4, 2, 3, 2 }, codes.shape);
        CollectionAssert.AreEqual(new long[] { 4, 8, 2, 3 }, model.EncodeToLatents(Images(1)).shape);
        CollectionAssert.AreEqual(new long[] { 4, 3, 8, 12 }, model.DecodeCodes(codes).shape);
    }

    [TestMethod]
    [DataRow(1, 4, 6, 0)]
    [DataRow(2, 2, 3, 0)]
    [DataRow(3, 2, 3, 5)]
    public void Downsamplings_decide_the_grid_of_codes(int halvings, int height, int width, int outer)
    {
        using DisposeScope scope = NewDisposeScope();
        using var model = new ImageVqVae(
            Codec(o => (o.Downsamplings, o.OuterChannels, o.Height, o.Width) = (halvings, outer, height << halvings, width << halvings)),
            Quantizer(), 1);
        Assert.AreEqual((height, width, 2), model.CodeGrid);
        Tensor images = ones(2, 3, height << halvings, width << halvings);
        CollectionAssert.AreEqual(images.shape, model.call(images).Reconstruction.shape);
    }

    [TestMethod]
    public void Decoded_images_are_in_the_units_of_the_data_and_within_their_range()
    {
        using DisposeScope scope = NewDisposeScope();
        using var model = new ImageVqVae(Codec(), Quantizer(), 1);
        model.SetPixelStatistics(100, 1000, 90, 110);
        model.eval();
        using (no_grad())
        {
            // A fresh decoder gives hardly more than its biases.
            foreach (Parameter parameter in model.parameters())
                parameter.mul_(5);
            Tensor decoded = model.DecodeCodes(model.Encode(Images(1)));
            Assert.AreEqual(90f, decoded.min().item<float>());
            Assert.AreEqual(110f, decoded.max().item<float>());
            Tensor expected = (model.call(Images(1)).Reconstruction * 1000 + 100).clamp(90, 110);
            TensorAssert.Close(expected, decoded, 1e-5, "decoded codes against the forward pass");
        }
    }

    [TestMethod]
    public void The_seed_decides_the_weights_and_torchs_own_generator_is_not_touched()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor random = get_rng_state();
        using var one = new ImageVqVae(Codec(o => o.FlipHorizontally = true), Quantizer(), 1);
        using var same = new ImageVqVae(Codec(o => o.FlipHorizontally = true), Quantizer(), 1);
        using var other = new ImageVqVae(Codec(), Quantizer(), 2);
        one.SetPixelStatistics(127, 60, 0, 255);
        same.SetPixelStatistics(127, 60, 0, 255);
        foreach ((string? name, Tensor? value) in one.state_dict())
            TensorAssert.Same(value, same.state_dict()[name], name);
        CollectionAssert.AreNotEqual(
            TensorAssert.Floats(one.state_dict()["encoder.down.0.weight"]),
            TensorAssert.Floats(other.state_dict()["encoder.down.0.weight"]));
        using Tensor images = Images(1, 16);
        Assert.AreEqual(one.Loss(images, TestTask.At(3)).Total.item<float>(), same.Loss(images, TestTask.At(3)).Total.item<float>());
        Assert.AreNotEqual(
            one.Loss(images, TestTask.At(3)).Total.item<float>(), same.Loss(images, TestTask.At(4)).Total.item<float>(), "other images are mirrored");
        TensorAssert.Same(random, get_rng_state(), "state of torch's generator");
    }

    [TestMethod]
    public void First_weights_have_the_spread_of_PyTorchs_default()
    {
        using DisposeScope scope = NewDisposeScope();
        using var model = new ImageVqVae(Codec(o => o.HiddenChannels = o.ResidualChannels = 64), Quantizer(), 1);
        Parameter weight = model.get_parameter("encoder.residual.0.wide.weight")!;
        double bound = 1 / Math.Sqrt(64 * 9);
        Assert.IsLessThanOrEqualTo((float)bound, weight.abs().max().item<float>());
        Assert.AreEqual(bound / Math.Sqrt(3), weight.square().mean().sqrt().item<float>(), 0.01 * bound);
    }

    [TestMethod]
    public void What_is_saved_and_loaded_encodes_and_decodes_identically()
    {
        using DisposeScope scope = NewDisposeScope();
        using var model = new ImageVqVae(Codec(), Quantizer(o => o.Learning = CodebookLearning.MovingAverage), 1);
        model.SetPixelStatistics(100, 60, 0, 255);
        model.Loss(Images(1), TestTask.At(0));
        using var loaded = new ImageVqVae(Codec(), Quantizer(o => o.Learning = CodebookLearning.MovingAverage), 2);
        loaded.load_state_dict(TensorAssert.Snapshot(model));
        Tensor codes = model.Encode(Images(2));
        TensorAssert.Same(codes, loaded.Encode(Images(2)), "codes");
        TensorAssert.Same(model.DecodeCodes(codes), loaded.DecodeCodes(codes), "images");
        Assert.AreEqual(1, ((VectorQuantizer)loaded.Quantizer).Steps);
    }

    [TestMethod]
    public void Training_lowers_the_reconstruction_error()
    {
        using DisposeScope scope = NewDisposeScope();
        using var model = new ImageVqVae(
            Codec(o => o.HiddenChannels = 16),
            Quantizer(o =>
                (o.Learning, o.InitializeFromData, o.UnquantizedSteps, o.Codes) = (CodebookLearning.MovingAverage, true, 20, 32)), 1);
        // Images of 4×4 blocks of one colour: what codes can say.
        Tensor images = Images(1, 16).narrow(2, 0, 2).narrow(3, 0, 3).repeat_interleave(4, 2).repeat_interleave(4, 3);
        model.SetPixelStatistics(127.5, 73.6, 0, 255);
        using Adam optimizer = optim.Adam(model.parameters(), 3e-3);
        float error = 0;
        for (int step = 0; step < 60; step++)
        {
            using DisposeScope stepScope = NewDisposeScope();
            StepLoss losses = model.Loss(images, TestTask.At(step));
            optimizer.zero_grad();
            losses.Total.backward();
            optimizer.step();
            error = losses.Terms["reconstruction"].item<float>();
        }
        Assert.IsLessThan(0.6f, error);
    }

    [TestMethod]
    public void No_tensor_outlives_a_training_step()
    {
        Tensor images = Images(1);
        using var model = new ImageVqVae(Codec(o => o.FlipHorizontally = true), Quantizer(), 1);
        void Step()
        {
            using DisposeScope scope = NewDisposeScope();
            model.Loss(images, TestTask.At(0)).Total.backward();
            model.DecodeCodes(model.Encode(images));
        }

        Step();
        model.zero_grad();
        long before = LiveTensors.Count();
        Step();
        model.zero_grad();
        Assert.AreEqual(before, Tensor.TotalCount);
        images.Dispose();
    }

    [TestMethod]
    public void Wrong_options_of_codec_and_quantizer_are_told_at_once()
    {
        ArgumentOutOfRangeException error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => new ImageVqVae(Codec(o => (o.Height, o.HiddenChannels) = (10, 0)), Quantizer(o => o.Codes = 1), 1));
        StringAssert.Contains(error.Message, "Height must be a positive multiple of 4 (halved 2 times), but is 10");
        StringAssert.Contains(error.Message, "HiddenChannels must be 1 or more, but is 0");
        StringAssert.Contains(error.Message, "Codes must be 2 or more, but is 1");
        using var model = new ImageVqVae(Codec(), Quantizer(), 1);
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => model.SetPixelStatistics(1, 0, 0, 1)).Message, "deviation");
    }

    [TestMethod]
    public void Images_of_another_size_are_an_error_that_tells_both_sizes()
    {
        using DisposeScope scope = NewDisposeScope();
        using var model = new ImageVqVae(Codec(), Quantizer(), 1);
        ArgumentException error = Assert.ThrowsExactly<ArgumentException>(() => model.Encode(zeros(2, 3, 12, 8)));
        StringAssert.Contains(error.Message, "[batch, 3, 8, 12]");
        StringAssert.Contains(error.Message, "[2, 3, 12, 8]");
    }
}
