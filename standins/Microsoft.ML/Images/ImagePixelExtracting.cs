using System.Numerics;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;

[assembly: LoadableClass(typeof(ImagePixelExtractingTransformer), null, typeof(SignatureLoadModel), "", ImagePixelExtractingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms.Image;

/// <summary>Turns images into vectors: (value − offset) · scale for each pixel and colour, or the bytes themselves.</summary>
public sealed class ImagePixelExtractingEstimator : TrivialEstimator<ImagePixelExtractingTransformer>
{
    internal ImagePixelExtractingEstimator(IHostEnvironment env, string outputColumnName, string inputColumnName, PixelLayout layout,
        float offset, float scale, bool outputAsFloatArray)
        : base(env.Register(nameof(ImagePixelExtractingEstimator)),
            new ImagePixelExtractingTransformer(env, (outputColumnName, inputColumnName), layout, offset, scale, outputAsFloatArray)) { }

    public override SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        Host.CheckValue(inputSchema, nameof(inputSchema));
        return inputSchema.With(Transformer.ColumnPairs.Select(pair =>
        {
            inputSchema.Find(Host, pair.inputColumnName).CheckImage(Host);
            return Stock.ShapeVector(pair.outputColumnName, Transformer.ItemType);
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

    private readonly PixelLayout _layout;
    private readonly float _offset;
    private readonly float _scale;
    private readonly bool _asFloat;

    internal ImagePixelExtractingTransformer(
        IHostEnvironment env, (string, string) columns, PixelLayout layout, float offset, float scale, bool asFloat)
        : base(env.Register(nameof(ImagePixelExtractingTransformer)), columns)
    {
        _layout = layout;
        _asFloat = asFloat;
        (_offset, _scale) = asFloat ? (offset, scale) : (0, 1);
        Contracts.CheckParam(float.IsFinite(_offset), "offsetImage");
        Contracts.CheckParam(float.IsFinite(_scale) && _scale != 0, "scaleImage");
    }

    private ImagePixelExtractingTransformer(IHost host, ModelLoadContext ctx) : base(host, ctx)
    {
        _layout = new PixelLayout(ctx.Reader);
        _asFloat = ctx.Reader.ReadBoolean();
        _offset = ctx.Reader.ReadSingle();
        _scale = ctx.Reader.ReadSingle();
    }

    internal PrimitiveDataViewType ItemType => _asFloat ? NumberDataViewType.Single : NumberDataViewType.Byte;

    private static ImagePixelExtractingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Stock.Version("IMGPXEXT", LoaderSignature));
        return new ImagePixelExtractingTransformer(env.Register(nameof(ImagePixelExtractingTransformer)), ctx);
    }

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        ctx.SetVersionInfo(Stock.Version("IMGPXEXT", LoaderSignature));
        SaveColumns(ctx);
        _layout.Save(ctx.Writer);
        ctx.Writer.Write(_asFloat);
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
            var type = new VectorDataViewType(_parent.ItemType, _parent._layout.Dimensions(image.Height, image.Width));
            return new DataViewSchema.DetachedColumn(pair.outputColumnName, type);
        })];

        protected override Delegate MakeGetter(DataViewRow input, int iinfo, Func<int, bool> activeOutput, out Action disposer)
        {
            var (offset, scale) = (_parent._offset, _parent._scale);
            return _parent._asFloat
                ? GetterOf(input, iinfo, value => (value - offset) * scale, out disposer)
                : GetterOf(input, iinfo, value => value, out disposer);
        }

        private ValueGetter<VBuffer<T>> GetterOf<T>(DataViewRow input, int iinfo, Func<byte, T> convert, out Action disposer)
        {
            var type = (ImageDataViewType)InputSchema[InputColumns[iinfo]].Type;
            int pixels = type.Height * type.Width;
            var layout = _parent._layout;
            T[] converted = [.. Enumerable.Range(0, 256).Select(value => convert((byte)value))];
            var getImage = input.GetGetter<MLImage>(input.Schema[InputColumns[iinfo]]);
            MLImage image = null;
            disposer = () =>
            {
                image?.Dispose();
                image = null;
            };
            return (ref VBuffer<T> vector) =>
            {
                getImage(ref image);
                if (image == null)
                {
                    vector = VBufferEditor.Create(ref vector, pixels * layout.Planes, 0).Commit();
                    return;
                }
                _parent.Host.Check(image.Height == type.Height && image.Width == type.Width);
                var editor = VBufferEditor.Create(ref vector, pixels * layout.Planes);
                var bytes = image.Pixels;
                for (int color = 0; color < 4; color++)
                {
                    int plane = layout.PlaneOf[color];
                    int from = image.PixelFormat == MLPixelFormat.Rgba32 && color != 3 ? 2 - color : color;
                    for (int pixel = 0; plane >= 0 && pixel < pixels; pixel++)
                        editor.Values[layout.Index(pixel, plane, pixels)] = converted[bytes[pixel * 4 + from]];
                }
                vector = editor.Commit();
            };
        }
    }
}
