using TorchSharp;
using TorchSharp.Modules;
using static Microsoft.ML.VqVae.Networks.TensorArithmetic;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>One term of the loss of a <see cref="MaskedCodeTransformer"/>, with the layers that only it needs.</summary>
internal abstract class FeatureObjective : nn.Module
{
    protected FeatureObjective(string name, double weight) : base(name) => Weight = weight;

    /// <summary>The factor of the loss.</summary>
    public double Weight { get; }

    /// <summary>The name in the report.</summary>
    public abstract string Title { get; }

    /// <summary>The loss of a batch, a scalar in nats.</summary>
    /// <param name="step">The batch.</param>
    /// <param name="terms">Takes the scalars to report.</param>
    public abstract Tensor Loss(FeatureStep step, Dictionary<string, Tensor> terms);

    protected static Tensor Bits(Tensor nats) => nats.detach().Mul(1 / Math.Log(2));
}

/// <summary>A batch of a training step, or of held-out examples.</summary>
/// <param name="network">The network.</param>
/// <param name="codes">Int64 [B, N, G].</param>
/// <param name="lengths">The number of positions of each row, Int64 [B]; null where all have N.</param>
/// <param name="embedded">The inputs of the first layer without positions, [B, N, C].</param>
/// <param name="step">The number of completed steps; null for held-out examples.</param>
internal sealed class FeatureStep(MaskedCodeTransformer network, Tensor codes, Tensor? lengths, Tensor embedded, long? step)
{
    // The streams of random numbers of masks and of views, in training and for held-out examples. Each row has its own.
    const long MaskStream = 1L << 52, ViewStream = 1L << 53, HeldOut = 1L << 54, RowsOfStep = 1L << 24;

    public Tensor Codes => codes;

    public Tensor? Lengths => lengths;

    /// <summary>The mean features of two views of each row, each [B, C].</summary>
    public (Tensor First, Tensor Second) Views
    {
        get
        {
            if (field.First is null)
                field = (ViewFeatures(0), ViewFeatures(1));
            return field;
        }
    }

    int Rows => (int)codes.shape[0];

    // A row of a grid, or of a line or a sequence.
    (int Height, int Width) Size => network.Grid.IsSequence ? (1, (int)codes.shape[1]) : (network.Grid.Height, network.Grid.Width);

    long[]? RowLengths => field ??= lengths?.cpu().data<long>().ToArray();

    /// <summary>Masks positions of each row and runs all layers.</summary>
    /// <returns>The outputs of the last layer at the masked positions, [M, C], and the numbers of these positions within the batch, Int64
    /// [M].</returns>
    public (Tensor States, Tensor Positions) RunMasked()
    {
        MaskedCodeTransformerOptions options = network.Options;
        (int height, int width) = Size;
        (int, int) sizes = options.MaskSizes(isGrid: height > 1);
        var positions = new List<long>();
        bool[] masked = new bool[Rows * height * width];
        long firstRow = BatchShare.Current.Place(Rows).First;
        for (int row = 0; row < Rows; row++)
        {
            int length = RowLengths is null ? width : (int)RowLengths[row];
            foreach (int position in BlockMask.Draw(
                height, length, options.MaskShare, sizes, network.Seed, Stream(MaskStream) + firstRow + row))
            {
                long place = ((long)row * height * width) + position;
                positions.Add(place);
                masked[place] = true;
            }
        }
        Device device = codes.device;
        Tensor numbers = tensor(positions.ToArray()).to(device);
        Tensor inputs = network.Masked(embedded, tensor(masked).view(Rows, -1).to(device));
        Tensor states = network.Run(network.WithPositions(inputs), lengths, network.Kept(Rows, step, device), options.Layers);
        return (states.reshape(-1, options.Channels).index_select(0, numbers), numbers);
    }

    Tensor ViewFeatures(int number)
    {
        MaskedCodeTransformerOptions options = network.Options;
        (int height, int width) = Size;
        // Two numbers of the batch, which all shares have, and two of each row.
        (long first, long batch) = BatchShare.Current.Place(Rows);
        float[] draws = new float[2 + (2 * batch)];
        SeededRandom.Uniforms(network.Seed, Stream(ViewStream) + number, draws);
        float[] mine = [.. draws.AsSpan(0, 2), .. draws.AsSpan((int)(2 + (2 * first)), 2 * Rows)];
        CodeView view = CodeView.Draw(height, width, RowLengths, Rows, options.MinViewShare, mine).To(codes.device);
        // Positions of sequences count from the start of the view: rotary positions are relative.
        Tensor states = network.Run(
            view.Of(network.WithPositions(embedded)), view.Lengths, network.Kept(Rows, step, codes.device), options.FeatureLayer);
        return FeaturePooling.Mean(states, view.Lengths);
    }

    long Stream(long first) => step is long number ? first + (number * RowsOfStep) : first + HeldOut;
}

/// <summary>Cross-entropy of the codes of masked positions, given the others.</summary>
internal sealed class MaskedCodesObjective : FeatureObjective
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
internal sealed class BagOfCodesObjective : FeatureObjective
{
    readonly CodeGrid _grid;
    readonly LayerNorm norm;
    readonly Linear logits;

    public BagOfCodesObjective(MaskedCodeTransformerOptions options, CodeGrid grid, WeightSource source)
        : base(nameof(BagOfCodesObjective), options.BagOfCodesWeight)
    {
        _grid = grid;
        norm = LayerNorm(options.Channels);
        logits = source.Linear(options.Channels, checked(grid.CodesPerPosition * grid.Codes));
        RegisterComponents();
    }

    public override string Title => "bag of codes";

    public override Tensor Loss(FeatureStep step, Dictionary<string, Tensor> terms)
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
            : FeaturePooling.Real(lengths, count) / lengths.unsqueeze(1);
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
internal sealed class ContrastiveObjective : FeatureObjective
{
    readonly double _temperature;
    readonly LayerNorm norm;
    readonly Linear hidden, projection;

    public ContrastiveObjective(MaskedCodeTransformerOptions options, WeightSource source)
        : base(nameof(ContrastiveObjective), options.ContrastiveWeight)
    {
        _temperature = options.Temperature;
        norm = LayerNorm(options.Channels);
        hidden = source.Linear(options.Channels, options.Channels);
        projection = source.Linear(options.Channels, options.Channels);
        RegisterComponents();
    }

    public override string Title => "contrastive";

    public override Tensor Loss(FeatureStep step, Dictionary<string, Tensor> terms)
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
