using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Samples.Images;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae.Reliability;

/// <summary>The kinds of files that are no models.</summary>
internal static class OtherKinds
{
    public static IEnumerable<FileKind> All =>
    [
        new WeightsKind(),
        new CheckpointKind(),
        new SoundKind("wav", ".wav", SampleData.Wave()),
        new SoundKind("sphere", ".sph", Sphere()),
        new TextKind("textgrid", ".TextGrid", TextGridText,
            path => string.Join('\n', TextGrid.Read(path).Tiers.SelectMany(tier => tier.Labels))),
        new TextKind("timit", ".PHN", "0 900 h#\n900 2100 sh\n2100 2600 iy\n", path => string.Join('\n', TimitLabels.Read(path))),
        new TableKind(),
        new IdxKind(),
    ];

    const string TextGridText =
        "File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n\nxmin = 0\nxmax = 1\ntiers? <exists>\nsize = 1\nitem []:\n"
        + "    item [1]:\n        class = \"IntervalTier\"\n        name = \"phones\"\n        xmin = 0\n        xmax = 1\n        intervals: size = 2\n"
        + "        intervals [1]:\n            xmin = 0\n            xmax = 0.4\n            text = \"AH0\"\n        intervals [2]:\n"
        + "            xmin = 0.4\n            xmax = 1\n            text = \"B\"\n";

    static byte[] Sphere()
    {
        const int samples = 200;
        string header = "NIST_1A\n   1024\nchannel_count -i 1\nsample_rate -i 8000\nsample_n_bytes -i 2\nsample_byte_format -s2 01\n"
            + string.Create(CultureInfo.InvariantCulture, $"sample_coding -s3 pcm\nsample_count -i {samples}\nend_head\n");
        byte[] bytes = new byte[1024 + 2 * samples];
        Encoding.ASCII.GetBytes(header.PadRight(1024)).CopyTo(bytes, 0);
        for (int i = 0; i < samples; i++)
            BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(1024 + 2 * i), (short)(8000 * Math.Sin(0.2 * i)));
        return bytes;
    }
}

/// <summary>Weights that are loaded into a model of their shape.</summary>
internal sealed class WeightsKind() : FileKind("weights", ".safetensors")
{
    static readonly MLContext _ml = new(seed: 1);

    readonly Lazy<ImageVqVaeTransformer> _model = new(() => ModelKinds.Image(_ml, ModelKinds.Quantizer(1)));

    public override bool IsSafetensors => true;

    public override byte[] Create(string folder)
    {
        using ImageVqVaeTransformer model = ModelKinds.Image(_ml, ModelKinds.Quantizer(1));
        string path = Path.Combine(folder, "good.safetensors");
        model.SaveWeights(path);
        byte[] bytes = File.ReadAllBytes(path);
        File.Delete(path);
        return bytes;
    }

    public override ReadResult Read(string path, string folder)
    {
        _model.Value.LoadWeights(path);
        return ViewDigest.Of(_model.Value.Transform(SampleData.Pixels(_ml)));
    }
}

/// <summary>A checkpoint, from which training goes on to its end.</summary>
internal sealed class CheckpointKind() : FileKind("checkpoint", ".safetensors")
{
    const int Steps = 8, InterruptedStep = 4;

    static readonly MLContext _ml = new(seed: 1);

    public override bool IsSafetensors => true;

    public override byte[] Create(string folder)
    {
        DirectoryInfo run = Directory.CreateDirectory(Path.Combine(folder, Path.GetRandomFileName()));
        using var cancellation = new CancellationTokenSource();
        ImageVqVaeOptions options = Options(run.FullName);
        options.Training.CancellationToken = cancellation.Token;
        options.Training.ProgressEverySteps = 1;
        options.Training.Progress = new Interruption(cancellation);
        try
        {
            _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(SampleData.Pixels(_ml, 12)).Dispose();
            throw new InvalidOperationException("The run was not interrupted.");
        }
        catch (OperationCanceledException)
        {
            return File.ReadAllBytes(run.GetFiles().Single().FullName);
        }
        finally
        {
            run.Delete(recursive: true);
        }
    }

    public override ReadResult Read(string path, string folder)
    {
        DirectoryInfo run = Directory.CreateDirectory(Path.Combine(folder, Path.GetRandomFileName()));
        try
        {
            File.Copy(path, Path.Combine(run.FullName, "checkpoint.safetensors"));
            using ImageVqVaeTransformer model =
                _ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", Options(run.FullName)).Fit(SampleData.Pixels(_ml, 12));
            return ViewDigest.Of(model.Transform(SampleData.Pixels(_ml)));
        }
        finally
        {
            run.Delete(recursive: true);
        }
    }

    static ImageVqVaeOptions Options(string folder)
    {
        var options = new ImageVqVaeOptions
        {
            Codec = ModelKinds.Codec(), Quantizer = ModelKinds.Quantizer(1), Training = ModelKinds.Training(Steps),
            ReconstructionColumnName = "Decoded",
        };
        options.Training.CheckpointFolder = folder;
        return options;
    }

    sealed class Interruption(CancellationTokenSource source) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Step == InterruptedStep)
                source.Cancel();
        }
    }
}

/// <summary>Sound, which LoadAudio reads.</summary>
internal sealed class SoundKind(string name, string extension, byte[] good) : FileKind(name, extension)
{
    static readonly MLContext _ml = new(seed: 1);

    public override bool HasDigest => false;

    public override byte[] Create(string folder) => good;

    public override ReadResult Read(string path, string folder)
    {
        IDataView files = _ml.Data.LoadFromEnumerable(new[] { new SoundFile { File = path } });
        return ViewDigest.Of(_ml.Transforms.VqVae.LoadAudio("Waveform", "File", SampleData.SampleRate).Fit(files).Transform(files));
    }

    sealed class SoundFile
    {
        public string File { get; set; } = "";
    }
}

/// <summary>A text whose content is read to a text.</summary>
internal sealed class TextKind(string name, string extension, string good, Func<string, string> read) : FileKind(name, extension)
{
    public override bool HasDigest => false;

    public override byte[] Create(string folder) => Encoding.UTF8.GetBytes(good);

    public override ReadResult Read(string path, string folder) => Result(read(path));

    internal static ReadResult Result(string text) => new(1, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))));
}

/// <summary>The table of utterances of a corpus; sound and phones lie beside it.</summary>
internal sealed class TableKind() : FileKind("utterances", ".tsv")
{
    public override bool HasDigest => false;

    public override byte[] Create(string folder) => Encoding.UTF8.GetBytes(
        "utt\tspeaker\tfile\tstart_sample\tn_samples\ttext\nu1\tlow\tsound.wav\t0\t150\tone\nu2\thigh\tsound.wav\t150\t150\ttwo\n");

    public override ReadResult Read(string path, string folder)
    {
        DirectoryInfo corpus = Directory.CreateDirectory(Path.Combine(folder, Path.GetRandomFileName()));
        try
        {
            File.Copy(path, Path.Combine(corpus.FullName, "utterances.tsv"));
            File.WriteAllBytes(Path.Combine(corpus.FullName, "sound.wav"), SampleData.Wave());
            File.WriteAllText(Path.Combine(corpus.FullName, "phones.tsv"),
                "utt\tstart_s\tend_s\tphone\nu1\t0\t0.01\ta\nu1\t0.01\t0.018\tb\nu2\t0\t0.015\tc\n");
            return TextKind.Result(string.Join('\n', AlignedCorpus.Read(corpus.FullName).Select(utterance =>
                $"{utterance.Utterance} {utterance.Speaker} {utterance.Start} {utterance.Length} {string.Join(' ', utterance.Labels)}")));
        }
        finally
        {
            corpus.Delete(recursive: true);
        }
    }
}

/// <summary>Images in the format of MNIST, which the samples read.</summary>
internal sealed class IdxKind() : FileKind("idx", "-idx3-ubyte")
{
    public override bool HasDigest => false;

    public override byte[] Create(string folder) =>
        [0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5, .. Enumerable.Range(0, 60).Select(i => (byte)(4 * i))];

    public override ReadResult Read(string path, string folder)
    {
        IdxFile file = IdxFile.Read(path, rank: 3);
        return TextKind.Result($"{string.Join(' ', file.Dimensions)} {Convert.ToHexString(file.Values)}");
    }
}
