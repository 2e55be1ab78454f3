using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using static Microsoft.ML.VqVae.Tests.Persistence.OlderModelFilesRows;

namespace Microsoft.ML.VqVae.Tests.Persistence;

/// <summary>The rows on which the models of test/golden/models are trained; the same on every machine.</summary>
internal sealed class OlderModelFilesData(MLContext ml)
{
    public const int Side = 8, Plane = Side * Side, SampleRate = 4000;

    public IDataView WithKeys(IDataView view, string key, string column) =>
        ml.Transforms.Conversion.MapValueToKey(key, column).Fit(view).Transform(view);

    /// <summary>Rows of whole numbers from 0 to 255, the same on every machine, that show one of three patterns.</summary>
    public IDataView Pixels(int count, params int[] shape)
    {
        int size = shape.Aggregate(1, (product, dimension) => product * dimension);
        SchemaDefinition schema = SchemaDefinition.Create(typeof(PixelRow));
        schema["Pixels"].ColumnType = new VectorDataViewType(NumberDataViewType.Single, shape);
        return ml.Data.LoadFromEnumerable(
            Enumerable.Range(0, count).Select(number => new PixelRow { Pixels = [.. PixelValues(number, size)] }).ToArray(), schema);
    }

    static IEnumerable<float> PixelValues(int number, int size)
    {
        var random = new Random(number);
        int shift = random.Next(4), contrast = random.Next(100, 200);
        for (int i = 0; i < size; i++)
        {
            int x = i % Side, y = i / Side % Side;
            int on = (number % 3) switch
            {
                0 => (x + shift) / 2 % 2 * contrast,
                1 => (y + shift) * contrast / 11,
                _ => x > shift && x < shift + 4 && y > 1 && y < 6 ? contrast : 0,
            };
            yield return on + random.Next(20);
        }
    }

    public IDataView Images(int count)
    {
        SchemaDefinition schema = SchemaDefinition.Create(typeof(ImageRow));
        schema["Image"].ColumnType = new ImageDataViewType(Side, Side);
        return ml.Data.LoadFromEnumerable(Enumerable.Range(0, count).Select(number =>
        {
            byte[] values = [.. PixelValues(number, 3 * Plane).Select(value => (byte)value)];
            byte[] rgba = [.. Enumerable.Range(0, 4 * Plane).Select(i => i % 4 == 3 ? byte.MaxValue : values[i % 4 * Plane + i / 4])];
            return new ImageRow { Image = MLImage.CreateFromPixels(Side, Side, MLPixelFormat.Rgba32, rgba) };
        }).ToArray(), schema);
    }

    /// <summary>Utterances of 0.1 to 0.2 seconds, harmonics of a pitch that moves, by two speakers in turn.</summary>
    public IDataView Speech(int count)
    {
        IDataView view = ml.Data.LoadFromEnumerable(Enumerable.Range(0, count).Select(number =>
        {
            double pitch = number % 2 == 0 ? 110 : 190;
            return new SpeechRow
            {
                Name = number % 2 == 0 ? "low" : "high",
                Waveform = [.. Enumerable.Range(0, 410 + 97 * (number % 4)).Select(i => (float)Enumerable.Range(1, 8).Sum(harmonic =>
                    0.2 / harmonic * (1 + Math.Sin(0.011 * i * harmonic + number)) / 2
                    * Math.Sin(2 * Math.PI * pitch * harmonic * i / SampleRate + 3 * Math.Sin(0.003 * i))))],
            };
        }).ToArray());
        return WithKeys(view, "Speaker", "Name");
    }

    static uint[] Keys(int number, int length)
    {
        int step = (number % 3) switch { 0 => 1, 1 => 4, _ => 0 };
        return [.. Enumerable.Range(0, length).Select(i => (uint)((number / 3 + step * i) % 5 + 1))];
    }

    static string Class(int number) => ((string[])["up", "down", "flat"])[number % 3];

    public IDataView Grids(int count)
    {
        IDataView view = ml.Data.LoadFromEnumerable(Enumerable.Range(0, count).Select(number =>
            new Grid { Codes = Keys(number, 12), Class = Class(number), Tens = number % 3 * 10 }).ToArray());
        return WithKeys(WithKeys(view, "Label", "Class"), "Number", "Tens");
    }

    public IDataView Lines(int count) => WithKeys(ml.Data.LoadFromEnumerable(Enumerable.Range(0, count).Select(number =>
        new Line { Codes = Keys(number, 3 + number * 7 % 11), Class = Class(number) }).ToArray()), "Label", "Class");

    /// <summary>Frames of a world of codes that moves by the action.</summary>
    public IDataView Frames(params int[] lengths)
    {
        IDataView view = ml.Data.LoadFromEnumerable(lengths.SelectMany((length, episode) =>
        {
            var random = new Random(episode);
            uint[] world = [.. Enumerable.Range(0, 12).Select(_ => (uint)random.Next(1, 6))];
            int place = 0;
            return Enumerable.Range(0, length).Select(frame =>
            {
                bool left = frame == 0 || random.Next(2) == 0;
                place += left ? 1 : 11;
                return new Frame
                {
                    Codes = [.. Enumerable.Range(0, 9).Select(i => world[(place + i % 3) % 12])],
                    ActionName = left ? "left" : "right",
                    EpisodeName = $"episode {episode}",
                };
            }).ToArray();
        }).ToArray());
        return WithKeys(WithKeys(view, "Action", "ActionName"), "Episode", "EpisodeName");
    }
}
