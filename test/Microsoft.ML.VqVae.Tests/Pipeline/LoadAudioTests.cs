using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Tests.Samples;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>WAV files as columns: what comes out, and what is said of files that cannot be read.</summary>
[TestClass]
public sealed class LoadAudioTests : IDisposable
{
    readonly MLContext _ml = new(seed: 1);
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void Files_of_all_lengths_become_waveforms()
    {
        float[] voice = Ramp(1000), stereo = [0.5f, -0.25f, 0.25f, 0.75f];
        Part[] parts =
        [
            new() { File = Write("voice.wav", voice) }, new() { File = Write("silence.wav", new float[1600]) },
            new() { File = Write("nothing.wav", []) }, new() { File = Write("short.wav", Ramp(160)) }, new() { File = "" },
            new() { File = Write("stereo.wav", stereo, channels: 2) },
        ];
        IDataView view = Workout.Run(_ml, _ml.Transforms.VqVae.LoadAudio("Waveform", "File"), _ml.Data.LoadFromEnumerable(parts));
        float[][] waveforms = [.. Values.Read(view, "Waveform").Select(row => (float[])row[0])];
        CollectionAssert.AreEqual(voice, waveforms[0]);
        CollectionAssert.AreEqual(new float[1600], waveforms[1]);
        Assert.IsEmpty(waveforms[2]);
        Assert.HasCount(160, waveforms[3]);
        Assert.IsEmpty(waveforms[4], "an empty name");
        CollectionAssert.AreEqual(new[] { 0.125f, 0.5f }, waveforms[5]);
        Assert.IsFalse(((VectorDataViewType)view.Schema["Waveform"].Type).IsKnownSize);
    }

    [TestMethod]
    public void Other_rates_are_changed_to_the_one_asked_for()
    {
        float[] voice = Ramp(400);
        Part[] parts = [new() { File = Write("telephone.wav", voice, rate: 8000) }, new() { File = Write("same.wav", voice) }];
        IDataView view = Workout.Run(_ml, _ml.Transforms.VqVae.LoadAudio("File", "File"), _ml.Data.LoadFromEnumerable(parts));
        List<object[]> rows = Values.Read(view, "File");
        CollectionAssert.AreEqual(new Resampler(8000, 16000).Resample(voice), (float[])rows[0][0]);
        Assert.HasCount(800, (float[])rows[0][0]);
        CollectionAssert.AreEqual(voice, (float[])rows[1][0]);
    }

    [TestMethod]
    public void Parts_are_read_in_samples_of_the_file()
    {
        float[] voice = Ramp(1000);
        string file = Write("long.wav", voice);
        Part[] parts = [new() { File = file, From = 100, Count = 50 }, new() { File = file, From = 990, Count = 10 },
            new() { File = file, From = 1000, Count = 0 }];
        IDataView data = _ml.Data.LoadFromEnumerable(parts);
        IDataView view = Workout.Run(_ml, _ml.Transforms.VqVae.LoadAudio("Waveform", "File", 16000, "From", "Count"), data);
        List<object[]> rows = Values.Read(view, "Waveform");
        CollectionAssert.AreEqual(voice[100..150], (float[])rows[0][0]);
        CollectionAssert.AreEqual(voice[990..], (float[])rows[1][0]);
        Assert.IsEmpty((float[])rows[2][0]);
        view = Workout.Run(_ml, _ml.Transforms.VqVae.LoadAudio("Waveform", "File", startColumnName: "From"), data);
        CollectionAssert.AreEqual(voice[100..], (float[])Values.Read(view, "Waveform")[0][0]);
        view = Workout.Run(_ml, _ml.Transforms.VqVae.LoadAudio("Waveform", "File", lengthColumnName: "Count"), data);
        CollectionAssert.AreEqual(voice[..50], (float[])Values.Read(view, "Waveform")[0][0]);
    }

    [TestMethod]
    public void Relative_names_are_relative_to_the_folder_that_is_given()
    {
        Write("inner.wav", [0.5f]);
        IDataView data = _ml.Data.LoadFromEnumerable(new Part[] { new() { File = "inner.wav" } });
        IDataView view = Workout.Run(_ml, _ml.Transforms.VqVae.LoadAudio("Waveform", "File", audioFolder: _folder.Path), data);
        CollectionAssert.AreEqual(new[] { 0.5f }, (float[])Values.Read(view, "Waveform")[0][0]);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(
            () => _ml.Transforms.VqVae.LoadAudio("Waveform", "File", audioFolder: _folder.File("gone"))).Message, "gone");
    }

    [TestMethod]
    public void Nothing_is_read_before_a_waveform_is_asked_for()
    {
        IDataView data = _ml.Data.LoadFromEnumerable(new Part[] { new() { File = "/there/is/no/such.wav", From = 7 } });
        IDataView view = _ml.Transforms.VqVae.LoadAudio("Waveform", "File").Fit(data).Transform(data);
        Assert.AreEqual(7L, Values.Read(view, "From")[0][0]);
        using DataViewRowCursor cursor = view.GetRowCursor([view.Schema["Waveform"]]);
        Assert.IsTrue(cursor.MoveNext(), "A getter that nobody calls reads no file.");
    }

    [TestMethod]
    public void What_cannot_be_read_is_told_with_row_column_and_file()
    {
        string good = Write("good.wav", Ramp(10)), cut = Write("cut.wav", Ramp(10));
        string text = _folder.Write("text.wav", "no sound"u8.ToArray());
        File.WriteAllBytes(cut, File.ReadAllBytes(cut)[..64]);
        Refused(new() { File = cut }, cut, "at byte 58", "expected 40 bytes", "found 6");
        Refused(new() { File = text }, text, "at byte 0", "expected 12 bytes");
        Refused(new() { File = _folder.File("gone.wav") }, "gone.wav");
        Refused(new() { File = _folder.Path }, _folder.Path);
        Refused(new() { File = good, From = 11 }, good, "Column 'From'", "from 0 to 10", "is 11");
        Refused(new() { File = good, From = -1 }, "Column 'From'", "is -1");
        Refused(new() { File = good, From = 4, Count = 7 }, "Column 'Count'", "from 0 to 6", "is 7");

        void Refused(Part part, params string[] words)
        {
            IDataView data = _ml.Data.LoadFromEnumerable(new[] { new Part { File = good, Count = 10 }, part });
            IDataView view = _ml.Transforms.VqVae.LoadAudio("Waveform", "File", 16000, "From", "Count").Fit(data).Transform(data);
            InvalidOperationException error = Assert.ThrowsExactly<InvalidOperationException>(() => Values.Read(view, "Waveform"));
            foreach (string word in words.Append("Row 1 of column 'File'"))
                StringAssert.Contains(error.Message, word);
        }
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void A_bad_file_is_named_where_other_threads_read_it(bool cached)
    {
        string good = Write("good.wav", TinySpeech.Utterance(1, 500, 4000, 110), rate: 4000), cut = Write("cut.wav", Ramp(10));
        File.WriteAllBytes(cut, File.ReadAllBytes(cut)[..64]);
        Part[] parts = [new() { File = good, Speaker = "a" }, new() { File = cut, Speaker = "b" }, new() { File = good, Speaker = "b" }];
        IDataView data = _ml.Data.LoadFromEnumerable(parts);
        // ML.NET's own transforms read ahead in threads whose errors it tells without their text.
        IDataView view = _ml.Transforms.VqVae.LoadAudio("Waveform", "File", 4000)
            .Append(_ml.Transforms.Conversion.MapValueToKey("Speaker")).Fit(data).Transform(data);
        if (cached)
            view = _ml.Data.Cache(view);
        AudioVqVaeEstimator estimator = _ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", TinySpeech.Options());
        string message = Assert.ThrowsExactly<InvalidOperationException>(() => estimator.Fit(view)).Message;
        StringAssert.Contains(message, $"Row 1 of column 'File': the file '{cut}' cannot be loaded.");
        using AudioVqVaeTransformer trained = estimator.Fit(TinySpeech.Data(_ml));
        message = Assert.ThrowsExactly<InvalidOperationException>(() => Values.Read(trained.Transform(view), "Codes")).Message;
        StringAssert.Contains(message, $"Row 1 of column 'File': the file '{cut}' cannot be loaded.");
    }

    [TestMethod]
    public void Damaged_rates_and_other_formats_are_told_before_they_cost_anything()
    {
        // 4 MB that claim 100 Hz: at 48 kHz they would be 2 GB of samples.
        string slow = _folder.File("slow.wav"), wrong = _folder.File("wrong.wav"), flac = _folder.Write("a.flac", "fLaC\0\0\0"u8.ToArray());
        WaveFile.Write(slow, new float[2_000_000], 100);
        byte[] bytes = File.ReadAllBytes(Write("good.wav", Ramp(10)));
        bytes[27] = 0x7F;
        File.WriteAllBytes(wrong, bytes);
        Refused(slow, "at most 268435456 samples", "2000000 samples at 100 Hz are 960000000 at 48000 Hz", "start and length");
        Refused(wrong, "a sample rate from 100 to 768000 Hz", "found 2130722432");
        Refused(flac, "FLAC", "ffmpeg -i", "flac --decode");
        foreach (int rate in (int[])[99, 768_001])
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.Transforms.VqVae.LoadAudio("W", "File", sampleRate: rate));

        void Refused(string file, params string[] words)
        {
            IDataView data = _ml.Data.LoadFromEnumerable(new[] { new Part { File = file } });
            IDataView view = _ml.Transforms.VqVae.LoadAudio("Waveform", "File", 48_000).Fit(data).Transform(data);
            InvalidOperationException error = Assert.ThrowsExactly<InvalidOperationException>(() => Values.Read(view, "Waveform"));
            foreach (string word in words.Append(file))
                StringAssert.Contains(error.Message, word);
        }
    }

    [TestMethod]
    public void Columns_that_will_not_do_are_refused_at_every_stage()
    {
        IDataView data = _ml.Data.LoadFromEnumerable(new Part[] { new() { File = "a.wav" } });
        (AudioLoadingEstimator Estimator, string Message)[] wrong =
        [
            (_ml.Transforms.VqVae.LoadAudio("W", "Gone"), "Could not find path column 'Gone'"),
            (_ml.Transforms.VqVae.LoadAudio("W", "From"), "path column 'From': expected String"),
            (_ml.Transforms.VqVae.LoadAudio("W", "File", startColumnName: "Speed"), "start column 'Speed': expected Int64 or Int32"),
            (_ml.Transforms.VqVae.LoadAudio("W", "File", lengthColumnName: "File"), "length column 'File': expected Int64 or Int32"),
        ];
        foreach ((AudioLoadingEstimator estimator, string message) in wrong)
        {
            foreach (Action action in (Action[])[() => estimator.GetOutputSchema(Tiny.Shape(data.Schema)), () => estimator.Fit(data)])
                StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(action).Message, message);
        }
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _ml.Transforms.VqVae.LoadAudio("W", "File", sampleRate: 0));
    }

    [TestMethod]
    public void A_prediction_engine_loads_a_file_at_a_time()
    {
        string file = Write("one.wav", [0.5f, -0.5f]);
        IDataView none = _ml.Data.LoadFromEnumerable(Array.Empty<Part>());
        ITransformer model = _ml.Transforms.VqVae.LoadAudio("Waveform", "File").Fit(none);
        using PredictionEngine<Part, Loaded> engine = _ml.Model.CreatePredictionEngine<Part, Loaded>(model);
        CollectionAssert.AreEqual(new[] { 0.5f, -0.5f }, engine.Predict(new Part { File = file }).Waveform);
        Assert.IsEmpty(engine.Predict(new Part { File = "" }).Waveform);
    }

    string Write(string name, float[] samples, int rate = 16000, int channels = 1)
    {
        string path = _folder.File(name);
        WaveFile.Write(path, samples, rate, WaveEncoding.FloatingPoint, channels);
        return path;
    }

    static float[] Ramp(int count) => [.. Enumerable.Range(0, count).Select(i => MathF.Sin(i * 0.1f))];

    sealed class Part
    {
        public string File { get; set; } = "";

        public long From { get; set; }

        public int Count { get; set; }

        public float Speed { get; set; }

        public string Speaker { get; set; } = "";
    }

    sealed class Loaded
    {
        public float[] Waveform { get; set; } = [];
    }
}
