using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Tests.Pipeline;
using TorchSharp;
using static TorchSharp.torch;
using AudioModel = Microsoft.ML.VqVae.TrainedModel<Microsoft.ML.VqVae.AudioModelDescription, Microsoft.ML.VqVae.Networks.AudioVqVae>;
using SeriesModel = Microsoft.ML.VqVae.TrainedModel<Microsoft.ML.VqVae.SeriesModelDescription, Microsoft.ML.VqVae.Networks.SeriesVqVae>;

namespace Microsoft.ML.VqVae.Tests.Rows;

/// <summary>A long row among short ones is computed by itself, and all rows are what they are one at a time.</summary>
[TestClass]
public sealed class UnequalRowsTests
{
    readonly MLContext _ml = new(seed: 1);

    [TestMethod]
    public void Series_are_encoded_and_decoded_in_groups_of_limited_size()
    {
        SeriesVqVaeOptions options = TinySeries.Options();
        var description = new SeriesModelDescription(options.Codec, options.Quantizer, TimeSteps: null, PredictionBatchSize: 4);
        using var model = new SeriesModel(description, description.CreateNetwork(seed: 1), CPU);
        IDataView data = _ml.Data.LoadFromEnumerable(new[] { 20, 17, 20, 200, 0, 9 }.Select((steps, number) =>
            new TinySeries.Row { Window = TinySeries.Machine(number, steps), Number = number }));
        var columns = new SeriesEncoderColumns("Window", "Codes", "Decoded", "Error", "Embeddings", "Outputs");
        IDataView coded = AsOneByOne(
            data, model, columns.ToInput(model), columns.ToOutputs(), inputs => new SeriesPass(model, inputs), maxValues: 400);
        var back = new SeriesDecoderColumns("Codes", "Again");
        AsOneByOne(_ml.Data.Cache(coded, "Codes"), model, back.ToInput(model), back.ToOutputs(),
            inputs => new SeriesDecoderPass(model, inputs), maxValues: 400);
    }

    [TestMethod]
    public void Sound_is_encoded_and_decoded_in_groups_of_limited_size()
    {
        AudioVqVaeOptions options = TinySpeech.Options(TinySpeech.Waveform());
        var description = new AudioModelDescription(options.Codec, options.Quantizer, Speakers: null, PredictionBatchSize: 4, Seed: 1);
        using var model = new AudioModel(description, description.CreateNetwork(seed: 1), CPU);
        IDataView data = _ml.Data.LoadFromEnumerable(new[] { 400, 170, 320, 2000, 0, 90 }.Select((samples, number) =>
            new TinySpeech.Row { Waveform = TinySpeech.Utterance(number, samples, TinySpeech.SampleRate, 110) }));
        var columns = new AudioEncoderColumns("Waveform", "Codes", null, "Decoded", "Embeddings", "Outputs");
        IDataView coded = AsOneByOne(
            data, model, columns.ToInput(model), columns.ToOutputs(), inputs => new AudioPass(model, columns, inputs), maxValues: 2000);
        var back = new AudioDecoderColumns("Codes", null, "Again");
        AsOneByOne(_ml.Data.Cache(coded, "Codes"), model, back.ToInput(model), back.ToOutputs(),
            inputs => new AudioDecoderPass(model, inputs), maxValues: 13);
    }

    /// <summary>The columns of six rows, the fourth of them long: computed in batches of four, and equal to those of batches of one.</summary>
    static IDataView AsOneByOne<TModel, TPass>(
        IDataView data, TModel model, ModelInput input, IReadOnlyList<ModelColumn<TModel, TPass>> columns,
        Func<IReadOnlyList<Tensor>, TPass> begin, long maxValues) where TModel : TrainedModel
    {
        List<long> together = [];
        TPass Begin(IReadOnlyList<Tensor> inputs)
        {
            together.Add(inputs[0].shape[0]);
            return begin(inputs);
        }
        string[] names = [.. columns.Select(column => column.Name)];
        // The views name the transformer that they are of only where they are converted to ONNX.
        var none = new TransformerChain<ITransformer>();
        IDataView alone = new BatchedView(data, none, new BatchMapping<TModel, TPass>(model, batchSize: 1, input, columns, begin));
        var grouped = new BatchMapping<TModel, TPass>(model, batchSize: 4, input, columns, Begin, maxValues: maxValues);
        Values.AreEqual(Values.Read(alone, names), Values.Read(new BatchedView(data, none, grouped), names), 1e-3);
        CollectionAssert.AreEqual(new long[] { 3, 1, 2 }, together);
        return alone;
    }

    [TestMethod]
    public void More_values_than_a_tensor_is_written_with_are_refused()
    {
        using DisposeScope scope = NewDisposeScope();
        string message = Assert.ThrowsExactly<InvalidOperationException>(
            () => SequenceTensors.Values([(default, 0, 0), (default, 0, 0)], channels: 3, length: 100_000_000)).Message;
        Assert.Contains("100000000 time steps of 3 values, 2 at once, are too long: expected are at most 536870911 values", message);
        Assert.Contains("Cut rows into shorter ones", message);
    }
}
