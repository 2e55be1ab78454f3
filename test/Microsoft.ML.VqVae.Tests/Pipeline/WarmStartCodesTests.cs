using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Tests.Features;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>Training goes on with codes that went through text, whose keys have other numbers: the weights belong to the values.</summary>
[TestClass]
public sealed class WarmStartCodesTests
{
    // Moves no weight.
    const double Still = 1e-30;

    readonly MLContext _ml = new(seed: 1);

    [TestMethod]
    public void A_prior_goes_on_with_the_codes_that_it_knows()
    {
        using ImageVqVaeTransformer encoder = Tiny.Untrained();
        GoesOn(encoder.Transform(Tiny.Data(_ml, 12)), "Bits", (codes, start) =>
        {
            PriorOptions options = TinyCodes.Options();
            (options.WarmStart, options.Training.LearningRate) = (start, start is null ? 1e-2 : Still);
            return _ml.Transforms.VqVae.Prior("Bits", "Codes", null, options).Fit(codes);
        });
    }

    [TestMethod]
    public void A_second_level_goes_on_with_the_codes_that_it_knows()
    {
        using ImageVqVaeTransformer encoder = Tiny.Untrained();
        GoesOn(encoder.Transform(Tiny.Data(_ml, 12)), "Bits", (codes, start) =>
        {
            CodesVqVaeOptions options = CodesVqVaeOptions.Fast();
            (options.Codec.EmbeddingChannels, options.Codec.HiddenChannels, options.Codec.ResidualBlocks) = (4, 8, 1);
            options.Codec.Decoder = new() { Layers = 2, Channels = 8, MapChannels = 4 };
            (options.VectorQuantizer.Codes, options.VectorQuantizer.Dimensions, options.VectorQuantizer.UnquantizedSteps) = (4, 4, 1);
            (options.VectorQuantizer.Learning, options.VectorQuantizer.RestartEverySteps) = (CodebookLearning.Gradient, 0);
            (options.Training.Steps, options.Training.BatchSize, options.Training.Seed, options.BitsColumnName) = (6, 8, 4, "Bits");
            (options.WarmStart, options.Training.LearningRate) = (start, start is null ? 1e-2 : Still);
            return _ml.Transforms.VqVae.EncodeCodes("Latents", "Codes", options).Fit(codes);
        });
    }

    [TestMethod]
    public void Features_go_on_with_the_codes_that_they_know()
    {
        using ImageVqVaeTransformer encoder = Tiny.Untrained();
        GoesOn(encoder.Transform(Tiny.Data(_ml, 12)), "Features", (codes, start) =>
        {
            FeatureOptions options = TinyFeatures.Options();
            (options.WarmStart, options.Training.LearningRate) = (start, start is null ? 1e-2 : Still);
            return _ml.Transforms.VqVae.Featurize("Features", "Codes", options).Fit(codes);
        });
    }

    sealed class Frame
    {
        [VectorType(3, 3, 1)]
        public string[] Codes { get; set; } = [];

        public string Action { get; set; } = "";

        public string Episode { get; set; } = "";
    }

    sealed class Word
    {
        public string Value { get; set; } = "";
    }

    [TestMethod]
    public void A_prior_over_video_goes_on_with_the_codes_that_it_knows()
    {
        IDataView words = _ml.Data.LoadFromEnumerable(Enumerable.Range(0, 12).Select(i => new Frame
        {
            Codes = [.. Enumerable.Range(0, 9).Select(slot => $"{(4 + i + slot * slot) % 5}")], Action = i % 2 == 0 ? "left" : "right",
            Episode = $"{i / 6}",
        }).ToArray());
        IDataView inOrder = _ml.Data.LoadFromEnumerable(Enumerable.Range(0, 5).Select(i => new Word { Value = $"{i}" }).ToArray());
        IDataView frames = _ml.Transforms.Conversion.MapValueToKey("Codes", "Codes", keyData: inOrder)
            .Append(_ml.Transforms.Conversion.MapValueToKey("Action")).Append(_ml.Transforms.Conversion.MapValueToKey("Episode"))
            .Fit(words).Transform(words);
        GoesOn(frames, "Bits", (codes, start) =>
        {
            var options = new VideoPriorOptions
            {
                Network = new()
                {
                    Frame = new() { Layers = 2, Channels = 6 }, ContextFrames = 2, EmbeddingChannels = 4, ContextChannels = 6,
                    MotionKernelSize = 3, ContextBlocks = 1,
                },
                Training = new() { LearningRate = start is null ? 1e-2 : Still, BatchSize = 8, Steps = 3, Seed = 5 },
                WarmStart = start,
            };
            return _ml.Transforms.VqVae.VideoPrior("Bits", "Codes", "Action", "Episode", options).Fit(codes);
        });
    }

    [TestMethod]
    public void Codes_that_the_transformer_does_not_know_are_refused()
    {
        using ImageVqVaeTransformer encoder = Tiny.Untrained();
        IDataView codes = encoder.Transform(Tiny.Data(_ml, 12));
        PriorOptions options = TinyCodes.Options();
        using PriorTransformer first = _ml.Transforms.VqVae.Prior("Bits", "Codes", null, options).Fit(codes);
        options.WarmStart = first;
        Frame[] rows = [new() { Codes = [.. Enumerable.Range(0, 9).Select(slot => $"code {slot % 6}")] }];
        IDataView others = _ml.Data.LoadFromEnumerable(rows);
        others = _ml.Transforms.Conversion.MapValueToKey("Codes").Fit(others).Transform(others);
        Assert.Contains("got the key value 'code 0'", Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => _ml.Transforms.VqVae.Prior("Bits", "Codes", null, options).Fit(others)).Message);
    }

    /// <summary>A transformer and one that was trained from it on, on the same codes through text, make the same of them.</summary>
    void GoesOn(IDataView codes, string output, Func<IDataView, NetworkTransformer?, NetworkTransformer> fit)
    {
        IDataView told = _ml.Transforms.Conversion.MapKeyToValue("Codes").Append(_ml.Transforms.Conversion.MapValueToKey("Codes"))
            .Fit(codes).Transform(codes);
        uint[] Keys(IDataView view) => [.. Values.Read(view, "Codes").SelectMany(row => (uint[])row[0])];
        CollectionAssert.AreNotEqual(Keys(codes), Keys(told), "The test needs codes whose key numbers change.");
        using NetworkTransformer first = fit(codes, null), second = fit(told, first);
        List<object[]> expected = Values.Read(first.Transform(codes), output);
        Values.AreEqual(expected, Values.Read(second.Transform(codes), output), 1e-4);
        Values.AreEqual(expected, Values.Read(second.Transform(told), output), 1e-4);
    }
}
