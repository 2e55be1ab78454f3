using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms;
using Microsoft.ML.VqVae.Samples.Display;
using Microsoft.ML.VqVae.Samples.Images;
using Spectre.Console;

namespace Microsoft.ML.VqVae.Samples.Generation;

/// <summary>
/// From classes to new pictures: trains a prior over the codes of a codec, measures what it foretells, samples pictures of each class,
/// completes given ones, and tells strange pictures by what their codes cost.
/// </summary>
internal sealed class GenerateSample(GenerateSettings settings, IAnsiConsole console, CancellationToken cancellation)
{
    const int CompletionRows = 4;

    readonly MLContext _ml = new(settings.Seed) { GpuDeviceId = settings.Cuda ? 0 : null, FallbackToCpu = false };
    readonly Stopwatch _watch = Stopwatch.StartNew();

    public int Run()
    {
        Directory.CreateDirectory(settings.OutputFolder);
        var (metrics, realAgreement) = Stages.Show(console, Work);
        metrics.Save(Out("metrics.json"));
        Show(metrics, realAgreement);
        return 0;
    }

    (GenerateMetrics Metrics, double RealAgreement) Work(Stages stages)
    {
        ImageData data = stages.Run("Read the pictures", _ => ImageDataSets.Open(_ml, settings.DataFolder));
        GeneratePlan plan = GeneratePlan.For(settings);

        // 1. The codec writes pictures as codes, and its decoder paints codes as pictures.
        using ImageVqVaeTransformer codec = CodecFile.OpenOrTrain(
            _ml, settings.ModelFile, data, plan.CodecOptions(data, settings), stages, cancellation);
        using ImageVqVaeDecoderTransformer decoder = codec.Decoder("Pixels", "Codes");
        int rows = Math.Min(plan.PriorRows, data.TrainRows);
        IDataView encoded = EncodedPictures.Of(_ml, codec, data.Train, rows, "Class", "Codes");
        stages.Run("Encode the training pictures", stage => EncodedPictures.Read(_ml, encoded, rows, stage, cancellation));

        // 2. The prior learns which codes stand beside which, given the class.
        ValueToKeyMappingTransformer labels = _ml.Transforms.Conversion.MapValueToKey("Label", "Class").Fit(encoded);
        PriorOptions options = plan.PriorOptions(settings);
        using PriorTransformer prior = stages.Run($"Train the prior on the codes of {rows:N0}", stage =>
        {
            options.Training.Progress = new TrainingReport(stage);
            options.Training.CancellationToken = cancellation;
            return _ml.Transforms.VqVae.Prior("Bits", "Codes", "Label", options).Fit(labels.Transform(encoded));
        });
        var chain = new TransformerChain<ITransformer>(codec, labels, prior);
        _ml.Model.Save(chain, data.Train.Schema, Out("model.zip"));

        // 3. Held-out pictures cost few bits, pictures with shuffled rows many: the sum alone tells them apart.
        LabelledImage[] test = [.. Pictures(data.Test).Take(plan.TestRows)];
        IDataView scored = _ml.Data.Cache(chain.Transform(View(data, test)));
        PriorMetrics quality = stages.Run("Score the test pictures", _ => PriorMetrics.Evaluate(scored, "Codes", "Bits"));
        double auc = stages.Run("Score test pictures with shuffled rows", _ => ShuffledRows.AreaUnderCurve(
            Bits(scored), Bits(chain.Transform(View(data, test.Select((picture, i) => ShuffledRows.Of(picture, data.Shape, i)))))));

        // 4. New pictures: codes from the prior, painted by the codec's decoder.
        string[] wanted = [.. prior.Conditions.SelectMany(name => Enumerable.Repeat(name, plan.PerClass))];
        IDataView codes = null!;
        double cached = Seconds(() => codes = stages.Run(
            $"Sample {wanted.Length:N0} pictures", stage => Sample(prior, wanted, cached: true, stage)));
        double naive = Seconds(() => stages.Run(
            "Sample them again without a cache", stage => Sample(prior, wanted, cached: false, stage)));
        LabelledImage[] samples = [.. Decoded(decoder, codes)];

        // 5. A judge that has seen real pictures only says what they look like.
        var judge = new PictureJudge(_ml, data.Shape);
        double agreement = stages.Run("Have a classifier of real pictures judge the samples", _ =>
        {
            judge.Learn(Pictures(_ml.Data.TakeRows(data.Train, plan.JudgeRows)));
            return judge.Agreement(samples);
        });
        double realAgreement = judge.Agreement(test);
        cancellation.ThrowIfCancellationRequested();

        string remark = string.Create(CultureInfo.InvariantCulture,
            $"{quality.BitsPerCode:0.00} bits a code instead of {quality.UniformBitsPerCode:0.00}; "
            + $"a classifier of real pictures takes {agreement:0.0%} of the samples for their class");
        GeneratePictures.Samples($"{data.Name}: sampled by class", remark, data.Shape, prior.Conditions, samples).Save(Out("samples.png"));
        stages.Run("Complete test pictures", _ => Complete(data, prior, decoder, labels, scored));
        return (new GenerateMetrics
        {
            Seconds = Math.Round(_watch.Elapsed.TotalSeconds, 1),
            PriorBitsPerCode = quality.BitsPerCode,
            UniformBitsPerCode = quality.UniformBitsPerCode,
            SamplingSecondsCached = cached,
            SamplingSecondsNaive = naive,
            SamplingSpeedup = naive / cached,
            Samples = samples.Length,
            ClassifierAgreement = agreement,
            AnomalyAuc = auc,
        }, realAgreement);
    }

    IDataView Sample(PriorTransformer prior, string[] conditions, bool cached, Stage stage) =>
        prior.Sample(_ml, conditions, new SamplingOptions
        {
            Seed = settings.Seed,
            Cached = cached,
            Progress = stage.Shares("of the codes"),
            CancellationToken = cancellation,
        });

    /// <summary>The upper half of the codes of test pictures is kept, the lower half is the prior's.</summary>
    void Complete(
        ImageData data, PriorTransformer prior, ImageVqVaeDecoderTransformer decoder, ValueToKeyMappingTransformer labels, IDataView scored)
    {
        var columns = ImagePictures.Pick(_ml.Data.CreateEnumerable<EncodedImage>(scored, reuseRowObject: false, ignoreMissingColumns: true),
            prior.Conditions, rows: 1);
        EncodedImage[] originals = [.. columns.Where(column => column.Count > 0).Select(column => column[0])];
        var type = (VectorDataViewType)scored.Schema["Codes"].Type;
        int gridHeight = type.Dimensions[0], given = gridHeight / 2, slots = given * (type.Size / gridHeight);
        CodesOfImage[] halves = [.. originals.SelectMany(image => Enumerable.Range(0, CompletionRows).Select(_ => new CodesOfImage
        {
            // Key 0 is a missing one: that is what a completion fills.
            Codes = [.. image.Codes.Take(slots), .. new uint[type.Size - slots]],
            Class = image.Class,
        }))];
        var schema = SchemaDefinition.Create(typeof(CodesOfImage));
        schema[nameof(CodesOfImage.Codes)].ColumnType = type;
        IDataView rows = labels.Transform(_ml.Data.LoadFromEnumerable(halves, schema));
        LabelledImage[] completed = [.. Decoded(decoder, prior.Complete(_ml, rows, new SamplingOptions { Seed = settings.Seed }))];
        GeneratePictures.Completions(
            $"{data.Name}: lower halves sampled",
            $"The upper {given} of {gridHeight} rows of codes are given; none of these pictures was seen in training",
            data.Shape, originals, given * data.Shape.Height / gridHeight, completed).Save(Out("completions.png"));
    }

    IEnumerable<LabelledImage> Decoded(ImageVqVaeDecoderTransformer decoder, IDataView codes)
    {
        IDataView decoded = decoder.Transform(codes);
        return Pictures(_ml.Transforms.Conversion.MapKeyToValue("Class", "Label").Fit(decoded).Transform(decoded));
    }

    IEnumerable<LabelledImage> Pictures(IDataView view) => _ml.Data.CreateEnumerable<LabelledImage>(view, reuseRowObject: false);

    IDataView View(ImageData data, IEnumerable<LabelledImage> pictures) =>
        _ml.Data.LoadFromEnumerable<LabelledImage>([.. pictures], data.Shape.Schema);

    float[] Bits(IDataView scored) => [.. _ml.Data.CreateEnumerable<Scored>(scored, reuseRowObject: true).Select(row => row.Bits)];

    static double Seconds(Action work)
    {
        var watch = Stopwatch.StartNew();
        work();
        return watch.Elapsed.TotalSeconds;
    }

    void Show(GenerateMetrics metrics, double realAgreement)
    {
        CultureInfo invariant = CultureInfo.InvariantCulture;
        var table = new Table().Border(TableBorder.Rounded).AddColumns("", "", "to compare with");
        table.AddRow("bits a code, test pictures", metrics.PriorBitsPerCode.ToString("0.00", invariant),
            string.Create(invariant, $"{metrics.UniformBitsPerCode:0.00} uniform"));
        table.AddRow("samples that look like their class", metrics.ClassifierAgreement.ToString("0.0%", invariant),
            string.Create(invariant, $"{realAgreement:0.0%} of real ones"));
        table.AddRow("AUC, shuffled rows told by their bits", metrics.AnomalyAuc.ToString("0.000", invariant), "0.5 by guessing");
        table.AddRow($"seconds for {metrics.Samples} samples", metrics.SamplingSecondsCached.ToString("0.0", invariant),
            string.Create(invariant, $"{metrics.SamplingSecondsNaive:0.0} without a cache"));
        console.Write(table);
        console.WriteLine(string.Create(invariant, $"{metrics.Seconds:0} s. Written to {Path.GetFullPath(settings.OutputFolder)}:"));
        foreach (string file in Directory.EnumerateFiles(settings.OutputFolder).Order(StringComparer.Ordinal))
            console.WriteLine($"  {Path.GetFileName(file)}");
    }

    string Out(string name) => Path.Combine(settings.OutputFolder, name);

    sealed class Scored
    {
        public float Bits { get; set; }
    }
}
