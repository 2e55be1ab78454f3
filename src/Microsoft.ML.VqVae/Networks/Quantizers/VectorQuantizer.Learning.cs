using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

// Losses, and everything that changes the codebook: k-means start, moving averages, restarts.
public sealed partial class VectorQuantizer
{
    // Streams of random numbers; steps count up from 0.
    const long InitialStream = -1;
    const long KMeansStream = -2;

    // Copies of `steps` and `initialized` for devices whose memory is slow to read. Stale whenever the state may have been written from
    // outside.
    (long Steps, bool Initialized) hostState;
    bool hostStateIsStale = true;

    /// <summary>The number of training batches so far.</summary>
    public long Steps => ReadState().Steps;

    /// <summary>Whether the codebook holds codes worth using: true from the start, or, with
    /// <see cref="VectorQuantizerOptions.InitializeFromData"/>, from the first quantized training step.</summary>
    public bool IsInitialized => ReadState().Initialized;

    /// <summary>Whether a training step has quantized. A codebook that is not set from data is initialized before that; its counts, of one
    /// each at first, are not.</summary>
    internal bool HasQuantized
    {
        get
        {
            if (options.InitializeFromData)
                return IsInitialized;
            using DisposeScope scope = NewDisposeScope();
            return counts.ne(ones_like(counts)).any().item<bool>();
        }
    }

    /// <inheritdoc/>
    public override Dictionary<string, Tensor> state_dict(Dictionary<string, Tensor>? destination = null, string? prefix = null)
    {
        // Whoever asks for the tensors, load_state_dict of any parent included, may be about to overwrite them.
        hostStateIsStale = true;
        return base.state_dict(destination!, prefix!);
    }

    (long Steps, bool Initialized) ReadState()
    {
        if (hostStateIsStale || steps.device_type == DeviceType.CPU)
        {
            hostState = (steps.item<long>(), initialized.item<long>() != 0);
            hostStateIsStale = false;
        }
        return hostState;
    }

    void AdvanceTo(long step, bool isInitialized)
    {
        using IDisposable withoutGradients = no_grad();
        steps.Fill_(step);
        initialized.Fill_(isInitialized ? 1 : 0);
        hostState = (step, isInitialized);
    }

    QuantizationResult Unquantized(Tensor encodings)
    {
        Tensor Zeros(params long[] shape) => zeros(shape, dtype: ScalarType.Float32, device: encodings.device);
        Tensor none = empty([0L], dtype: ScalarType.Int64, device: encodings.device);
        return new(encodings.alias(), none, Zeros(), Zeros(), Zeros(options.Codebooks, options.Codes), Zeros());
    }

    QuantizationResult Measure(Tensor encodings, Tensor vectors, Tensor codes, Tensor indices)
    {
        // Averaged over latents and examples at once: all examples of a batch have as many latents.
        double latents = training ? BatchShare.Current.Divisor(indices.numel()) : indices.numel();
        Tensor fixedCodes = codes.detach();
        Tensor difference = vectors - fixedCodes;
        Tensor commitment = difference.Square().sum().Div(latents);
        Tensor codebookLoss = LearnsByGradient
            ? (vectors.detach() - codes).Square().sum().Div(latents)
            : zeros([], dtype: ScalarType.Float32, device: encodings.device);
        if (commitment.device_type == DeviceType.CPU && !float.IsFinite(commitment.item<float>()))
            throw NotFinite();
        // Values of the codes, gradient of the encoder outputs. Where no gradient is wanted the codes are passed on exactly.
        Tensor passed = vectors.requires_grad ? vectors - difference.detach() : fixedCodes;
        return new(
            FromVectors(passed, [encodings.shape[0], .. encodings.shape[2..]]), Arrange(indices, encodings.shape), codebookLoss, commitment,
            NearestCodes.Count(RowsOf(indices).view(-1), (long)options.Codebooks * options.Codes).view(options.Codebooks, options.Codes),
            codebookLoss.Add(commitment.Mul(options.CommitmentCost)));
    }

    InvalidOperationException NotFinite() => new(
        $"The encodings given to the quantizer hold a value that is not a finite number (after {Steps} training steps). Check the data for NaN "
        + "and infinity; if it is clean, training diverged: lower the learning rate or clip gradients.");

    void InitializeFrom(Tensor vectors)
    {
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using Generator generator = SeededRandom.CreateGenerator(seed, KMeansStream);
        vectors = BatchShare.Current.Gather(vectors);
        for (int book = 0; book < options.Codebooks; book++)
        {
            Tensor mine = VectorsOf(vectors, book);
            codebook.select(0, book).copy_(KMeans.FindCentres(mine, options.Codes, options.KMeansIterations, generator));
            // Codes start with the counts that they would have after long training on this batch, but never with none.
            Tensor indices = NearestCodes.Find(mine, codebook.select(0, book));
            counts.select(0, book).copy_(NearestCodes.Count(indices, options.Codes).ClampMin(1));
        }
        sums.copy_(codebook.detach() * counts.unsqueeze(2));
    }

    /// <summary>The vectors [N, D] that a codebook quantizes.</summary>
    Tensor VectorsOf(Tensor vectors, int book) =>
        options.SeparateCodebooks ? vectors.select(1, book) : vectors.reshape(-1, options.Dimensions);

    void Learn(Tensor vectors, Tensor indices, Tensor batchCounts, long step)
    {
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        counts.Mul_(running.Decay).Add_(BatchShare.Current.Sum(batchCounts), 1 - running.Decay);
        if (!LearnsByGradient)
            MoveAverages(vectors, indices);
        // After the update, so that it cannot undo the restart.
        if (RestartsEnabled && running.RestartEverySteps > 0 && step % running.RestartEverySteps == 0)
            RestartDeadCodes(vectors, step);
        AdvanceTo(step, isInitialized: true);
    }

    /// <summary>Appendix A.1 of the paper, with Laplace smoothing of the counts.</summary>
    void MoveAverages(Tensor vectors, Tensor indices)
    {
        long rows = (long)options.Codebooks * options.Codes;
        Tensor batchSums = BatchShare.Current.Sum(
            NearestCodes.Sum(vectors.reshape(-1, options.Dimensions), RowsOf(indices).view(-1), rows));
        sums.Mul_(running.Decay).Add_(batchSums.view(sums.shape), 1 - running.Decay);
        Tensor total = counts.sum(1, keepdim: true);
        Tensor smoothed = counts.Add(options.Smoothing) / total.Add(options.Codes * options.Smoothing) * total;
        codebook.copy_(sums / smoothed.unsqueeze(2));
    }

    void RestartDeadCodes(Tensor vectors, long step)
    {
        using Generator generator = SeededRandom.CreateGenerator(seed, step);
        vectors = BatchShare.Current.Gather(vectors);
        Tensor mean = counts.mean([1L], keepdim: true);
        Tensor dead = counts < mean.Mul(options.RestartBelow);
        var fresh = new Tensor[options.Codebooks];
        for (int book = 0; book < fresh.Length; book++)
        {
            Tensor mine = VectorsOf(vectors, book);
            Tensor rows = randint(mine.shape[0], [options.Codes], dtype: ScalarType.Int64, generator: generator).to(mine.device);
            fresh[book] = mine.index_select(0, rows);
        }
        // Chosen by masks on the device: no step waits to learn how many codes are dead. The new code gets an average count and the sum
        // that belongs to it, or the next update would pull it back to where the old sum points.
        Tensor deadRows = dead.unsqueeze(2);
        codebook.copy_(where(deadRows, stack(fresh, 0), codebook));
        counts.copy_(where(dead, mean, counts));
        sums.copy_(where(deadRows, codebook * counts.unsqueeze(2), sums));
    }
}
