using System.Runtime.InteropServices;
using TorchSharp;
using static Microsoft.ML.VqVae.Networks.TensorArithmetic;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// Adapts the cepstra of an utterance to the typical speech of the training data, for any speaker: selects the warp of the frequency axis
/// (vocal tract length normalization, Lee and Rose 1996), then inverts the affine map from common speech to this utterance (maximum
/// likelihood linear regression, Leggetter and Woodland 1995). Needs no labels, only the utterance.
/// </summary>
/// <remarks>
/// <para>Common speech is a mixture of Gaussians of one variance around <c>centres</c>, in the space of <see cref="CodeMeans"/> of
/// normalized cepstra. The selected warp is the one whose frames lie nearest to the centers. The map y ↦ M·y + c then maximizes the
/// likelihood of the utterance, given a Gaussian prior around M = 1, c = 0 that weighs as much as <see cref="PriorCodes"/> codes: a short
/// utterance is adapted less. Training alternates between finding centers of adapted utterances and adapting utterances to centers.</para>
/// <para>Names in <c>state_dict</c>: <c>centres</c> [K, C]; <c>variances</c> [2], around a center and of everything, zero until
/// <see cref="Fit"/>.</para>
/// </remarks>
internal sealed class SpeakerAdaptation : nn.Module
{
    // The stream of random numbers; other streams of a network start at 0.
    const long CenterStream = 1L << 43;

    const int Centers = 128, MeansOverCodes = 3, Rounds = 4, Iterations = 2, KMeansIterations = 8, PriorCodes = 50;

    readonly MelCodecOptions options;
    Tensor centres;
    Tensor variances;

    public SpeakerAdaptation(MelCodecOptions options) : base(nameof(SpeakerAdaptation))
    {
        this.options = options;
        WeightLimit.Take(Centers, options.InputChannels);
        centres = zeros(Centers, options.InputChannels);
        variances = zeros(2);
        RegisterComponents();
    }

    /// <summary>Whether there is a model of common speech.</summary>
    public bool IsFitted
    {
        get
        {
            using DisposeScope scope = NewDisposeScope();
            return variances.select(0, 0).item<float>() != 0;
        }
    }

    /// <summary>Fits the model of common speech.</summary>
    /// <param name="utterances">The utterances, each with its warped views, all of one length.</param>
    /// <param name="seed">The seed of the search for centers.</param>
    /// <param name="cancellation">Ends the search early.</param>
    public void Fit(IReadOnlyList<IReadOnlyList<AudioFeatures>> utterances, int seed, CancellationToken cancellation)
    {
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor[] views = [.. utterances.Select(Means)];
        Tensor[] adapted = [.. views.Select(utterance => utterance.select(0, 0))];
        for (int round = 0; round <= Rounds; round++)
        {
            using Generator generator = SeededRandom.CreateGenerator(seed, CenterStream + round);
            Tensor all = cat(adapted, 0);
            Tensor found = KMeans.FindCentres(all, Centers, KMeansIterations, generator);
            Tensor nearest = NearestCodes.Find(all, found);
            float everything = Math.Max(1e-6f, (all - all.mean([0L])).Square().mean().item<float>());
            // With less speech than centers, the variance around them is zero.
            float around = Math.Max(1e-3f * everything, (all - found.index_select(0, nearest)).Square().mean().item<float>());
            centres.copy_(found);
            variances.copy_(tensor([around, everything]));
            for (int i = 0; i < adapted.Length && round < Rounds; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                using DisposeScope step = NewDisposeScope();
                (int view, Tensor? map) = Find(views[i]);
                adapted[i] = Undo(map, views[i].select(0, view)).to(ScalarType.Float32).MoveToOuterDisposeScope();
            }
        }
    }

    /// <summary>The view of an utterance that is nearest to common speech, with the map that normalizes and adapts it. The first view,
    /// unchanged, before <see cref="Fit"/>.</summary>
    public AudioFeatures Adapt(IReadOnlyList<AudioFeatures> views)
    {
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        if (!IsFitted)
            return views[0];
        (int view, Tensor? map) = Find(Means(views));
        return views[view] with { Normaliser = Compose(views[view].Statistics.Normaliser(options.Decorrelation), map) };
    }

    /// <summary>The means of codes of each view, [V, N, C].</summary>
    Tensor Means(IReadOnlyList<AudioFeatures> views)
    {
        using DisposeScope scope = NewDisposeScope();
        (int length, int perCode) = (views[0].Length, options.FramesPerCode);
        int whole = (length + perCode - 1) / perCode * perCode;
        Tensor real = Arange(whole).Lt(length).to(ScalarType.Float32).view(1, 1, whole);
        Tensor frames = stack([.. views.Select(view =>
        {
            Tensor normaliser = tensor(
                view.Statistics.Normaliser(options.Decorrelation), [1 + options.InputChannels, options.InputChannels]);
            Tensor values = (tensor(view.Values.ToArray(), [length, options.InputChannels]) - normaliser.select(0, 0))
                .matmul(normaliser.narrow(0, 1, options.InputChannels).t());
            return nn.functional.pad(values, [0, 0, 0, whole - length]);
        })]);
        return CodeMeans.Of(frames.permute(0, 2, 1), real, MeansOverCodes * perCode, perCode).permute(0, 2, 1).contiguous()
            .MoveToOuterDisposeScope();
    }

    /// <summary>For [V, N, C] the best view, and for that the map from common speech to it, Float64 [C + 1, C]: M transposed, then
    /// c.</summary>
    (int View, Tensor Map) Find(Tensor views)
    {
        // The network may be on a GPU; one utterance is too little work for it.
        Tensor common = centres.cpu(), spread = variances.cpu();
        int view = (int)Distances(views, common).min(2).values.mean([1L]).argmin(0).item<long>();
        Tensor own = views.select(0, view).to(ScalarType.Float64);
        (long codes, long channels) = (own.shape[0], own.shape[1]);
        Tensor prior = eye(channels + 1, dtype: ScalarType.Float64) * spread.select(0, 1).Mul(PriorCodes);
        Tensor map = eye(channels + 1, channels, dtype: ScalarType.Float64);
        for (int iteration = 0; iteration < Iterations; iteration++)
        {
            Tensor likelihoods = Distances(Undo(map, own).to(ScalarType.Float32), common) / spread.select(0, 0).Mul(-2);
            Tensor expected = cat([likelihoods.softmax(1).matmul(common), ones(codes, 1)], 1).to(ScalarType.Float64);
            map = linalg.solve(
                expected.t().matmul(expected).Add(prior), expected.t().matmul(own).Add(prior.narrow(1, 0, channels)));
        }
        return (view, map);
    }

    /// <summary>The squared distances of […, C] to all centers [K, C]: […, K].</summary>
    static Tensor Distances(Tensor vectors, Tensor centers) =>
        (vectors.Square().sum(-1, keepdim: true) - vectors.matmul(centers.t()).Mul(2)).Add(centers.Square().sum(1)).ClampMin(0);

    /// <summary>Applies the inverse of a map to [N, C].</summary>
    static Tensor Undo(Tensor map, Tensor frames)
    {
        long channels = map.shape[1];
        return linalg.solve(map.narrow(0, 0, channels).t(), (frames.to(ScalarType.Float64) - map.select(0, channels)).t()).t();
    }

    /// <summary>The normalizer (means m, then a matrix W), followed, in the space of <see cref="CodeMeans"/>, by the inverse of the map; in
    /// the form of a normalizer again. With the importance S of the coefficients a frame x becomes
    /// S⁻¹·M⁻¹·(S·W·(x − m) − c).</summary>
    static float[] Compose(float[] normaliser, Tensor map)
    {
        long channels = map.shape[1];
        Tensor first = tensor(normaliser, [1 + channels, channels]).to(ScalarType.Float64);
        (Tensor? means, Tensor? matrix) = (first.narrow(0, 0, 1).t(), first.narrow(0, 1, channels));
        Tensor importance = tensor(CodeMeans.Importance(channels), [channels, 1]).to(ScalarType.Float64);
        Tensor shifted = means.Add(linalg.solve(matrix, map.narrow(0, channels, 1).t() / importance));
        Tensor adapted = linalg.solve(map.narrow(0, 0, channels).t(), importance * matrix) / importance;
        Tensor composed = cat([shifted.t(), adapted], 0).to(ScalarType.Float32).contiguous();
        return MemoryMarshal.Cast<byte, float>(composed.bytes).ToArray();
    }
}

/// <summary>One frame of cepstra per code: the sound around the center of the code, without its exact timing.</summary>
internal static class CodeMeans
{
    /// <summary>The mean of the real frames around the center of each code, weighted by a Hann window, times
    /// <see cref="Importance"/>.</summary>
    /// <param name="features">Float32 [B, C, T], T a multiple of the frames of a code, zero where it is not real.</param>
    /// <param name="real">1 where frames are real, Float32 [B, 1, T]; null where all are.</param>
    /// <param name="width">The length of the window in frames.</param>
    /// <param name="framesPerCode">The number of frames that a code covers.</param>
    /// <returns>Float32 [B, C, N].</returns>
    public static Tensor Of(Tensor features, Tensor? real, int width, int framesPerCode)
    {
        (long batch, long channels, long length) = (features.shape[0], features.shape[1], features.shape[2]);
        Tensor window = tensor(Enumerable.Range(0, width).Select(k => (float)Math.Pow(Math.Sin(Math.PI * (k + 0.5) / width), 2)).ToArray(),
            [1, 1, width], device: features.device);
        Tensor Around(Tensor values) =>
            nn.functional.conv1d(values.reshape(-1, 1, length), window, null, framesPerCode, (width - framesPerCode) / 2);
        Tensor weights = Around(real ?? ones([1, 1, length], dtype: ScalarType.Float32, device: features.device));
        Tensor sums = Around(features).view(batch, channels, -1);
        return sums / weights.ClampMin(1e-6) * tensor(Importance(channels), [1, channels, 1], device: features.device);
    }

    /// <summary>The factor of each coefficient: the square of its error counts with 1 − k / (4/3 · C).</summary>
    public static float[] Importance(long channels) =>
        [.. Enumerable.Range(0, (int)channels).Select(k => (float)Math.Sqrt(1 - k / (4.0 / 3 * channels)))];
}
