using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;

[assembly: LoadableClass(typeof(ImageResizingTransformer), null, typeof(SignatureLoadModel), "", ImageResizingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms.Image;

/// <summary>Brings images to one size: scales them until they fill it, and keeps the middle.</summary>
public sealed class ImageResizingEstimator : TrivialEstimator<ImageResizingTransformer>
{
    internal ImageResizingEstimator(IHostEnvironment env, string outputColumnName, string inputColumnName, int width, int height)
        : base(env.Register(nameof(ImageResizingEstimator)),
            new ImageResizingTransformer(env, outputColumnName, inputColumnName, width, height)) { }

    public override SchemaShape GetOutputSchema(SchemaShape inputSchema) => inputSchema.With(Host, Transformer, input =>
    {
        input.CheckImage(Host);
        return Stock.ShapeScalar(Transformer.Output, Transformer.ImageType);
    });

    public enum ResizingKind : byte
    {
        IsoPad = 0,
        IsoCrop = 1,
        Fill = 2,
    }

    public enum Anchor : byte
    {
        Right = 0,
        Left = 1,
        Top = 2,
        Bottom = 3,
        Center = 4,
    }
}

public sealed class ImageResizingTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "ImageScalerTransform";

    internal ImageResizingTransformer(IHostEnvironment env, string outputColumnName, string inputColumnName, int width, int height)
        : base(env, outputColumnName, inputColumnName)
    {
        Host.CheckUserArg(width > 0, "imageWidth");
        Host.CheckUserArg(height > 0, "imageHeight");
        ImageType = new ImageDataViewType(height, width);
    }

    private ImageResizingTransformer(IHostEnvironment env, ModelLoadContext ctx) : base(env, ctx) =>
        ImageType = new ImageDataViewType(ctx.Reader.ReadInt32(), ctx.Reader.ReadInt32());

    internal ImageDataViewType ImageType { get; }

    private protected override VersionInfo Version => Stock.Version("IMGSCALF", LoaderSignature);

    private protected override void SaveMore(ModelSaveContext ctx)
    {
        ctx.Writer.Write(ImageType.Height);
        ctx.Writer.Write(ImageType.Width);
    }

    private protected override (DataViewType, DataViewSchema.Annotations) Describe(DataViewSchema.Column source) =>
        source.Type is ImageDataViewType
        ? (ImageType, null)
        : throw Host.ExceptSchemaMismatch("inputSchema", "input", source.Name, "image", source.Type.ToString());

    private protected override Delegate MakeGetter(DataViewRow input, DataViewSchema.Column source, out Action disposer)
    {
        disposer = null;
        var getImage = input.GetGetter<MLImage>(input.Schema[source.Index]);
        MLImage original = null;
        return (ValueGetter<MLImage>)((ref MLImage image) =>
        {
            image?.Dispose();
            getImage(ref original);
            var (width, height) = (ImageType.Width, ImageType.Height);
            // An image of the right size is passed on, not copied.
            image = original == null || original.Width == width && original.Height == height
                ? original
                : ImageResampler.Resize(original, width, height);
        });
    }
}
