using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Samples.Display;
using Microsoft.ML.VqVae.Samples.Phonemes;
using Microsoft.ML.VqVae.Samples.Speech;

namespace Microsoft.ML.VqVae.Samples.Features;

/// <summary>Features of the positions of speech, which are classified by their phone; the test data is of other speakers where speakers
/// share no sentences. Where they do, whole utterances are classified by their sentence, too.</summary>
internal sealed class SpeechFeatures(MLContext ml, FeaturesSettings settings, Stages stages, CancellationToken cancellation)
{
    /// <summary>The number of cosine coefficients per position.</summary>
    const int Cepstra = 13;

    /// <summary>Codes on each side of a position in its window.</summary>
    const int Context = 3;

    /// <summary>Whether a folder, or a subfolder, holds recordings.</summary>
    public static bool IsIn(string folder) => Directory.Exists(folder) && Directory
        .EnumerateFiles(folder, "*.*", SearchOption.AllDirectories)
        .Any(file => Path.GetExtension(file).ToLowerInvariant() is ".wav" or ".sph" or ".flac");

    /// <param name="data">Utterances with their phones.</param>
    /// <param name="unlabelled">Utterances without, that codec and features are trained on too.</param>
    /// <param name="plan">The training budget.</param>
    public IReadOnlyList<FeatureCell> Measure(SpeechData data, IReadOnlyList<AlignedUtterance> unlabelled, FeaturesPlan plan)
    {
        // The number of positions is known only once there is a codec.
        if (settings.Labels[0] > plan.PoolRows)
            _ = LabelCurves.Required(settings, plan.PoolRows, $"positions of {data.Name}", stages);
        var speech = new SpeechSettings { Seed = settings.Seed, Quick = settings.Quick, Steps = plan.SpeechSteps };
        AudioVqVaeOptions codecOptions = PhonemePlan.For(speech, data).CodecOptions(data, speech);
        codecOptions.EncoderOutputsColumnName = "Outputs";
        IDataView train = ml.Data.LoadFromEnumerable(data.Train), test = ml.Data.LoadFromEnumerable(data.Test);
        IDataView heard = ml.Data.LoadFromEnumerable(data.Train.Concat(unlabelled));
        ITransformer audio = SpeechPipeline.Audio(ml).Fit(heard);
        using AudioVqVaeTransformer codec = stages.Train(
            "Train the codec on speech", codecOptions.Training, cancellation,
            () => ml.Transforms.VqVae.EncodeAudio("Codes", "Waveform", codecOptions).Fit(audio.Transform(heard)), "crops");
        FeatureOptions featureOptions = plan.SpeechFeatureOptions(settings);
        using FeatureTransformer features = stages.Train(
            "Train the features", featureOptions.Training, cancellation,
            () => ml.Transforms.VqVae.Featurize("Mean", "Codes", featureOptions).Fit(codec.Transform(audio.Transform(heard))), "crops");

        var chain = new TransformerChain<ITransformer>(audio, codec, features);
        (SpokenFeatures[] spoken, SpokenFeatures[] spokenTest) = stages.Run("Compute the features of all positions", _ =>
            (Utterances(chain, train, codec.Codes), Utterances(chain, test, codec.Codes)));
        Position[] known = [.. spoken.SelectMany(utterance => Positions(utterance, codec))];
        Position[] unseen = [.. spokenTest.SelectMany(utterance => Positions(utterance, codec))];
        // Labels are drawn from some of the positions, of all training speakers.
        var random = new Random(settings.Seed);
        random.Shuffle(known);
        known = known[..Math.Min(known.Length, plan.PoolRows)];
        IReadOnlyList<int> labels = LabelCurves.Required(settings, known.Length, $"positions of {data.Name}", stages);
        var curves = new LabelCurves(ml, $"{data.Name}, {data.TestIs}", [.. known.Select(position => position.Phone)],
            [.. unseen.Select(position => position.Phone)], labels, settings.Seed);
        foreach ((string name, Func<Position, VBuffer<float>> read, bool isDense) in (IReadOnlyList<(string, Func<Position, VBuffer<float>>, bool)>)
        [
            ($"{Cepstra} cepstra", position => position.Cepstra, true),
            ("one code", position => OneHot(position.Window[Context..^Context], codec.Codes), false),
            ($"window of {2 * Context + 1} codes", position => OneHot(position.Window, codec.Codes), false),
            ("encoder outputs", position => position.Outputs, true),
            ("features of the position", position => position.Features, true),
        ])
        {
            stages.Run($"Classify phones by {name}", _ =>
            {
                var set = new FeatureSet(name, [.. known.Select(read)], [.. unseen.Select(read)]);
                curves.Measure(isDense ? set.Standardized() : set, cancellation);
            });
        }
        var sentences = new SentenceFeatures(ml, data.Name, [.. spoken, .. spokenTest], settings.Seed);
        return [.. curves.Cells, .. stages.Run("Classify sentences of each voice", _ => sentences.Measure(cancellation))];
    }

    SpokenFeatures[] Utterances(ITransformer chain, IDataView utterances, int codes)
    {
        using var cosines = new Mfcc(new MfccOptions { Coefficients = Cepstra });
        var rows = new List<SpokenFeatures>();
        foreach (Spoken row in ml.Data.CreateEnumerable<Spoken>(chain.Transform(utterances), reuseRowObject: false))
        {
            cancellation.ThrowIfCancellationRequested();
            rows.Add(new SpokenFeatures(row, cosines.Compute(row.Waveform), codes));
            row.Waveform = [];
        }
        return [.. rows];
    }

    /// <summary>The positions of an utterance that have a phone.</summary>
    static IEnumerable<Position> Positions(SpokenFeatures utterance, AudioVqVaeTransformer codec)
    {
        Spoken spoken = utterance.Row;
        int count = spoken.Codes.Length, label = 0;
        for (int i = 0; i < count; i++)
        {
            double time = (i + 0.5) * codec.SamplesPerCode / codec.SampleRate;
            while (label < spoken.Labels.Length - 1 && spoken.LabelEnds[label] <= time)
                label++;
            if (spoken.LabelStarts[label] > time || spoken.LabelEnds[label] <= time || spoken.Labels[label].Length == 0)
                continue;
            yield return new Position(
                spoken.Labels[label],
                [.. Enumerable.Range(i - Context, 2 * Context + 1).Select(at => at < 0 || at >= count ? 0 : spoken.Codes[at])],
                Part(spoken.Outputs, i, count), Part(spoken.Positions, i, count), MeanOf(utterance.Cepstra, i, count));
        }
    }

    static VBuffer<float> Part(float[] values, int position, int count)
    {
        int size = values.Length / count;
        return new VBuffer<float>(size, values[(position * size)..((position + 1) * size)]);
    }

    /// <summary>The mean of the frames of a position.</summary>
    static VBuffer<float> MeanOf(float[,] frames, int position, int count)
    {
        int rows = frames.GetLength(0), columns = frames.GetLength(1);
        int first = Math.Min(position * rows / count, rows - 1), end = Math.Clamp((position + 1) * rows / count, first + 1, rows);
        float[] mean = new float[columns];
        for (int row = first; row < end; row++)
            for (int column = 0; column < columns; column++)
                mean[column] += frames[row, column] / (end - first);
        return new VBuffer<float>(columns, mean);
    }

    /// <summary>Codes as keys, 0 beyond the ends, to a sparse vector.</summary>
    static VBuffer<float> OneHot(uint[] keys, int codes)
    {
        int[] slots = [.. keys.Select((key, place) => (key, place)).Where(pair => pair.key > 0)
            .Select(pair => pair.place * codes + (int)pair.key - 1)];
        float[] ones = new float[slots.Length];
        Array.Fill(ones, 1);
        return new VBuffer<float>(keys.Length * codes, slots.Length, ones, slots);
    }

    sealed record Position(string Phone, uint[] Window, VBuffer<float> Outputs, VBuffer<float> Features, VBuffer<float> Cepstra);
}

/// <summary>An utterance with its codes and features.</summary>
internal sealed class Spoken
{
    public string Speaker { get; set; } = "";

    public string Text { get; set; } = "";

    public float[] Waveform { get; set; } = [];

    public uint[] Codes { get; set; } = [];

    public float[] Outputs { get; set; } = [];

    public float[] Positions { get; set; } = [];

    public float[] Mean { get; set; } = [];

    public string[] Labels { get; set; } = [];

    public float[] LabelStarts { get; set; } = [];

    public float[] LabelEnds { get; set; } = [];
}
