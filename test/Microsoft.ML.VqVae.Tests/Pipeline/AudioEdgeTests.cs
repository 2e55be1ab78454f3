using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>Silence, nothing, very little, strangers, and what is refused: each has a documented result or an error that says what to
/// do.</summary>
[TestClass]
public class AudioEdgeTests
{
    static readonly MLContext _ml = new(seed: 1);

    static readonly Dictionary<string, AudioVqVaeTransformer> _trained = [];

    [ClassInitialize]
    public static void Train(TestContext context)
    {
        _ = context;
        foreach (string codec in (string[])["mel", "adapted", "waveform"])
            _trained.Add(codec, Fit(TinySpeech.Codec(codec)));
    }

    [ClassCleanup]
    public static void Free()
    {
        foreach (AudioVqVaeTransformer trained in _trained.Values)
            trained.Dispose();
    }

    static AudioVqVaeTransformer Fit(AudioCodecOptions codec)
    {
        AudioVqVaeOptions options = TinySpeech.Options(codec);
        options.ReconstructionColumnName = "Decoded";
        return _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", options).Fit(TinySpeech.Data(_ml));
    }

    static AudioVqVaeTransformer Trained(string codec) => _trained[codec];

    static (uint[] Codes, float[] Decoded) Encode(string codec, float[] waveform)
    {
        IDataView data = TinySpeech.Data(_ml, new TinySpeech.Row { Waveform = waveform, Speaker = "low" });
        object[] row = Values.Read(Trained(codec).Transform(data), "Codes", "Decoded")[0];
        return ((uint[])row[0], (float[])row[1]);
    }

    [TestMethod]
    [DataRow("mel")]
    [DataRow("adapted")]
    [DataRow("waveform")]
    public void Silence_has_codes_and_decodes_to_finite_samples(string codec)
    {
        (uint[] codes, float[] decoded) = Encode(codec, new float[641]);
        Assert.HasCount(5, codes);
        Assert.IsTrue(decoded.All(float.IsFinite));
    }

    [TestMethod]
    [DataRow("mel")]
    [DataRow("adapted")]
    [DataRow("waveform")]
    public void An_empty_waveform_has_no_codes_and_no_codes_are_an_empty_waveform(string codec)
    {
        (uint[] codes, float[] decoded) = Encode(codec, []);
        Assert.IsEmpty(codes);
        Assert.IsEmpty(decoded);
        // The same beside another row of the batch.
        TinySpeech.Row[] rows = TinySpeech.Rows(2);
        rows[0].Waveform = [];
        using AudioVqVaeDecoderTransformer decoder = Trained(codec).Decoder("Again");
        List<object[]> read = Values.Read(decoder.Transform(Trained(codec).Transform(TinySpeech.Data(_ml, rows))), "Codes", "Again");
        Assert.IsEmpty((uint[])read[0][0]);
        Assert.IsEmpty((float[])read[0][1]);
        Assert.HasCount((rows[1].Waveform.Length + 159) / 160 * 160, (float[])read[1][1]);
    }

    [TestMethod]
    [DataRow("mel")]
    [DataRow("adapted")]
    [DataRow("waveform")]
    public void Ten_milliseconds_are_one_code(string codec)
    {
        (uint[] codes, float[] decoded) = Encode(codec, TinySpeech.Utterance(1, 40, TinySpeech.SampleRate, 110));
        Assert.HasCount(1, codes);
        Assert.HasCount(40, decoded);
    }

    [TestMethod]
    public void A_speaker_of_no_training_is_encoded_but_not_decoded_with()
    {
        TinySpeech.Row[] rows = TinySpeech.Rows(3);
        rows[1].Speaker = "nobody";
        // Other numbers for the same names, and one name more.
        IDataView data = _ml.Data.LoadFromEnumerable(rows);
        string[] order = ["nobody", "high", "low"];
        data = _ml.Transforms.Conversion.MapValueToKey("Speaker")
            .Fit(_ml.Data.LoadFromEnumerable(order.Select(name => new TinySpeech.Row { Speaker = name }))).Transform(data);
        List<object[]> expected = Values.Read(Trained("mel").Transform(TinySpeech.Data(_ml, TinySpeech.Rows(3))), "Codes");
        List<object[]> codes = Values.Read(Trained("mel").Transform(data), "Codes");
        CollectionAssert.AreEqual((uint[])expected[0][0], (uint[])codes[0][0], "Speakers are told apart by name.");
        CollectionAssert.AreEqual((uint[])expected[2][0], (uint[])codes[2][0]);
        Assert.HasCount(((uint[])expected[1][0]).Length, (uint[])codes[1][0]);

        using AudioVqVaeDecoderTransformer decoder = Trained("mel").Decoder("Again");
        foreach (IDataView view in new[] { decoder.Transform(Trained("mel").Transform(data)), Trained("mel").Transform(data) })
        {
            InvalidOperationException exception = Assert.ThrowsExactly<InvalidOperationException>(() => Values.Read(view));
            Assert.Contains("Row 1 of speaker column 'Speaker'", exception.Message);
            Assert.Contains("'low', 'high'", exception.Message);
        }
    }

    [TestMethod]
    public void A_voice_that_no_training_row_had_is_not_among_the_speakers()
    {
        TinySpeech.Row[] rows = [.. TinySpeech.Rows(6).Where(row => row.Speaker == "low")];
        using AudioVqVaeTransformer transformer =
            _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", TinySpeech.Options()).Fit(TinySpeech.Data(_ml, rows));
        CollectionAssert.AreEqual(new[] { "low" }, transformer.Speakers.ToArray());
    }

    [TestMethod]
    public void Another_voice_says_something_else_and_every_time_the_same()
    {
        TinySpeech.Row[] rows = TinySpeech.Rows(2);
        IDataView codes = _ml.Data.Cache(Trained("mel").Transform(TinySpeech.Data(_ml, rows)), "Codes", "Speaker");
        float[] Say(string voice)
        {
            using AudioVqVaeDecoderTransformer decoder = Trained("mel").Decoder("Again", speakerColumnName: "Voice");
            IDataView data = _ml.Transforms.Conversion.MapKeyToValue("Voice", "Speaker").Fit(codes).Transform(codes);
            data = _ml.Transforms.CustomMapping<Named, Named>((from, to) => to.Voice = voice, null).Fit(data).Transform(data);
            data = _ml.Transforms.Conversion.MapValueToKey("Voice").Fit(data).Transform(data);
            return (float[])Values.Read(decoder.Transform(data), "Again")[0][0];
        }
        CollectionAssert.AreEqual(Say("low"), Say("low"));
        CollectionAssert.AreNotEqual(Say("low"), Say("high"));
    }

    sealed class Named
    {
        public string Voice { get; set; } = "";
    }

    [TestMethod]
    [DataRow(float.NaN)]
    [DataRow(float.PositiveInfinity)]
    [DataRow(1e38f)]
    [DataRow(-1e10f)]
    public void A_sample_that_is_no_number_is_refused(float sample)
    {
        TinySpeech.Row[] rows = TinySpeech.Rows(3);
        rows[1].Waveform[4] = sample;
        IDataView data = TinySpeech.Data(_ml, rows);
        foreach (Action action in new Action[]
        {
            () => Values.Read(Trained("mel").Transform(data), "Codes"),
            () => _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", TinySpeech.Options()).Fit(data),
        })
        {
            Assert.Contains("Row 1 of column 'Waveform' has", Assert.ThrowsExactly<InvalidOperationException>(action).Message);
        }
    }

    [TestMethod]
    public void Rows_without_samples_are_left_out_of_training_and_nothing_else_is_an_error()
    {
        TinySpeech.Row[] rows = TinySpeech.Rows(4);
        rows[0].Waveform = [];
        _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", TinySpeech.Options()).Fit(TinySpeech.Data(_ml, rows)).Dispose();
        foreach (TinySpeech.Row row in rows)
            row.Waveform = [];
        Exception exception = Assert.ThrowsExactly<InvalidOperationException>(
            () => _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", TinySpeech.Options()).Fit(TinySpeech.Data(_ml, rows)));
        Assert.Contains("All 4 rows of column 'Waveform' are empty", exception.Message);
    }

    [TestMethod]
    public void A_row_without_samples_needs_no_speaker_in_training()
    {
        TinySpeech.Row[] rows = TinySpeech.Rows(4);
        (rows[1].Waveform, rows[1].Speaker) = ([], "nobody");
        using AudioVqVaeTransformer transformer =
            _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", TinySpeech.Options()).Fit(TinySpeech.Data(_ml, rows));
        CollectionAssert.AreEqual(TinySpeech.Speakers, transformer.Speakers.ToArray());
    }

    [TestMethod]
    public void A_missing_speaker_stops_training()
    {
        TinySpeech.Row[] rows = TinySpeech.Rows(4);
        rows[2].Speaker = "nobody";
        Exception exception = Assert.ThrowsExactly<InvalidOperationException>(
            () => _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", TinySpeech.Options()).Fit(TinySpeech.Data(_ml, rows)));
        Assert.Contains("Row 2 of speaker column 'Speaker'", exception.Message);
    }

    [TestMethod]
    public void Codes_of_phonemes_are_not_decoded()
    {
        MelCodecOptions codec = TinySpeech.Mel();
        (codec.Outputs, codec.TargetFrames) = (SpeechFeatures.Mfcc, 16);
        using AudioVqVaeTransformer transformer =
            _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", TinySpeech.Options(codec)).Fit(TinySpeech.Data(_ml));
        Assert.Contains(
            "cannot be converted to sound", Assert.ThrowsExactly<InvalidOperationException>(() => transformer.Decoder("Again")).Message);
        AudioVqVaeOptions options = TinySpeech.Options(codec);
        options.ReconstructionColumnName = "Decoded";
        Assert.Contains("ReconstructionColumnName must be null", Assert.Throws<ArgumentException>(
            () => _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", options)).Message);
    }

    [TestMethod]
    public void Eight_kilohertz_are_taken_and_bands_above_half_of_it_refused()
    {
        AudioVqVaeOptions options = AudioVqVaeOptions.MelSpeech();
        options.SampleRate = 8000;
        options.Validate();
        Assert.AreEqual(320, options.Codec.SamplesPerCode);
        ((MelCodecOptions)options.Codec).MaximumFrequency = 7600;
        Assert.Contains("MaximumFrequency must be 0 or at most half of the sample rate (4000)",
            Assert.Throws<ArgumentException>(options.Validate).Message);
    }

    [TestMethod]
    public void Columns_of_other_kinds_are_refused_at_every_stage()
    {
        IDataView data = TinySpeech.Data(_ml);
        void Refused(string input, string? speaker, params string[] words)
        {
            AudioVqVaeOptions options = TinySpeech.Options();
            options.SpeakerColumnName = speaker;
            AudioVqVaeEstimator estimator = _ml.Transforms.VqVae.EncodeAudio("Codes", input, options);
            foreach (Action action in new Action[] { () => estimator.GetOutputSchema(Tiny.Shape(data.Schema)), () => estimator.Fit(data) })
            {
                string message = Assert.ThrowsExactly<ArgumentOutOfRangeException>(action).Message;
                foreach (string word in words)
                    Assert.Contains(word, message);
            }
        }
        Refused("Number", "Speaker", "Schema mismatch for input column 'Number'", "vector of Single");
        Refused("Sound", "Speaker", "Could not find input column 'Sound'");
        Refused("Waveform", "Who", "Could not find", "'Who'");
        Refused("Waveform", "Number", "Schema mismatch", "'Number'", "key");
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Trained("mel").Transform(_ml.Data.LoadFromEnumerable(TinySpeech.Rows(2))));
    }

    [TestMethod]
    [DataRow("mel")]
    [DataRow("adapted")]
    [DataRow("waveform")]
    public void The_loudest_sound_that_is_taken_decodes_to_finite_samples(string codec)
    {
        // Noise, as loud as may be in all bands and all rows.
        var random = new Random(1);
        TinySpeech.Row[] rows = TinySpeech.Rows(4);
        foreach (TinySpeech.Row row in rows)
            row.Waveform = [.. row.Waveform.Select(_ => random.Next(2) == 0 ? -1e9f : 1e9f)];
        AudioVqVaeOptions options = TinySpeech.Options(TinySpeech.Codec(codec));
        options.ReconstructionColumnName = "Decoded";
        IDataView data = TinySpeech.Data(_ml, rows);
        using AudioVqVaeTransformer trained = _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", options).Fit(data);
        foreach (object[] row in Values.Read(trained.Transform(data), "Decoded"))
            Assert.IsTrue(((float[])row[0]).All(sample => sample is >= -1 and <= 1));
    }
}
