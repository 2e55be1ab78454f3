using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Training;

/// <summary>An image codec's codebook, with its data-dependent start and its restarts, goes on after an interruption as if there had been
/// none.</summary>
[TestClass]
public sealed class CodecResumeTests
{
    const int Steps = 9;

    [TestMethod]
    [DataRow(CodebookLearning.MovingAverage, false)]
    [DataRow(CodebookLearning.Gradient, false)]
    [DataRow(CodebookLearning.MovingAverage, true)]
    [DataRow(CodebookLearning.MovingAverage, false, TrainingPrecision.BFloat16)]
    public void An_interrupted_codec_ends_with_the_same_bits(
        CodebookLearning learning, bool preset, TrainingPrecision precision = TrainingPrecision.Single)
    {
        (List<string> expected, _) = Train(learning, folder: null, cancelAt: null, preset, precision: precision);
        // Before, at and after the start of the codebook in step 3, and between restarts.
        foreach (int cancelAt in new[] { 1, 2, 3, 6 })
        {
            using var folder = new TemporaryFolder();
            Assert.ThrowsExactly<OperationCanceledException>(() => Train(learning, folder, cancelAt, preset, precision: precision));
            (List<string> state, TrainingSummary summary) = Train(learning, folder, cancelAt: null, preset, precision: precision);
            CollectionAssert.AreEqual(expected, state, $"cancelled in step {cancelAt}");
            // A training from the start would end with the same bits.
            Assert.AreEqual(cancelAt + 1, summary.ResumedFromStep);
        }
    }

    [TestMethod]
    [DataRow(CodebookLearning.MovingAverage)]
    [DataRow(CodebookLearning.Gradient)]
    public void A_longer_plan_ends_with_the_bits_of_one_long_run(CodebookLearning learning)
    {
        using var folder = new TemporaryFolder();
        (List<string> shorter, _) = Train(learning, folder, cancelAt: null, steps: 6);
        (List<string> longer, TrainingSummary summary) = Train(learning, folder, cancelAt: null);
        CollectionAssert.AreEqual(Train(learning, folder: null, cancelAt: null).State, longer);
        CollectionAssert.AreNotEqual(shorter, longer);
        Assert.AreEqual(6L, summary.ResumedFromStep);
    }

    [TestMethod]
    [DataRow(true, "UnquantizedSteps 1 instead of 3, Decay 0.5 instead of 0.6", "Decay 0.6 instead of 0.8, RestartEverySteps 1 instead of 2")]
    [DataRow(false, "Decay 0.5 instead of 0.6", "Decay 0.6 instead of 0.8")]
    public void A_longer_plan_warns_where_lengths_that_are_not_set_were_shortened(bool preset, string afterSix, string afterTwenty)
    {
        using var folder = new TemporaryFolder();
        List<string> warnings = [];
        Train(CodebookLearning.MovingAverage, folder, cancelAt: null, preset, steps: 6, warn: warnings.Add);
        Assert.IsEmpty(warnings);
        Train(CodebookLearning.MovingAverage, folder, cancelAt: null, preset, steps: 20, warn: warnings.Add);
        Train(CodebookLearning.MovingAverage, folder, cancelAt: null, preset, steps: 40, warn: warnings.Add);
        Assert.HasCount(2, warnings);
        StringAssert.Contains(warnings[0], "planned for 6 steps and is now 20 steps long");
        StringAssert.Contains(warnings[0], $"others in the 6 steps so far ({afterSix}). The weights will differ");
        StringAssert.Contains(warnings[1], $"others in the 20 steps so far ({afterTwenty}).");
    }

    [TestMethod]
    public void Lengths_of_a_preset_and_the_same_lengths_set_are_different_settings_of_a_short_run()
    {
        foreach (bool preset in (bool[])[true, false])
        {
            using var folder = new TemporaryFolder();
            Assert.ThrowsExactly<OperationCanceledException>(() => Train(CodebookLearning.MovingAverage, folder, cancelAt: 2, preset));
            // With a longer plan too, which has room for them.
            foreach (int steps in (int[])[Steps, 100])
            {
                string message = Assert.ThrowsExactly<InvalidOperationException>(
                    () => Train(CodebookLearning.MovingAverage, folder, cancelAt: null, !preset, steps)).Message;
                (string restarts, string unquantized) = preset
                    ? ("2, in the checkpoint not set", "3, in the checkpoint not set")
                    : ("not set, in the checkpoint 2", "not set, in the checkpoint 3");
                StringAssert.Contains(message, $"another run: Quantizer.RestartEverySteps (kept in short runs) is {restarts}; "
                    + $"Quantizer.UnquantizedSteps (kept in short runs) is {unquantized}. Resume with");
            }
        }
    }

    // The state of the trained network as text, a line a tensor.
    static (List<string> State, TrainingSummary Summary) Train(
        CodebookLearning learning, TemporaryFolder? folder, int? cancelAt, bool preset = false, int steps = Steps,
        TrainingPrecision precision = TrainingPrecision.Single, Action<string>? warn = null)
    {
        var quantizer = new VectorQuantizerOptions
        {
            Codes = 8, Dimensions = 4, Learning = learning, InitializeFromData = true, UnquantizedSteps = 3, KMeansIterations = 2,
            RestartEverySteps = 2, RestartBelow = 0.9,
        };
        if (preset)
            quantizer.AsPreset();
        var codec = new ImageCodecOptions
        {
            Height = 8, Width = 8, Channels = 1, HiddenChannels = 4, OuterChannels = 0, ResidualChannels = 4, ResidualBlocks = 1,
            FlipHorizontally = true,
        };
        using var network = new ImageVqVae(codec, quantizer, seed: 3);
        network.SetPixelStatistics(0.5, 0.25, 0, 1);
        using var cancellation = new CancellationTokenSource();
        TrainingTask task = TestTask.Of(network, 10, Images, (batch, moment) =>
        {
            if (moment.Step == cancelAt)
                cancellation.Cancel();
            return network.Loss(batch[0], moment);
        });
        var options = new TrainingOptions
        {
            LearningRate = 1e-2, BatchSize = 4, Steps = steps, Seed = 1, Precision = precision, CheckpointFolder = folder?.Path,
            CancellationToken = cancellation.Token,
        };
        TrainingSummary summary = TrainingLoop.Run(task, options, CPU, warn: warn);
        IOrderedEnumerable<KeyValuePair<string, Tensor>> state = network.state_dict().OrderBy(t => t.Key, StringComparer.Ordinal);
        return ([.. state.Select(t => $"{t.Key} {Convert.ToHexString(TensorAssert.Bytes(t.Value))}")], summary);
    }

    static Tensor[] Images(BatchExamples numbers)
    {
        float[] pixels = new float[numbers.Length * 64];
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = ((i % 64 * (3 + numbers.Span[i / 64])) + (5 * numbers.Span[i / 64])) % 17 / 16f;
        return [tensor(pixels).view(numbers.Length, 1, 8, 8)];
    }
}
