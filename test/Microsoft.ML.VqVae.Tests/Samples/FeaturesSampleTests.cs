using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Samples;
using Microsoft.ML.VqVae.Samples.Display;
using Microsoft.ML.VqVae.Samples.Drawing;
using Microsoft.ML.VqVae.Samples.Features;
using Microsoft.ML.VqVae.Samples.Images;

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
    public void Numbers_of_labels_that_there_are_no_rows_for_are_shown_or_an_error()
    {
        var stages = new NamedStages();
        CollectionAssert.AreEqual(new[] { 10, 100 }, LabelCurves.Fitting([10, 100, 1000, 2000], 100, "images", stages).ToArray());
        Assert.AreEqual("Left out 1,000, 2,000 of --labels: labeled rows are drawn from 100 images", stages.Names.Single());
        CollectionAssert.AreEqual(new[] { 10 }, LabelCurves.Fitting([10], 100, "images", stages).ToArray());
        Assert.HasCount(1, stages.Names);

        // Before anything is trained: 18 of 20 images are for training.
        using var folder = new TemporaryFolder();
        foreach (string name in (string[])["a", "b"])
        {
            Directory.CreateDirectory(folder.File(name));
            for (int i = 0; i < 10; i++)
                new Canvas(32, 32).Save(folder.File($"{name}/{i}.png"));
        }
        var settings = new FeaturesSettings
        {
            DataFolder = folder.Path, Labels = [19, 100], Quick = true, Steps = 1, OutputFolder = folder.File("out"),
        };
        Assert.Contains("--labels asks for 19 labeled rows or more, but they are drawn from 18 training images of",
            Assert.ThrowsExactly<DataSetException>(() => new FeaturesSample(settings, CancellationToken.None).Run()).Message);
        string Complaint(int rows) => Assert.ThrowsExactly<DataSetException>(
            () => LabelCurves.Required(settings with { Labels = [2000] }, rows, "images", stages)).Message;
        Assert.EndsWith("Give a number of at most 18.", Complaint(18));
        // As many as --quick takes of more.
        Assert.EndsWith("Give a number of at most 1,000, or leave out --quick, which takes fewer rows.", Complaint(1000));
    }

    sealed class NamedStages : Stages
    {
        public List<string> Names { get; } = [];

        public override T Run<T>(string name, Func<Stage, T> work)
        {
            Names.Add(name);
            return work(new Stage((_, _) => { }));
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
    public void A_changed_image_is_shifted_with_a_part_erased_and_is_the_same_each_time()
    {
        var shape = new ImageShape(3, 10, 12);
        bool[] erased = new bool[20], shifted = new bool[20];
        for (int number = 0; number < 20; number++)
        {
            float[] pixels = [.. Enumerable.Range(0, shape.Values).Select(slot => (float)(1 + ((slot * 37) + (number * 11)) % 251))];
            float[] changed = ChangedImages.Change(pixels, shape);
            CollectionAssert.AreEqual(changed, ChangedImages.Change([.. pixels], shape));
            // Of a shift alone, all pixels but those at an edge are there.
            var shifts = from down in Enumerable.Range(-2, 5) from right in Enumerable.Range(-2, 5)
                         select (Right: (down, right), Wrong: Slots(down, right).Count(slot => changed[slot] != pixels[slot - (down * 12) - right]));
            ((int, int) found, int missing) = shifts.MinBy(shift => shift.Wrong);
            (shifted[number], erased[number]) = (found != (0, 0), missing > 0);
            // What is missing is black, and at most a rectangle of 4×4 in each of the three channels.
            Assert.IsTrue(Slots(found.Item1, found.Item2).All(slot =>
                changed[slot] == 0 || changed[slot] == pixels[slot - (found.Item1 * 12) - found.Item2]));
            Assert.IsLessThanOrEqualTo(3 * 16, missing);
        }
        Assert.IsTrue(shifted.Contains(true) && erased.Contains(true) && erased.Contains(false));

        IEnumerable<int> Slots(int down, int right) => Enumerable.Range(0, shape.Values).Where(slot =>
            (slot / 12 % 10) - down is >= 0 and < 10 && (slot % 12) - right is >= 0 and < 12);
    }

    [TestMethod]
    public void Statistics_of_cepstra_are_means_and_deviations_over_the_frames()
    {
        var utterance = new SpokenFeatures(new Spoken { Codes = [1, 3, 3, 3] }, new float[2, 2] { { 1, 5 }, { 3, 5 } }, Codes: 3);
        CollectionAssert.AreEqual(new float[] { 2, 5, 1, 0 }, utterance.CepstraStatistics().DenseValues().ToArray());
        CollectionAssert.AreEqual(new[] { 0.25f, 0, 0.75f }, utterance.BagOfCodes().DenseValues().ToArray());
    }
}
