using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;

[assembly: LoadableClass(typeof(ImagePixelExtractingTransformer), null, typeof(SignatureLoadModel), "", ImagePixelExtractingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms.Image;

/// <summary>Turns images into vectors: (value − offset) · scale for each pixel's red, green and blue.</summary>
public sealed class ImagePixelExtractingEstimator : TrivialEstimator<ImagePixelExtractingTransformer>
{
    internal ImagePixelExtractingEstimator(IHostEnvironment env, string outputColumnName, string inputColumnName, bool interleaved, float offset, float scale)
        : base(env.Register(nameof(ImagePixelExtractingEstimator)),
            new ImagePixelExtractingTransformer(env, (outputColumnName, inputColumnName), interleaved, offset, scale)) { }

    public override SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        Host.CheckValue(inputSchema, nameof(inputSchema));
        return inputSchema.With(Transformer.ColumnPairs.Select(pair =>
        {
            inputSchema.Find(Host, pair.inputColumnName).CheckImage(Host);
            return Stock.ShapeVector(pair.outputColumnName, NumberDataViewType.Single);
        }));
    }

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
        IHostEnvironment env, (string, string) columns, bool interleaved, float offset, float scale)
        : base(env.Register(nameof(ImagePixelExtractingTransformer)), columns)
    {
        (_interleaved, _offset, _scale) = (interleaved, offset, scale);
        Contracts.CheckParam(float.IsFinite(_offset), "offsetImage");
        Contracts.CheckParam(float.IsFinite(_scale) && _scale != 0, "scaleImage");
    }

    private ImagePixelExtractingTransformer(IHost host, ModelLoadContext ctx) : base(host, ctx)
    {
        _interleaved = ctx.Reader.ReadBoolean();
        _offset = ctx.Reader.ReadSingle();
        _scale = ctx.Reader.ReadSingle();
    }

    private static ImagePixelExtractingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Stock.Version("IMGPXEXT", LoaderSignature));
        return new ImagePixelExtractingTransformer(env.Register(nameof(ImagePixelExtractingTransformer)), ctx);
    }

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        ctx.SetVersionInfo(Stock.Version("IMGPXEXT", LoaderSignature));
        SaveColumns(ctx);
        ctx.Writer.Write(_interleaved);
        ctx.Writer.Write(_offset);
        ctx.Writer.Write(_scale);
    }

    private protected override IRowMapper MakeRowMapper(DataViewSchema schema) => new Mapper(this, schema);

    private protected override void CheckInputColumn(DataViewSchema inputSchema, int col, int srcCol)
    {
        string name = inputSchema[srcCol].Name;
        if (inputSchema[srcCol].Type is not ImageDataViewType image)
            throw Host.ExceptSchemaMismatch(nameof(inputSchema), "input", name, "image", inputSchema[srcCol].Type.ToString());
        if (image.Height <= 0 || image.Width <= 0)
            throw Host.ExceptSchemaMismatch(nameof(inputSchema), "input", name, "known-size image", "unknown-size image");
    }

    private sealed class Mapper : OneToOneMapperBase
    {
        private readonly ImagePixelExtractingTransformer _parent;

        internal Mapper(ImagePixelExtractingTransformer parent, DataViewSchema schema) : base(parent.Host, parent, schema) => _parent = parent;

        protected override DataViewSchema.DetachedColumn[] GetOutputColumnsCore() => [.. _parent.ColumnPairs.Select((pair, i) =>
        {
            var image = (ImageDataViewType)InputSchema[InputColumns[i]].Type;
            int[] dimensions = _parent._interleaved ? [image.Height, image.Width, 3] : [3, image.Height, image.Width];
            return new DataViewSchema.DetachedColumn(pair.outputColumnName, new VectorDataViewType(NumberDataViewType.Single, dimensions));
        })];

        protected override Delegate MakeGetter(DataViewRow input, int iinfo, Func<int, bool> activeOutput, out Action disposer)
        {
            var type = (ImageDataViewType)InputSchema[InputColumns[iinfo]].Type;
            int pixels = type.Height * type.Width;
            float[] converted = [.. Enumerable.Range(0, 256).Select(value => (value - _parent._offset) * _parent._scale)];
            var getImage = input.GetGetter<MLImage>(input.Schema[InputColumns[iinfo]]);
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
                _parent.Host.Check(image.Height == type.Height && image.Width == type.Width);
                var editor = VBufferEditor.Create(ref vector, pixels * 3);
                var bytes = image.Pixels;
                for (int color = 0; color < 3; color++)
                {
                    int from = image.PixelFormat == MLPixelFormat.Rgba32 ? color : 2 - color;
                    for (int pixel = 0; pixel < pixels; pixel++)
                        editor.Values[_parent._interleaved ? pixel * 3 + color : color * pixels + pixel] = converted[bytes[pixel * 4 + from]];
                }
                vector = editor.Commit();
            });
        }
    }
}
