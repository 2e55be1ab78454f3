using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>Every code to its most frequent label, among ML.NET's own evaluators.</summary>
[TestClass]
public sealed class CodeLabelMapTests
{
    readonly MLContext _ml = new(seed: 1);

    // Code 1: a 3, b 1. Code 2: a 1, b 1, c 1 (a tie, and a is the most frequent). Code 3: c 2. Code 4: never. Code 5: b 1, c 1 (b before c
    // by frequency: 3 each, so the first).
    static readonly Row[] Training =
    [
        .. Rows(1, "a", 3), .. Rows(1, "b", 1), .. Rows(2, "c", 1), .. Rows(2, "b", 1), .. Rows(2, "a", 1), .. Rows(3, "c", 1),
        .. Rows(5, "b", 1), .. Rows(5, "c", 1), .. Rows(0, "c", 9), .. Rows(3, "", 9),
    ];

    [TestMethod]
    public void Every_code_is_mapped_to_its_most_frequent_label()
    {
        IDataView data = Data(Training);
        CodeLabelMapTransformer map = _ml.MulticlassClassification.Trainers.CodeLabelMap().Fit(data);
        Assert.AreEqual((6, 3), (map.Codes, map.Labels));
        Assert.AreEqual((3, 1, 0), (map.CountOf(1, 1), map.CountOf(1, 2), map.CountOf(4, 3)));
        IDataView all = map.Transform(Data([.. Enumerable.Range(0, 7).Select(code => new Row { Code = Member(code), Text = "a" })]));
        string[] predicted = [.. Values.Read(
            _ml.Transforms.Conversion.MapKeyToValue("PredictedLabel").Fit(all).Transform(all), "PredictedLabel")
            .Select(row => (string)row[0])];
        // A missing code and two that never occur get the most frequent label of all.
        CollectionAssert.AreEqual(new[] { "a", "a", "a", "c", "a", "b", "a" }, predicted);
    }

    [TestMethod]
    public void Scores_are_probabilities_that_agree_with_the_formula_and_the_prediction()
    {
        IDataView scored = Workout.Run(_ml, _ml.MulticlassClassification.Trainers.CodeLabelMap(), Data(Training));
        foreach (object[] row in Values.Read(scored, "Code", "Score", "PredictedLabel"))
        {
            float[] scores = (float[])row[1];
            Assert.AreEqual(1, scores.Sum(), 1e-6);
            Assert.AreEqual((uint)Array.IndexOf(scores, scores.Max()) + 1, row[2]);
        }
        // With code and label there are 4 a, 3 b and 3 c.
        double[] prior = [5.0 / 13, 4.0 / 13, 4.0 / 13];
        float[] ofFirst = (float[])Values.Read(scored, "Score")[0][0];
        for (int label = 0; label < 3; label++)
            Assert.AreEqual(((label == 0 ? 3 : label == 1 ? 1 : 0) + prior[label]) / 5, ofFirst[label], 1e-6);
        VBuffer<ReadOnlyMemory<char>> names = default;
        scored.Schema["Score"].GetSlotNames(ref names);
        CollectionAssert.AreEqual(new[] { "a", "b", "c" }, names.DenseValues().Select(name => $"{name}").ToArray());
    }

    [TestMethod]
    public void Evaluate_and_CrossValidate_work_on_it()
    {
        IDataView data = Data(Training);
        IDataView scored = _ml.MulticlassClassification.Trainers.CodeLabelMap().Fit(data).Transform(data);
        MulticlassClassificationMetrics metrics = _ml.MulticlassClassification.Evaluate(scored);
        // Of the 19 rows with a label, 6 are right: 3 of code 1 and one each of codes 2, 3 and 5. Those without a code are c, not a.
        Assert.AreEqual(6.0 / 19, metrics.MicroAccuracy, 1e-9);
        Assert.IsGreaterThan(0, metrics.LogLoss);

        Row[] regular = [.. Enumerable.Range(0, 200).Select(i => new Row { Code = (uint)(i % 3), Text = "abc"[i % 3].ToString() })];
        var folds = _ml.MulticlassClassification.CrossValidate(
            Data(regular), _ml.MulticlassClassification.Trainers.CodeLabelMap(), numberOfFolds: 4);
        Assert.HasCount(4, folds);
        Assert.IsTrue(folds.All(fold => fold.Metrics.MicroAccuracy == 1));
    }

    [TestMethod]
    public void Labels_may_stand_for_numbers_or_for_nothing()
    {
        Numbered[] rows = [.. Enumerable.Range(0, 8).Select(i => i % 2)
            .Select(i => new Numbered { Code = (uint)i, Number = i * 10, Key = (uint)i })];
        IDataView data = _ml.Data.LoadFromEnumerable(rows);
        data = _ml.Transforms.Conversion.MapValueToKey("Label", "Number").Fit(data).Transform(data);
        IDataView scored = Workout.Run(_ml, _ml.MulticlassClassification.Trainers.CodeLabelMap(), data);
        IDataView values = _ml.Transforms.Conversion.MapKeyToValue("PredictedLabel").Fit(scored).Transform(scored);
        CollectionAssert.AreEqual(
            new[] { 0f, 10, 0, 10, 0, 10, 0, 10 }, Values.Read(values, "PredictedLabel").Select(row => (float)row[0]).ToArray());
        scored = Workout.Run(_ml, _ml.MulticlassClassification.Trainers.CodeLabelMap("Key"), _ml.Data.LoadFromEnumerable(rows));
        Assert.IsNull(scored.Schema["PredictedLabel"].Annotations.Schema.GetColumnOrNull("KeyValues"));
    }

    [TestMethod]
    public void Data_that_will_not_do_are_refused()
    {
        IDataView data = Data(Training);
        foreach ((string label, string code, string expected) in ((string, string, string)[])
            [("Gone", "Code", "Could not find label column 'Gone'"), ("Text", "Code", "label column 'Text': expected a UInt32 key"),
            ("Label", "Text", "code column 'Text': expected a UInt32 key")])
        {
            CodeLabelMapTrainer trainer = _ml.MulticlassClassification.Trainers.CodeLabelMap(label, code);
            foreach (Action action in (Action[])[() => trainer.GetOutputSchema(Tiny.Shape(data.Schema)), () => trainer.Fit(data)])
                StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(action).Message, expected);
        }
        CodeLabelMapTrainer good = _ml.MulticlassClassification.Trainers.CodeLabelMap();
        IDataView nothing = Data([.. Rows(0, "a", 2), .. Rows(1, "", 2)]);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => good.Fit(nothing)).Message, "None of the 4 rows");
        CodeLabelMapTransformer map = good.Fit(data);
        IDataView other = _ml.Data.LoadFromEnumerable(new Numbered[] { new() { Code = 1 } });
        string message = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => map.Transform(other)).Message;
        StringAssert.Contains(message, "code column 'Code': expected Key<UInt32, 0-5>");
    }

    // Empty texts become missing keys: there is no such value among the keys.
    IDataView Data(Row[] rows)
    {
        IDataView view = _ml.Data.LoadFromEnumerable(rows);
        IDataView keys = _ml.Data.LoadFromEnumerable(((string[])["a", "b", "c"]).Select(text => new Row { Text = text }));
        return _ml.Transforms.Conversion.MapValueToKey("Label", "Text").Fit(keys).Transform(view);
    }

    static IEnumerable<Row> Rows(uint code, string label, int count) =>
        Enumerable.Repeat(new Row { Code = Member((int)code), Text = label }, count);

    // Keys of row objects count from 0, and what is beyond their count is missing.
    static uint Member(int key) => unchecked((uint)(key - 1));

    sealed class Row
    {
        [KeyType(6)]
        public uint Code { get; set; }

        public string Text { get; set; } = "";
    }

    sealed class Numbered
    {
        [KeyType(2)]
        public uint Code { get; set; }

        public float Number { get; set; }

        [KeyType(2)]
        public uint Key { get; set; }
    }
}
