using Microsoft.ML.VqVae.Samples.Display;

namespace Microsoft.ML.VqVae.Samples.Images;

/// <summary>Cached views of encoded images, for which the network runs once.</summary>
internal static class EncodedImages
{
    public static IDataView Of(MLContext ml, ImageVqVaeTransformer codec, IDataView images, int rows, params string[] columns)
    {
        IDataView encoded = codec.Transform(ml.Data.TakeRows(images, rows));
        return ml.Data.Cache(ml.Transforms.SelectColumns(columns).Fit(encoded).Transform(encoded));
    }

    /// <summary>Reads a cached view once, which fills its cache.</summary>
    public static void Read(MLContext ml, IDataView cache, int rows, Stage stage, CancellationToken cancellation)
    {
        int read = 0;
        foreach (CodesOfImage _ in ml.Data.CreateEnumerable<CodesOfImage>(cache, reuseRowObject: true))
        {
            cancellation.ThrowIfCancellationRequested();
            if (++read % 500 == 0)
                stage.Report((double)read / rows, $"{read:N0}/{rows:N0}");
        }
    }
}

/// <summary>An image with its codes and reconstruction. The codes are keys: 1 is the first code, 0 a missing one.</summary>
internal sealed class EncodedImage
{
    public float[] Pixels { get; set; } = [];

    public float[] Reconstruction { get; set; } = [];

    public uint[] Codes { get; set; } = [];

    public string Class { get; set; } = "";
}

/// <summary>The codes of an image and its class.</summary>
internal sealed class CodesOfImage
{
    public uint[] Codes { get; set; } = [];

    public string Class { get; set; } = "";
}
