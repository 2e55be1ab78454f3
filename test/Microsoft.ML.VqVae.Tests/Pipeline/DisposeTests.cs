using System.Collections.Concurrent;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Tests.Persistence;
using Microsoft.ML.VqVae.Tests.Samples;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>Disposing a transformer while other threads use it: work that has begun ends as it would have, what begins later throws an
/// ObjectDisposedException. Before networks were held, such a round ended the process.</summary>
[TestClass]
public class DisposeTests
{
    const int Rounds = 25, Threads = 3;

    static readonly MLContext _ml = new(seed: 1);

    [TestMethod]
    public void Transform_under_Dispose() => DisposeUnder(
        () => Tiny.Untrained(), Tiny.Data(_ml, 12), (transformer, data) => Values.Read(transformer.Transform(data)));

    [TestMethod]
    public void A_prediction_engine_under_Dispose_of_another() => DisposeUnder(
        () => Tiny.Untrained(), Tiny.Data(_ml, 3), (transformer, data) =>
        {
            // The engines own the transformer, as they do unless told otherwise.
            using PredictionEngine<Tiny.Row, CodedRow> engine =
                _ml.Model.CreatePredictionEngine<Tiny.Row, CodedRow>(transformer, data.Schema);
            Assert.HasCount(16, engine.Predict(Tiny.Rows(1)[0]).Codes);
        });

    [TestMethod]
    public void Decoding_under_Dispose() => DisposeUnder(
        () =>
        {
            using ImageVqVaeTransformer encoder = Tiny.Untrained();
            return encoder.Decoder("Again");
        },
        Coded(), (decoder, codes) => Values.Read(decoder.Transform(codes), "Again"));

    [TestMethod]
    public void Making_decoders_under_Dispose() => DisposeUnder(
        () => Tiny.Untrained(), Coded(), (encoder, codes) =>
        {
            using ImageVqVaeDecoderTransformer decoder = encoder.Decoder("Again");
            Values.Read(decoder.Transform(codes), "Again");
        });

    [TestMethod]
    public void Saving_under_Dispose()
    {
        using var folder = new TemporaryFolder();
        int files = 0;
        DisposeUnder(() => Tiny.Untrained(), Tiny.Data(_ml, 1), (transformer, data) =>
        {
            string path = folder.File($"{Interlocked.Increment(ref files)}");
            transformer.SaveWeights(path + ".safetensors");
            _ml.Model.Save(transformer, data.Schema, path + ".zip");
        });
    }

    [TestMethod]
    public void Loading_weights_under_Dispose()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("weights.safetensors");
        using (ImageVqVaeTransformer source = Tiny.Untrained())
            source.SaveWeights(path);
        DisposeUnder(() => Tiny.Untrained(), Tiny.Data(_ml, 1), (transformer, _) => transformer.LoadWeights(path));
    }

    [TestMethod]
    public void Sampling_and_completing_under_Dispose()
    {
        DisposeUnder(() => TinyCodes.UntrainedGrid(_ml), TinyCodes.Grids(_ml, 4), (prior, data) =>
        {
            prior.Sample(_ml, 2, "up");
            prior.Complete(_ml, data);
        });
        DisposeUnder(() => TinyCodes.UntrainedLine(_ml, conditioned: false), TinyCodes.Lines(_ml, 4), (prior, data) =>
        {
            prior.Sample(_ml, 2);
            Values.Read(prior.Transform(data), "Bits");
        });
    }

    public static IEnumerable<object[]> Models => OlderModelFilesTests.Models;

    [TestMethod]
    [DynamicData(nameof(Models))]
    public void Every_kind_of_transformer_under_Dispose(string name)
    {
        RecordedModel recorded = RecordedModel.Read(Path.Combine(OlderModelFilesTests.Folder, name + ".json"));
        string path = Path.Combine(OlderModelFilesTests.Folder, name + ".zip");
        using (var first = _ml.Model.Load(path, out _) as NetworkTransformer)
        {
            if (first is null)
                return;
        }
        IDataView inputs = recorded.Inputs.ToView(_ml, OlderModelFilesTests.Folder);
        DisposeUnder(() => (IDisposable)_ml.Model.Load(path, out _), inputs, (model, rows) =>
        {
            RecordedTable.Of(((ITransformer)model).Transform(rows), _ => true);
            recorded.Samples?.Draw((ITransformer)model, recorded.Inputs);
        }, rounds: 3);
    }

    [TestMethod]
    public void A_disposed_transformer_is_disposed_even_where_its_network_lives_on()
    {
        IDataView data = Tiny.Data(_ml, 3);
        ImageVqVaeTransformer encoder = Tiny.Untrained();
        IDataView codes = _ml.Data.LoadFromEnumerable(
            _ml.Data.CreateEnumerable<Grid>(encoder.Transform(data), reuseRowObject: false).ToArray());
        using ImageVqVaeDecoderTransformer decoder = encoder.Decoder("Again");
        IDataView late = encoder.Transform(data);
        encoder.Dispose();
        encoder.Dispose();
        Assert.HasCount(3, Values.Read(decoder.Transform(codes), "Again"));
        Assert.ThrowsExactly<ObjectDisposedException>(() => Values.Read(late));
        Assert.ThrowsExactly<ObjectDisposedException>(() => encoder.Decoder("Other"));
        Assert.ThrowsExactly<ObjectDisposedException>(() => encoder.SaveWeights(Path.Combine(Path.GetTempPath(), "unwritten")));
    }

    [TestMethod]
    public void Work_under_way_keeps_the_network_and_frees_it_at_its_end()
    {
        PriorTransformer prior = TinyCodes.UntrainedGrid(_ml);
        long before = LiveTensors.Count();
        IDataView samples = prior.Sample(_ml, 8, "up", new SamplingOptions { Progress = new DisposeAtFirstReport(prior) });
        Assert.HasCount(8, Values.Read(samples, "Codes"));
        Assert.ThrowsExactly<ObjectDisposedException>(() => prior.Sample(_ml, 1, "up"));
        Assert.IsLessThan(before, TorchSharp.torch.Tensor.TotalCount);
    }

    /// <summary>Has threads repeat an action while the transformer is disposed at a random moment, many times.</summary>
    static void DisposeUnder<T>(Func<T> create, IDataView data, Action<T, IDataView> act, int rounds = Rounds)
        where T : IDisposable
    {
        var random = new Random(7);
        for (int round = 0; round < rounds; round++)
        {
            T transformer = create();
            var others = new ConcurrentBag<Exception>();
            int late = 0;
            using var ready = new CountdownEvent(Threads);
            Thread[] threads = [.. Enumerable.Range(0, Threads).Select(_ => new Thread(() =>
            {
                ready.Signal();
                try
                {
                    while (true)
                        act(transformer, data);
                }
                catch (ObjectDisposedException)
                {
                    Interlocked.Increment(ref late);
                }
                catch (Exception exception)
                {
                    others.Add(exception);
                }
            }))];
            foreach (Thread thread in threads)
                thread.Start();
            ready.Wait();
            Thread.Sleep(random.Next(12));
            transformer.Dispose();
            foreach (Thread thread in threads)
                Assert.IsTrue(thread.Join(TimeSpan.FromSeconds(30)), "A thread went on with a disposed transformer.");
            Assert.IsEmpty(others, others.FirstOrDefault()?.ToString());
            Assert.AreEqual(Threads, late);
        }
    }

    static IDataView Coded()
    {
        using ImageVqVaeTransformer encoder = Tiny.Untrained();
        return _ml.Data.LoadFromEnumerable(
            _ml.Data.CreateEnumerable<Grid>(encoder.Transform(Tiny.Data(_ml, 12)), reuseRowObject: false).ToArray());
    }

    sealed class DisposeAtFirstReport(IDisposable owner) : IProgress<double>
    {
        public void Report(double value) => owner.Dispose();
    }

    sealed class Grid
    {
        [VectorType(4, 4, 1), KeyType(Tiny.Codes)]
        public uint[] Codes { get; set; } = [];
    }

    sealed class CodedRow
    {
        public uint[] Codes { get; set; } = [];
    }
}
