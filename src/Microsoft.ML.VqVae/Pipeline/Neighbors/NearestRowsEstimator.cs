using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae;
using Microsoft.ML.VqVae.Persistence;

[assembly: LoadableClass(typeof(NearestRowsTransformer), null, typeof(SignatureLoadModel), "Nearest training rows",
    NearestRowsTransformer.LoaderSignature)]

namespace Microsoft.ML.VqVae;

/// <summary>The <see cref="IEstimator{TTransformer}"/> that keeps the rows of a column, and whose transformer adds the nearest of them: for
/// codes by the number of codes that differ (Hamming distance), for numbers such as embeddings by Euclidean distance.</summary>
/// <remarks>
/// <format type="text/markdown"><![CDATA[
///
/// ### Input and Output Columns
/// | Column | Type |
/// | -- | -- |
/// | Input | A known-sized vector of [key](xref:Microsoft.ML.Data.KeyDataViewType) type, such as codes, or of <xref:System.Single> |
/// | Rows | A vector of <xref:System.Int64>: the positions of the nearest training rows, from 0, the nearest first |
/// | Distances, on request | A vector of <xref:System.Single>: their distances |
///
/// ### Estimator Characteristics
/// |  |  |
/// | -- | -- |
/// | Does this estimator need to look at the data to train its parameters? | Yes: it keeps the rows |
/// | Is normalization required? | No; numbers of large scale outweigh others |
/// | Is caching required? | No |
/// | Required NuGet in addition to Microsoft.ML | VqVae.MLNet |
/// | Exportable to ONNX | No |
/// ]]></format>
///
/// Keys are compared by their key values, or by number where the column has none; a missing key equals a missing key only. Each row is
/// compared with all training rows. Of equally near rows the first comes first. A model file holds the rows.
/// </remarks>
public sealed class NearestRowsEstimator : IEstimator<NearestRowsTransformer>
{
    const string Expected = "a vector of known size, of key type or of Single";

    readonly string _input, _rows;
    readonly string? _distances;
    readonly int _neighbors;

    internal NearestRowsEstimator(string outputColumnName, string inputColumnName, int neighbors, string? distancesColumnName)
    {
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        ArgumentException.ThrowIfNullOrEmpty(inputColumnName);
        if (distancesColumnName is not null)
            ArgumentException.ThrowIfNullOrEmpty(distancesColumnName);
        ArgumentOutOfRangeException.ThrowIfLessThan(neighbors, 1);
        (_rows, _input, _neighbors, _distances) = (outputColumnName, inputColumnName, neighbors, distancesColumnName);
        SchemaColumns.RequireDistinct(distancesColumnName is null ? [outputColumnName] : [outputColumnName, distancesColumnName]);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The column is missing or has an unsuitable type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        SchemaShape.Column column = SchemaColumns.Find(inputSchema, _input);
        bool fits = column.Kind == SchemaShape.Column.VectorKind.Vector
            && (column.IsKey ? column.ItemType == NumberDataViewType.UInt32 : column.ItemType == NumberDataViewType.Single);
        if (!fits)
            throw SchemaColumns.Mismatch(_input, Expected, MLNetInternals.TypeText(column));
        List<SchemaShape.Column> added =
            [MLNetInternals.ShapeColumn(_rows, SchemaShape.Column.VectorKind.Vector, NumberDataViewType.Int64)];
        if (_distances is not null)
            added.Add(ColumnTypes.VectorShape(_distances));
        return SchemaColumns.With(inputSchema, added);
    }

    /// <summary>Reads and keeps the rows.</summary>
    /// <param name="input">The rows to find neighbors among; only the input column is read.</param>
    /// <returns>The transformer.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The column is missing or has an unsuitable type.</exception>
    /// <exception cref="InvalidOperationException">There are fewer rows than neighbors to find or more than fit into memory, or a number is
    /// not finite.</exception>
    public NearestRowsTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        DataViewSchema.Column column = SchemaColumns.Find(input.Schema, _input);
        (int width, int codes) = NearestRowsSettings.WidthAndCodesOf(column)
            ?? throw SchemaColumns.Mismatch(_input, Expected, column.Type.ToString()!);
        var settings = new NearestRowsSettings(_input, _rows, _distances, _neighbors, width, codes, codes > 0 ? KeyNames.Of(column) : null);
        using var bytes = new MemoryStream();
        using DataViewRowCursor cursor = input.GetRowCursor([column]);
        Func<ReadOnlyMemory<byte>> read = settings.ReaderOf(cursor, column);
        long rows = 0;
        for (; cursor.MoveNext(); rows++)
        {
            if (bytes.Length + settings.BytesOfRow > Array.MaxLength)
                throw new InvalidOperationException($"More than {rows} rows of {width} values do not fit: keep a part of the rows.");
            bytes.Write(read().Span);
        }
        return rows >= _neighbors ? new NearestRowsTransformer(settings, new NearestRows(settings, bytes.ToArray()))
            : throw new InvalidOperationException($"There are {rows} rows, but each row is to have {_neighbors} neighbors among them.");
    }
}

/// <summary>The <see cref="ITransformer"/> resulting from fitting a <see cref="NearestRowsEstimator"/>; it adds the nearest training rows and
/// their distances.</summary>
public sealed class NearestRowsTransformer : RowByRowTransformer
{
    internal const string LoaderSignature = "VqVaeNearestRows";
    const string ModelSignature = "VQVAENNR", RowsName = "rows.bin";

    readonly NearestRowsSettings _settings;
    readonly NearestRows _rows;

    internal NearestRowsTransformer(NearestRowsSettings settings, NearestRows rows) : base(rows) => (_settings, _rows) = (settings, rows);

    // Called by ML.NET, which finds it by its name and parameters.
    static NearestRowsTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        NearestRowsSettings settings = ModelFile.Load(ctx, ModelSignature, LoaderSignature, SavedJson.Default.NearestRowsSettings);
        byte[] bytes = ModelFile.LoadBytes(ctx, LoaderSignature, RowsName);
        if (bytes.Length % settings.BytesOfRow != 0 || bytes.Length / settings.BytesOfRow < settings.Neighbors)
        {
            throw new FormatException($"The model '{LoaderSignature}' has {bytes.Length} bytes of rows, which are no rows of "
                + $"{settings.Width} values, {settings.Neighbors} or more: the model file is damaged. Save the model again.");
        }
        return new(settings, new NearestRows(settings, bytes));
    }

    /// <summary>The column of codes or numbers that is read.</summary>
    public string InputColumnName => _settings.Input;

    /// <summary>The column of row numbers that is added.</summary>
    public string OutputColumnName => _settings.Rows;

    /// <summary>The column of distances that is added, or null.</summary>
    public string? DistancesColumnName => _settings.Distances;

    /// <summary>Number of rows that are found for each row.</summary>
    public int Neighbors => _settings.Neighbors;

    /// <summary>Number of training rows.</summary>
    public int RowCount => _rows.Count;

    private protected override void Save(ModelSaveContext context)
    {
        ModelFile.Save(context, ModelSignature, LoaderSignature, _settings, SavedJson.Default.NearestRowsSettings);
        ModelFile.SaveBytes(context, RowsName, _rows.Bytes.ToArray());
    }
}
