using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Samples.Display;

namespace Microsoft.ML.VqVae.Samples.Phonemes;

/// <summary>Two references for codes, both from the features that the codec encodes: k-means of them, which needs no network, and a network
/// that is trained with labels.</summary>
internal sealed class PhoneReferences(
    MLContext ml, PhonemePlan plan, AudioVqVaeOptions options, int seed, CancellationToken cancellation)
{
    /// <summary>The column of features.</summary>
    public const string Column = nameof(FeatureRow.EncodedFeatures);

    readonly MelCodecOptions _codec = (MelCodecOptions)options.Codec;

    /// <param name="stages">Shows the progress.</param>
    /// <param name="encoder">From utterances to features.</param>
    /// <param name="train">The training utterances.</param>
    /// <param name="trainRows">Their codes with phones.</param>
    /// <param name="test">The test utterances.</param>
    /// <param name="testRows">Their codes with phones.</param>
    /// <param name="unlabelled">Further utterances that the codec was trained on.</param>
    public ReferenceMetrics Measure(
        Stages stages, ITransformer encoder, IDataView train, FrameRow[] trainRows, IDataView test, FrameRow[] testRows,
        IDataView unlabelled)
    {
        (FeaturePositions known, FeaturePositions unseen, FeaturePositions more) = stages.Run("Compute the features of the codec", _ =>
            (Positions(train, trainRows), Positions(test, testRows), Positions(unlabelled, null)));
        IReadOnlyList<FeatureClusters.Start> starts = stages.Run($"Cluster the features, {FeatureClusters.Starts} starts", stage =>
            new FeatureClusters(seed, options.Quantizer.CodebookSize, Math.Max(_codec.TargetFrames, _codec.FramesPerCode)).Find(
                [known, more], known, unseen, start => stage.Report(
                    (start + 1.0) / FeatureClusters.Starts, $"start {start + 1}/{FeatureClusters.Starts}"), cancellation));
        (string Phone, string Spoken)[] predicted = stages.Run("Train a network on the features and their phones", stage =>
            new SupervisedPhones(known, unseen, seed).Predict(plan.SupervisedSteps,
                step => stage.Report((double)step / plan.SupervisedSteps, $"step {step:N0}/{plan.SupervisedSteps:N0}"), cancellation));

        double[] accuracies = [.. starts.Select(start => Counts(start.Train, known).AccuracyOn(Counts(start.Test, unseen)))];
        int best = Enumerable.Range(0, starts.Count).MinBy(start => starts[start].Error);
        CodePhoneCounts trainCounts = Counts(starts[best].Train, known), testCounts = Counts(starts[best].Test, unseen);
        return new ReferenceMetrics
        {
            ClusterStarts = starts.Count,
            ClusterError = starts[best].Error,
            FirstClusterError = starts[0].Error,
            ClusterAccuracy = accuracies[best],
            FirstClusterAccuracy = accuracies[0],
            LeastClusterAccuracy = accuracies.Min(),
            MostClusterAccuracy = accuracies.Max(),
            ClusterAccuracyWithoutSilence = trainCounts.WithoutSilence().AccuracyOn(testCounts.WithoutSilence()),
            ClusterPnmi = testCounts.NormalizedInformation,
            SupervisedAccuracy = Share(phone => phone.Length > 0, prediction => prediction.Phone),
            SupervisedAccuracyWithoutSilence =
                Share(phone => phone.Length > 0 && !PhoneOrder.IsSilence(phone), prediction => prediction.Spoken),
        };

        FeaturePositions Positions(IDataView utterances, FrameRow[]? rows) => new(
            ml.Data.CreateEnumerable<FeatureRow>(encoder.Transform(utterances), reuseRowObject: false).Select(row => row.EncodedFeatures),
            _codec.Inputs == SpeechFeatures.Mfcc ? _codec.Coefficients : _codec.Bands, _codec.FramesPerCode,
            rows is null ? null : [.. rows.Select(row => row.Phone)]);

        double Share(Func<string, bool> counts, Func<(string Phone, string Spoken), string> prediction) => unseen.Phones.Zip(predicted)
            .Where(pair => counts(pair.First)).Average(pair => prediction(pair.Second) == pair.First ? 1.0 : 0.0);
    }

    static CodePhoneCounts Counts(uint[] clusters, FeaturePositions positions) => new(clusters.Zip(positions.Phones));

    sealed class FeatureRow
    {
        public float[] EncodedFeatures { get; set; } = [];
    }
}

/// <summary>The figures of the references, on the test data of the codes.</summary>
internal sealed record ReferenceMetrics
{
    /// <summary>The number of starts of k-means, of which the one with the least error is used.</summary>
    public required int ClusterStarts { get; init; }

    /// <summary>The mean squared distance of the features to the nearest center.</summary>
    public required double ClusterError { get; init; }

    /// <summary>That of the first start.</summary>
    public required double FirstClusterError { get; init; }

    /// <summary>The accuracy of the map from clusters to phones.</summary>
    public required double ClusterAccuracy { get; init; }

    /// <summary>That of the first start.</summary>
    public required double FirstClusterAccuracy { get; init; }

    /// <summary>That of the worst start.</summary>
    public required double LeastClusterAccuracy { get; init; }

    /// <summary>That of the best start.</summary>
    public required double MostClusterAccuracy { get; init; }

    /// <summary>The accuracy where silence is left out of training and test data.</summary>
    public required double ClusterAccuracyWithoutSilence { get; init; }

    /// <summary>I(phone; cluster) / H(phone).</summary>
    public required double ClusterPnmi { get; init; }

    /// <summary>The accuracy of the network that is trained with labels.</summary>
    public required double SupervisedAccuracy { get; init; }

    /// <summary>Its accuracy on the codes whose phone is no silence, where it does not predict silence.</summary>
    public required double SupervisedAccuracyWithoutSilence { get; init; }

    public void AddTo(Table table) => table
        .AddRow("phone accuracy, k-means of the features", $"{ClusterAccuracy:0.0%}",
            $"{LeastClusterAccuracy:0.0%} to {MostClusterAccuracy:0.0%} in {ClusterStarts} starts")
        .AddRow("phone accuracy, k-means, silence left out", $"{ClusterAccuracyWithoutSilence:0.0%}", "")
        .AddRow("PNMI, k-means of the features", $"{ClusterPnmi:0.000}", "")
        .AddRow("phone accuracy, supervised network", $"{SupervisedAccuracy:0.0%}", "from the features, with labels")
        .AddRow("phone accuracy, supervised, silence left out", $"{SupervisedAccuracyWithoutSilence:0.0%}", "");
}
