using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Samples.Drawing;

namespace Microsoft.ML.VqVae.Samples.Images;

/// <summary>
/// The appearance of each code: the center of the decoded image whose positions all hold that code. Codes are colored by the brightness of
/// this patch, so that similar codes have similar colors in a map of codes.
/// </summary>
internal sealed class CodeColors
{
    readonly Color[] _colors;

    CodeColors(Tile[] patches)
    {
        Patches = patches;
        double[] brightness = [.. patches.Select(patch => patch.Brightness)];
        Order = [.. Enumerable.Range(0, patches.Length).OrderBy(code => brightness[code])];
        _colors = new Color[patches.Length];
        for (int rank = 0; rank < Order.Count; rank++)
            _colors[Order[rank]] = ColorMap.At((double)rank / Math.Max(Order.Count - 1, 1));
    }

    /// <summary>The decoded patch of each code.</summary>
    public IReadOnlyList<Tile> Patches { get; }

    /// <summary>The codes from the darkest to the brightest.</summary>
    public IReadOnlyList<int> Order { get; }

    public Color this[int code] => _colors[code];

    public static CodeColors Decode(MLContext ml, ImageVqVaeTransformer codec, ImageShape shape)
    {
        (int gridHeight, int gridWidth, int codesPerPosition) = codec.CodeGrid;
        var codesType = new VectorDataViewType(new KeyDataViewType(typeof(uint), codec.Codes), gridHeight, gridWidth, codesPerPosition);
        var schema = SchemaDefinition.Create(typeof(CodeRow));
        schema[nameof(CodeRow.Codes)].ColumnType = codesType;
        IEnumerable<CodeRow> rows = Enumerable.Range(1, codec.Codes)
            .Select(key => new CodeRow { Codes = [.. Enumerable.Repeat((uint)key, codesType.Size)] });
        using ImageVqVaeDecoderTransformer decoder = codec.Decoder(nameof(DecodedRow.Reconstruction), nameof(CodeRow.Codes));
        IDataView decoded = decoder.Transform(ml.Data.LoadFromEnumerable(rows, schema));

        // Two cells of the code grid, to include the pattern between neighbors.
        int height = 2 * shape.Height / gridHeight, width = 2 * shape.Width / gridWidth;
        return new CodeColors(
        [
            .. ml.Data.CreateEnumerable<DecodedRow>(decoded, reuseRowObject: true).Select(row =>
                shape.Tile(row.Reconstruction).Crop((shape.Width - width) / 2, (shape.Height - height) / 2, width, height)),
        ]);
    }

    sealed class CodeRow
    {
        public uint[] Codes { get; set; } = [];
    }

    sealed class DecodedRow
    {
        public float[] Reconstruction { get; set; } = [];
    }
}
