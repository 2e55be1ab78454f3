using Microsoft.ML.VqVae.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>From a column of images, or of clips of them, to codes, and on request to what the codes stand for.</summary>
internal sealed class ImageEncoding(ImageModel model, Tensor pixels) : ImagePass<ImageVqVaeOutput>(model.Network, pixels)
{
    Tensor Indices => field ??= model.Encode(Pixels);

    Tensor Quantized => field ??= model.Embed(Indices);

    protected override Tensor DecodeParameters() => model.DecodeParameters(Quantized);

    public static IBatchMapping Mapping(ImageModel model, EncoderColumns names)
    {
        (ImageFormat format, (int height, int width, int perPosition)) = (model.Description.Pixels, model.CodeGrid);
        (int codes, int channels) = (model.Description.Quantizer.Codes, model.Description.Quantizer.Channels);
        int images = format.ImagesOfRow, positions = images * height * width;
        List<ComputedColumn<ImageEncoding>> made =
        [
            new(ModelColumns.Codes(names.Codes, model.CodeGrid, codes, format.Frames),
                capacity => new KeyColumn(positions * perPosition, capacity), pass => pass.Indices),
        ];
        if (names.Reconstruction is string reconstruction)
        {
            made.Add(ComputedColumn<ImageEncoding>.Pixels(
                reconstruction, format, names.ReconstructionAsImage, pass => pass.Reconstruction));
        }
        if (names.Embeddings is string embeddings)
        {
            made.Add(new(ModelColumns.Embeddings(embeddings, model.CodeGrid, channels, format.Frames),
                capacity => new VectorColumn(positions * channels, capacity), pass => pass.Quantized.permute(0, 2, 3, 1)));
        }
        if (names.ReconstructionError is string error)
            made.Add(ComputedColumn<ImageEncoding>.Number(error, pass => pass.ReconstructionError.view(-1, images).mean([1])));
        if (names.ReconstructionBits is string bits)
            made.Add(ComputedColumn<ImageEncoding>.Number(bits, pass => pass.ReconstructionBits.view(-1, images).sum(1)));
        return new ImageMapping<ImageEncoding>(names.Input, format, model.Description.PredictionBatchSize, () => model.Device, made,
            pixels => new ImageEncoding(model, pixels));
    }
}
