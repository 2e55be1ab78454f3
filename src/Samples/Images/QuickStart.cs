using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae.Samples.Images;

/// <summary>The pipeline in README.md: from files to a model in twenty lines. A test compares the two and runs the pipeline.</summary>
internal static class QuickStart
{
    /// <param name="folder">A folder with one subfolder of images per class.</param>
    /// <param name="steps">Training steps; a few thousand make a good codec.</param>
    /// <param name="modelFile">The file to save the model to.</param>
    public static MulticlassClassificationMetrics Run(string folder, int steps, string modelFile)
    {
        #region README
        var ml = new MLContext(seed: 1);
        var files = from path in Directory.GetFiles(folder, "*.png", SearchOption.AllDirectories)
                    select new { Path = path, Class = Path.GetFileName(Path.GetDirectoryName(path)) };
        IDataView images = ml.Data.LoadFromEnumerable(files);
        var split = ml.Data.TrainTestSplit(images, testFraction: 0.1);

        var pipeline = ml.Transforms.LoadImages("Image", imageFolder: null, "Path")
            .Append(ml.Transforms.ResizeImages("Image", 32, 32))
            .Append(ml.Transforms.ExtractPixels("Pixels", "Image"))
            .Append(ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", steps: steps))  // 32×32 pixels become 8×8 codes of 512
            .Append(ml.Transforms.Conversion.MapValueToKey("Label", "Class"))
            .Append(ml.Transforms.Conversion.MapKeyToVector("Features", "Codes"))       // any trainer of ML.NET can use the codes
            .AppendCacheCheckpoint(ml)                                                  // the network runs once, not in every pass
            .Append(ml.MulticlassClassification.Trainers.LbfgsMaximumEntropy())
            .Append(ml.Transforms.Conversion.MapKeyToValue("PredictedLabel"));

        var model = pipeline.Fit(split.TrainSet);
        var metrics = ml.MulticlassClassification.Evaluate(model.Transform(split.TestSet));
        ml.Model.Save(model, images.Schema, modelFile);                                 // anywhere: Model.Load(modelFile, out _)
        #endregion
        return metrics;
    }
}
