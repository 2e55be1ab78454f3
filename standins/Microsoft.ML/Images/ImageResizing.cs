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
            new ImageResizingTransformer(env, (outputColumnName, inputColumnName), width, height)) { }

    public override SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        Host.CheckValue(inputSchema, nameof(inputSchema));
        return inputSchema.With(Transformer.ColumnPairs.Select(pair =>
        {
            inputSchema.Find(Host, pair.inputColumnName).CheckImage(Host);
            return Stock.ShapeScalar(pair.outputColumnName, Transformer.ImageType);
        }));
    }

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

    internal ImageResizingTransformer(IHostEnvironment env, (string, string) columns, int width, int height)
        : base(env.Register(nameof(ImageResizingTransformer)), columns)
    {
        Host.CheckUserArg(width > 0, "imageWidth");
        Host.CheckUserArg(height > 0, "imageHeight");
        ImageType = new ImageDataViewType(height, width);
    }

    private ImageResizingTransformer(IHost host, ModelLoadContext ctx) : base(host, ctx) =>
        ImageType = new ImageDataViewType(ctx.Reader.ReadInt32(), ctx.Reader.ReadInt32());

    internal ImageDataViewType ImageType { get; }

    private static ImageResizingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Stock.Version("IMGSCALF", LoaderSignature));
        return new ImageResizingTransformer(env.Register(nameof(ImageResizingTransformer)), ctx);
    }

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        ctx.SetVersionInfo(Stock.Version("IMGSCALF", LoaderSignature));
        SaveColumns(ctx);
        ctx.Writer.Write(ImageType.Height);
        ctx.Writer.Write(ImageType.Width);
    }

    private protected override IRowMapper MakeRowMapper(DataViewSchema schema) => new Mapper(this, schema);

    private protected override void CheckInputColumn(DataViewSchema inputSchema, int col, int srcCol)
    {
        var type = inputSchema[srcCol].Type;
        if (type is not ImageDataViewType)
            throw Host.ExceptSchemaMismatch(nameof(inputSchema), "input", inputSchema[srcCol].Name, "image", type.ToString());
    }

    private sealed class Mapper : OneToOneMapperBase
    {
        private readonly ImageResizingTransformer _parent;

        internal Mapper(ImageResizingTransformer parent, DataViewSchema schema) : base(parent.Host, parent, schema) => _parent = parent;

        protected override DataViewSchema.DetachedColumn[] GetOutputColumnsCore() =>
            [.. _parent.ColumnPairs.Select(pair => new DataViewSchema.DetachedColumn(pair.outputColumnName, _parent.ImageType))];

        protected override Delegate MakeGetter(DataViewRow input, int iinfo, Func<int, bool> activeOutput, out Action disposer)
        {
            disposer = null;
            var getImage = input.GetGetter<MLImage>(input.Schema[InputColumns[iinfo]]);
            MLImage source = null;
            return (ValueGetter<MLImage>)((ref MLImage image) =>
            {
                image?.Dispose();
                getImage(ref source);
                var (width, height) = (_parent.ImageType.Width, _parent.ImageType.Height);
                // An image of the right size is passed on, not copied.
                image = source == null || source.Width == width && source.Height == height
                    ? source
                    : ImageResampler.Resize(source, width, height);
            });
        }
    }
}
