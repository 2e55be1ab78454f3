using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae.Samples;

/// <summary>The code in README.md, but for its first program: a test compares each region with the page, and others run them.</summary>
internal static class QuickStarts
{
    /// <summary>From files to a model in twenty lines.</summary>
    /// <param name="folder">A folder with one subfolder of images per class.</param>
    /// <param name="steps">Training steps; a few thousand make a good codec.</param>
    /// <param name="modelFile">The file to save the model to.</param>
    public static MulticlassClassificationMetrics Pipeline(string folder, int steps, string modelFile)
    {
        #region pipeline
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

    /// <summary>A prior over codes: scores images, and makes new ones.</summary>
    /// <param name="ml">The context.</param>
    /// <param name="codec">A trained codec of the column Pixels.</param>
    /// <param name="images">Images with the columns Pixels and Class.</param>
    /// <param name="steps">Training steps.</param>
    /// <param name="name">The class to sample.</param>
    /// <param name="modelFile">The file to save the model to.</param>
    /// <returns>The sampled images, and the given images with their bits.</returns>
    public static (IDataView Made, IDataView Scored) Prior(
        MLContext ml, ImageVqVaeTransformer codec, IDataView images, int steps, string name, string modelFile)
    {
        #region prior
        IDataView codes = codec.Transform(images);
        var pipeline = ml.Transforms.Conversion.MapValueToKey("Label", "Class")
            .Append(ml.Transforms.VqVae.Prior("Bits", "Codes", "Label", steps: steps));     // learns p(codes | class)
        var model = pipeline.Fit(codes);
        IDataView scored = model.Transform(codes);                                          // "Bits": −log2 p of each row

        PriorTransformer prior = model.LastTransformer;
        IDataView made = codec.Decoder("Pixels").Transform(prior.Sample(ml, 16, name));     // sixteen new images of the class
        ml.Model.Save(new TransformerChain<ITransformer>(codec, model), images.Schema, modelFile);
        #endregion
        return (made, scored);
    }

    /// <summary>Images to a file and back.</summary>
    /// <param name="ml">The context.</param>
    /// <param name="codec">The codec of the column Pixels.</param>
    /// <param name="prior">The prior of the column Codes.</param>
    /// <param name="images">The images to compress.</param>
    /// <param name="stream">A stream that can be read from its start again.</param>
    /// <returns>The images that were decompressed, in the column Pixels.</returns>
    public static IDataView Compressor(MLContext ml, ImageVqVaeTransformer codec, PriorTransformer prior, IDataView images, Stream stream)
    {
        #region compressor
        using var compressor = new CodeCompressor(prior);
        compressor.Compress(codec.Transform(images), stream);                           // about −log2 p bits per row
        stream.Position = 0;
        IDataView back = codec.Decoder("Pixels").Transform(compressor.Decompress(ml, stream));
        #endregion
        return back;
    }
}
