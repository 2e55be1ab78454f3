using Microsoft.ML.VqVae.Samples.Display;

namespace Microsoft.ML.VqVae.Samples.Images;

/// <summary>Views of encoded pictures that keep what the network made, so that it runs once.</summary>
internal static class EncodedPictures
{
    public static IDataView Of(MLContext ml, ImageVqVaeTransformer codec, IDataView pictures, int rows, params string[] columns)
    {
        IDataView encoded = codec.Transform(ml.Data.TakeRows(pictures, rows));
        return ml.Data.Cache(ml.Transforms.SelectColumns(columns).Fit(encoded).Transform(encoded));
    }

    /// <summary>A cached view holds its rows once somebody has read them.</summary>
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
