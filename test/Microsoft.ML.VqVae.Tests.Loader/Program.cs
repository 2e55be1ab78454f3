using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;

// Arguments: a model file, a file of 8×8 pixel rows as raw floats, and a file to write each row's codes to, a line a row.
var ml = new MLContext();
ITransformer model = ml.Model.Load(args[0], out _);
byte[] bytes = File.ReadAllBytes(args[1]);
float[] pixels = new float[bytes.Length / sizeof(float)];
Buffer.BlockCopy(bytes, 0, pixels, 0, bytes.Length);
IDataView codes = model.Transform(ml.Data.LoadFromEnumerable(pixels.Chunk(64).Select(row => new Row { Pixels = row }).ToArray()));
File.WriteAllLines(args[2], ml.Data.CreateEnumerable<Coded>(codes, reuseRowObject: false)
    .Select(row => string.Join(' ', row.Codes.Select(code => code.ToString(CultureInfo.InvariantCulture)))));

internal sealed class Row
{
    [VectorType(64)]
    public float[] Pixels { get; set; } = [];
}

internal sealed class Coded
{
    public uint[] Codes { get; set; } = [];
}
