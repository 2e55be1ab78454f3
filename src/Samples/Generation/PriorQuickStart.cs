using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae.Samples.Generation;

/// <summary>The code on priors in README.md. A test compares the two and runs the code.</summary>
internal static class PriorQuickStart
{
    /// <param name="ml">The context.</param>
    /// <param name="codec">A trained codec of the column Pixels.</param>
    /// <param name="images">Images with the columns Pixels and Class.</param>
    /// <param name="steps">Training steps.</param>
    /// <param name="name">The class to sample.</param>
    /// <param name="modelFile">The file to save the model to.</param>
    /// <returns>The sampled images, and the given images with their bits.</returns>
    public static (IDataView Made, IDataView Scored) Run(
        MLContext ml, ImageVqVaeTransformer codec, IDataView images, int steps, string name, string modelFile)
    {
        #region README
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
}
