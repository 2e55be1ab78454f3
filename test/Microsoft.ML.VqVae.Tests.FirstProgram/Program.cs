using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae;
using Microsoft.ML.VqVae.Training;

var ml = new MLContext(seed: 1);
IDataView images = ml.Data.LoadFromEnumerable(Enumerable.Range(0, 1000).Select(Picture.Draw).ToArray());

if (!File.Exists("codec.zip"))
{
    var options = new ImageVqVaeOptions
    {
        ReconstructionColumnName = "Decoded",
        Training = { Steps = 400, Progress = new ProgressLines() },     // the default is 2,500 steps
    };
    var trained = ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(images);
    ml.Model.Save(trained, images.Schema, "codec.zip");
}

// Any program that references the package can load the model: run this one again, and it does not train.
var codec = (ImageVqVaeTransformer)ml.Model.Load("codec.zip", out _);
Console.WriteLine(codec);
Console.WriteLine(VqVaeMetrics.Evaluate(codec.Transform(images), "Codes", "Pixels", "Decoded"));

int[] codes = codec.Encode(Picture.Draw(7).Pixels);                     // 256 pixels become 16 codes
float[] pixels = codec.DecodePixels(codes);
Console.WriteLine($"Picture 7: codes {string.Join(' ', codes)}, {CodePacking.Pack(codes, codec.Codes).Length} bytes");

class Picture
{
    [VectorType(16, 16)]
    public float[] Pixels { get; set; } = [];

    public static Picture Draw(int number)                              // a bright disc on a dark ramp
    {
        var random = new Random(number);
        var (x, y, radius, dark) = (random.Next(3, 13), random.Next(3, 13), random.Next(2, 6), random.Next(0, 80));
        return new Picture
        {
            Pixels = [.. Enumerable.Range(0, 256).Select(i =>
                Math.Pow(i % 16 - x, 2) + Math.Pow(i / 16 - y, 2) <= radius * radius ? 230f : dark + i / 4f)],
        };
    }
}
