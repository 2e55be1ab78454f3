using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Samples.Display;
using Microsoft.ML.VqVae.Samples.Generation;
using Microsoft.ML.VqVae.Samples.Images;
using Spectre.Console;

namespace Microsoft.ML.VqVae.Samples.TwoLevel;

/// <summary>
/// Whole pictures in a handful of codes (section 4.2 of the paper): a second VQ-VAE on the codes of the first, whose PixelCNN decoder could do
/// without its latents. The sample measures that it does not, and paints what the latents know of a picture.
/// </summary>
internal sealed class TwoLevelSample(TwoLevelSettings settings, IAnsiConsole console, CancellationToken cancellation)
{
    const int Samples = 3;
    const double Temperature = 0.7;

    readonly MLContext _ml = new(settings.Seed) { GpuDeviceId = settings.Cuda ? 0 : null, FallbackToCpu = false };
    readonly Stopwatch _watch = Stopwatch.StartNew();

    public int Run()
    {
        Directory.CreateDirectory(settings.OutputFolder);
        TwoLevelMetrics metrics = Stages.Show(console, Work);
        metrics.Save(Out("metrics.json"));
        Show(metrics);
        return 0;
    }

    TwoLevelMetrics Work(Stages stages)
    {
        ImageData data = stages.Run("Read the pictures", _ => ImageDataSets.Open(_ml, settings.DataFolder));
        TwoLevelPlan plan = TwoLevelPlan.For(settings);

        // 1. The first level: pictures as grids of codes.
        using ImageVqVaeTransformer codec = CodecFile.OpenOrTrain(
            _ml, settings.ModelFile, data, plan.FirstLevel(data, settings), stages, cancellation);
        int rows = Math.Min(plan.TrainRows, data.TrainRows);
        IDataView train = EncodedPictures.Of(_ml, codec, data.Train, rows, "Class", "Codes");
        stages.Run("Encode the training pictures", stage => EncodedPictures.Read(_ml, train, rows, stage, cancellation));
        IDataView test = EncodedPictures.Of(_ml, codec, data.Test, plan.TestRows, "Pixels", "Class", "Codes", "Reconstruction");

        // 2. The second level: a grid as a few latents, decoded by a PixelCNN; and the same PixelCNN without them, to compare.
        CodesVqVaeOptions options = plan.SecondLevel(settings);
        using CodesVqVaeTransformer second = stages.Run($"Train the second level: {settings.Latents} latents", stage =>
        {
            Watch(options.Training, stage);
            return _ml.Transforms.VqVae.EncodeCodes("Latents", "Codes", options).Fit(train);
        });
        PriorOptions priorOptions = plan.Prior(settings);
        using PriorTransformer prior = stages.Run("Train the same PixelCNN without latents", stage =>
        {
            Watch(priorOptions.Training, stage);
            return _ml.Transforms.VqVae.Prior("Unconditional", "Codes", null, priorOptions).Fit(train);
        });
        _ml.Model.Save(new TransformerChain<ITransformer>(codec, second), data.Train.Schema, Out("model.zip"));

        // 3. What the latents save: bits with the row's own, with those of another row, and with none.
        IDataView scored = _ml.Data.Cache(prior.Transform(second.Transform(test)));
        SecondLevelRow[] own = stages.Run("Measure the test pictures", _ => Rows(scored));
        float[] shuffled = stages.Run("Measure them with each other's latents", _ => ShuffledBits(second, scored, own));

        stages.Run("Paint from latents alone", _ => Draw(data, codec, second, scored, own[0].Latents.Length));
        return Metrics(second, own, shuffled);
    }

    void Watch(Training.TrainingOptions training, Stage stage)
    {
        training.Progress = new TrainingReport(stage);
        training.CancellationToken = cancellation;
    }

    SecondLevelRow[] Rows(IDataView scored) => [.. _ml.Data.CreateEnumerable<SecondLevelRow>(scored, reuseRowObject: false)];

    /// <summary>Each row gets the latents of the next one.</summary>
    float[] ShuffledBits(CodesVqVaeTransformer second, IDataView scored, SecondLevelRow[] own)
    {
        var schema = SchemaDefinition.Create(typeof(SecondLevelRow));
        foreach (string name in (string[])[nameof(SecondLevelRow.Codes), nameof(SecondLevelRow.Latents)])
            schema[name].ColumnType = scored.Schema[name].Type;
        IDataView others = _ml.Data.LoadFromEnumerable(
            own.Select((row, i) => row.With(own[(i + 1) % own.Length].Latents)), schema);
        using CodesLikelihoodTransformer likelihood = second.Likelihood("Conditional");
        return [.. _ml.Data.CreateEnumerable<SecondLevelRow>(likelihood.Transform(others), reuseRowObject: true)
            .Select(row => row.Conditional)];
    }

    TwoLevelMetrics Metrics(CodesVqVaeTransformer second, SecondLevelRow[] own, float[] shuffled)
    {
        float[] conditional = [.. own.Select(row => row.Conditional)], unconditional = [.. own.Select(row => row.Unconditional)];
        PairedDifference saved = PairedDifference.Of(unconditional, conditional), lost = PairedDifference.Of(shuffled, conditional);
        int[][] counts = [.. Enumerable.Range(0, second.Latents).Select(latent =>
            own.CountBy(row => row.Latents[latent]).Select(code => code.Value).ToArray())];
        return new TwoLevelMetrics
        {
            Seconds = Math.Round(_watch.Elapsed.TotalSeconds, 1),
            UnconditionalBits = unconditional.Average(),
            ConditionalBits = conditional.Average(),
            ShuffledBits = shuffled.Average(),
            UnconditionalMinusConditionalStandardError = saved.StandardError,
            ShuffledMinusConditionalStandardError = lost.StandardError,
            Latents = second.Latents,
            LatentBits = second.Latents * Math.Log2(second.Codes),
            UsedCodesPerLatent = [.. counts.Select(codes => codes.Length)],
            PerplexityPerLatent = [.. counts.Select(codes => Perplexity(codes, own.Length))],
            TestRows = own.Length,
            LatentsAreUsed = saved.IsNoChance && lost.IsNoChance,
        };
    }

    static double Perplexity(int[] counts, int rows) =>
        Math.Exp(-counts.Sum(count => (double)count / rows * Math.Log((double)count / rows)));

    void Draw(ImageData data, ImageVqVaeTransformer codec, CodesVqVaeTransformer second, IDataView scored, int latents)
    {
        var images = _ml.Data.CreateEnumerable<PictureOfLatents>(scored, reuseRowObject: false);
        PictureOfLatents[] chosen = [.. images.DistinctBy(image => image.Class).OrderBy(image => image.Class, StringComparer.Ordinal).Take(12)];
        var schema = SchemaDefinition.Create(typeof(PictureOfLatents));
        schema[nameof(PictureOfLatents.Latents)].ColumnType = scored.Schema["Latents"].Type;
        schema[nameof(PictureOfLatents.Pixels)].ColumnType = scored.Schema["Pixels"].Type;
        schema[nameof(PictureOfLatents.Reconstruction)].ColumnType = scored.Schema["Reconstruction"].Type;
        IDataView view = _ml.Data.LoadFromEnumerable(chosen, schema);
        using ImageVqVaeDecoderTransformer paint = codec.Decoder("Reconstruction", "Sampled");

        List<(string, IReadOnlyList<float[]>)> rows =
        [
            ("original", [.. chosen.Select(image => image.Pixels)]),
            ($"{codec.CodeGrid.Height}×{codec.CodeGrid.Width} codes", [.. chosen.Select(image => image.Reconstruction)]),
        ];
        for (int sample = 0; sample < Samples; sample++)
        {
            using CodesVqVaeDecoderTransformer decoder = second.Decoder("Sampled", temperature: Temperature, seed: settings.Seed + sample);
            IDataView painted = paint.Transform(decoder.Transform(view));
            rows.Add(($"{latents} codes, {sample + 1}", [.. _ml.Data.CreateEnumerable<PictureOfLatents>(painted, reuseRowObject: false)
                .Select(image => image.Reconstruction)]));
        }
        TwoLevelPictures.Reconstructions(
            $"{data.Name}: whole pictures in {latents} codes",
            string.Create(CultureInfo.InvariantCulture, $"{latents * Math.Log2(second.Codes):0} bits a picture; what they leave open is "
                + $"sampled, each row anew (temperature {Temperature})"),
            data.Shape, rows).Save(Out("reconstructions.png"));
    }

    void Show(TwoLevelMetrics metrics)
    {
        CultureInfo invariant = CultureInfo.InvariantCulture;
        var table = new Table().Border(TableBorder.Rounded).AddColumns("Bits of a test picture's codes", "", "");
        table.AddRow("without latents", metrics.UnconditionalBits.ToString("0.0", invariant), "");
        table.AddRow($"given its {metrics.Latents} latents", metrics.ConditionalBits.ToString("0.0", invariant), string.Create(invariant,
            $"saves {metrics.UnconditionalBits - metrics.ConditionalBits:0.00} ± {metrics.UnconditionalMinusConditionalStandardError:0.00}"));
        table.AddRow("given another's latents", metrics.ShuffledBits.ToString("0.0", invariant), string.Create(invariant,
            $"costs {metrics.ShuffledBits - metrics.ConditionalBits:0.00} ± {metrics.ShuffledMinusConditionalStandardError:0.00}"));
        table.AddRow("codes used by each latent", string.Join(", ", metrics.UsedCodesPerLatent), "");
        table.AddRow("the latents are used", metrics.LatentsAreUsed ? "yes" : "NO", "by more than two standard errors");
        console.Write(table);
        console.WriteLine(string.Create(invariant, $"{metrics.Seconds:0} s. Written to {Path.GetFullPath(settings.OutputFolder)}:"));
        foreach (string file in Directory.EnumerateFiles(settings.OutputFolder).Order(StringComparer.Ordinal))
            console.WriteLine($"  {Path.GetFileName(file)}");
    }

    string Out(string name) => Path.Combine(settings.OutputFolder, name);
}
