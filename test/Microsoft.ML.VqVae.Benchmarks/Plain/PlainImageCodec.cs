using System.Text.RegularExpressions;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Microsoft.ML.VqVae.Benchmarks.Plain;

/// <summary>The VQ-VAE for images: section 4.1 of arXiv 1711.00937, with a moving-average codebook.</summary>
internal sealed partial class PlainImageCodec : nn.Module
{
    readonly Sequential encoder;
    readonly PlainQuantizer quantizer;
    readonly Sequential decoder;
    readonly MemoryLayout _layout;
    readonly float _mean, _deviation;

    /// <param name="size">The sizes.</param>
    /// <param name="weights">The library's weights by their names.</param>
    /// <param name="layout">The memory layout.</param>
    public PlainImageCodec(ModelSize size, IReadOnlyDictionary<string, Tensor> weights, MemoryLayout layout) : base(nameof(PlainImageCodec))
    {
        (int hidden, int outer, int residual) = (size.Hidden, size.Outer, size.Residual);
        _layout = layout;
        encoder = Sequential(
            ("down0", Conv2d(size.Channels, outer, 4, 2, 1)),
            ("relu0", ReLU()),
            ("down1", Conv2d(outer, hidden, 4, 2, 1)),
            ("residual0", PlainResidual.OverImages(hidden, residual)),
            ("residual1", PlainResidual.OverImages(hidden, residual)),
            ("relu1", ReLU()),
            ("project", Conv2d(hidden, ModelSize.Dimensions, 1)));
        quantizer = new PlainQuantizer(ModelSize.Codes, ModelSize.Dimensions, layout);
        decoder = Sequential(
            ("expand", Conv2d(ModelSize.Dimensions, hidden, 3, padding: 1)),
            ("residual0", PlainResidual.OverImages(hidden, residual)),
            ("residual1", PlainResidual.OverImages(hidden, residual)),
            ("relu0", ReLU()),
            ("up0", ConvTranspose2d(hidden, outer, 4, 2, 1)),
            ("relu1", ReLU()),
            ("up1", ConvTranspose2d(outer, size.Channels, 4, 2, 1)));
        RegisterComponents();
        this.Fill(name => weights[Numbered().Replace(name.Replace("nearest.", "", StringComparison.Ordinal), "$1.$2")]);
        using (DisposeScope scope = NewDisposeScope())
            (_mean, _deviation) = (weights["pixels"][0].item<float>(), weights["pixels"][1].item<float>());
        this.To(layout);
    }

    public PlainQuantizer Quantizer => quantizer;

    /// <summary>The training loss of images [B, C, H, W].</summary>
    public Tensor Loss(Tensor pixels)
    {
        Tensor target = Normalize(pixels);
        PlainQuantization quantized = quantizer.call(encoder.call(target));
        Tensor error = (decoder.call(quantized.Quantized) - target).square().sum() / (double)quantized.Indices.numel();
        return 0.5 * error + ModelSize.CommitmentCost * quantized.Commitment;
    }

    /// <summary>Images [B, C, H, W] → encodings [B, D, h, w].</summary>
    public Tensor Encode(Tensor pixels) => encoder.call(Normalize(pixels));

    Tensor Normalize(Tensor pixels) => (pixels.In(_layout) - _mean) / _deviation;

    // The library numbers layers of a kind as lists: down0 is down.0 there.
    [GeneratedRegex(@"(down|residual|up)(\d)")]
    private static partial Regex Numbered();
}
