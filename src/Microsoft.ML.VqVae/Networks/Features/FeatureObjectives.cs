using TorchSharp;
using TorchSharp.Modules;
using static Microsoft.ML.VqVae.Networks.TensorArithmetic;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>One term of the loss of a network of features.</summary>
/// <typeparam name="TStep">What the term needs of a batch.</typeparam>
internal interface IFeatureObjective<in TStep> where TStep : ViewStep
{
    /// <summary>The factor of the loss.</summary>
    double Weight { get; }

    /// <summary>The name in the report.</summary>
    string Title { get; }

    /// <summary>The loss of a batch, a scalar in nats.</summary>
    /// <param name="step">The batch.</param>
    /// <param name="terms">Takes the scalars to report.</param>
    Tensor Loss(TStep step, Dictionary<string, Tensor> terms);
}

/// <summary>One term of the loss of a network of features, with the layers that only it needs.</summary>
internal abstract class FeatureObjective<TStep>(string name, double weight) : nn.Module(name), IFeatureObjective<TStep>
    where TStep : ViewStep
{
    public double Weight => weight;

    public abstract string Title { get; }

    public abstract Tensor Loss(TStep step, Dictionary<string, Tensor> terms);

    protected static Tensor Bits(Tensor nats) => nats.detach().Mul(1 / Math.Log(2));
}

/// <summary>The loss of several objectives.</summary>
internal static class FeatureLoss
{
    /// <summary>The sum of the losses of the objectives, each times its weight.</summary>
    public static StepLoss Of<TStep>(IEnumerable<IFeatureObjective<TStep>> objectives, TStep step) where TStep : ViewStep
    {
        var terms = new Dictionary<string, Tensor>();
        var parts = new Dictionary<string, Tensor>();
        foreach (IFeatureObjective<TStep> objective in objectives)
            parts.Add(objective.Title, objective.Loss(step, terms).Mul(objective.Weight));
        Tensor total = parts.Values.Aggregate((sum, part) => sum.Add(part));
        var loss = new StepLoss(total, terms);
        return parts.Count == 1 ? loss : loss with { Parts = parts.ToDictionary(part => part.Key, part => part.Value.detach()) };
    }
}

/// <summary>Cross-entropy of the codes of masked positions, given the others.</summary>
internal sealed class MaskedCodesObjective : FeatureObjective<FeatureStep>
{
    readonly LayerNorm norm;
    readonly ModuleList<Linear> logits;

    public MaskedCodesObjective(MaskedCodeTransformerOptions options, CodeGrid grid, WeightSource source)
        : base(nameof(MaskedCodesObjective), options.MaskedCodesWeight)
    {
        norm = LayerNorm(options.Channels);
        logits = new ModuleList<Linear>(
            [.. Enumerable.Range(0, grid.CodesPerPosition).Select(_ => source.Linear(options.Channels, grid.Codes))]);
        RegisterComponents();
    }

    public override string Title => "masked codes";

    public override Tensor Loss(FeatureStep step, Dictionary<string, Tensor> terms)
    {
        (Tensor states, Tensor positions) = step.RunMasked();
        states = norm.call(states);
        Tensor targets = step.Codes.view(-1, logits.Count).index_select(0, positions);
        var nats = new List<Tensor>();
        var hits = new List<Tensor>();
        for (int place = 0; place < logits.Count; place++)
        {
            Tensor scores = logits[place].Apply(states).Single(), target = targets.select(1, place);
            nats.Add(functional.cross_entropy(scores, target));
            hits.Add(scores.detach().argmax(1).eq(target).to_type(ScalarType.Float32).mean());
        }
        Tensor loss = BatchShare.Current.Mean(stack(nats).mean(), () => positions.shape[0]);
        terms.Add("bits per masked code", Bits(loss));
        terms.Add("accuracy of masked codes", stack(hits).mean());
        return loss;
    }
}

/// <summary>Cross-entropy of the frequencies of the codes of a whole row, given the mean features of a view of it.</summary>
internal sealed class BagOfCodesObjective : FeatureObjective<ViewStep>
{
    readonly CodeGrid _grid;
    readonly LayerNorm norm;
    readonly Linear logits;

    public BagOfCodesObjective(int channels, double weight, CodeGrid grid, WeightSource source)
        : base(nameof(BagOfCodesObjective), weight)
    {
        _grid = grid;
        norm = LayerNorm(channels);
        logits = source.Linear(channels, checked(grid.CodesPerPosition * grid.Codes));
        RegisterComponents();
    }

    public override string Title => "bag of codes";

    public override Tensor Loss(ViewStep step, Dictionary<string, Tensor> terms)
    {
        Tensor frequencies = Frequencies(step.Codes, step.Lengths, _grid.Codes);
        (Tensor first, Tensor second) = step.Views;
        Tensor loss = Nats(first, frequencies).Add(Nats(second, frequencies)).Mul(0.5);
        terms.Add("bits per code of the bag", Bits(loss));
        return loss;
    }

    /// <summary>The share of each code at each place, Single [B, G, K].</summary>
    internal static Tensor Frequencies(Tensor codes, Tensor? lengths, int codebook)
    {
        (long batch, long count, long places) = (codes.shape[0], codes.shape[1], codes.shape[2]);
        Tensor shares = lengths is null
            ? ones([batch, count], dtype: ScalarType.Float32, device: codes.device).Div(count)
            : Padding.Real(lengths, count) / lengths.unsqueeze(1);
        return zeros([batch, places, codebook], dtype: ScalarType.Float32, device: codes.device)
            .scatter_add_(2, codes.transpose(1, 2), shares.unsqueeze(1).expand(-1, places, -1));
    }

    Tensor Nats(Tensor features, Tensor frequencies)
    {
        Tensor scores = logits.Apply(norm.call(features)).Single().view(-1, _grid.CodesPerPosition, _grid.Codes);
        return -(scores.log_softmax(2) * frequencies).sum(2).mean();
    }
}

/// <summary>The normalized temperature-scaled cross-entropy of SimCLR (Chen et al. 2020, arXiv 2002.05709): each view finds the other view of
/// its row among those of all rows of the batch.</summary>
internal sealed class ContrastiveObjective : FeatureObjective<ViewStep>
{
    readonly double _temperature;
    readonly LayerNorm norm;
    readonly Linear hidden, projection;

    public ContrastiveObjective(int channels, double weight, double temperature, WeightSource source)
        : base(nameof(ContrastiveObjective), weight)
    {
        _temperature = temperature;
        norm = LayerNorm(channels);
        hidden = source.Linear(channels, channels);
        projection = source.Linear(channels, channels);
        RegisterComponents();
    }

    public override string Title => "contrastive";

    public override Tensor Loss(ViewStep step, Dictionary<string, Tensor> terms)
    {
        (Tensor first, Tensor second) = step.Views;
        Tensor projected = projection.Apply(functional.relu(hidden.Apply(norm.call(cat([first, second], 0))))).Single();
        Tensor loss = Nats(projected, _temperature);
        terms.Add("contrastive bits", Bits(loss));
        return loss;
    }

    /// <summary>The loss of the first views of all rows followed by the second ones, [2B, C].</summary>
    internal static Tensor Nats(Tensor views, double temperature)
    {
        Tensor units = views / views.Square().sum(1, keepdim: true).sqrt().ClampMin(1e-12);
        long count = views.shape[0];
        // No view is its own partner.
        Tensor similarities = units.mm(units.t()).Div(temperature) - eye(count, device: views.device).Mul(1e9);
        Tensor partners = Arange(count, views.device).Add(count / 2).Remainder(count);
        return functional.cross_entropy(similarities, partners);
    }
}
