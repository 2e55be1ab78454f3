using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Samples.Display;
using Microsoft.ML.VqVae.Samples.Drawing;
using Microsoft.ML.VqVae.Samples.Images;
using Microsoft.ML.VqVae.Samples.Phonemes;
using Microsoft.ML.VqVae.Samples.Speech;

namespace Microsoft.ML.VqVae.Samples.Features;

/// <summary>
/// Compares features for a linear classifier with few labels: raw values, principal components, codes, embeddings, and the features of a
/// transformer over codes and of a network over pixels, which are trained without labels; and a network that is trained on the labels only.
/// </summary>
internal sealed class FeaturesSample(FeaturesSettings settings, CancellationToken cancellation)
    : Sample<FeaturesSettings>(settings, cancellation)
{
    protected override string Title => "Features for few labels";

    protected override SampleResult Work(Stages stages)
    {
        FeaturesPlan plan = FeaturesPlan.For(Settings);
        (string name, int rows, IReadOnlyList<FeatureCell> main) = Settings.DataFolder is { } folder && SpeechFeatures.IsIn(folder)
            ? OfSpeech(folder, plan, stages)
            : OfImages(plan, stages);
        // The machines are made by the sample, and need no data.
        IReadOnlyList<FeatureCell> machines = Settings.Codecs ? [] : new SeriesFeatures(ML, Settings, stages, Cancellation).Measure(plan).Cells;
        FeatureCell[] cells = [.. main, .. machines];
        // Sentences are classified with one number of labels, which is no curve.
        FeatureCell[] curves = [.. main.Where(cell => cell.Data == main[0].Data)];
        Show(Curves(name, curves), "accuracy.png", "Accuracy of each kind of features over the number of labeled rows");
        if (machines.Count > 0)
            Show(Curves("Machines", machines), "machines.png", "The same for faults of generated machines");

        int[] counts = [.. cells.Select(cell => cell.Labels).Distinct().Order()];
        Table table = TableOf(["accuracy with labels", .. counts.Select(count => $"{count:N0}")]);
        foreach (IGrouping<string, FeatureCell> data in cells.GroupBy(cell => cell.Data))
        {
            table.AddRow([$"{data.Key}:", .. counts.Select(_ => "")]);
            foreach (IGrouping<string, FeatureCell> row in data.GroupBy(cell => cell.Features))
            {
                table.AddRow([row.Key, .. counts.Select(count =>
                    row.FirstOrDefault(cell => cell.Labels == count) is { } cell ? $"{cell.Accuracy:0.000} ± {cell.Spread / 2:0.000}" : "")]);
            }
        }
        var metrics = new FeaturesMetrics
        {
            Dataset = name, TrainRows = rows, Seconds = Seconds, Cells = cells,
        };
        return new SampleResult(metrics, table, $"{name}, {FeaturesPlan.Draws} draws of the labels, {metrics.Seconds:0} s");
    }

    (string Name, int Rows, IReadOnlyList<FeatureCell> Cells) OfImages(FeaturesPlan plan, Stages stages)
    {
        if (Settings.UnlabelledFolders.Count > 0)
        {
            throw new DataSetException("--unlabelled adds to the recordings of --data, and there are none. Leave it out, or name a folder of "
                + "recordings with phones in --data.");
        }
        ImageData data = ImageDataSets.Open(ML, Settings, stages);
        FeaturesSettings fitting = Settings with
        {
            Labels = LabelCurves.Required(
                Settings, Math.Min(plan.PoolRows, data.TrainRows), $"training images of {data.Name}", stages),
        };
        LabelCurves curves = Settings.Codecs
            ? new CodecChoices(ML, fitting, stages, Cancellation).Measure(data, plan)
            : new ImageFeatures(ML, fitting, stages, Cancellation).Measure(data, plan);
        return (data.Name, data.TrainRows, curves.Cells);
    }

    (string Name, int Rows, IReadOnlyList<FeatureCell> Cells) OfSpeech(string folder, FeaturesPlan plan, Stages stages)
    {
        if (Settings.Codecs)
            throw new DataSetException($"--codecs compares codecs of images, and '{folder}' has recordings. Leave it out, or name images.");
        SpeechData data = stages.Run("Read the speech data",
            _ => SpeechData.Read(new DirectoryInfo(folder).Name, folder, newSpeakers: true));
        AlignedUtterance[] unlabelled = UnlabelledSpeech.ReadAll(Settings.UnlabelledFolders, stages, Cancellation);
        return (data.Name, data.Train.Count + unlabelled.Length,
            new SpeechFeatures(ML, Settings, stages, Cancellation).Measure(data, unlabelled, plan));
    }

    /// <summary>Accuracy against the number of labels, on a logarithmic axis: a line per kind of features; an error bar spans the draws.</summary>
    static Canvas Curves(string title, IReadOnlyList<FeatureCell> cells) => Charts.Lines(
        title, "A classifier on each kind of features. Error bars span the draws of the labeled rows",
        new Axis("labeled rows", Logarithmic: true), new Axis("accuracy on the test rows", Format: "0 %"),
        [.. cells.GroupBy(cell => cell.Features).Select((curve, number) => new Series(
            curve.Key, Color.Series[number % Color.Series.Count], [.. curve.Select(cell => ((double)cell.Labels, cell.Accuracy))])
        {
            Dots = true,
            Errors = [.. curve.Select(cell => cell.Spread / 2)],
            Dashed = number >= Color.Series.Count,
        })]);
}

/// <summary>The content of metrics.json.</summary>
internal sealed record FeaturesMetrics : SampleMetrics
{
    public required string Dataset { get; init; }

    public required int TrainRows { get; init; }

    /// <summary>Duration of the whole run.</summary>
    public required double Seconds { get; init; }

    public required IReadOnlyList<FeatureCell> Cells { get; init; }
}
