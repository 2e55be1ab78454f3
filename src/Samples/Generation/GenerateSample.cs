using System.Diagnostics;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms;
using Microsoft.ML.VqVae.Samples.Display;
using Microsoft.ML.VqVae.Samples.Drawing;
using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Samples.Generation;

/// <summary>
/// Samples new images of each class: trains a prior over the codes of a codec and evaluates it, samples images, completes given images,
/// and detects anomalies by their bits.
/// </summary>
internal sealed class GenerateSample(GenerateSettings settings, CancellationToken cancellation)
    : Sample<GenerateSettings>(settings, cancellation)
{
    const int CompletionRows = 4, MostColumns = 12;

    protected override string Title => "New images from a prior over codes";

    protected override SampleResult Work(Stages stages)
    {
        SavedCodecs.RefuseReplacing(Settings.ModelFile, Out("model.zip"));
        ImageData data = ImageDataSets.Open(ML, Settings, stages);
        GeneratePlan plan = GeneratePlan.For(Settings);

        // 1. The codec encodes images, and its decoder turns codes into images.
        using ImageVqVaeTransformer codec = SavedCodecs.OpenOrTrain(
            ML, Settings.ModelFile, data, plan.CodecOptions(data, Settings), stages, Cancellation);
        using ImageVqVaeDecoderTransformer decoder = codec.Decoder("Pixels", "Codes");
        int rows = Math.Min(plan.PriorRows, data.TrainRows);
        IDataView encoded = EncodedImages.Of(ML, codec, data.Train, rows, "Class", "Codes");
        stages.Run("Encode the training images", stage => EncodedImages.Read(ML, encoded, rows, stage, Cancellation));

        // 2. The prior learns the distribution of the codes of each class.
        ValueToKeyMappingTransformer labels = ML.Transforms.Conversion.MapValueToKey("Label", "Class").Fit(encoded);
        PriorOptions options = plan.PriorOptions(rows, Settings);
        using PriorTransformer prior = stages.Train(
            $"Train the prior on the codes of {rows:N0}", options.Training, Cancellation,
            () => ML.Transforms.VqVae.Prior("Bits", "Codes", "Label", options).Fit(labels.Transform(encoded)));
        var chain = new TransformerChain<ITransformer>(codec, labels, prior);
        ML.Model.Save(chain, data.Train.Schema, Out("model.zip"));

        // 3. Held-out images take few bits, images with shuffled rows take many: the bits are an anomaly score.
        LabelledImage[] test = [.. Images(data.Test).Take(plan.TestRows)];
        IDataView scored = ML.Data.Cache(chain.Transform(View(data, test)));
        PriorMetrics quality = stages.Run("Score the test images", _ => PriorMetrics.Evaluate(scored, "Codes", "Bits"));
        double auc = stages.Run("Score test images with shuffled rows", _ => ShuffledRows.AreaUnderCurve(
            ML, Bits(scored), Bits(chain.Transform(View(data, test.Select((image, i) => ShuffledRows.Of(image, data.Shape, i)))))));

        // 4. New images: codes sampled from the prior, decoded by the codec.
        string[] wanted = [.. prior.Conditions.SelectMany(name => Enumerable.Repeat(name, plan.PerClass))];
        IDataView codes = null!;
        double cached = Duration(() => codes = stages.Run(
            $"Sample {wanted.Length:N0} images", stage => Sample(prior, wanted, cached: true, stage)));
        double naive = Duration(() => stages.Run(
            "Sample the same number without a cache", stage => Sample(prior, wanted, cached: false, stage)));
        LabelledImage[] samples = [.. Decoded(decoder, codes)];

        // 5. A classifier trained on real images only classifies the samples, and test images as they are decoded from their codes.
        using IImageJudge judge = plan.Judge(ML, data, Settings);
        LabelledImage[] decoded = [.. Decoded(decoder, scored)];
        double agreement = stages.Run($"Classify the samples with a {judge.Name} of real images", _ =>
        {
            judge.Train([.. Images(ML.Data.TakeRows(data.Train, plan.ClassifierRows))], Cancellation);
            return judge.Agreement(samples);
        });
        (double realAgreement, double decodedAgreement) = (judge.Agreement(test), judge.Agreement(decoded));
        Cancellation.ThrowIfCancellationRequested();

        string remark = $"{quality.BitsPerCode:0.00} bits per code instead of {quality.UniformBitsPerCode:0.00}; "
            + $"a classifier of real images puts {agreement:0.0%} of the samples in the requested class";
        // In the order of all pictures, that of the names.
        ImageRow[] rowsOfClasses = [.. samples.GroupBy(image => image.Class).OrderBy(ofClass => ofClass.Key, StringComparer.Ordinal)
            .Select(ofClass => new ImageRow(ofClass.Key, [.. ofClass.Take(MostColumns).Select(image => data.Shape.Tile(image.Pixels))]))];
        Show(ImageGrid.Draw($"{data.Name}: new images of each class", remark, data.Shape, rowsOfClasses), "samples.png",
            "A row of sampled images for each class");
        stages.Run("Complete test images", _ => Complete(data, prior, decoder, labels, scored));
        var metrics = new GenerateMetrics
        {
            Seconds = Seconds,
            PriorBitsPerCode = quality.BitsPerCode,
            UniformBitsPerCode = quality.UniformBitsPerCode,
            SamplingSecondsCached = cached,
            SamplingSecondsNaive = naive,
            SamplingSpeedup = naive / cached,
            Samples = samples.Length,
            ClassifierAgreement = agreement,
            RealAgreement = realAgreement,
            DecodedAgreement = decodedAgreement,
            FrechetDistanceOfSamples = judge.Distance(samples, test),
            // The distance grows as images become fewer, since their mean and covariance are known less well: as many of either.
            FrechetDistanceOfDecoded = judge.Distance([.. decoded.Take(samples.Length)], test),
            AnomalyAuc = auc,
            PartsByClass = ImageParts.ByClass(data.Shape, test, decoded, samples),
        };
        Table table = TableOf("Prior over the codes", "", "to compare with")
            .AddRow("bits per code, test images", $"{metrics.PriorBitsPerCode:0.00}", $"{metrics.UniformBitsPerCode:0.00} uniform")
            .AddRow("samples classified as their class", $"{metrics.ClassifierAgreement:0.0%}", $"{realAgreement:0.0%} of real images")
            .AddRow("test images decoded from their codes", $"{metrics.DecodedAgreement:0.0%}", "")
            .AddRow("AUC of bits, shuffled rows", $"{metrics.AnomalyAuc:0.000}", "0.5 by guessing")
            .AddRow($"seconds for {metrics.Samples} samples", $"{metrics.SamplingSecondsCached:0.0}",
                $"{metrics.SamplingSecondsNaive:0.0} without a cache");
        if (metrics is { FrechetDistanceOfSamples: { } distance, FrechetDistanceOfDecoded: { } decodedDistance })
            table.AddRow("Fréchet distance to test images", $"{distance:0.00}", $"{decodedDistance:0.00} of decoded ones");
        return new SampleResult(metrics, table, $"{metrics.Seconds:0} s");
    }

    IDataView Sample(PriorTransformer prior, string[] conditions, bool cached, Stage stage) =>
        prior.Sample(ML, conditions, new SamplingOptions
        {
            Seed = Settings.Seed,
            Temperature = Settings.Temperature,
            Cached = cached,
            Progress = stage.Shares("of the codes"),
            CancellationToken = Cancellation,
        });

    /// <summary>Keeps the upper half of the codes of test images, and samples the lower half.</summary>
    void Complete(
        ImageData data, PriorTransformer prior, ImageVqVaeDecoderTransformer decoder, ValueToKeyMappingTransformer labels, IDataView scored)
    {
        IReadOnlyList<List<EncodedImage>> columns = ImageFigures.Pick(
            ML.Data.CreateEnumerable<EncodedImage>(scored, reuseRowObject: false, ignoreMissingColumns: true),
            [.. prior.Conditions.Order(StringComparer.Ordinal)], rows: 1);
        EncodedImage[] originals = [.. columns.Where(column => column.Count > 0).Select(column => column[0])];
        var type = (VectorDataViewType)scored.Schema["Codes"].Type;
        int gridHeight = type.Dimensions[0], given = gridHeight / 2, slots = given * (type.Size / gridHeight);
        CodesOfImage[] halves = [.. originals.SelectMany(image => Enumerable.Range(0, CompletionRows).Select(_ => new CodesOfImage
        {
            // Key 0 is a missing value, which a completion fills.
            Codes = [.. image.Codes.Take(slots), .. new uint[type.Size - slots]],
            Class = image.Class,
        }))];
        var schema = SchemaDefinition.Create(typeof(CodesOfImage));
        schema[nameof(CodesOfImage.Codes)].ColumnType = type;
        IDataView rows = labels.Transform(ML.Data.LoadFromEnumerable(halves, schema));
        LabelledImage[] completed = [.. Decoded(decoder, prior.Complete(
            ML, rows, new SamplingOptions { Seed = Settings.Seed, Temperature = Settings.Temperature }))];
        Tile[] whole = [.. originals.Select(image => data.Shape.Tile(image.Pixels))];
        int kept = given * data.Shape.Height / gridHeight * data.Shape.Width;
        ImageRow[] drawn =
        [
            new("original", whole),
            new("given", [.. whole.Select(tile => tile with { Pixels = [.. tile.Pixels.Select((color, i) => i < kept ? color : Color.Faint)] })]),
            .. Enumerable.Range(0, CompletionRows).Select(number => new ImageRow($"sample {number + 1}",
                [.. completed.Where((_, i) => i % CompletionRows == number).Select(image => data.Shape.Tile(image.Pixels))])),
        ];
        Canvas picture = ImageGrid.Draw($"{data.Name}: lower halves sampled",
            $"The upper {given} of {gridHeight} rows of codes are given; the images are held out",
            data.Shape, drawn, [.. originals.Select(image => image.Class)]);
        Show(picture, "completions.png", "Test images, their upper halves, and completions of these");
    }

    IEnumerable<LabelledImage> Decoded(ImageVqVaeDecoderTransformer decoder, IDataView codes)
    {
        IDataView decoded = decoder.Transform(codes);
        return Images(ML.Transforms.Conversion.MapKeyToValue("Class", "Label").Fit(decoded).Transform(decoded));
    }

    IEnumerable<LabelledImage> Images(IDataView view) => ML.Data.CreateEnumerable<LabelledImage>(view, reuseRowObject: false);

    IDataView View(ImageData data, IEnumerable<LabelledImage> images) =>
        ML.Data.LoadFromEnumerable<LabelledImage>([.. images], data.Shape.Schema);

    float[] Bits(IDataView scored) => [.. ML.Data.CreateEnumerable<Scored>(scored, reuseRowObject: true).Select(row => row.Bits)];

    static double Duration(Action work)
    {
        var watch = Stopwatch.StartNew();
        work();
        return watch.Elapsed.TotalSeconds;
    }

    sealed class Scored
    {
        public float Bits { get; set; }
    }
}

/// <summary>The content of metrics.json.</summary>
internal sealed record GenerateMetrics : SampleMetrics
{
    /// <summary>Duration of the whole run.</summary>
    public required double Seconds { get; init; }

    /// <summary>The bits per code of held-out images, given their class.</summary>
    public required double PriorBitsPerCode { get; init; }

    public required double UniformBitsPerCode { get; init; }

    public required double SamplingSecondsCached { get; init; }

    /// <summary>For the same number of samples, with a pass over the whole grid for each code.</summary>
    public required double SamplingSecondsNaive { get; init; }

    public required double SamplingSpeedup { get; init; }

    public required int Samples { get; init; }

    /// <summary>The fraction of the samples that a classifier of real images puts in the requested class.</summary>
    public required double ClassifierAgreement { get; init; }

    /// <summary>The same of test images.</summary>
    public required double RealAgreement { get; init; }

    /// <summary>The same of test images that are decoded from their codes.</summary>
    public required double DecodedAgreement { get; init; }

    /// <summary>The Fréchet distance of the samples to test images, in the features of the classifier; null for a linear one.</summary>
    public required double? FrechetDistanceOfSamples { get; init; }

    /// <summary>The same distance of as many test images, decoded from their codes.</summary>
    public required double? FrechetDistanceOfDecoded { get; init; }

    /// <summary>The area under the ROC curve of the bits as a score for images with shuffled rows against held-out images.</summary>
    public required double AnomalyAuc { get; init; }

    /// <summary>The mean numbers of connected parts by class; null for images of several channels.</summary>
    public required IReadOnlyDictionary<string, PartsOfClass>? PartsByClass { get; init; }
}
