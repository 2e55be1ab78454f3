using System.Numerics;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;

[assembly: LoadableClass(typeof(VectorToImageConvertingTransformer), null, typeof(SignatureLoadModel), "", VectorToImageConvertingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms.Image;

/// <summary>Turns vectors of pixels into images: each byte is value · scale − offset, rounded.</summary>
public sealed class VectorToImageConvertingEstimator : TrivialEstimator<VectorToImageConvertingTransformer>
{
    internal VectorToImageConvertingEstimator(IHostEnvironment env, string outputColumnName, string inputColumnName, int height, int width,
        PixelLayout layout, float scale, float offset, int[] defaultColors)
        : base(env.Register(nameof(VectorToImageConvertingEstimator)),
            new VectorToImageConvertingTransformer(env, (outputColumnName, inputColumnName), height, width, layout, scale, offset, defaultColors)) { }

    public override SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        Host.CheckValue(inputSchema, nameof(inputSchema));
        return inputSchema.With(Transformer.ColumnPairs.Select(pair =>
        {
            var input = inputSchema.Find(Host, pair.inputColumnName);
            bool fits = input.ItemType == NumberDataViewType.Single || input.ItemType == NumberDataViewType.Double || input.ItemType == NumberDataViewType.Byte;
            if (input.Kind != SchemaShape.Column.VectorKind.Vector || !fits)
            {
                throw Host.ExceptSchemaMismatch(nameof(inputSchema), "input", input.Name, "known-size vector of type Single, Double or Byte",
                    input.GetTypeString());
            }
            return Stock.ShapeScalar(pair.outputColumnName, Transformer.ImageType);
        }));
    }
}

public sealed class VectorToImageConvertingTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "VectorToImageConverter";

    private readonly PixelLayout _layout;
    private readonly float _scale;
    private readonly float _offset;
    private readonly int[] _defaultColors;

    internal VectorToImageConvertingTransformer(IHostEnvironment env, (string, string) columns, int height, int width, PixelLayout layout,
        float scale, float offset, int[] defaultColors) : base(env.Register(nameof(VectorToImageConvertingTransformer)), columns)
    {
        Contracts.CheckParam(width > 0, "imageWidth", "Image width must be greater than zero");
        Contracts.CheckParam(height > 0, "imageHeight", "Image height must be greater than zero");
        Contracts.CheckParam(float.IsFinite(offset), "offsetImage");
        Contracts.CheckParam(float.IsFinite(scale) && scale != 0, "scaleImage");
        ImageType = new ImageDataViewType(height, width);
        (_layout, _scale, _offset, _defaultColors) = (layout, scale, offset, defaultColors);
    }

    private VectorToImageConvertingTransformer(IHost host, ModelLoadContext ctx) : base(host, ctx)
    {
        ImageType = new ImageDataViewType(ctx.Reader.ReadInt32(), ctx.Reader.ReadInt32());
        _layout = new PixelLayout(ctx.Reader);
        (_scale, _offset) = (ctx.Reader.ReadSingle(), ctx.Reader.ReadSingle());
        _defaultColors = [.. Enumerable.Range(0, 4).Select(_ => ctx.Reader.ReadInt32())];
    }

    internal ImageDataViewType ImageType { get; }

    private static VectorToImageConvertingTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        ctx.CheckAtModel(Stock.Version("VECTOIMG", LoaderSignature));
        return new VectorToImageConvertingTransformer(env.Register(nameof(VectorToImageConvertingTransformer)), ctx);
    }

    private protected override void SaveModel(ModelSaveContext ctx)
    {
        ctx.SetVersionInfo(Stock.Version("VECTOIMG", LoaderSignature));
        SaveColumns(ctx);
        ctx.Writer.Write(ImageType.Height);
        ctx.Writer.Write(ImageType.Width);
        _layout.Save(ctx.Writer);
        ctx.Writer.Write(_scale);
        ctx.Writer.Write(_offset);
        foreach (int color in _defaultColors)
            ctx.Writer.Write(color);
    }

    private protected override IRowMapper MakeRowMapper(DataViewSchema schema) => new Mapper(this, schema);

    private protected override void CheckInputColumn(DataViewSchema inputSchema, int col, int srcCol)
    {
        string name = inputSchema[srcCol].Name;
        if (inputSchema[srcCol].Type is not VectorDataViewType vector)
            throw Host.ExceptSchemaMismatch(nameof(inputSchema), "input", name, "image", inputSchema[srcCol].Type.ToString());
        if (vector.Size != ImageType.Height * ImageType.Width * _layout.Planes)
        {
            var expected = new VectorDataViewType(vector.ItemType, ImageType.Height, ImageType.Width, _layout.Planes);
            throw Host.ExceptSchemaMismatch(nameof(inputSchema), "input", name, expected.ToString(), vector.ToString());
        }
    }

    private sealed class Mapper : OneToOneMapperBase
    {
        private readonly VectorToImageConvertingTransformer _parent;

        internal Mapper(VectorToImageConvertingTransformer parent, DataViewSchema schema) : base(parent.Host, parent, schema) => _parent = parent;

        protected override DataViewSchema.DetachedColumn[] GetOutputColumnsCore() =>
            [.. _parent.ColumnPairs.Select(pair => new DataViewSchema.DetachedColumn(pair.outputColumnName, _parent.ImageType))];

        protected override Delegate MakeGetter(DataViewRow input, int iinfo, Func<int, bool> activeOutput, out Action disposer)
        {
            disposer = null;
            var column = input.Schema[InputColumns[iinfo]];
            var item = column.Type.GetItemType();
            if (item == NumberDataViewType.Single)
                return GetterOf<float>(input, column);
            if (item == NumberDataViewType.Double)
                return GetterOf<double>(input, column);
            if (item == NumberDataViewType.Byte)
                return GetterOf<byte>(input, column);
            throw Contracts.Except("We only support float, double or byte arrays");
        }

        private ValueGetter<MLImage> GetterOf<T>(DataViewRow input, DataViewSchema.Column column) where T : struct, INumberBase<T>
        {
            var (width, height, layout) = (_parent.ImageType.Width, _parent.ImageType.Height, _parent._layout);
            int pixels = width * height;
            bool scaled = typeof(T) != typeof(byte) && (_parent._scale != 1 || _parent._offset != 0);
            var getVector = input.GetGetter<VBuffer<T>>(column);
            VBuffer<T> vector = default;
            var values = new T[column.Type.GetVectorSize()];
            return (ref MLImage image) =>
            {
                getVector(ref vector);
                image = null;
                if (vector.GetValues().Length == 0)
                    return;
                vector.CopyTo(values);
                var bytes = new byte[pixels * 4];
                for (int color = 0; color < 4; color++)
                {
                    int plane = layout.PlaneOf[color];
                    for (int pixel = 0; pixel < pixels; pixel++)
                    {
                        float value = plane < 0 ? _parent._defaultColors[color] : float.CreateTruncating(values[layout.Index(pixel, plane, pixels)]);
                        // As in ML.NET, scaling makes an alpha that the vector lacks zero, and values wrap around.
                        bytes[pixel * 4 + color] = !scaled ? Wrapped(value)
                            : color == 3 && plane < 0 ? (byte)0
                            : Wrapped(Math.Round(value * _parent._scale - _parent._offset));
                    }
                }
                image = new MLImage(width, height, MLPixelFormat.Bgra32, bytes) { Tag = nameof(VectorToImageConvertingTransformer) };
            };
        }

        private static byte Wrapped(double value) => unchecked((byte)(int)value);
    }
}
