using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Tests.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Codecs;

/// <summary>The network of series without ML.NET: padding does not count, gradients are those of the loss, and units do not
/// matter.</summary>
[TestClass]
public sealed class SeriesVqVaeTests
{
    const int Channels = 2, StepsPerCode = 4;

    static SeriesVqVae Network(int unquantizedSteps = 0) => new(
        new SeriesCodecOptions { Channels = Channels, Downsamplings = 2, HiddenChannels = 6, ResidualChannels = 5, ResidualBlocks = 1 },
        new VectorQuantizerOptions
        {
            Codes = 7, Dimensions = 3, Learning = CodebookLearning.MovingAverage, UnquantizedSteps = unquantizedSteps,
            InitializeFromData = false, RestartEverySteps = 0,
        },
        seed: 5);

    /// <summary>Series of these lengths, and <paramref name="filling"/> after their ends.</summary>
    static (Tensor Series, Tensor Lengths) Batch(int[] lengths, float filling)
    {
        int longest = (lengths.Max() + StepsPerCode - 1) / StepsPerCode * StepsPerCode;
        Tensor series = full([lengths.Length, Channels, longest], filling);
        for (int row = 0; row < lengths.Length; row++)
        {
            float[] numbers = [.. Enumerable.Range(0, Channels * lengths[row])
                .Select(i => (float)Math.Sin(7 * lengths[row] + 1.3 * i + 0.01 * i * i))];
            if (numbers.Length > 0)
                series.select(0, row).narrow(1, 0, lengths[row]).copy_(tensor(numbers, [Channels, lengths[row]]));
        }
        return (series, tensor(lengths.Select(length => (long)length).ToArray()));
    }

    [TestMethod]
    public void Nothing_is_learned_of_padding()
    {
        int[] lengths = [24, 13, 5, 0];
        using DisposeScope scope = NewDisposeScope();
        using SeriesVqVae zeros = Network(), noise = Network();
        (Tensor clean, Tensor counts) = Batch(lengths, 0);
        (Tensor dirty, _) = Batch(lengths, 0.7f);
        StepLoss expected = zeros.Loss(clean, counts, TestTask.At(1)), actual = noise.Loss(dirty, counts, TestTask.At(1));
        expected.Total.backward();
        actual.Total.backward();
        TensorAssert.Close(expected.Total, actual.Total, 1e-6, "total");
        Assert.AreEqual(6 + 4 + 2, actual.CodeCounts!.sum().item<float>(), "codes that the codebook learned of");
        Dictionary<string, Tensor> states = noise.state_dict();
        foreach ((string name, Tensor state) in zeros.state_dict())
            TensorAssert.Close(state.to(ScalarType.Float32), states[name].to(ScalarType.Float32), 1e-6, name);
        foreach (((string name, Parameter parameter) parameter, (string name, Parameter parameter) other) in zeros.named_parameters().Zip(noise.named_parameters()))
            TensorAssert.Close(parameter.parameter.grad!, other.parameter.grad!, 1e-5, $"gradient of {parameter.name}");
    }

    [TestMethod]
    public void A_padded_batch_gives_what_its_rows_give()
    {
        int[] lengths = [24, 13, 5, 1];
        using DisposeScope scope = NewDisposeScope();
        using SeriesVqVae network = Network();
        network.eval();
        (Tensor series, Tensor counts) = Batch(lengths, 0.7f);
        Tensor codes = network.Encode(series, counts), decoded = network.Decode(codes, counts);
        Tensor errors = network.ErrorOf(decoded, series, counts), latents = network.EncodeToLatents(series, counts);
        double reconstruction = 0;
        for (int row = 0; row < lengths.Length; row++)
        {
            (Tensor alone, Tensor count) = Batch([lengths[row]], 0);
            long positions = alone.shape[2] / StepsPerCode;
            Tensor ownCodes = network.Encode(alone, count), ownDecoded = network.Decode(ownCodes, count);
            TensorAssert.Same(ownCodes.select(0, 0), codes.select(0, row).narrow(0, 0, positions), $"codes of row {row}");
            TensorAssert.Close(network.EncodeToLatents(alone, count).select(0, 0), latents.select(0, row).narrow(1, 0, positions), 1e-5,
                $"encodings of row {row}");
            TensorAssert.Close(ownDecoded.select(0, 0).narrow(1, 0, lengths[row]), decoded.select(0, row).narrow(1, 0, lengths[row]), 1e-5,
                $"decoded row {row}");
            // The mean squared difference by another way.
            float[] difference = TensorAssert.Floats((ownDecoded - alone).select(0, 0).narrow(1, 0, lengths[row]));
            double error = difference.Average(value => (double)value * value);
            Assert.AreEqual(error, errors[row].item<float>(), 1e-5, $"error of row {row}");
            reconstruction += error * lengths[row] / lengths.Sum();
        }
        Assert.AreEqual(reconstruction, network.Loss(series, counts, TestTask.At(1)).Terms["reconstruction"].item<float>(), 1e-5);
    }

    [TestMethod]
    public void A_padded_batch_has_the_gradients_of_its_rows()
    {
        // Whole codes, so that a row has the same weight in the mean over values and in the mean over codes.
        int[] lengths = [24, 12, 8];
        using DisposeScope scope = NewDisposeScope();
        using SeriesVqVae network = Network();
        network.eval();
        Dictionary<string, Tensor> Gradients(int[] rows, double weight)
        {
            network.zero_grad();
            (Tensor series, Tensor counts) = Batch(rows, 0.7f);
            (network.Loss(series, counts, TestTask.At(1)).Total * weight).backward();
            return network.named_parameters().ToDictionary(pair => pair.name, pair => pair.parameter.grad!.clone());
        }
        Dictionary<string, Tensor> together = Gradients(lengths, 1);
        Dictionary<string, Tensor>[] alone = [.. lengths.Select(length => Gradients([length], (double)length / lengths.Sum()))];
        Assert.IsGreaterThan(10, together.Count);
        foreach ((string name, Tensor gradient) in together)
        {
            Assert.IsGreaterThan(0, gradient.abs().max().item<float>(), name);
            TensorAssert.Close(alone[0][name] + alone[1][name] + alone[2][name], gradient, 1e-5, $"gradient of {name}");
        }
    }

    [TestMethod]
    public void Gradients_are_the_slope_of_the_loss()
    {
        using DisposeScope scope = NewDisposeScope();
        // Without the quantizer, whose straight-through gradient is no slope.
        using SeriesVqVae network = Network(unquantizedSteps: 1000);
        (Tensor series, Tensor counts) = Batch([24, 13, 5], 0.7f);
        Tensor Loss() => network.Loss(series, counts, TestTask.At(1)).Total;
        Loss().backward();
        using var generator = new Generator(3);
        foreach ((string name, Parameter? parameter) in network.named_parameters())
        {
            Tensor direction = randn(parameter.shape, generator: generator);
            double expected = (parameter.grad! * direction).sum().item<float>();
            const double Step = 2e-3;
            double Moved(double by)
            {
                using (no_grad())
                    parameter.add_(direction, by);
                return Loss().item<float>();
            }
            double up = Moved(Step), down = Moved(-2 * Step);
            Moved(Step);
            Assert.AreEqual(expected, (up - down) / (2 * Step), 0.02 * Math.Max(0.5, Math.Abs(expected)), name);
        }
    }

    [TestMethod]
    public void Units_of_channels_do_not_matter()
    {
        using DisposeScope scope = NewDisposeScope();
        using SeriesVqVae plain = Network(), scaled = Network();
        plain.eval();
        scaled.eval();
        float[] means = [3, -20], deviations = [0.5f, 100];
        scaled.SetStatistics(means, deviations);
        (Tensor series, Tensor counts) = Batch([24, 13], 0);
        Tensor Scale(Tensor values) => values * tensor(deviations).view(1, 2, 1) + tensor(means).view(1, 2, 1);
        Tensor codes = plain.Encode(series, counts), decoded = plain.Decode(codes, counts);
        TensorAssert.Close(codes.to(ScalarType.Float32), scaled.Encode(Scale(series), counts).to(ScalarType.Float32), 0, "codes");
        TensorAssert.Close(Scale(decoded), scaled.Decode(codes, counts), 1e-4, "decoded");
        TensorAssert.Close(plain.ErrorOf(decoded, series, counts), scaled.ErrorOf(Scale(decoded), Scale(series), counts), 1e-4, "errors");
    }

    [TestMethod]
    public void Other_shapes_and_settings_are_refused()
    {
        using DisposeScope scope = NewDisposeScope();
        using SeriesVqVae network = Network();
        Tensor one = tensor(new long[] { 4 });
        Assert.Contains("[batch, 2, a multiple of 4]", Assert.ThrowsExactly<ArgumentException>(() => network.Encode(zeros(1, 2, 6), one)).Message);
        Assert.Contains("Series", Assert.ThrowsExactly<ArgumentException>(() => network.Encode(zeros(1, 3, 8), one)).Message);
        Assert.Contains("Lengths", Assert.ThrowsExactly<ArgumentException>(() => network.Encode(zeros(2, 2, 8), one)).Message);
        Assert.ThrowsExactly<ArgumentException>(() => network.SetStatistics([0, 0], [1, 0]));
        Assert.ThrowsExactly<ArgumentException>(() => network.SetStatistics([0], [1]));
        var codec = new SeriesCodecOptions { Channels = 0, Downsamplings = 13, HiddenChannels = 0, ResidualChannels = 0, ResidualBlocks = -1 };
        string message = Assert.ThrowsExactly<ArgumentOutOfRangeException>(codec.Validate).Message;
        foreach (string option in (string[])["Channels", "Downsamplings", "HiddenChannels", "ResidualChannels", "ResidualBlocks"])
            Assert.Contains($"{option} must be", message);
    }
}
