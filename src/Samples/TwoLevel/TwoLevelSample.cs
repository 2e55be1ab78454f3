using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Samples.Display;
using Microsoft.ML.VqVae.Samples.Generation;
using Microsoft.ML.VqVae.Samples.Images;
using Spectre.Console;

namespace Microsoft.ML.VqVae.Samples.TwoLevel;

/// <summary>
/// An image in a few codes (section 4.2 of the paper): a second VQ-VAE on the codes of the first. Its PixelCNN decoder could ignore the
/// latents; the sample measures that it uses them, and draws samples from the latents alone.
/// </summary>
internal sealed class TwoLevelSample(TwoLevelSettings settings, CancellationToken cancellation)
    : Sample<TwoLevelSettings>(settings, cancellation)
{
    const int Samples = 3;
    const double Temperature = 0.7;

    protected override string Title => $"Images in {Settings.Latents} codes";

    protected override SampleResult Work(Stages stages)
    {
        SavedCodecs.RefuseReplacing(Settings.ModelFile, Out("model.zip"));
        ImageData data = ImageDataSets.Open(ML, Settings, stages);
        TwoLevelPlan plan = TwoLevelPlan.For(Settings);

        // 1. The first level: images as grids of codes.
        using ImageVqVaeTransformer codec = SavedCodecs.OpenOrTrain(
            ML, Settings.ModelFile, data, plan.FirstLevel(data, Settings), stages, Cancellation);
        int rows = Math.Min(plan.TrainRows, data.TrainRows);
        IDataView train = EncodedImages.Of(ML, codec, data.Train, rows, "Class", "Codes");
        stages.Run("Encode the training images", stage => EncodedImages.Read(ML, train, rows, stage, Cancellation));
        IDataView test = EncodedImages.Of(ML, codec, data.Test, plan.TestRows, "Pixels", "Class", "Codes", "Reconstruction");

        // 2. The second level: a grid becomes a few latents, decoded by a PixelCNN; the same PixelCNN without latents is the baseline.
        CodesVqVaeOptions options = plan.SecondLevel(Settings);
        using CodesVqVaeTransformer second = stages.Train(
            $"Train the second level: {Settings.Latents} latents", options.Training, Cancellation,
            () => ML.Transforms.VqVae.EncodeCodes("Latents", "Codes", options).Fit(train));
        PriorOptions priorOptions = plan.Prior(Settings);
        using PriorTransformer prior = stages.Train(
            "Train the same PixelCNN without latents", priorOptions.Training, Cancellation,
            () => ML.Transforms.VqVae.Prior("Unconditional", "Codes", null, priorOptions).Fit(train));
        ML.Model.Save(new TransformerChain<ITransformer>(codec, second), data.Train.Schema, Out("model.zip"));

        // 3. Bits of the codes given the row's own latents, given those of another row, and without latents.
        IDataView scored = ML.Data.Cache(prior.Transform(second.Transform(test)));
        SecondLevelRow[] own = stages.Run("Evaluate the test images", _ => Rows(scored));
        float[] shuffled = stages.Run("Evaluate them with the latents of other images", _ => ShuffledBits(second, scored, own));

        stages.Run("Draw samples from the latents alone", _ => Draw(data, codec, second, scored, own[0].Latents.Length));

        TwoLevelMetrics metrics = Metrics(second, own, shuffled);
        Table table = TableOf("Bits of a test image's codes", "", "")
            .AddRow("without latents", $"{metrics.UnconditionalBits:0.0}", "")
            .AddRow($"given its {metrics.Latents} latents", $"{metrics.ConditionalBits:0.0}",
                $"saves {metrics.UnconditionalBits - metrics.ConditionalBits:0.00} "
                + $"± {metrics.UnconditionalMinusConditionalStandardError:0.00}")
            .AddRow("given another image's latents", $"{metrics.ShuffledBits:0.0}",
                $"costs {metrics.ShuffledBits - metrics.ConditionalBits:0.00} "
                + $"± {metrics.ShuffledMinusConditionalStandardError:0.00}")
            .AddRow("codes used per latent", string.Join(", ", metrics.UsedCodesPerLatent), "")
            .AddRow("latents are used", metrics.LatentsAreUsed ? "yes" : "NO", "by more than two standard errors");
        return new SampleResult(metrics, table, $"{metrics.Seconds:0} s");
    }

    SecondLevelRow[] Rows(IDataView scored) => [.. ML.Data.CreateEnumerable<SecondLevelRow>(scored, reuseRowObject: false)];

    /// <summary>The bits of each row given the latents of the next row.</summary>
    float[] ShuffledBits(CodesVqVaeTransformer second, IDataView scored, SecondLevelRow[] own)
    {
        var schema = SchemaDefinition.Create(typeof(SecondLevelRow));
        foreach (string name in (string[])[nameof(SecondLevelRow.Codes), nameof(SecondLevelRow.Latents)])
            schema[name].ColumnType = scored.Schema[name].Type;
        IDataView others = ML.Data.LoadFromEnumerable(
            own.Select((row, i) => row.With(own[(i + 1) % own.Length].Latents)), schema);
        using CodesLikelihoodTransformer likelihood = second.Likelihood("Conditional");
        return [.. ML.Data.CreateEnumerable<SecondLevelRow>(likelihood.Transform(others), reuseRowObject: true)
            .Select(row => row.Conditional)];
    }

    TwoLevelMetrics Metrics(CodesVqVaeTransformer second, SecondLevelRow[] own, float[] shuffled)
    {
        float[] conditional = [.. own.Select(row => row.Conditional)], unconditional = [.. own.Select(row => row.Unconditional)];
        PairedDifference saved = PairedDifference.Of(unconditional, conditional), lost = PairedDifference.Of(shuffled, conditional);
        CodeUsage[] usage = [.. Enumerable.Range(0, second.Latents)
            .Select(latent => new CodeUsage(own.Select(row => row.Latents[latent]), second.Codes))];
        return new TwoLevelMetrics
        {
            Seconds = Seconds,
            UnconditionalBits = unconditional.Average(),
            ConditionalBits = conditional.Average(),
            ShuffledBits = shuffled.Average(),
            UnconditionalMinusConditionalStandardError = saved.StandardError,
            ShuffledMinusConditionalStandardError = lost.StandardError,
            Latents = second.Latents,
            LatentBits = second.Latents * Math.Log2(second.Codes),
            UsedCodesPerLatent = [.. usage.Select(codes => codes.Used)],
            PerplexityPerLatent = [.. usage.Select(codes => codes.Perplexity)],
            TestRows = own.Length,
            LatentsAreUsed = saved.IsSignificant && lost.IsSignificant,
        };
    }

    void Draw(ImageData data, ImageVqVaeTransformer codec, CodesVqVaeTransformer second, IDataView scored, int latents)
    {
        IEnumerable<ImageOfLatents> images = ML.Data.CreateEnumerable<ImageOfLatents>(scored, reuseRowObject: false);
        ImageOfLatents[] chosen =
            [.. images.DistinctBy(image => image.Class).OrderBy(image => image.Class, StringComparer.Ordinal).Take(10)];
        var schema = SchemaDefinition.Create(typeof(ImageOfLatents));
        schema[nameof(ImageOfLatents.Latents)].ColumnType = scored.Schema["Latents"].Type;
        schema[nameof(ImageOfLatents.Pixels)].ColumnType = scored.Schema["Pixels"].Type;
        schema[nameof(ImageOfLatents.Reconstruction)].ColumnType = scored.Schema["Reconstruction"].Type;
        IDataView view = ML.Data.LoadFromEnumerable(chosen, schema);
        using ImageVqVaeDecoderTransformer paint = codec.Decoder("Reconstruction", "Sampled");

        List<ImageRow> rows =
        [
            new("original", [.. chosen.Select(image => data.Shape.Tile(image.Pixels))]),
            new($"{codec.CodeGrid.Height}×{codec.CodeGrid.Width} codes", [.. chosen.Select(image => data.Shape.Tile(image.Reconstruction))]),
        ];
        for (int sample = 0; sample < Samples; sample++)
        {
            using CodesVqVaeDecoderTransformer decoder = second.Decoder("Sampled", temperature: Temperature, seed: Settings.Seed + sample);
            IDataView painted = paint.Transform(decoder.Transform(view));
            rows.Add(new($"{latents} codes, sample {sample + 1}", [.. ML.Data.CreateEnumerable<ImageOfLatents>(painted, reuseRowObject: true)
                .Select(image => data.Shape.Tile(image.Reconstruction))]));
        }
        Show(ImageGrid.Draw(
            $"{data.Name}: an image in {latents} codes",
            $"{latents * Math.Log2(second.Codes):0} bits per image; "
                + $"the samples differ in the codes of the first level (temperature {Temperature})",
            data.Shape, rows, [.. chosen.Select(image => image.Class)]), "reconstructions.png",
            $"Images, their reconstructions, and samples from {latents} codes each");
    }
}

/// <summary>The content of metrics.json. Bits are the mean bits of the codes of a held-out image.</summary>
internal sealed record TwoLevelMetrics : SampleMetrics
{
    public required double Seconds { get; init; }

    /// <summary>Under a PixelCNN of the same size and training without latents.</summary>
    public required double UnconditionalBits { get; init; }

    /// <summary>Given the row's own latents.</summary>
    public required double ConditionalBits { get; init; }

    /// <summary>Given the latents of another image.</summary>
    public required double ShuffledBits { get; init; }

    /// <summary>The standard error of the paired difference.</summary>
    public required double UnconditionalMinusConditionalStandardError { get; init; }

    /// <summary>The standard error of the paired difference.</summary>
    public required double ShuffledMinusConditionalStandardError { get; init; }

    public required int Latents { get; init; }

    /// <summary>The information capacity of the latents.</summary>
    public required double LatentBits { get; init; }

    public required int[] UsedCodesPerLatent { get; init; }

    public required double[] PerplexityPerLatent { get; init; }

    public required int TestRows { get; init; }

    /// <summary>Whether both differences are larger than twice their standard error.</summary>
    public required bool LatentsAreUsed { get; init; }
}

/// <summary>A row of codes with its latents and bits.</summary>
internal sealed class SecondLevelRow
{
    public uint[] Codes { get; set; } = [];

    public uint[] Latents { get; set; } = [];

    public float Conditional { get; set; }

    public float Unconditional { get; set; }

    public SecondLevelRow With(uint[] latents) => new() { Codes = Codes, Latents = latents };
}

/// <summary>An image, its reconstruction from the codes of the first level, and its latents.</summary>
internal sealed class ImageOfLatents
{
    public float[] Pixels { get; set; } = [];

    public float[] Reconstruction { get; set; } = [];

    public uint[] Latents { get; set; } = [];

    public string Class { get; set; } = "";
}
