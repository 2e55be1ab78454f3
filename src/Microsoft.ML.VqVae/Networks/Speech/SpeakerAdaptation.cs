using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// Brings the cepstra of an utterance to where the speech of the training data is, whoever speaks: chooses how far the frequency axis is
/// warped (vocal tract length normalisation, Lee and Rose 1996), then takes back the affine map that makes of common speech that of this
/// utterance (maximum likelihood linear regression, Leggetter and Woodland 1995). Needs no labels, and nothing but the utterance.
/// </summary>
/// <remarks>
/// <para>Common speech is a mixture of Gaussians of one variance around <c>centres</c>, in the space of <see cref="CodeMeans"/> of
/// normalised cepstra. The warp is the one whose frames lie nearest to the centres. The map y ↦ M·y + c then makes the utterance most
/// likely, given a Gaussian prior around M = 1, c = 0 that weighs as much as <see cref="PriorCodes"/> codes: what few seconds leave open
/// stays as it is. Training turns by turns finds centres of adapted utterances and adapts utterances to centres.</para>
/// <para>Names in <c>state_dict</c>: <c>centres</c> [K, C]; <c>variances</c> [2], around a centre and of everything, zero until
/// <see cref="Fit"/>.</para>
/// </remarks>
internal sealed class SpeakerAdaptation : nn.Module
{
    /// <summary>Of random numbers; other streams of a network begin at 0.</summary>
    const long CentreStream = 1L << 43;

    const int Centres = 128, MeansOverCodes = 3, Rounds = 4, Iterations = 2, KMeansIterations = 8, PriorCodes = 50;

    readonly MelCodecOptions options;
    Tensor centres;
    Tensor variances;

    public SpeakerAdaptation(MelCodecOptions options) : base(nameof(SpeakerAdaptation))
    {
        this.options = options;
        centres = zeros(Centres, options.InputChannels);
        variances = zeros(2);
        RegisterComponents();
    }

    /// <summary>Learns what common speech is.</summary>
    /// <param name="utterances">Each with its warped views, all of one length.</param>
    /// <param name="seed">Decides where the search for centres begins.</param>
    /// <param name="cancellation">Ends the search early.</param>
    public void Fit(IReadOnlyList<IReadOnlyList<AudioFeatures>> utterances, int seed, CancellationToken cancellation)
    {
        using var withoutGradients = no_grad();
        using var scope = NewDisposeScope();
        Tensor[] views = [.. utterances.Select(Means)];
        Tensor[] adapted = [.. views.Select(utterance => utterance.select(0, 0))];
        for (var round = 0; round <= Rounds; round++)
        {
            using var generator = SeededRandom.CreateGenerator(seed, CentreStream + round);
            var all = cat(adapted, 0);
            var found = KMeans.FindCentres(all, Centres, KMeansIterations, generator);
            var nearest = NearestCodes.Find(all, found);
            var everything = Math.Max(1e-6f, (all - all.mean([0L])).square().mean().item<float>());
            // Of less speech than centres nothing is left around them.
            var around = Math.Max(1e-3f * everything, (all - found.index_select(0, nearest)).square().mean().item<float>());
            centres.copy_(found);
            variances.copy_(tensor([around, everything]));
            for (var i = 0; i < adapted.Length && round < Rounds; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                using var step = NewDisposeScope();
                var (view, map) = Find(views[i]);
                adapted[i] = Undo(map, views[i].select(0, view)).to(ScalarType.Float32).MoveToOuterDisposeScope();
            }
        }
    }

    /// <summary>The view of an utterance that is nearest to common speech, with the map that normalises and adapts it. The first as it is
    /// while nothing was fitted.</summary>
    public AudioFeatures Adapt(IReadOnlyList<AudioFeatures> views)
    {
        using var withoutGradients = no_grad();
        using var scope = NewDisposeScope();
        if (variances.select(0, 0).item<float>() == 0)
            return views[0];
        var (view, map) = Find(Means(views));
        return views[view] with { Normaliser = Compose(views[view].Statistics.Normaliser(options.Decorrelation), map) };
    }

    /// <summary>The means of codes of each view, [V, N, C].</summary>
    Tensor Means(IReadOnlyList<AudioFeatures> views)
    {
        using var scope = NewDisposeScope();
        var (length, perCode) = (views[0].Length, options.FramesPerCode);
        var whole = (length + perCode - 1) / perCode * perCode;
        var real = (arange(whole, dtype: ScalarType.Int64) < length).to(ScalarType.Float32).view(1, 1, whole);
        var frames = stack([.. views.Select(view =>
        {
            var normaliser = tensor(view.Statistics.Normaliser(options.Decorrelation), [1 + options.InputChannels, options.InputChannels]);
            var values = (tensor(view.Values, [length, options.InputChannels]) - normaliser.select(0, 0))
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
        // The network may be on a GPU; a look at one utterance is too little for it.
        Tensor common = centres.cpu(), spread = variances.cpu();
        var view = (int)Distances(views, common).min(2).values.mean([1L]).argmin(0).item<long>();
        var own = views.select(0, view).to(ScalarType.Float64);
        var (codes, channels) = (own.shape[0], own.shape[1]);
        var prior = eye(channels + 1, dtype: ScalarType.Float64) * (spread.select(0, 1) * (double)PriorCodes);
        var map = eye(channels + 1, channels, dtype: ScalarType.Float64);
        for (var iteration = 0; iteration < Iterations; iteration++)
        {
            var likelihoods = Distances(Undo(map, own).to(ScalarType.Float32), common) / (spread.select(0, 0) * -2.0);
            var expected = cat([likelihoods.softmax(1).matmul(common), ones(codes, 1)], 1).to(ScalarType.Float64);
            map = linalg.solve(
                expected.t().matmul(expected) + prior, expected.t().matmul(own) + prior.narrow(1, 0, channels));
        }
        return (view, map);
    }

    /// <summary>The squares of the distances of […, C] to all centres [K, C]: […, K].</summary>
    static Tensor Distances(Tensor vectors, Tensor centres) =>
        (vectors.square().sum(-1, keepdim: true) - vectors.matmul(centres.t()) * 2.0 + centres.square().sum(1)).clamp(min: 0);

    /// <summary>Common speech of what a map made of it, [N, C].</summary>
    static Tensor Undo(Tensor map, Tensor frames)
    {
        var channels = map.shape[1];
        return linalg.solve(map.narrow(0, 0, channels).t(), (frames.to(ScalarType.Float64) - map.select(0, channels)).t()).t();
    }

    /// <summary>First the normaliser (means m, then a matrix W), then, in the space of <see cref="CodeMeans"/>, the opposite of the map;
    /// in the form of a normaliser again. With the importance S of the coefficients a frame x becomes
    /// S⁻¹·M⁻¹·(S·W·(x − m) − c).</summary>
    static float[] Compose(float[] normaliser, Tensor map)
    {
        var channels = map.shape[1];
        var first = tensor(normaliser, [1 + channels, channels]).to(ScalarType.Float64);
        var (means, matrix) = (first.narrow(0, 0, 1).t(), first.narrow(0, 1, channels));
        var importance = tensor(CodeMeans.Importance(channels), [channels, 1]).to(ScalarType.Float64);
        var shifted = means + linalg.solve(matrix, map.narrow(0, channels, 1).t() / importance);
        var adapted = linalg.solve(map.narrow(0, 0, channels).t(), importance * matrix) / importance;
        var composed = cat([shifted.t(), adapted], 0).to(ScalarType.Float32).contiguous();
        return MemoryMarshal.Cast<byte, float>(composed.bytes).ToArray();
    }
}
