using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Samples.Display;
using Microsoft.ML.VqVae.Samples.Pictures;
using Spectre.Console;

namespace Microsoft.ML.VqVae.Samples.Images;

/// <summary>
/// From pictures to codes and back: trains the codec, measures it, trains a stock ML.NET classifier on the codes, saves the whole chain and
/// has a new process load it.
/// </summary>
internal sealed class ImagesSample(ImagesSettings settings, IAnsiConsole console, CancellationToken cancellation)
{
    readonly MLContext _ml = new(settings.Seed) { GpuDeviceId = settings.Cuda ? 0 : null, FallbackToCpu = false };
    readonly Stopwatch _watch = Stopwatch.StartNew();

    public int Run()
    {
        Directory.CreateDirectory(settings.OutputFolder);
        var (metrics, details) = Stages.Show(console, Work);
        metrics.Save(Out("metrics.json"));
        Show(metrics, details);
        return metrics.ReloadIdentical ? 0 : 1;
    }

    (SampleMetrics Metrics, VqVaeMetrics Details) Work(Stages stages)
    {
        ImageData data = stages.Run("Read the pictures", _ => ImageDataSets.Open(_ml, settings.DataFolder));
        ImagesPlan plan = ImagesPlan.For(data, settings);
        ImageVqVaeOptions options = plan.CodecOptions(data, settings);

        // 1. The codec learns from the pixels alone.
        using ImageVqVaeTransformer codec = stages.Run($"Train the VQ-VAE on {data.TrainRows:N0} × {data.Shape}", stage =>
        {
            options.Training.Progress = new TrainingReport(stage);
            options.Training.CancellationToken = cancellation;
            return _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(data.Train);
        });

        // 2. The network runs once over the pictures; everything after that works on what it made.
        IDataView test = EncodedPictures.Of(_ml, codec, data.Test, plan.TestRows, "Pixels", "Class", "Codes", "Reconstruction");
        VqVaeMetrics quality = stages.Run("Measure the test pictures", _ =>
            VqVaeMetrics.Evaluate(test, "Codes", "Pixels", "Reconstruction"));
        IDataView train = EncodedPictures.Of(_ml, codec, data.Train, plan.ClassifierRows, "Class", "Codes");
        int classifierRows = Math.Min(plan.ClassifierRows, data.TrainRows);
        stages.Run("Encode the training pictures", stage => EncodedPictures.Read(_ml, train, classifierRows, stage, cancellation));

        // 3. A classifier of stock ML.NET parts learns from the codes alone.
        ITransformer classifier = stages.Run($"Train a classifier on the codes of {classifierRows:N0}", _ =>
            ImageClassifier.Pipeline(_ml, classifierRows, plan.Regularization).Fit(train));
        cancellation.ThrowIfCancellationRequested();
        MulticlassClassificationMetrics accuracy = stages.Run("Classify the test pictures", _ =>
            _ml.MulticlassClassification.Evaluate(classifier.Transform(test)));

        // 4. Both are one chain, from pixels to a class name: one file, which any program can load.
        var chain = new TransformerChain<ITransformer>(codec).Append(classifier);
        _ml.Model.Save(chain, data.Train.Schema, Out("model.zip"));
        codec.SaveWeights(Out("weights.safetensors"));
        bool identical = stages.Run("Load the model in a new process and compare", _ =>
            Predictions.Lines(_ml, chain, data.Test, plan.TestRows).SequenceEqual(
                Predictions.LinesOfNewProcess(Out("model.zip"), settings, plan.TestRows, cancellation)));

        var (classes, chance) = ImageClassifier.Classes(_ml, test);
        stages.Run("Draw the pictures", _ => Draw(codec, data, test, classes, quality));
        return (new SampleMetrics
        {
            Dataset = data.Name,
            TrainRows = data.TrainRows,
            TestRows = (int)quality.RowCount,
            Steps = codec.TrainingSummary!.Steps,
            Seconds = Math.Round(_watch.Elapsed.TotalSeconds, 1),
            Mse = quality.MeanSquaredError,
            Nmse = quality.NormalizedMeanSquaredError,
            PsnrDb = quality.PeakSignalToNoiseRatio,
            CodebookUsage = quality.CodebookUsage,
            Perplexity = quality.Perplexity,
            CodesPerImage = quality.CodesPerRow,
            ClassifierMicroAccuracy = accuracy.MicroAccuracy,
            ChanceAccuracy = chance,
            ReloadIdentical = identical,
        }, quality);
    }

    void Draw(ImageVqVaeTransformer codec, ImageData data, IDataView test, IReadOnlyList<string> classes, VqVaeMetrics quality)
    {
        var grid = codec.CodeGrid;
        var images = _ml.Data.CreateEnumerable<EncodedImage>(test, reuseRowObject: false);
        IReadOnlyList<List<EncodedImage>> columns = ImagePictures.Pick(images, classes, rows: 4);
        string[] labels = [.. Enumerable.Range(0, columns.Count).Select(column => classes[column % classes.Count])];
        string title = $"{data.Name}: {data.Shape} pixels, {grid.Height}×{grid.Width}×{grid.CodesPerPosition} codes of {codec.Codes}";
        string remark = string.Create(CultureInfo.InvariantCulture,
            $"{quality.RowCount} test pictures; error {quality.NormalizedMeanSquaredError:0.0000} of the variance, "
            + $"PSNR {quality.PeakSignalToNoiseRatio:0.0} dB; {quality.BitsPerDimension:0.000} bits a value instead of 8");

        ImagePictures.Reconstructions(title, remark, data.Shape, columns, labels).Save(Out("reconstructions.png"));
        CodeColors colors = CodeColors.Decode(_ml, codec, data.Shape);
        ImagePictures.Codes(title, remark, data.Shape, columns, labels, grid, colors, quality).Save(Out("codes.png"));
        (double, double)[] curve = [.. codec.TrainingSummary!.LearningCurve.Select(at => ((double)at.Step, at.Loss))];
        Charts.Curve("Training: loss over steps", "steps", curve).Save(Out("learning-curve.png"));
    }

    void Show(SampleMetrics metrics, VqVaeMetrics details)
    {
        CultureInfo invariant = CultureInfo.InvariantCulture;
        var table = new Table().Border(TableBorder.Rounded).AddColumns("On the test pictures", "", "to compare with");
        table.AddRow("squared error / variance", metrics.Nmse.ToString("0.0000", invariant), "1 for the mean grey");
        table.AddRow("PSNR", metrics.PsnrDb.ToString("0.0 dB", invariant), "");
        table.AddRow("codes used", metrics.CodebookUsage.ToString("0.0%", invariant), $"of {details.CodebookSize}");
        table.AddRow("perplexity of the codes", metrics.Perplexity.ToString("0", invariant), $"{details.CodebookSize} at most");
        table.AddRow("bits per value", details.BitsPerDimension.ToString("0.000", invariant), "8 uncompressed");
        table.AddRow("classes told right by the codes", metrics.ClassifierMicroAccuracy.ToString("0.0%", invariant),
            string.Create(invariant, $"{metrics.ChanceAccuracy:0.0%} by guessing"));
        table.AddRow("model.zip in a new process", metrics.ReloadIdentical ? "identical" : "DIFFERENT",
            $"{metrics.TestRows} pictures compared");
        console.Write(table);
        console.WriteLine(string.Create(invariant,
            $"{metrics.Dataset}, {metrics.Steps:N0} steps, {metrics.Seconds:0} s. Written to {Path.GetFullPath(settings.OutputFolder)}:"));
        foreach (string file in Directory.EnumerateFiles(settings.OutputFolder).Order(StringComparer.Ordinal))
            console.WriteLine($"  {Path.GetFileName(file)}");
    }

    string Out(string name) => Path.Combine(settings.OutputFolder, name);
}
