using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Samples.Features;

namespace Microsoft.ML.VqVae.Tests.Samples;

[TestClass]
public sealed class FeaturesSampleTests
{
    readonly MLContext _ml = new(seed: 1);

    [TestMethod]
    public void Features_that_tell_the_classes_apart_are_better_than_noise()
    {
        string[] classes = [.. Enumerable.Range(0, 60).Select(row => row % 2 == 0 ? "even" : "odd")];
        var curves = new LabelCurves(_ml, "numbers", classes[..40], classes[40..], [10, 40, 1000], seed: 1);
        curves.Measure(Set("class", row => [row % 2, 1]), CancellationToken.None);
        curves.Measure(Set("noise", row => [(float)new Random(row).NextDouble(), 1]), CancellationToken.None);

        // The number of labels that there are not enough rows for is left out.
        CollectionAssert.AreEqual(new[] { 10, 40, 10, 40 }, curves.Cells.Select(cell => cell.Labels).ToArray());
        Assert.IsTrue(curves.Cells.Where(cell => cell.Features == "class").All(cell => cell.Accuracy == 1));
        Assert.IsTrue(curves.Cells.Where(cell => cell.Features == "noise").All(cell => cell.Accuracy < 0.9));

        FeatureSet Set(string name, Func<int, float[]> of)
        {
            VBuffer<float>[] rows = [.. Enumerable.Range(0, 60).Select(row => new VBuffer<float>(2, of(row)))];
            return new FeatureSet(name, rows[..40], rows[40..]).Standardized();
        }
    }

    [TestMethod]
    public void Sentences_are_classified_for_each_voice_by_those_of_the_others()
    {
        // Each sentence has codes of its own, and the cepstra of each voice are alike.
        SpokenFeatures[] utterances =
            [.. from voice in Enumerable.Range(0, 3) from sentence in Enumerable.Range(0, 4) select Utterance(voice, sentence)];
        IReadOnlyList<FeatureCell> cells = new SentenceFeatures(_ml, "voices", utterances, seed: 1).Measure(CancellationToken.None);
        FeatureCell bag = cells.Single(cell => cell.Features == "bag of codes");
        FeatureCell cepstra = cells.Single(cell => cell.Features == "cepstra, mean and deviation");
        Assert.AreEqual((1.0, 0.0, 8, 3), (bag.Accuracy, bag.Spread, bag.Labels, bag.Draws));
        Assert.AreEqual(0.25, cepstra.Accuracy, 1e-9);

        // A sentence that a voice has not said is left out; without shared sentences there is nothing to measure.
        Assert.AreEqual(6, new SentenceFeatures(_ml, "voices", utterances[..^1], 1).Measure(CancellationToken.None)[0].Labels);
        Assert.IsEmpty(new SentenceFeatures(_ml, "voices", utterances[..4], 1).Measure(CancellationToken.None));

        static SpokenFeatures Utterance(int voice, int sentence) => new(
            new Spoken
            {
                Speaker = $"voice {voice}", Text = $"sentence {sentence}", Codes = [(uint)sentence + 1, (uint)sentence + 1, 5, 0], Mean = [sentence],
            },
            new float[2, 3] { { voice, 1, 2 }, { voice, 3, 2 } }, Codes: 5);
    }

    [TestMethod]
    public void Statistics_of_cepstra_are_means_and_deviations_over_the_frames()
    {
        var utterance = new SpokenFeatures(new Spoken { Codes = [1, 3, 3, 3] }, new float[2, 2] { { 1, 5 }, { 3, 5 } }, Codes: 3);
        CollectionAssert.AreEqual(new float[] { 2, 5, 1, 0 }, utterance.CepstraStatistics().DenseValues().ToArray());
        CollectionAssert.AreEqual(new[] { 0.25f, 0, 0.75f }, utterance.BagOfCodes().DenseValues().ToArray());
    }
}
