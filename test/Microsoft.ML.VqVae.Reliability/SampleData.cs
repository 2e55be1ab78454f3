using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae.Reliability;

/// <summary>Rows of formulas, small enough that reading a file and using it takes milliseconds.</summary>
internal static class SampleData
{
    public const int Side = 8, SampleRate = 4000;

    public static IDataView Pixels(MLContext ml, int count = 4, params int[] shape)
    {
        int[] dimensions = shape.Length == 0 ? [Side * Side] : shape;
        int size = dimensions.Aggregate((product, dimension) => product * dimension);
        SchemaDefinition schema = SchemaDefinition.Create(typeof(PixelRow));
        schema[nameof(PixelRow.Pixels)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, dimensions);
        return ml.Data.LoadFromEnumerable(Enumerable.Range(0, count).Select(number =>
        {
            var random = new Random(number);
            IEnumerable<float> pixels = Enumerable.Range(0, size).Select(i => (float)((i * (number + 1) + random.Next(60)) % 256));
            return new PixelRow { Pixels = [.. pixels] };
        }).ToArray(), schema);
    }

    /// <summary>Utterances of 0.1 to 0.2 seconds by two speakers in turn.</summary>
    public static IDataView Speech(MLContext ml, int count = 3) => WithKey(ml, ml.Data.LoadFromEnumerable(
        Enumerable.Range(0, count).Select(number => new SpeechRow
        {
            Name = number % 2 == 0 ? "low" : "high",
            Waveform = [.. Enumerable.Range(0, 410 + 97 * (number % 4)).Select(i =>
                (float)(0.3 * Math.Sin(i * (0.17 + 0.12 * (number % 2))) + 0.2 * Math.Sin(i * 0.5 + Math.Sin(0.01 * i * number))))],
        }).ToArray()), "Speaker", "Name");

    /// <summary>Grids [3, 4, 1] of codes, with a condition.</summary>
    public static IDataView Grids(MLContext ml, int count = 4) => WithKey(ml, ml.Data.LoadFromEnumerable(
        Enumerable.Range(0, count).Select(number => new Grid { Codes = Keys(number, 12), Class = Class(number) }).ToArray()),
        "Label", "Class");

    /// <summary>Rows of any number of codes, with a condition and a speaker.</summary>
    public static IDataView Lines(MLContext ml, int count = 4) => WithKey(ml, WithKey(ml, ml.Data.LoadFromEnumerable(
        Enumerable.Range(0, count).Select(number => new Line
        {
            Codes = Keys(number, 3 + number * 7 % 11), Class = Class(number), Name = number % 2 == 0 ? "low" : "high",
        }).ToArray()), "Label", "Class"), "Speaker", "Name");

    /// <summary>Codes [4, 4, 1] of images of 8×8 pixels, from another codec than the one that decodes them.</summary>
    public static IDataView ImageCodes(MLContext ml) => ml.Data.LoadFromEnumerable(
        Enumerable.Range(0, 4).Select(number => new ImageGrid { Codes = Keys(number, 16) }).ToArray());

    public static IDataView Latents(MLContext ml) => ml.Data.LoadFromEnumerable(
        Enumerable.Range(0, 4).Select(number => new LatentRow { Codes = Keys(number, 12), Latents = Keys(number + 1, 2) }).ToArray());

    public static IDataView Frames(MLContext ml, params int[] lengths)
    {
        IDataView view = ml.Data.LoadFromEnumerable((lengths.Length == 0 ? [4, 3] : lengths).SelectMany((length, episode) =>
            Enumerable.Range(0, length).Select(frame => new Frame
            {
                Codes = Keys(3 * episode + frame, 9), ActionName = (frame + episode) % 2 == 0 ? "left" : "right",
                EpisodeName = $"episode {episode}",
            })).ToArray());
        return WithKey(ml, WithKey(ml, view, "Action", "ActionName"), "Episode", "EpisodeName");
    }

    public static IDataView Series(MLContext ml, int count = 4) => ml.Data.LoadFromEnumerable(
        Enumerable.Range(0, count).Select(number => new SeriesRow
        {
            Window = [.. Enumerable.Range(0, 2 * (20 + 7 * (number % 3))).Select(i => (float)(Math.Sin(0.3 * i + number) + i % 2 * 300))],
        }).ToArray());

    /// <summary>Frames of 20 bands, each of 40 samples, with their sound.</summary>
    public static IDataView Spectrograms(MLContext ml) => ml.Data.LoadFromEnumerable(Enumerable.Range(4, 4).Select(frames => new Spectrogram
    {
        Frames = [.. Enumerable.Range(0, 20 * frames).Select(i => (float)Math.Sin(i * frames))],
        Waveform = [.. Enumerable.Range(0, SampleRate / 100 * frames).Select(i => (float)Math.Sin(0.3 * i))],
    }).ToArray());

    public static IDataView AudioParts(MLContext ml, string folder)
    {
        string path = Path.Combine(folder, "sound.wav");
        if (!File.Exists(path))
            File.WriteAllBytes(path, Wave());
        return ml.Data.LoadFromEnumerable(new AudioPart[]
        {
            new() { File = path, From = 0, Count = 200 }, new() { File = path, From = 57, Count = 100 },
        });
    }

    public static IDataView LabeledCodes(MLContext ml) => ml.Data.LoadFromEnumerable(new LabeledRow[]
    {
        new() { Codes = [1, 2, 3, 4], Labels = ["A", "B", "C"], LabelStarts = [0, 0.15f, 0.3f], LabelEnds = [0.15f, 0.2f, 0.35f] },
        new() { Codes = [5], Labels = ["D"], LabelStarts = [0], LabelEnds = [0.1f] },
    });

    public static IDataView CodeAndLabel(MLContext ml) => WithKey(ml, ml.Data.LoadFromEnumerable(
        Enumerable.Range(0, 20).Select(i => new CodeRow { Code = (uint)(i * i % 5), Text = Class(i * i % 7) }).ToArray()), "Label", "Text");

    /// <summary>A WAV file of 16 bits a sample, at twice the sample rate of the codecs.</summary>
    public static byte[] Wave()
    {
        const int rate = 2 * SampleRate, samples = 300;
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write("RIFF"u8);
        writer.Write(36 + 2 * samples);
        writer.Write("WAVEfmt "u8);
        writer.Write(16);
        writer.Write((short)1);
        writer.Write((short)1);
        writer.Write(rate);
        writer.Write(2 * rate);
        writer.Write((short)2);
        writer.Write((short)16);
        writer.Write("data"u8);
        writer.Write(2 * samples);
        for (int i = 0; i < samples; i++)
            writer.Write((short)Math.Round(12000 * Math.Sin(0.1 * i + 0.001 * i * i)));
        return stream.ToArray();
    }

    static uint[] Keys(int number, int length)
    {
        int step = (number % 3) switch { 0 => 1, 1 => 4, _ => 0 };
        return [.. Enumerable.Range(0, length).Select(i => (uint)((number / 3 + step * i) % 5 + 1))];
    }

    static string Class(int number) => ((string[])["up", "down", "flat"])[number % 3];

    static IDataView WithKey(MLContext ml, IDataView view, string key, string column) =>
        ml.Transforms.Conversion.MapValueToKey(key, column).Fit(view).Transform(view);

    sealed class PixelRow
    {
        public float[] Pixels { get; set; } = [];
    }

    sealed class SpeechRow
    {
        public float[] Waveform { get; set; } = [];

        public string Name { get; set; } = "";
    }

    sealed class Grid
    {
        [VectorType(3, 4, 1), KeyType(5)]
        public uint[] Codes { get; set; } = [];

        public string Class { get; set; } = "";
    }

    sealed class Line
    {
        [KeyType(5)]
        public uint[] Codes { get; set; } = [];

        public string Class { get; set; } = "";

        public string Name { get; set; } = "";
    }

    sealed class ImageGrid
    {
        [VectorType(4, 4, 1), KeyType(5)]
        public uint[] Codes { get; set; } = [];
    }

    sealed class LatentRow
    {
        [VectorType(3, 4, 1), KeyType(5)]
        public uint[] Codes { get; set; } = [];

        [VectorType(2), KeyType(5)]
        public uint[] Latents { get; set; } = [];
    }

    sealed class Frame
    {
        [VectorType(3, 3, 1), KeyType(5)]
        public uint[] Codes { get; set; } = [];

        public string ActionName { get; set; } = "";

        public string EpisodeName { get; set; } = "";
    }

    sealed class SeriesRow
    {
        public float[] Window { get; set; } = [];
    }

    sealed class Spectrogram
    {
        public float[] Frames { get; set; } = [];

        public float[] Waveform { get; set; } = [];
    }

    sealed class AudioPart
    {
        public string File { get; set; } = "";

        public long From { get; set; }

        public long Count { get; set; }
    }

    sealed class LabeledRow
    {
        [KeyType(9)]
        public uint[] Codes { get; set; } = [];

        public string[] Labels { get; set; } = [];

        public float[] LabelStarts { get; set; } = [];

        public float[] LabelEnds { get; set; } = [];
    }

    sealed class CodeRow
    {
        [KeyType(5)]
        public uint Code { get; set; }

        public string Text { get; set; } = "";
    }
}
