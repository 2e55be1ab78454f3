using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Priors;

/// <summary>What training does to the frames before: noise, drawn from the seed and the step alone.</summary>
[TestClass]
public sealed class VideoCodePriorTests
{
    const int Codes = 7, Actions = 3, Frames = 2, Side = 4, Batch = 3;

    static VideoCodePrior Network(double noise) => new(
        new VideoCodePriorOptions
        {
            Frame = new() { Height = Side, Width = Side, Codes = Codes, Layers = 2, Channels = 8 },
            Actions = Actions, ContextFrames = Frames, EmbeddingChannels = 4, ContextChannels = 8, MotionKernelSize = 3, ContextBlocks = 1,
            ContextNoise = noise,
        },
        seed: 4);

    static Tensor Numbers(int below, params long[] shape)
    {
        using Generator generator = SeededRandom.CreateGenerator(9, 0);
        return randint(below, shape, dtype: ScalarType.Int64, generator: generator);
    }

    static float Loss(VideoCodePrior network, long step) =>
        network.Loss(Numbers(Codes, Batch, Side * Side), Numbers(Codes, Batch, Frames, Side * Side), Numbers(Actions, Batch, Frames), step)
            .item<float>();

    [TestMethod]
    public void Noise_follows_from_the_step_and_disturbs_training_alone()
    {
        using DisposeScope scope = NewDisposeScope();
        using VideoCodePrior clean = Network(0), noisy = Network(0.3), same = Network(0.3);
        float undisturbed = Loss(clean, 5);
        Assert.AreEqual(Loss(noisy, 5), Loss(same, 5), "two networks of one seed");
        Assert.AreNotEqual(undisturbed, Loss(noisy, 5), "with noise");
        Assert.AreNotEqual(Loss(noisy, 5), Loss(noisy, 6), "another step");
        noisy.eval();
        Assert.AreEqual(undisturbed, Loss(noisy, 5), "outside of training");
    }

    [TestMethod]
    public void Noise_that_leaves_nothing_is_refused()
    {
        ArgumentOutOfRangeException error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Network(1));
        StringAssert.Contains(error.Message, "ContextNoise must be from 0 to below 1, but is 1");
    }
}
