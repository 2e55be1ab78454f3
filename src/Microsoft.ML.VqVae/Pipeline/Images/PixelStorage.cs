using Microsoft.ML.Data;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>Planar pixels [images, C, H, W] as vectors in the layout of the format: the images of a row one after the other.</summary>
internal sealed class PixelColumn(ImageFormat format, int capacity) : BatchColumn
{
    readonly float[] _planar = new float[checked(format.ValuesOfRow * capacity)];

    public override void Store(Tensor values) => CopyOut<float>(values, ScalarType.Float32, _planar);

    public override Delegate CreateGetter(Func<int> slot) => (ValueGetter<VBuffer<float>>)((ref VBuffer<float> value) =>
    {
        ReadOnlySpan<float> planar = _planar.AsSpan(slot() * format.ValuesOfRow, format.ValuesOfRow);
        if (!format.Interleaved)
        {
            Copy(planar, ref value);
            return;
        }
        VBufferEditor<float> editor = VBufferEditor.Create(ref value, planar.Length);
        for (int at = 0; at < planar.Length; at += format.ValueCount)
            Planes.Merge(planar.Slice(at, format.ValueCount), editor.Values.Slice(at, format.ValueCount), format.Channels);
        value = editor.Commit();
    });
}

/// <summary>Planar pixels [rows, C, H, W] as pictures; each is a new object that belongs to whoever asked for it.</summary>
internal sealed class ImageColumn(ImageFormat format, int capacity) : BatchColumn
{
    readonly float[] _planar = new float[checked(format.ValueCount * capacity)];

    public override void Store(Tensor values) => CopyOut<float>(values, ScalarType.Float32, _planar);

    public override Delegate CreateGetter(Func<int> slot) => (ValueGetter<MLImage>)((ref MLImage value) =>
    {
        byte[] rgba = new byte[format.PixelCount * 4];
        Planes.ToBytes(_planar.AsSpan(slot() * format.ValueCount, format.ValueCount), rgba, format);
        value = MLImage.CreateFromPixels(format.Width, format.Height, MLPixelFormat.Rgba32, rgba);
    });
}
