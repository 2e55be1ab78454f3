using Microsoft.ML.Data;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Microsoft.ML.VqVae.Tests.Onnx;

/// <summary>The program in docs/onnx.md. A test compares the two and runs the program.</summary>
internal static class OnnxQuickStart
{
    /// <summary>Runs the program, which writes its files to the current directory of an application, here to a folder.</summary>
    public static (string[] ByML, string[] ByOnnx) Run(int steps, string classifierFile, string decoderFile)
    {
        #region program
        var ml = new MLContext(seed: 1);
        IDataView drawings = ml.Data.LoadFromEnumerable(Drawing.Make(120));
        IDataView training = ml.Transforms.Conversion.MapValueToKey("Key", "Label").Fit(drawings).Transform(drawings);

        var codec = ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", steps: steps).Fit(training);
        var classifier = ml.Transforms.Conversion.MapKeyToVector("Features", "Codes")
            .Append(ml.Transforms.Concatenate("Features", "Features"))        // ONNX classifiers want one row of numbers, not a grid
            .AppendCacheCheckpoint(ml)
            .Append(ml.MulticlassClassification.Trainers.LbfgsMaximumEntropy("Key"))
            .Append(ml.Transforms.Conversion.MapKeyToValue("PredictedLabel"))
            .Fit(codec.Transform(training));
        var model = new TransformerChain<ITransformer>([codec, .. classifier]);

        // The converter asks for the columns that the graph begins with, and reads no rows.
        IDataView pixels = ml.Data.LoadFromEnumerable(Array.Empty<PixelsOnly>());
        using (FileStream file = File.Create(classifierFile))
            ml.Model.ConvertToOnnx(model, pixels, file, "Codes", "PredictedLabel");
        using (FileStream file = File.Create(decoderFile))
            ml.Model.ConvertToOnnx(codec.Decoder("Pixels"), ml.Data.LoadFromEnumerable(Array.Empty<CodesOnly>()), file, "Pixels");

        // From here on nothing needs ML.NET, TorchSharp or libtorch: OnnxRuntime reads the files.
        Drawing[] tests = Drawing.Make(20);
        using var session = new InferenceSession(classifierFile);
        var batch = new DenseTensor<float>(tests.SelectMany(drawing => drawing.Pixels).ToArray(), [tests.Length, 28 * 28]);
        using var results = session.Run([NamedOnnxValue.CreateFromTensor("Pixels", batch)], ["Codes.output", "PredictedLabel.output"]);
        string[] labels = [.. results[1].AsEnumerable<string>()];

        using var decoder = new InferenceSession(decoderFile);
        using var decoded = decoder.Run([NamedOnnxValue.CreateFromTensor("Codes", results[0].AsTensor<uint>())], ["Pixels.output"]);
        Console.WriteLine($"{labels[0]}, {labels[1]}, {labels[2]}: {decoded[0].AsTensor<float>().Length} pixels from their codes");
        #endregion
        IDataView predicted = model.Transform(ml.Data.LoadFromEnumerable(tests));
        using (model)
            return ([.. ml.Data.CreateEnumerable<Prediction>(predicted, reuseRowObject: false).Select(row => row.PredictedLabel)], labels);
    }

    sealed class Prediction
    {
        public string PredictedLabel { get; set; } = "";
    }

    #region rows
    class PixelsOnly
    {
        [VectorType(28 * 28)]
        public float[] Pixels { get; set; } = [];
    }

    sealed class CodesOnly
    {
        [VectorType(7, 7, 1), KeyType(512)]
        public uint[] Codes { get; set; } = [];
    }

    sealed class Drawing : PixelsOnly
    {
        public string Label { get; set; } = "";

        public static Drawing[] Make(int count) => [.. Enumerable.Range(0, count).Select(number =>
        {
            var random = new Random(number);
            int shift = random.Next(8), kind = number % 3;
            return new Drawing
            {
                Label = kind switch { 0 => "upright", 1 => "level", _ => "dots" },
                Pixels = [.. Enumerable.Range(0, 28 * 28).Select(pixel =>
                {
                    int x = (pixel % 28 + shift) / 4 % 2, y = (pixel / 28 + shift) / 4 % 2;
                    return 255f * (kind switch { 0 => x, 1 => y, _ => x * y });
                })],
            };
        })];
    }
    #endregion
}
