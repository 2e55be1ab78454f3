using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Samples.Generation;
using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Samples.Shards;

/// <summary>The options of the encode command.</summary>
internal sealed record EncodeSettings
{
    public required string ModelFile { get; init; }

    /// <summary>A folder of images, or a file of ML.NET's binary format; null for the default data.</summary>
    public string? Data { get; init; }

    /// <summary>Whether image files that cannot be decoded are left out instead of being an error.</summary>
    public bool SkipUnreadable { get; init; }

    /// <summary>Whether the test images of a data set are encoded, instead of the training images.</summary>
    public bool Test { get; init; }

    public ShardRange Shard { get; init; } = new(1, 1);

    public required string OutputFile { get; init; }

    public bool Score { get; init; }

    public bool Cuda { get; init; }
}

/// <summary>Encodes the rows of one shard to a file, unless it is there already.</summary>
internal static class ShardEncoding
{
    /// <summary>Encodes a shard.</summary>
    /// <returns>A line about what was done.</returns>
    /// <exception cref="DataSetException">The model has no codec, or no prior where scores are asked for, model or data do not exist, the
    /// data have no test part that is asked for, or the file is not of this shard.</exception>
    public static string Run(EncodeSettings settings, CancellationToken cancellation)
    {
        bool parquet = CodesFile.IsParquet(settings.OutputFile);
        if (!File.Exists(settings.ModelFile))
            throw new DataSetException($"The file '{settings.ModelFile}', given as --model, does not exist.");
        ShardRecord.RefuseOthers(settings.OutputFile, settings.Shard);
        var ml = new MLContext { GpuDeviceId = settings.Cuda ? 0 : null, FallbackToCpu = false };
        ITransformer model = ml.Model.Load(settings.ModelFile, out _);
        try
        {
            (string codes, string? score) = Columns(model, settings);
            (IDataView data, int skipped) = Open(ml, settings);
            long total = RowsOf(data);
            (long first, long rows) = settings.Shard.Of(total);
            var record = new ShardRecord(
                settings.Shard.ToString(), total, first, rows, codes, score, ShardRecord.DigestOf(settings.ModelFile),
                Path.GetFullPath(settings.Data ?? IdxImages.DefaultFolder()), settings.Test);
            string about = string.Create(CultureInfo.InvariantCulture, $"Shard {settings.Shard}, {rows:N0} of {total:N0} rows from row {first:N0}")
                + (skipped > 0 ? string.Create(CultureInfo.InvariantCulture, $", without {skipped:N0} files that cannot be read:") : ":");
            if (record.IsOf(settings.OutputFile))
                return $"{about} '{settings.OutputFile}' is complete and was kept";
            IDataView encoded = model.Transform(RowsFrom(ml, data, total, first, rows));
            WholeFile.Write(settings.OutputFile, stream =>
            {
                if (parquet)
                    CodesFile.WriteParquet(encoded, first, codes, score, stream, cancellation);
                else
                    CodesFile.WriteBinary(ml, encoded, codes, score, stream, cancellation);
            }, written =>
            {
                // Another process may have finished meanwhile. The record comes first: no interruption leaves a file without one.
                ShardRecord.RefuseOthers(settings.OutputFile, settings.Shard);
                record.Write(settings.OutputFile, written);
            });
            return $"{about} written to '{settings.OutputFile}'";
        }
        finally
        {
            (model as IDisposable)?.Dispose();
        }
    }

    static (string Codes, string? Score) Columns(ITransformer model, EncodeSettings settings)
    {
        string? codes = SavedCodecs.Find<ImageVqVaeTransformer>(model).Select(codec => codec.OutputColumnName)
            .Concat(SavedCodecs.Find<SeriesVqVaeTransformer>(model).Select(codec => codec.OutputColumnName))
            .Concat(SavedCodecs.Find<AudioVqVaeTransformer>(model).Select(codec => codec.OutputColumnName)).FirstOrDefault();
        if (codes is null)
            throw new DataSetException($"'{settings.ModelFile}' holds no codec of images, series or sound: there are no codes to write.");
        if (!settings.Score)
            return (codes, null);
        string? score = SavedCodecs.Find<AnomalyDetectionTransformer>(model).Select(detector => detector.ScoreColumnName)
            .Concat(SavedCodecs.Find<PriorTransformer>(model).Select(prior => prior.OutputColumnName)).FirstOrDefault();
        return (codes, score ?? throw new DataSetException(
            $"'{settings.ModelFile}' holds no prior and no detector of anomalies: leave out --score, or save the codec and its prior as one "
            + "model, as ./samples.sh compress does."));
    }

    static (IDataView Data, int Skipped) Open(MLContext ml, EncodeSettings settings)
    {
        if (File.Exists(settings.Data))
        {
            RefuseTest("is one file of rows");
            try
            {
                return (ml.Data.LoadFromBinary(settings.Data), 0);
            }
            catch (FormatException error)
            {
                throw new DataSetException($"'{settings.Data}', given as --data, is no file that SaveAsBinary of ML.NET wrote: {error.Message}");
            }
        }
        ImageData images = ImageDataSets.Open(ml, settings.Data, settings.SkipUnreadable, orFlat: true);
        if (images.IsFlat)
            RefuseTest("has image files without subfolders");
        return (settings.Test ? images.Test : images.Train, images.Skipped.Count);

        void RefuseTest(string kind)
        {
            if (settings.Test)
            {
                throw new DataSetException($"--part is test, but '{settings.Data}', given as --data, {kind}, which has no test part. Leave out "
                    + "--part, which encodes all rows, or give a data set with training and test images.");
            }
        }
    }

    // ML.NET neither skips nor takes 0 rows.
    static IDataView RowsFrom(MLContext ml, IDataView data, long total, long first, long rows)
    {
        if (rows == 0)
            return total == 0 ? data : ml.Data.SkipRows(data, total);
        return ml.Data.TakeRows(first == 0 ? data : ml.Data.SkipRows(data, first), rows);
    }

    static long RowsOf(IDataView data)
    {
        if (data.GetRowCount() is long known)
            return known;
        using DataViewRowCursor cursor = data.GetRowCursor([]);
        long rows = 0;
        while (cursor.MoveNext())
            rows++;
        return rows;
    }
}
