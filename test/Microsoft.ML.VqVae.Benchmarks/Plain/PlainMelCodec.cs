using System.Text.RegularExpressions;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Microsoft.ML.VqVae.Benchmarks.Plain;

/// <summary>The VQ-VAE for speech: cepstra in, log-mel frames of a speaker out.</summary>
internal sealed partial class PlainMelCodec : nn.Module
{
    readonly nn.Module<Tensor, Tensor> encoder;
    readonly PlainQuantizer quantizer;
    readonly nn.Module<Tensor, Tensor> decoder;
    readonly nn.Module<Tensor, Tensor> project;
    readonly Tensor outputStatistics;
    readonly MelSize _size;
    readonly MemoryLayout _layout;

    /// <param name="size">The sizes.</param>
    /// <param name="weights">The library's weights by their names.</param>
    /// <param name="layout">The memory layout.</param>
    public PlainMelCodec(MelSize size, IReadOnlyDictionary<string, Tensor> weights, MemoryLayout layout) : base(nameof(PlainMelCodec))
    {
        (_size, _layout) = (size, layout);
        int frames = size.FramesPerCode;
        encoder = Sequential(
            ("down", TimeConvolution.Create(layout, size.Coefficients, size.EncoderChannels, 3 * frames, frames, frames)),
            ("residual0", PlainResidual.OverTime(layout, size.EncoderChannels)),
            ("relu", ReLU()),
            ("project", TimeConvolution.Create(layout, size.EncoderChannels, size.Dimensions, 1)));
        quantizer = new PlainQuantizer(size.Codes, size.Dimensions, layout);
        decoder = Sequential(
            ("expand", TimeConvolution.Create(layout, size.Dimensions, size.DecoderChannels, 3, padding: 1)),
            ("residual0", PlainResidual.OverTime(layout, size.DecoderChannels)),
            ("residual1", PlainResidual.OverTime(layout, size.DecoderChannels)),
            ("relu", ReLU()));
        project = TimeConvolution.Create(layout, size.DecoderChannels + size.Speakers, frames * size.Bands, 1);
        outputStatistics = zeros(size.Speakers, 2, size.Bands);
        RegisterComponents();
        this.Fill(name => weights[LibraryName(name)]);
        this.To(layout);
    }

    public PlainQuantizer Quantizer => quantizer;

    /// <summary>The training loss of a batch.</summary>
    /// <param name="inputs">Cepstra [B, C, T].</param>
    /// <param name="normalizers">The maps that normalize them, [B, 1 + C, C]: means and a matrix.</param>
    /// <param name="targets">Log-mel frames [B, bands, T].</param>
    /// <param name="speakers">Int64 [B].</param>
    public Tensor Loss(Tensor inputs, Tensor normalizers, Tensor targets, Tensor speakers)
    {
        Tensor features = Normalize(inputs, normalizers);
        PlainQuantization quantized = quantizer.call(Encode(training ? HideSpans(features) : features));
        Tensor hidden = decoder.call(quantized.Quantized);
        Tensor who = functional.one_hot(speakers, _size.Speakers).to(ScalarType.Float32).unsqueeze(2);
        if (hidden.Dimensions == 4)
            who = who.unsqueeze(3);
        Tensor voices = who.expand([.. who.shape[..^1], hidden.shape[^1]]).In(_layout);
        Tensor parts = TimeConvolution.WithoutAxes(project.call(cat([hidden, voices], 1)), _layout);
        (long batch, long count) = (parts.shape[0], parts.shape[2]);
        // [B, frames of a code · bands, N] → [B, bands, T].
        Tensor decoded = parts.reshape(batch, _size.FramesPerCode, _size.Bands, count).permute(0, 2, 3, 1).reshape(batch, _size.Bands, -1);
        Tensor statistics = outputStatistics.index_select(0, speakers).unsqueeze(3);
        Tensor target = (targets - statistics.select(1, 0)) / statistics.select(1, 1);
        Tensor error = (decoded - target).square().sum() / (double)quantized.Indices.numel();
        return 0.5 * error + MelSize.CommitmentCost * quantized.Commitment;
    }

    /// <summary>Cepstra [B, C, T] → encodings [B, D, N].</summary>
    public Tensor Encode(Tensor inputs, Tensor normalizers) => Encode(Normalize(inputs, normalizers));

    Tensor Encode(Tensor features) => encoder.call(TimeConvolution.WithAxes(features, _layout));

    static Tensor Normalize(Tensor inputs, Tensor normalizers) =>
        normalizers.narrow(1, 1, inputs.shape[1]).matmul(inputs - normalizers.select(1, 0).unsqueeze(2));

    /// <summary>Sets random spans of time to zero.</summary>
    Tensor HideSpans(Tensor features)
    {
        (long batch, long length) = (features.shape[0], features.shape[2]);
        Tensor first = randint(0, length, [batch, _size.MaskedSpans, 1]);
        Tensor end = first + randint(1, _size.MaskedFrames + 1, [batch, _size.MaskedSpans, 1]);
        Tensor time = arange(length);
        Tensor hidden = time.ge(first).logical_and(time.lt(end)).any(1, keepdim: true);
        return features.masked_fill(hidden, 0);
    }

    static string LibraryName(string name)
    {
        string numbered = Numbered().Replace(name.Replace("nearest.", "", StringComparison.Ordinal), "$1.$2");
        return numbered.StartsWith("project.", StringComparison.Ordinal) ? $"decoder.{numbered}" : numbered;
    }

    // The library numbers residual blocks as a list: residual0 is residual.0 there.
    [GeneratedRegex(@"(residual)(\d)")]
    private static partial Regex Numbered();
}
