using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Samples.Phonemes;

/// <summary>A network that predicts phones from the features around a code, trained with labels. It indicates how much these features tell of
/// the phones.</summary>
internal sealed class SupervisedPhones
{
    /// <summary>Frames on each side of those of the code; 120 ms.</summary>
    const int Context = 12;

    const int BatchSize = 128, TestBatchSize = 2000, Channels = 512;
    const double LearningRate = 1e-3, Dropout = 0.5;

    readonly FeaturePositions _train, _test;
    readonly int _seed;
    readonly string[] _phones;
    readonly Dictionary<string, long> _numbers;

    public SupervisedPhones(FeaturePositions train, FeaturePositions test, int seed)
    {
        (_train, _test, _seed) = (train, test, seed);
        _phones = [.. train.Phones.Where(phone => phone.Length > 0).Distinct().Order(StringComparer.Ordinal)];
        _numbers = _phones.Select((phone, number) => (phone, (long)number)).ToDictionary();
    }

    /// <summary>Trains, and predicts the phone of each test position: among all phones, and among those that are no silence.</summary>
    public (string Phone, string Spoken)[] Predict(int steps, Action<int> progress, CancellationToken cancellation)
    {
        int[] labelled = [.. Enumerable.Range(0, _train.Count).Where(position => _train.Phones[position].Length > 0)];
        var random = new Random(_seed);
        torch.random.manual_seed(_seed);
        int size = _train.WindowSize(Context);
        using nn.Module<Tensor, Tensor> network = nn.Sequential(
            nn.Linear(size, Channels), nn.ReLU(), nn.Dropout(Dropout), nn.Linear(Channels, Channels), nn.ReLU(), nn.Dropout(Dropout),
            nn.Linear(Channels, _phones.Length));
        using optim.Optimizer adam = optim.AdamW(network.parameters(), LearningRate, weight_decay: 0.01);
        for (int step = 0; step < steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            using DisposeScope scope = NewDisposeScope();
            foreach (var group in adam.ParamGroups)
                group.LearningRate = LearningRate * 0.5 * (1 + Math.Cos(Math.PI * step / steps));
            int[] batch = [.. Enumerable.Range(0, BatchSize).Select(_ => labelled[random.Next(labelled.Length)])];
            Tensor loss = nn.functional.cross_entropy(
                network.call(Windows(_train, batch)), tensor(batch.Select(position => _numbers[_train.Phones[position]]).ToArray()));
            adam.zero_grad();
            loss.backward();
            adam.step();
            progress(step);
        }
        network.eval();
        using IDisposable withoutGradients = no_grad();
        using Tensor silence = tensor(_phones.Select(PhoneOrder.IsSilence).ToArray()), impossible = tensor(float.NegativeInfinity);
        var predicted = new List<(string, string)>();
        foreach (int[] batch in Enumerable.Range(0, _test.Count).Chunk(TestBatchSize))
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor scores = network.call(Windows(_test, batch));
            predicted.AddRange(Best(scores).Zip(Best(where(silence, impossible, scores))));
        }
        return [.. predicted];
    }

    IEnumerable<string> Best(Tensor scores) => scores.argmax(1).data<long>().ToArray().Select(number => _phones[number]);

    static Tensor Windows(FeaturePositions source, int[] positions)
    {
        int size = source.WindowSize(Context);
        float[] windows = new float[positions.Length * size];
        for (int i = 0; i < positions.Length; i++)
            source.CopyWindow(positions[i], Context, windows.AsSpan(i * size, size));
        return tensor(windows, [positions.Length, size]);
    }
}
