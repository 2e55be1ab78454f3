using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Samples.Display;
using Microsoft.ML.VqVae.Samples.Drawing;
using Spectre.Console;

namespace Microsoft.ML.VqVae.Samples.Images;

/// <summary>
/// Encodes images and reconstructs them: trains and evaluates the codec, trains a stock ML.NET classifier on the codes and, to compare with,
/// on the pixels, saves the whole chain, and loads it in a new process.
/// </summary>
internal sealed class ImagesSample(ImagesSettings settings, CancellationToken cancellation)
    : Sample<ImagesSettings>(settings, cancellation)
{
    protected override string Title => "Images as codes";

    protected override SampleResult Work(Stages stages)
    {
        ImageData data = ImageDataSets.Open(ML, Settings, stages);
        ImagesPlan plan = ImagesPlan.For(data, Settings);
        ImageVqVaeOptions options = plan.CodecOptions(data, Settings);

        // 1. The codec is trained on the pixels.
        using ImageVqVaeTransformer codec = stages.Train(
            $"Train the VQ-VAE on {data.TrainRows:N0} × {data.Shape}", options.Training, Cancellation,
            () => ML.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(data.Train));

        // 2. The network runs once over the images; the steps below use its cached output.
        IDataView test = EncodedImages.Of(ML, codec, data.Test, plan.TestRows, "Pixels", "Class", "Codes", "Reconstruction");
        VqVaeMetrics quality = stages.Run("Evaluate the codec on the test images", _ =>
            VqVaeMetrics.Evaluate(test, "Codes", "Pixels", "Reconstruction"));
        IDataView train = EncodedImages.Of(ML, codec, data.Train, plan.ClassifierRows, "Pixels", "Class", "Codes");
        int classifierRows = Math.Min(plan.ClassifierRows, data.TrainRows);
        stages.Run("Encode the training images", stage => EncodedImages.Read(ML, train, classifierRows, stage, Cancellation));

        // 3. A classifier of stock ML.NET components is trained on the codes, others on how often each code occurs, and on the pixels.
        (ITransformer classifier, double accuracy) = Classify("codes", ML.Transforms.Conversion.MapKeyToVector("Features", "Codes"));
        (_, double countAccuracy) =
            Classify("counts of the codes", ML.Transforms.Conversion.MapKeyToVector("Features", "Codes", outputCountVector: true));
        (_, double pixelAccuracy) = Classify("pixels", ML.Transforms.NormalizeMeanVariance("Features", "Pixels", fixZero: false));
        (ITransformer Classifier, double Accuracy) Classify(string columns, IEstimator<ITransformer> features)
        {
            ITransformer trained = stages.Run($"Train a classifier on the {columns} of {classifierRows:N0} images", _ => features
                .Append(LinearClassifier.Create(ML, "Class", plan.Regularization * classifierRows, tolerance: 1e-4f)).Fit(train));
            Cancellation.ThrowIfCancellationRequested();
            return (trained, stages.Run("Classify the test images", _ =>
                ML.MulticlassClassification.Evaluate(trained.Transform(test)).MicroAccuracy));
        }

        // 4. Both form one chain, from pixels to a class name, in one file that any program can load.
        TransformerChain<ITransformer> chain = new TransformerChain<ITransformer>(codec).Append(classifier);
        ML.Model.Save(chain, data.Train.Schema, Out("model.zip"));
        codec.SaveWeights(Out("weights.safetensors"));
        bool identical = stages.Run("Load the model in a new process and compare", _ =>
            ImagePredictions.Lines(ML, chain, data.Test, plan.TestRows).SequenceEqual(NewProcess.Predict(
                ImagePredictions.Verb, Out("model.zip"), Settings.DataFolder, plan.TestRows, Settings.Cuda, Cancellation,
                Settings.SkipUnreadable)));

        var counts = ML.Data.CreateEnumerable<CodesOfImage>(test, reuseRowObject: true).CountBy(row => row.Class).ToDictionary();
        string[] classes = [.. counts.Keys.Order(StringComparer.Ordinal)];
        stages.Run("Draw the figures", _ => Draw(codec, data, test, classes, quality));
        var metrics = new ImagesMetrics
        {
            Dataset = data.Name,
            TrainRows = data.TrainRows,
            TestRows = (int)quality.RowCount,
            Steps = codec.TrainingSummary!.Steps,
            Seconds = Seconds,
            Mse = quality.MeanSquaredError,
            Nmse = quality.NormalizedMeanSquaredError,
            PsnrDb = quality.PeakSignalToNoiseRatio,
            CodebookUsage = quality.CodebookUsage,
            Perplexity = quality.Perplexity,
            CodesPerImage = quality.CodesPerRow,
            ClassifierMicroAccuracy = accuracy,
            CountClassifierMicroAccuracy = countAccuracy,
            PixelClassifierMicroAccuracy = pixelAccuracy,
            ChanceAccuracy = counts.Values.Max() / (double)counts.Values.Sum(),
            ReloadIdentical = identical,
        };
        Table table = TableOf("On the test images", "", "to compare with")
            .AddRow("squared error / variance", $"{metrics.Nmse:0.0000}", "1 for the mean grey")
            .AddRow("PSNR", $"{metrics.PsnrDb:0.0} dB", "")
            .AddRow("codes used", $"{metrics.CodebookUsage:0.0%}", $"of {quality.CodebookSize}")
            .AddRow("perplexity of the codes", $"{metrics.Perplexity:0}", $"{quality.CodebookSize} at most")
            .AddRow("bits per value", $"{quality.BitsPerDimension:0.000}", "8 uncompressed")
            .AddRow("classifier accuracy on codes", $"{metrics.ClassifierMicroAccuracy:0.0%}", $"{metrics.ChanceAccuracy:0.0%} by guessing")
            .AddRow("the same on counts of the codes", $"{metrics.CountClassifierMicroAccuracy:0.0%}", "")
            .AddRow("the same on pixels", $"{metrics.PixelClassifierMicroAccuracy:0.0%}", "")
            .AddRow("model.zip in a new process", identical ? "identical" : "DIFFERENT", $"{metrics.TestRows} images compared");
        return new SampleResult(metrics, table, $"{metrics.Dataset}, {metrics.Steps:N0} steps, {metrics.Seconds:0} s", identical);
    }

    void Draw(ImageVqVaeTransformer codec, ImageData data, IDataView test, IReadOnlyList<string> classes, VqVaeMetrics quality)
    {
        (int Height, int Width, int CodesPerPosition) grid = codec.CodeGrid;
        IEnumerable<EncodedImage> images = ML.Data.CreateEnumerable<EncodedImage>(test, reuseRowObject: false);
        IReadOnlyList<List<EncodedImage>> columns = ImageFigures.Pick(images, classes, rows: 4);
        string[] labels = [.. Enumerable.Range(0, columns.Count).Select(column => classes[column % classes.Count])];
        string title = $"{data.Name}: images of {8 * data.Shape.Values:N0} bits in "
            + $"{quality.BitsPerDimension * data.Shape.Values:N0} bits of codes";
        string remark = $"{data.Shape} pixels in {grid.Height}×{grid.Width}×{grid.CodesPerPosition} codes of {codec.Codes}; on "
            + $"{quality.RowCount:N0} test images squared error / variance {quality.NormalizedMeanSquaredError:0.0000}, "
            + $"PSNR {quality.PeakSignalToNoiseRatio:0.0} dB; {quality.BitsPerDimension:0.000} bits per value instead of 8";

        CodeColors colors = CodeColors.Decode(ML, codec, data.Shape);
        EncodedImage[] shown = [.. columns.Where(column => column.Count > 0).Select(column => column[^1])];
        int few = Math.Min(7, shown.Length);
        shown = [.. Enumerable.Range(0, few).Select(number => shown[number * shown.Length / few])];
        Show(ImageFigures.Overview(data.Shape, shown, grid, colors), "overview.png",
            "Images, the grids of their codes, and the images that are decoded from the codes, with the bits of each");
        Show(ImageFigures.Reconstructions(title, remark, data.Shape, columns, labels), "reconstructions.png",
            $"Test images of {data.Name}, each above its reconstruction from codes");
        Show(ImageFigures.Codes(data.Name, data.Shape, columns, labels, grid, colors, quality), "codes.png",
            "Images and the grids of their codes, the image of each code, and how often each code is used");
        SaveLearningCurve(codec.TrainingSummary!);
    }
}

/// <summary>The content of metrics.json.</summary>
internal sealed record ImagesMetrics : SampleMetrics
{
    public required string Dataset { get; init; }

    public required int TrainRows { get; init; }

    public required int TestRows { get; init; }

    public required long Steps { get; init; }

    /// <summary>Duration of the whole run.</summary>
    public required double Seconds { get; init; }

    public required double Mse { get; init; }

    public required double Nmse { get; init; }

    public required double PsnrDb { get; init; }

    public required double CodebookUsage { get; init; }

    public required double Perplexity { get; init; }

    public required int CodesPerImage { get; init; }

    public required double ClassifierMicroAccuracy { get; init; }

    /// <summary>The accuracy of the same classifier on the number of times that each code occurs in the image.</summary>
    public required double CountClassifierMicroAccuracy { get; init; }

    /// <summary>The accuracy of the same classifier on the pixels.</summary>
    public required double PixelClassifierMicroAccuracy { get; init; }

    /// <summary>The accuracy of always predicting the most frequent class of the test set.</summary>
    public required double ChanceAccuracy { get; init; }

    public required bool ReloadIdentical { get; init; }
}
