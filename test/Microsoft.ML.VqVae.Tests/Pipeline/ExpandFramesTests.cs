using System.Globalization;
using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>A row of every code: windows at the edges, labels at centres, columns that pass, and data that do not fit.</summary>
[TestClass]
public sealed class ExpandFramesTests
{
    readonly MLContext _ml = new(seed: 1);

    // At 10 samples a code and 100 Hz, the centres are 0.05, 0.15, 0.25, …
    static ExpandFramesOptions Options => new()
    {
        SamplesPerCode = 10, SampleRate = 100, Context = 2, LabelColumnName = "Phone", TimeColumnName = "Time",
    };

    static readonly Speech[] Two =
    [
        new() { Name = "a", Codes = [1, 2, 3, 4], LabelStarts = [0, 0.15f, 0.3f], LabelEnds = [0.15f, 0.2f, 0.35f],
            Labels = ["A", "B", "C"] },
        new() { Name = "empty" },
        new() { Name = "b", Codes = [5], Labels = ["D"], LabelStarts = [0], LabelEnds = [0.1f] },
        new() { Name = "silent", Codes = [3, 3] },
    ];

    [TestMethod]
    public void Every_code_becomes_a_row_with_its_window_its_label_and_its_time()
    {
        IDataView view = Workout.Run(_ml, _ml.Transforms.VqVae.ExpandFrames("Code", "Codes", Options), _ml.Data.LoadFromEnumerable(Two));
        Assert.IsNull(view.GetRowCount());
        List<object[]> rows = Values.Read(view, "Name", "Code", "Window", "Phone", "Time");
        object[][] expected =
        [
            ["a", 1u, new uint[] { 0, 0, 1, 2, 3 }, "A", 0.05f],
            // Its centre is the end of A and the begin of B: an interval holds its begin and not its end.
            ["a", 2u, new uint[] { 0, 1, 2, 3, 4 }, "B", 0.15f],
            ["a", 3u, new uint[] { 1, 2, 3, 4, 0 }, "", 0.25f],
            ["a", 4u, new uint[] { 2, 3, 4, 0, 0 }, "", 0.35f],
            ["b", 5u, new uint[] { 0, 0, 5, 0, 0 }, "D", 0.05f],
            ["silent", 3u, new uint[] { 0, 0, 3, 3, 0 }, "", 0.05f],
            ["silent", 3u, new uint[] { 0, 3, 3, 0, 0 }, "", 0.15f],
        ];
        Values.AreEqual([.. expected], rows);
    }

    [TestMethod]
    public void Keys_beyond_their_count_are_told_with_row_and_slot()
    {
        IDataView labeled = _ml.Data.LoadFromEnumerable(new[] { new Plain { Codes = [1, 2] }, new Plain { Codes = [9, 10] } });
        IDataView frames = _ml.Transforms.VqVae.ExpandFrames("Code", "Codes", new()).Fit(labeled).Transform(labeled);
        string message = Assert.ThrowsExactly<InvalidOperationException>(() => Values.Read(frames, "Code")).Message;
        Assert.AreEqual(
            "Row 1 of codes column 'Codes' has the key 10 in slot 1; expected are keys from 1 to 9, or 0 for a missing one.", message);
    }

    [TestMethod]
    public void Keys_keep_what_they_stand_for_and_slots_say_where_they_are()
    {
        IDataView data = _ml.Data.LoadFromEnumerable(Two.Select(speech => new Keyed
        {
            Codes = speech.Codes, LabelStarts = speech.LabelStarts, LabelEnds = speech.LabelEnds,
            Labels = [.. speech.Labels.Select(label => (uint)(label[0] - 'A' + 1))],
        }), NamedKeys());
        ExpandFramesOptions options = Options;
        IDataView view = Workout.Run(_ml, _ml.Transforms.VqVae.ExpandFrames("Codes", null, options), data);
        DataViewSchema.Column label = view.Schema["Phone"];
        Assert.AreEqual(new KeyDataViewType(typeof(uint), 4), label.Type);
        CollectionAssert.AreEqual(new[] { 1u, 2u, 0u, 0u, 4u, 0u, 0u }, Values.Read(view, "Phone").Select(row => (uint)row[0]).ToArray());
        VBuffer<ReadOnlyMemory<char>> texts = default;
        label.Annotations.GetValue("KeyValues", ref texts);
        CollectionAssert.AreEqual(new[] { "A", "B", "C", "D" }, texts.DenseValues().Select(text => $"{text}").ToArray());
        view.Schema["Window"].GetSlotNames(ref texts);
        CollectionAssert.AreEqual(new[] { "-2", "-1", "0", "+1", "+2" }, texts.DenseValues().Select(text => $"{text}").ToArray());
    }

    [TestMethod]
    public void Columns_not_asked_for_are_not_made_and_their_sources_not_needed()
    {
        IDataView data = _ml.Data.LoadFromEnumerable(Two.Select(speech => new Plain { Codes = speech.Codes }));
        IDataView view = Workout.Run(_ml, _ml.Transforms.VqVae.ExpandFrames("Code", "Codes", new() { WindowColumnName = null }), data);
        CollectionAssert.AreEqual(new[] { "Codes", "Code" }, view.Schema.Select(column => column.Name).ToArray());
        Assert.HasCount(7, Values.Read(view, "Code"));
        view = Workout.Run(_ml, _ml.Transforms.VqVae.ExpandFrames("Code", "Codes"), data);
        Assert.AreEqual(new VectorDataViewType(new KeyDataViewType(typeof(uint), 9), 7), view.Schema["Window"].Type);
    }

    [TestMethod]
    public void Times_that_are_written_alike_are_alike()
    {
        // Labels on a grid of 10 ms begin exactly where codes of 40 ms have their centres.
        int codes = 500;
        var speech = new Speech
        {
            Codes = [.. Enumerable.Repeat(1u, codes)],
            Labels = [.. Enumerable.Range(0, codes).Select(i => $"{i}")],
            LabelStarts = [.. Enumerable.Range(0, codes).Select(i => Seconds(4 * i + 2))],
            LabelEnds = [.. Enumerable.Range(0, codes).Select(i => Seconds(4 * i + 6))],
        };
        IDataView data = _ml.Data.LoadFromEnumerable(new[] { speech });
        IDataView view = _ml.Transforms.VqVae.ExpandFrames("Code", "Codes", new() { LabelColumnName = "Phone" }).Fit(data).Transform(data);
        CollectionAssert.AreEqual(speech.Labels, Values.Read(view, "Phone").Select(row => (string)row[0]).ToArray());

        static float Seconds(int hundredths) => float.Parse($"{hundredths / 100}.{hundredths % 100:00}", CultureInfo.InvariantCulture);
    }

    [TestMethod]
    public void Labels_that_do_not_fit_are_told_with_row_and_columns()
    {
        Refused(
            new() { Codes = [1], Labels = ["A"], LabelStarts = [0], LabelEnds = [] }, "1 labels in column 'Labels'", "0 in 'LabelEnds'");
        Refused(new() { Codes = [1, 1], Labels = ["A", "B"], LabelStarts = [0, 0.05f], LabelEnds = [0.1f, 0.2f] }, "label 2 from 0.05 s");
        Refused(new() { Codes = [1], Labels = ["A"], LabelStarts = [0.1f], LabelEnds = [0.05f] }, "label 1 from 0.1 s to 0.05 s");
        Refused(new() { Codes = [1], Labels = ["A"], LabelStarts = [float.NaN], LabelEnds = [1] }, "label 1 from NaN s");
        Refused(
            new() { Codes = [1], Labels = ["A"], LabelStarts = [0], LabelEnds = [9] }, "labels up to 9 s",
            "1 codes of 10 samples at 100 Hz, 0.1 s");

        void Refused(Speech speech, params string[] words)
        {
            IDataView data = _ml.Data.LoadFromEnumerable(new[] { Two[0], speech });
            IDataView view = _ml.Transforms.VqVae.ExpandFrames("Code", "Codes", Options).Fit(data).Transform(data);
            InvalidOperationException error = Assert.ThrowsExactly<InvalidOperationException>(() => Values.Read(view, "Phone"));
            foreach (string word in words.Append("Row 1 "))
                StringAssert.Contains(error.Message, word);
            Assert.HasCount(4 + speech.Codes.Length, Values.Read(view, "Code"), "Codes alone can be read.");
        }
    }

    [TestMethod]
    public void Columns_and_options_that_will_not_do_are_refused_at_every_stage()
    {
        IDataView data = _ml.Data.LoadFromEnumerable(Two);
        Refused("codes column 'Gone'", "Gone", Options);
        Refused("codes column 'Labels': expected a vector of UInt32 keys", "Labels", Options);
        Refused("labels column 'Codes2'", "Codes", With(options => options.LabelsColumnName = "Codes2"));
        Refused(
            "labels column 'LabelStarts': expected a vector of Text", "Codes", With(options => options.LabelsColumnName = "LabelStarts"));
        Refused("label times column 'Name': expected a vector of Single", "Codes", With(options => options.LabelEndsColumnName = "Name"));
        ExpandFramesOptions bad = With(options => (options.SamplesPerCode, options.SampleRate, options.Context) = (0, -1, -1));
        bad.LabelsColumnName = "";
        string message = Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => _ml.Transforms.VqVae.ExpandFrames("C", "Codes", bad)).Message;
        foreach (string option in (string[])["SamplesPerCode", "SampleRate", "Context", "LabelsColumnName"])
            StringAssert.Contains(message, option);
        Assert.ThrowsExactly<ArgumentException>(() => _ml.Transforms.VqVae.ExpandFrames("Window", "Codes"));

        void Refused(string message, string codes, ExpandFramesOptions options)
        {
            ExpandFramesEstimator estimator = _ml.Transforms.VqVae.ExpandFrames("Code", codes, options);
            foreach (Action action in (Action[])[() => estimator.GetOutputSchema(Tiny.Shape(data.Schema)), () => estimator.Fit(data)])
                StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(action).Message, message);
        }
    }

    static ExpandFramesOptions With(Action<ExpandFramesOptions> change)
    {
        ExpandFramesOptions options = Options;
        change(options);
        return options;
    }

    static SchemaDefinition NamedKeys()
    {
        SchemaDefinition definition = SchemaDefinition.Create(typeof(Keyed));
        definition["Labels"].AddAnnotation<string[]>(
            "KeyValues", ["A", "B", "C", "D"], new VectorDataViewType(TextDataViewType.Instance, 4));
        return definition;
    }

    sealed class Keyed
    {
        [KeyType(9)]
        public uint[] Codes { get; set; } = [];

        [KeyType(4)]
        public uint[] Labels { get; set; } = [];

        public float[] LabelStarts { get; set; } = [];

        public float[] LabelEnds { get; set; } = [];
    }

    sealed class Plain
    {
        [KeyType(9)]
        public uint[] Codes { get; set; } = [];
    }

    sealed class Speech
    {
        public string Name { get; set; } = "";

        [KeyType(9)]
        public uint[] Codes { get; set; } = [];

        public float[] LabelStarts { get; set; } = [];

        public float[] LabelEnds { get; set; } = [];

        public string[] Labels { get; set; } = [];
    }

    [TestMethod]
    public void Codes_of_one_position_have_its_time_and_its_label()
    {
        ExpandFramesOptions options = Options;
        options.CodesPerPosition = 2;
        Speech[] rows = [new() { Codes = [1, 2, 3, 4], Labels = ["A", "B"], LabelStarts = [0, 0.1f], LabelEnds = [0.1f, 0.2f] }];
        IDataView view = Workout.Run(_ml, _ml.Transforms.VqVae.ExpandFrames("Code", "Codes", options), _ml.Data.LoadFromEnumerable(rows));
        // The second code of a position is of the second codebook, whose keys follow the nine of the first.
        Values.AreEqual([[1u, "A", 0.05f], [11u, "A", 0.05f], [3u, "B", 0.15f], [13u, "B", 0.15f]], Values.Read(view, "Code", "Phone", "Time"));
        // Four codes are two positions of 0.1 s; one more may be padding.
        rows[0].LabelEnds[1] = 0.35f;
        view = _ml.Transforms.VqVae.ExpandFrames("Code", "Codes", options).Fit(view).Transform(_ml.Data.LoadFromEnumerable(rows));
        Assert.Contains("0.2 s", Assert.ThrowsExactly<InvalidOperationException>(() => Values.Read(view, "Phone")).Message);
        options.CodesPerPosition = 0;
        Assert.Contains("CodesPerPosition", Assert.ThrowsExactly<ArgumentOutOfRangeException>(options.Validate).Message);
    }

    [TestMethod]
    public void Each_place_of_a_position_has_keys_of_its_own_and_windows_hold_whole_positions()
    {
        SchemaDefinition definition = SchemaDefinition.Create(typeof(Plain));
        definition["Codes"].AddAnnotation("KeyValues", Enumerable.Range(0, 9).ToArray(), new VectorDataViewType(NumberDataViewType.Int32, 9));
        IDataView data = _ml.Data.LoadFromEnumerable(new[] { new Plain { Codes = [1, 2, 0, 9, 5, 1] }, new Plain() }, definition);
        ExpandFramesOptions options = new() { CodesPerPosition = 2, Context = 1 };
        IDataView view = Workout.Run(_ml, _ml.Transforms.VqVae.ExpandFrames("Code", "Codes", options), data);
        Values.AreEqual(
        [
            [1u, new uint[] { 0, 0, 1, 11, 0, 18 }], [11u, new uint[] { 0, 0, 1, 11, 0, 18 }],
            [0u, new uint[] { 1, 11, 0, 18, 5, 10 }], [18u, new uint[] { 1, 11, 0, 18, 5, 10 }],
            [5u, new uint[] { 0, 18, 5, 10, 0, 0 }], [10u, new uint[] { 0, 18, 5, 10, 0, 0 }],
        ], Values.Read(view, "Code", "Window"));
        Assert.AreEqual(new KeyDataViewType(typeof(uint), 18), view.Schema["Code"].Type);
        Assert.AreEqual(new VectorDataViewType(new KeyDataViewType(typeof(uint), 18), 6), view.Schema["Window"].Type);
        VBuffer<ReadOnlyMemory<char>> texts = default;
        view.Schema["Window"].GetSlotNames(ref texts);
        CollectionAssert.AreEqual(
            new[] { "-1,0", "-1,1", "0,0", "0,1", "+1,0", "+1,1" }, texts.DenseValues().Select(text => $"{text}").ToArray());
        foreach (string column in (string[])["Code", "Window"])
        {
            view.Schema[column].Annotations.GetValue("KeyValues", ref texts);
            Assert.AreEqual("0,0 0,1 0,8 1,0 1,8", string.Join(' ', new[] { 0, 1, 8, 9, 17 }.Select(key => texts.DenseValues().ElementAt(key))));
            Assert.AreEqual(18, texts.Length);
        }
        IDataView unnamed = _ml.Data.LoadFromEnumerable(new[] { new Plain { Codes = [1, 2] } });
        unnamed = Workout.Run(_ml, _ml.Transforms.VqVae.ExpandFrames("Code", "Codes", options), unnamed);
        Assert.IsNull(unnamed.Schema["Code"].Annotations.Schema.GetColumnOrNull("KeyValues"), "codes without values have none");
    }

    [TestMethod]
    public void A_label_map_counts_the_codes_of_each_place_for_themselves()
    {
        // The first code says nothing about the label, the second all.
        Speech[] rows = [.. Enumerable.Range(0, 8).Select(number => new Speech
        {
            Codes = [(uint)(number / 2 % 2) + 1, (uint)(number % 2) + 1], Labels = [$"{number % 2}"], LabelStarts = [0], LabelEnds = [0.1f],
        })];
        ExpandFramesOptions options = Options;
        options.CodesPerPosition = 2;
        IDataView data = _ml.Data.LoadFromEnumerable(rows);
        IDataView frames = _ml.Transforms.VqVae.ExpandFrames("Code", "Codes", options).Fit(data).Transform(data);
        frames = _ml.Transforms.Conversion.MapValueToKey("Label", "Phone").Fit(frames).Transform(frames);
        CodeLabelMapTransformer map = _ml.MulticlassClassification.Trainers.CodeLabelMap().Fit(frames);
        Assert.AreEqual(18, map.Codes);
        Assert.AreEqual((2, 2), (map.CountOf(1, 1), map.CountOf(1, 2)));
        Assert.AreEqual((4, 0, 0, 4), (map.CountOf(10, 1), map.CountOf(10, 2), map.CountOf(11, 1), map.CountOf(11, 2)));
    }

    [TestMethod]
    public void Codes_that_are_no_whole_positions_are_refused()
    {
        ExpandFramesOptions options = new() { CodesPerPosition = 2 };
        IDataView data = _ml.Data.LoadFromEnumerable(new[] { new Plain { Codes = [1, 2] }, new Plain { Codes = [1, 2, 3] } });
        IDataView frames = _ml.Transforms.VqVae.ExpandFrames("Code", "Codes", options).Fit(data).Transform(data);
        Assert.AreEqual("Row 1 of codes column 'Codes' has 3 codes; expected is a multiple of 2, CodesPerPosition.",
            Assert.ThrowsExactly<InvalidOperationException>(() => Values.Read(frames, "Code")).Message);
        SchemaDefinition three = SchemaDefinition.Create(typeof(Plain));
        three["Codes"].ColumnType = new VectorDataViewType(new KeyDataViewType(typeof(uint), 9), 3);
        data = _ml.Data.LoadFromEnumerable(new[] { new Plain { Codes = [1, 2, 3] } }, three);
        Assert.Contains("codes column 'Codes': expected a multiple of 2 codes (CodesPerPosition)", Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => _ml.Transforms.VqVae.ExpandFrames("Code", "Codes", options).Fit(data)).Message);
        (options.CodesPerPosition, options.Context) = (100, 1 << 20);
        Assert.Contains("CodesPerPosition must be so small", Assert.ThrowsExactly<ArgumentOutOfRangeException>(options.Validate).Message);
    }
}
