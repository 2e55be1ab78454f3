using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;

[assembly: LoadableClass(typeof(ImageLoadingTransformer), null, typeof(SignatureLoadModel), "", ImageLoadingTransformer.LoaderSignature)]

namespace Microsoft.ML.Data;

/// <summary>Reads the image files that a text column names, relative to a folder.</summary>
public sealed class ImageLoadingEstimator : TrivialEstimator<ImageLoadingTransformer>
{
    internal ImageLoadingEstimator(IHostEnvironment env, string imageFolder, string outputColumnName, string inputColumnName)
        : base(env.Register(nameof(ImageLoadingEstimator)),
            new ImageLoadingTransformer(env, imageFolder, outputColumnName, inputColumnName)) { }

    public override SchemaShape GetOutputSchema(SchemaShape inputSchema) => inputSchema.With(Host, Transformer, input =>
    {
        if (input.ItemType is not TextDataViewType || input.Kind != SchemaShape.Column.VectorKind.Scalar)
            throw Host.ExceptSchemaMismatch(nameof(inputSchema), "input", input.Name, TextDataViewType.Instance.ToString(),
                input.GetTypeString());
        return Stock.ShapeScalar(Transformer.Output, new ImageDataViewType());
    });
}

public sealed class ImageLoadingTransformer : OneToOneTransformerBase
{
    internal const string LoaderSignature = "ImageLoaderTransform";

    public readonly string ImageFolder;

    internal ImageLoadingTransformer(IHostEnvironment env, string imageFolder, string outputColumnName, string inputColumnName)
        : base(env, outputColumnName, inputColumnName)
    {
        // Null and empty mean: paths as they are.
        if (!string.IsNullOrEmpty(imageFolder) && !Directory.Exists(imageFolder))
            throw new ArgumentException($"Directory \"{imageFolder}\" does not exist.");
        ImageFolder = string.IsNullOrEmpty(imageFolder) ? null : Path.GetFullPath(imageFolder);
    }

    private ImageLoadingTransformer(IHostEnvironment env, ModelLoadContext ctx) : base(env, ctx) => ImageFolder = ctx.LoadStringOrNull();

    private protected override VersionInfo Version => Stock.Version("IMGLOADR", LoaderSignature);

    private protected override void SaveMore(ModelSaveContext ctx) => ctx.SaveStringOrNull(ImageFolder);

    private protected override (DataViewType, DataViewSchema.Annotations) Describe(DataViewSchema.Column source) =>
        source.Type is TextDataViewType
        ? (new ImageDataViewType(), null)
        : throw Host.ExceptSchemaMismatch(
            "inputSchema", "input", source.Name, TextDataViewType.Instance.ToString(), source.Type.ToString());

    private protected override Delegate MakeGetter(DataViewRow input, DataViewSchema.Column source, out Action disposer)
    {
        var getPath = input.GetGetter<ReadOnlyMemory<char>>(input.Schema[source.Index]);
        ReadOnlyMemory<char> path = default;
        MLImage last = null;
        disposer = () => last?.Dispose();
        return (ValueGetter<MLImage>)((ref MLImage image) =>
        {
            image?.Dispose();
            image = null;
            getPath(ref path);
            if (!path.IsEmpty)
                image = Read(path.ToString());
            last = image;
        });
    }

    private MLImage Read(string path)
    {
        if (!string.IsNullOrWhiteSpace(ImageFolder))
            path = Path.Combine(ImageFolder, path);
        var image = MLImage.CreateFromStream(new MemoryStream(File.ReadAllBytes(path)));
        image.Tag = path;
        return image;
    }
}
