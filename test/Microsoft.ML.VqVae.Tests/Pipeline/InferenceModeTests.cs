using Microsoft.ML.VqVae.Tests.Samples;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>Callers that are in torch's inference mode, whose tensors can be neither trained nor changed outside of it.</summary>
[TestClass]
public class InferenceModeTests
{
    [TestMethod]
    public void Training_in_inference_mode_gives_the_same_model()
    {
        var ml = new MLContext(seed: 1);
        IDataView data = Tiny.Data(ml, 20);
        using ImageVqVaeTransformer expected = ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", Tiny.Options()).Fit(data);
        ImageVqVaeTransformer transformer;
        using (inference_mode())
        {
            transformer = ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", Tiny.Options()).Fit(data);
            Assert.IsTrue(is_inference_mode_enabled(), "the caller's mode is left as it was");
            Assert.IsFalse(is_grad_enabled());
            Values.AreEqual(Values.Read(expected.Transform(data), "Codes"), Values.Read(transformer.Transform(data), "Codes"));
        }
        using (transformer)
            Values.AreEqual(Values.Read(expected.Transform(data), "Codes"), Values.Read(transformer.Transform(data), "Codes"));
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void A_model_that_was_loaded_in_inference_mode_takes_other_weights(bool inside)
    {
        var ml = new MLContext(seed: 1);
        IDataView data = Tiny.Data(ml, 20);
        using ImageVqVaeTransformer first = ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", Tiny.Options(5)).Fit(data);
        using ImageVqVaeTransformer other = ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", Tiny.Options(9)).Fit(data);
        using var folder = new TemporaryFolder();
        ml.Model.Save(first, data.Schema, folder.File("model.zip"));
        other.SaveWeights(folder.File("weights"));
        ImageVqVaeTransformer loaded;
        using (inference_mode())
        {
            loaded = (ImageVqVaeTransformer)ml.Model.Load(folder.File("model.zip"), out _);
            Values.AreEqual(Values.Read(first.Transform(data), "Codes"), Values.Read(loaded.Transform(data), "Codes"));
            if (inside)
                loaded.LoadWeights(folder.File("weights"));
        }
        using (loaded)
        {
            if (!inside)
                loaded.LoadWeights(folder.File("weights"));
            Values.AreEqual(Values.Read(other.Transform(data), "Codes"), Values.Read(loaded.Transform(data), "Codes"));
            ImageVqVaeOptions options = Tiny.Options(3);
            options.WarmStart = loaded;
            using ImageVqVaeTransformer trainedOn = ml.Transforms.VqVae.EncodeImages("Codes", "Pixels", options).Fit(data);
            Assert.AreEqual(3, trainedOn.TrainingSummary!.Steps);
        }
    }
}
