global using AudioModel = Microsoft.ML.VqVae.TrainedModel<Microsoft.ML.VqVae.AudioModelDescription, Microsoft.ML.VqVae.Networks.AudioVqVae>;
using System.Globalization;
using System.Text.Json.Serialization;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>The description of an audio codec in a model file: all that is needed to recreate it, except its weights.</summary>
/// <param name="Codec">Encoder and decoder.</param>
/// <param name="Quantizer">The quantizer.</param>
/// <param name="Speakers">The speakers of the training data; null for a decoder that is not conditioned on speakers.</param>
/// <param name="PredictionBatchSize">Number of rows computed at once.</param>
/// <param name="Seed">The seed of all randomness in decoding.</param>
internal sealed record AudioModelDescription(
    AudioCodecOptions Codec, QuantizerOptions Quantizer, CategorySet? Speakers, int PredictionBatchSize, int Seed)
    : INetworkDescription<AudioVqVae>
{
    public AudioVqVae CreateNetwork(int seed) => Codec.CreateNetwork(Quantizer, Speakers?.Count ?? 0, seed);

    /// <summary>The waveforms in words.</summary>
    public string SoundText() => string.Create(CultureInfo.InvariantCulture,
        $"{Codec.SampleRate} Hz{(Speakers is null ? "" : $", {Speakers.Known.Count()} speakers")}");

    /// <summary>The codes in words.</summary>
    public string CodesText() =>
        string.Create(CultureInfo.InvariantCulture, $"each {(double)Codec.SamplesPerCode / Codec.SampleRate:G3} s {Quantizer}");

    /// <summary>A column with the key of a speaker; none for a network that is not conditioned on speakers.</summary>
    /// <param name="column">The name of the column; null for none.</param>
    /// <param name="speaker">The name of the speaker; null for a missing key.</param>
    public IEnumerable<(DataViewSchema.DetachedColumn Column, Delegate Getter)> ToKey(string? column, string? speaker)
    {
        if (Speakers is null)
        {
            return speaker is null ? [] : throw new ArgumentException(
                $"The network was trained without a column of speakers, and cannot be conditioned on '{speaker}'.", nameof(speaker));
        }
        return [ValueRow.Key(column!, Speakers, speaker is null ? -1 : Speakers.IndexOf(speaker, "speaker", nameof(speaker)))];
    }

    public void Describe(OptionProblems problems)
    {
        Codec.Describe(problems);
        Quantizer.Describe(problems);
        Speakers?.Describe(problems, nameof(Speakers));
    }

    /// <summary>Checks that there is a column of speakers where the network has some.</summary>
    public void DescribeSpeaker(OptionProblems problems, string? column) => problems.Require(column is null == Speakers is null,
        "Columns.Speaker", Speakers is null ? "null where Speakers is" : "the name of a column where Speakers is set", column);

    /// <summary>Whether codes are decoded to frames of a spectrogram, and not to samples or to features that are no sound.</summary>
    public static bool DecodesToFrames(AudioCodecOptions? codec) => codec is MelCodecOptions { Outputs: SpeechFeatures.LogMel };

    /// <summary>Whether the codes of an utterance depend on its speaker.</summary>
    public bool EncodesBySpeaker() =>
        Speakers is not null && Codec is MelCodecOptions { Normalisation: FeatureNormalisation.Speaker };
}

/// <summary>The column names of an audio encoder; null for columns that are not requested.</summary>
internal sealed record AudioEncoderColumns(string Input, string Codes, string? Speaker, string? Reconstruction, string? Embeddings,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? EncoderOutputs = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Features = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? DecodedFrames = null)
    : IColumnNames<AudioModelDescription>
{
    public void Describe(OptionProblems problems, AudioModelDescription model)
    {
        SchemaColumns.Describe(problems, [Input, Speaker], [Codes, Reconstruction, Embeddings, EncoderOutputs, Features, DecodedFrames]);
        model.DescribeSpeaker(problems, Speaker);
        problems.Require(
            Features is null || model.Codec is MelCodecOptions, "Columns.Features", "null where the encoder reads samples", Features);
        problems.Require(DecodedFrames is null || AudioModelDescription.DecodesToFrames(model.Codec), "Columns.DecodedFrames",
            "null where the decoder makes no log-mel frames", DecodedFrames);
    }

    /// <summary>The waveforms, and the speakers if codes or reconstructions depend on them.</summary>
    public ModelInput ToInput(AudioModel model)
    {
        var waveform = new WaveformInput(Input, model);
        bool needsSpeaker = model.Description.EncodesBySpeaker() || Reconstruction is not null || DecodedFrames is not null;
        return model.Description.Speakers is CategorySet speakers && needsSpeaker
            ? new CombinedInput(waveform, new CategoryInput(
                Speaker!, speakers, "speaker", unknownAllowed: true, unknownInOnnx: !NeedsKnownSpeakers(model)))
            : waveform;
    }

    // The eigenvectors of an utterance, which decorrelate the features of a speaker who is not known, have no ONNX operator.
    static bool NeedsKnownSpeakers(AudioModel model) =>
        model.Description.EncodesBySpeaker() && model.Description.Codec is MelCodecOptions { Decorrelation: > 0 };

    public IReadOnlyList<ModelColumn<AudioModel, AudioPass>> ToOutputs()
    {
        List<ModelColumn<AudioModel, AudioPass>> columns =
            [AudioColumn.Codes<AudioPass>(Codes, (pass, column) => column.Store(pass.Codes, pass.Lengths), ToOnnxCodes)];
        if (Reconstruction is not null)
            columns.Add(AudioColumn.Numbers<AudioPass>(Reconstruction, (pass, column) => pass.Reconstruct(column)));
        if (Embeddings is not null)
        {
            columns.Add(AudioColumn.Numbers<AudioPass>(Embeddings, (pass, column) => column.Store(pass.Embeddings, pass.Lengths),
                (model, inputs) => model.Network.Quantizer.EmbedToOnnx(ToOnnxCodes(model, inputs)).ChannelsLast()));
        }
        if (EncoderOutputs is not null)
        {
            columns.Add(AudioColumn.Numbers<AudioPass>(EncoderOutputs, (pass, column) => column.Store(pass.EncoderOutputs, pass.Lengths),
                (model, inputs) => model.Network.LatentsToOnnx(inputs[0], inputs.Count > 1 ? inputs[1] : null).ChannelsLast()));
        }
        if (Features is not null)
            columns.Add(AudioColumn.Numbers<AudioPass>(Features, (pass, column) => column.Store(pass.Features, pass.Frames)));
        if (DecodedFrames is not null)
            columns.Add(AudioColumn.Numbers<AudioPass>(DecodedFrames, (pass, column) => pass.DecodeToFrames(column)));
        return columns;
    }

    static OnnxValue ToOnnxCodes(AudioModel model, IReadOnlyList<OnnxValue> inputs) =>
        model.Network.EncodeToOnnx(inputs[0], inputs.Count > 1 ? inputs[1] : null);
}

/// <summary>The column names of an audio decoder.</summary>
internal sealed record AudioDecoderColumns(string Codes, string? Speaker, string Output,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Frames = null) : IColumnNames<AudioModelDescription>
{
    public void Describe(OptionProblems problems, AudioModelDescription model)
    {
        SchemaColumns.Describe(problems, [Codes, Speaker], [Output, Frames]);
        model.DescribeSpeaker(problems, Speaker);
        problems.Require(Frames is null || AudioModelDescription.DecodesToFrames(model.Codec), "Columns.Frames",
            "null where the decoder makes no log-mel frames", Frames);
    }

    public ModelInput ToInput(AudioModel model)
    {
        QuantizerOptions quantizer = model.Description.Quantizer;
        var codes = new CodeSequenceInput(Codes, CodeFormat.Sequence(quantizer.CodebookSize), quantizer.CodesPerPosition);
        return Speaker is null ? codes
            : new CombinedInput(codes, new CategoryInput(Speaker, model.Description.Speakers!, "speaker"));
    }

    public IReadOnlyList<ModelColumn<AudioModel, AudioDecoderPass>> ToOutputs()
    {
        List<ModelColumn<AudioModel, AudioDecoderPass>> columns =
            [AudioColumn.Numbers<AudioDecoderPass>(Output, (pass, column) => pass.Decode(column))];
        if (Frames is not null)
            columns.Add(AudioColumn.Numbers<AudioDecoderPass>(Frames, (pass, column) => pass.DecodeToFrames(column)));
        return columns;
    }
}

/// <summary>The output columns of audio codecs, vectors of unknown length.</summary>
internal static class AudioColumn
{
    /// <summary>Codes as keys; the value of a key is its code, from 0, as text.</summary>
    public static ModelColumn<AudioModel, TPass> Codes<TPass>(
        string name, Action<TPass, BatchColumn> compute, OnnxColumn<AudioModel> onnx) => new(
        name, _ => ColumnTypes.CodeSequenceShape(name),
        model => ColumnTypes.Codes(name, CodeFormat.Sequence(model.Description.Quantizer.CodebookSize)), compute, onnx: onnx);

    /// <summary>Samples or other numbers.</summary>
    public static ModelColumn<AudioModel, TPass> Numbers<TPass>(
        string name, Action<TPass, NumberSequenceColumn> compute, OnnxColumn<AudioModel>? onnx = null) => new(
        name, _ => ColumnTypes.SequenceShape(name), _ => ColumnTypes.Sequence(name),
        (pass, column) => compute(pass, (NumberSequenceColumn)column), onnx: onnx);
}

/// <summary>The lazy forward pass of a batch of waveforms through the encoder and, on request, the decoder.</summary>
internal sealed class AudioPass(AudioModel model, AudioEncoderColumns columns, IReadOnlyList<Tensor> inputs)
{
    // The order of the tensors of WaveformInput and CategoryInput.
    const int Values = 0, ValueCounts = 1, Normalizers = 2, Samples = 3, Speakers = 4, Positions = 5;

    /// <summary>The codes, Int64 [rows, N, G].</summary>
    public Tensor Codes => field ??= model.Network.Quantizer.Encode(Latents);

    /// <summary>Number of positions of each row.</summary>
    public long[] Lengths => field ??= [.. Numbers(ValueCounts).Select(count => (count + ValuesPerCode - 1) / ValuesPerCode)];

    /// <summary>The code vectors, Float32 [rows, N, G·D].</summary>
    public Tensor Embeddings => model.Network.Quantizer.Embed(Codes).permute(0, 2, 1);

    /// <summary>The encoder outputs before quantization, Float32 [rows, N, G·D].</summary>
    public Tensor EncoderOutputs => Latents.permute(0, 2, 1);

    /// <summary>The normalized features that the encoder reads, Float32 [rows, T, C].</summary>
    public Tensor Features => model.Network.NormalizeFeatures(Batch).permute(0, 2, 1);

    /// <summary>Number of frames of each row.</summary>
    public long[] Frames => Numbers(ValueCounts);

    Tensor Latents => field ??= model.Network.EncodeToLatents(Batch);

    AudioBatch Batch => field ??= ReadBatch();

    int ValuesPerCode => model.Network.ValuesPerCode;

    bool HasSpeakers => inputs.Count > Speakers;

    /// <summary>Decodes the codes of each row with its speaker, to the length of the input.</summary>
    public void Reconstruct(NumberSequenceColumn column)
    {
        long[] samples = Numbers(Samples);
        // The last code covers some padding too.
        ForEachRow((row, codes, speaker) =>
            column.Store(row, AudioDecoderPass.Decode(model, codes, speaker)[..(int)samples[row]]));
    }

    /// <summary>The frames that the codes of each row are decoded to with its speaker, as many as the input has.</summary>
    public void DecodeToFrames(NumberSequenceColumn column)
    {
        long[] frames = Frames;
        ForEachRow((row, codes, speaker) => column.Store(row, AudioDecoderPass.DecodeToFrames(model, codes, speaker, frames[row])));
    }

    void ForEachRow(Action<int, Tensor, long> decode)
    {
        long[] speakers = HasSpeakers ? Numbers(Speakers) : new long[Lengths.Length];
        for (int row = 0; row < speakers.Length; row++)
        {
            if (speakers[row] < 0)
            {
                throw new InvalidOperationException($"Row {Numbers(Positions)[row]} of speaker column '{columns.Speaker}' names no speaker of "
                    + "the training data (a missing key, or another speaker); decoding needs one of "
                    + $"{model.Description.Speakers!.Listed()}.");
            }
            decode(row, Codes.select(0, row).narrow(0, 0, Lengths[row]), speakers[row]);
        }
    }

    AudioBatch ReadBatch()
    {
        Tensor? speakers = HasSpeakers ? inputs[Speakers] : null;
        AudioBatch batch =
            new AudioBatch(inputs[Values], inputs[ValueCounts], inputs[Normalizers], Targets: null, speakers).To(model.Device);
        return batch with { Normalisers = model.Network.NormalisersFor(batch.Normalisers, batch.Speakers) };
    }

    long[] Numbers(int input) => inputs[input].data<long>().ToArray();
}

/// <summary>The lazy forward pass of a batch of codes through the decoder.</summary>
internal sealed class AudioDecoderPass(AudioModel model, IReadOnlyList<Tensor> inputs)
{
    // The order of the tensors of CodeSequenceInput and CategoryInput.
    const int Codes = 0, Lengths = 1, Speakers = 2;

    public void Decode(NumberSequenceColumn column) => ForEachRow(column, (codes, speaker) => Decode(model, codes, speaker));

    public void DecodeToFrames(NumberSequenceColumn column) => ForEachRow(column, (codes, speaker) =>
        DecodeToFrames(model, codes, speaker, codes.shape[0] * model.Network.ValuesPerCode));

    void ForEachRow(NumberSequenceColumn column, Func<Tensor, long, float[]> decode)
    {
        Tensor codes = inputs[Codes].to(model.Device);
        long[] lengths = inputs[Lengths].data<long>().ToArray();
        long[] speakers = inputs.Count > Speakers ? inputs[Speakers].data<long>().ToArray() : new long[lengths.Length];
        for (int row = 0; row < lengths.Length; row++)
            column.Store(row, decode(codes.select(0, row).narrow(0, 0, lengths[row]), speakers[row]));
    }

    /// <summary>The waveform of the codes [N, G] of one utterance. It depends only on the codes, the speaker and the model.</summary>
    public static float[] Decode(AudioModel model, Tensor codes, long speaker) =>
        codes.shape[0] == 0 ? [] : model.Network.Decode(codes, (int)speaker, model.Description.Seed);

    /// <summary>The first frames of the codes [N, G] of one utterance, frame by frame.</summary>
    public static float[] DecodeToFrames(AudioModel model, Tensor codes, long speaker, long frames)
    {
        if (codes.shape[0] == 0)
            return [];
        using DisposeScope scope = NewDisposeScope();
        Tensor decoded = ((MelVqVae)model.Network).DecodeToFrames(codes.unsqueeze(0), (int)speaker);
        return decoded.select(0, 0).narrow(1, 0, frames).t().contiguous().cpu().data<float>().ToArray();
    }
}

/// <summary>The JSON text of an <see cref="AudioLoadingTransformer"/> in a model file.</summary>
internal sealed record SavedAudioLoading(
    string Output, string Path, int SampleRate, string? Start, string? Length, string? Folder,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] AudioFormat[]? Formats = null) : IDescription
{
    public void Describe(OptionProblems problems)
    {
        SchemaColumns.Describe(problems, [Path, Start, Length], [Output]);
        problems.Require(SampleRate is >= WaveHeader.MinSampleRate and <= WaveHeader.MaxSampleRate, nameof(SampleRate),
            $"from {WaveHeader.MinSampleRate} to {WaveHeader.MaxSampleRate}", SampleRate);
        problems.Require(Formats is null || Array.TrueForAll(Formats, format => format is not null), nameof(Formats), "formats", null);
    }
}

/// <summary>Writes formats of audio files by the names of their types.</summary>
internal sealed class AudioFormatConverter : OpenTypeConverter<AudioFormat>;
