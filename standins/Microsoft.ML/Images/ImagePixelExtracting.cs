using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;

[assembly: LoadableClass(
    typeof(ImagePixelExtractingTransformer), null, typeof(SignatureLoadModel), "", ImagePixelExtractingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms.Image;

/// <summary>Turns images into vectors: (value − offset) · scale for each pixel's red, green and blue.</summary>
public sealed class ImagePixelExtractingEstimator : TrivialEstimator<ImagePixelExtractingTransformer>
{
    internal ImagePixelExtractingEstimator(IHostEnvironment env, string outputColumnName, string inputColumnName, bool interleaved,
        float offset, float scale)
        : base(env.Register(nameof(ImagePixelExtractingEstimator)),
            new ImagePixelExtractingTransformer(env, outputColumnName, inputColumnName, interleaved, offset, scale)) { }

    public override SchemaShape GetOutputSchema(SchemaShape inputSchema) => inputSchema.With(Host, Transformer, input =>
    {
        input.CheckImage(Host);
        return Stock.ShapeVector(Transformer.Output, NumberDataViewType.Single);
    });

    [Flags]
    public enum ColorBits : byte
    {
        Alpha = 0x01,
        Red = 0x02,
        Green = 0x04,
        Blue = 0x08,
        Rgb = Red | Green | Blue,
        All = Alpha | Red | Green | Blue,
    }

    public enum ColorsOrder : byte
    {
        ARGB = 1,
        ARBG = 2,
        ABRG = 3,
        ABGR = 4,
        AGRB = 5,
        AGBR = 6,
    }
}

public sealed class ImagePixelExtractingTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "ImagePixelExtractor";

    private readonly bool _interleaved;
    private readonly float _offset;
    private readonly float _scale;

    internal ImagePixelExtractingTransformer(
        IHostEnvironment env, string outputColumnName, string inputColumnName, bool interleaved, float offset, float scale)
        : base(env, outputColumnName, inputColumnName)
    {
        (_interleaved, _offset, _scale) = (interleaved, offset, scale);
        Contracts.CheckParam(float.IsFinite(_offset), "offsetImage");
        Contracts.CheckParam(float.IsFinite(_scale) && _scale != 0, "scaleImage");
    }

    private ImagePixelExtractingTransformer(IHostEnvironment env, ModelLoadContext ctx) : base(env, ctx)
    {
        _interleaved = ctx.Reader.ReadBoolean();
        _offset = ctx.Reader.ReadSingle();
        _scale = ctx.Reader.ReadSingle();
    }

    private protected override VersionInfo Version => Stock.Version("IMGPXEXT", LoaderSignature);

    private protected override void SaveMore(ModelSaveContext ctx)
    {
        ctx.Writer.Write(_interleaved);
        ctx.Writer.Write(_offset);
        ctx.Writer.Write(_scale);
    }

    private protected override (DataViewType, DataViewSchema.Annotations) Describe(DataViewSchema.Column source)
    {
        if (source.Type is not ImageDataViewType image)
            throw Host.ExceptSchemaMismatch("inputSchema", "input", source.Name, "image", source.Type.ToString());
        if (image.Height <= 0 || image.Width <= 0)
            throw Host.ExceptSchemaMismatch("inputSchema", "input", source.Name, "known-size image", "unknown-size image");
        int[] dimensions = _interleaved ? [image.Height, image.Width, 3] : [3, image.Height, image.Width];
        return (new VectorDataViewType(NumberDataViewType.Single, dimensions), null);
    }

    private protected override Delegate MakeGetter(DataViewRow input, DataViewSchema.Column source, out Action disposer)
    {
        var type = (ImageDataViewType)source.Type;
        int pixels = type.Height * type.Width;
        float[] converted = [.. Enumerable.Range(0, 256).Select(value => (value - _offset) * _scale)];
        var getImage = input.GetGetter<MLImage>(input.Schema[source.Index]);
        MLImage image = null;
        disposer = () =>
        {
            image?.Dispose();
            image = null;
        };
        return (ValueGetter<VBuffer<float>>)((ref VBuffer<float> vector) =>
        {
            getImage(ref image);
            if (image == null)
            {
                vector = VBufferEditor.Create(ref vector, pixels * 3, 0).Commit();
                return;
            }
            Host.Check(image.Height == type.Height && image.Width == type.Width);
            var editor = VBufferEditor.Create(ref vector, pixels * 3);
            var bytes = image.Pixels;
            for (int color = 0; color < 3; color++)
            {
                int from = image.PixelFormat == MLPixelFormat.Rgba32 ? color : 2 - color;
                for (int pixel = 0; pixel < pixels; pixel++)
                    editor.Values[_interleaved ? pixel * 3 + color : color * pixels + pixel] = converted[bytes[pixel * 4 + from]];
            }
            vector = editor.Commit();
        });
    }
}
