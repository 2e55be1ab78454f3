using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae.Samples.Images;

/// <summary>A picture in memory: values from 0 to 255, all of one channel before the next (planar), rows from top to bottom.</summary>
internal sealed class LabelledImage
{
    public float[] Pixels { get; set; } = [];

    public string Class { get; set; } = "";
}

internal readonly record struct ImageShape(int Channels, int Height, int Width)
{
    public int Values => Channels * Height * Width;

    /// <summary>What ML.NET has to know of <see cref="LabelledImage"/> that its C# type does not say: how large a picture is.</summary>
    public SchemaDefinition Schema
    {
        get
        {
            var schema = SchemaDefinition.Create(typeof(LabelledImage));
            schema[nameof(LabelledImage.Pixels)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, Channels, Height, Width);
            return schema;
        }
    }

    public override string ToString() => $"{Height}×{Width}×{Channels}";
}

/// <summary>A data set as two views with the columns Pixels (planar, 0…255) and Class.</summary>
internal sealed record ImageData(string Name, ImageShape Shape, IDataView Train, int TrainRows, IDataView Test, int TestRows)
{
    public static ImageData FromMemory(
        MLContext ml, string name, ImageShape shape, IReadOnlyCollection<LabelledImage> train, IReadOnlyCollection<LabelledImage> test) =>
        new(name, shape,
            ml.Data.LoadFromEnumerable(train, shape.Schema), train.Count,
            ml.Data.LoadFromEnumerable(test, shape.Schema), test.Count);
}
