using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// An autoregressive distribution over N codes of 0 … K − 1 in a fixed order: p(z) = Π p(z_i | z_&lt;i, condition). It scores codes
/// (<see cref="Bits"/>), is trained on them (<see cref="Loss"/>) and samples new ones (<see cref="Sample"/>). Section 3.3 of the paper
/// (arXiv 1711.00937).
/// </summary>
/// <remarks>
/// <para>Codes are Int64 [B, N]: a grid in raster order, row by row, within a row position by position, within a position its G codes in
/// their order. A condition is a class from 0 to <see cref="Conditions"/> − 1 for each row of a batch (Int64 [B]). A map holds numbers that
/// condition each position; its shape depends on the network. The range of codes and conditions is checked on the CPU only: on a GPU the
/// host would have to wait.</para>
/// <para>A derived class overrides <see cref="ComputeLogits"/> and, for fast sampling, <see cref="BeginSteps"/>; its
/// <see cref="CodePriorOptions"/> make it available to ML.NET pipelines. All of its state must be in parameters and persistent
/// buffers. Tensors that it creates have the type of its parameters: Float32, and Float64 where <c>CodeCompressor</c> uses it.</para>
/// </remarks>
public abstract partial class CodePrior : nn.Module, ITrainable
{
    static readonly double BitsPerNat = 1 / Math.Log(2);

    /// <summary>Initializes the module.</summary>
    /// <param name="name">The name of the module.</param>
    protected CodePrior(string name) : base(name)
    {
    }

    /// <summary>K: number of codes to choose from.</summary>
    public abstract int Codes { get; }

    /// <summary>Number of classes that the codes are conditioned on.</summary>
    /// <value>0 where codes are conditioned on no class.</value>
    public abstract int Conditions { get; }

    /// <summary>N, where it is fixed.</summary>
    /// <value><see langword="null"/>, the default, where sequences may be of any length.</value>
    public virtual int? Length => null;

    /// <summary>Number of values of a map that condition each position.</summary>
    /// <value>0, the default, where there is no map.</value>
    public virtual int MapChannels => 0;

    /// <summary>The step of the latest call of <see cref="Loss"/>. Randomness in training, such as dropout, must derive from it and a
    /// seed.</summary>
    protected long Step { get; private set; }

    internal Device Device => parameters().First().device;

    /// <summary>The type of parameters and logits: Float32, but Float64 where codes are compressed.</summary>
    internal ScalarType NumberType => parameters().First().dtype;

    /// <summary>Computes the logits of all codes at once, as in training: those of code i depend on the codes before i alone.</summary>
    /// <param name="codes">Int64 [B, N].</param>
    /// <param name="conditions">Int64 [B], or <see langword="null"/> where <see cref="Conditions"/> is 0.</param>
    /// <param name="map">Values that condition each position, or <see langword="null"/> where <see cref="MapChannels"/> is 0.</param>
    /// <returns>Float32 [B, N, K], with gradients.</returns>
    /// <exception cref="ArgumentException">Codes, conditions or map have another shape or type, are missing or not wanted, or are out of
    /// range.</exception>
    public Tensor Logits(Tensor codes, Tensor? conditions = null, Tensor? map = null)
    {
        CheckCodes(codes);
        CheckConditions(conditions, map, codes.shape[0], codes.shape[1]);
        using DisposeScope scope = NewDisposeScope();
        return ComputeLogits(codes, conditions, map).MoveToOuterDisposeScope();
    }

    /// <summary>The same in an ONNX graph: Int64 [B, N] → Single [B, N, K].</summary>
    /// <exception cref="NotSupportedException">No graph is known for this network.</exception>
    internal virtual OnnxValue LogitsToOnnx(OnnxValue codes, OnnxValue? conditions, OnnxValue? map = null) =>
        throw new NotSupportedException($"no ONNX graph is known for its network, {GetType().Name}");

    internal OnnxValue BitsToOnnx(OnnxValue codes, OnnxValue? conditions, OnnxValue? map = null) =>
        LogitsToOnnx(codes, conditions, map).LogSoftmax().Choose(codes) * -BitsPerNat;

    /// <summary>Computes −log2 p of each code given those before it: Float32 [B, N], 0 at and beyond the end of a row.</summary>
    /// <param name="codes">Int64 [B, N]. Beyond the end of a row any codes from 0 to K − 1.</param>
    /// <param name="conditions">Int64 [B], or <see langword="null"/> where <see cref="Conditions"/> is 0.</param>
    /// <param name="lengths">Number of codes in each row, Int64 [B]; <see langword="null"/>: all N.</param>
    /// <param name="map">Values that condition each position, or <see langword="null"/> where <see cref="MapChannels"/> is 0.</param>
    /// <exception cref="ArgumentException">As for <see cref="Logits"/>, or lengths are not within 0 … N.</exception>
    public Tensor Bits(Tensor codes, Tensor? conditions = null, Tensor? lengths = null, Tensor? map = null)
    {
        CheckLengths(codes, lengths);
        using DisposeScope scope = NewDisposeScope();
        Tensor bits = Nats(codes, conditions, map).Mul(BitsPerNat);
        return (lengths is null ? bits : bits.mul(Padding.Real(lengths, codes.shape[1]))).MoveToOuterDisposeScope();
    }

    /// <summary>Computes the training loss: the mean of −ln p over all codes of the rows of a batch, in nats.</summary>
    /// <param name="codes">Int64 [B, N]. Beyond the end of a row any codes from 0 to K − 1.</param>
    /// <param name="conditions">Int64 [B], or <see langword="null"/> where <see cref="Conditions"/> is 0.</param>
    /// <param name="lengths">Number of codes in each row, Int64 [B]; <see langword="null"/>: all N.</param>
    /// <param name="step">The training step, which together with the seed determines dropout.</param>
    /// <param name="map">Values that condition each position, or <see langword="null"/> where <see cref="MapChannels"/> is 0.</param>
    /// <returns>A scalar with gradients; 0 where no row has a code.</returns>
    /// <exception cref="ArgumentException">As for <see cref="Bits"/>.</exception>
    public Tensor Loss(Tensor codes, Tensor? conditions = null, Tensor? lengths = null, long step = 0, Tensor? map = null)
    {
        CheckLengths(codes, lengths);
        Step = step;
        using DisposeScope scope = NewDisposeScope();
        Tensor nats = Nats(codes, conditions, map);
        if (lengths is null)
            return nats.mean().MoveToOuterDisposeScope();
        Tensor real = Padding.Real(lengths, codes.shape[1]);
        Tensor mean = nats.mul(real).sum().div(real.sum().ClampMin(1));
        return BatchShare.Current.Mean(mean, () => real.sum().to(ScalarType.Float64).item<double>()).MoveToOuterDisposeScope();
    }

    /// <summary>Starts to process a batch of rows code by code, without gradients.</summary>
    /// <param name="batch">B, the number of rows.</param>
    /// <param name="length">N, the number of codes of a row; 0 for <see cref="Length"/>.</param>
    /// <param name="conditions">Int64 [B], or <see langword="null"/> where <see cref="Conditions"/> is 0.</param>
    /// <param name="map">Values that condition each position, or <see langword="null"/> where <see cref="MapChannels"/> is 0.</param>
    /// <returns>The steps, which own native memory: dispose them. The weights must not change meanwhile.</returns>
    /// <exception cref="ArgumentException">Conditions or map have another shape or type, are missing or not wanted, or are out of range;
    /// the batch is empty; or the network has rows of another length.</exception>
    public CodeSteps Begin(int batch, int length = 0, Tensor? conditions = null, Tensor? map = null)
    {
        if (batch < 1)
            throw new ArgumentOutOfRangeException(nameof(batch), batch, "A batch must have at least one row.");
        length = CheckLength(length, nameof(length));
        CheckConditions(conditions, map, batch, length);
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        return BeginSteps(batch, length, conditions, map);
    }

    /// <summary>Computes the result of <see cref="Logits"/>: Float32 [B, N, K]. The arguments are checked, and a dispose scope is
    /// open.</summary>
    /// <param name="codes">Int64 [B, N].</param>
    /// <param name="conditions">Int64 [B], or <see langword="null"/> where <see cref="Conditions"/> is 0.</param>
    /// <param name="map">Values that condition each position, or <see langword="null"/> where <see cref="MapChannels"/> is 0.</param>
    protected abstract Tensor ComputeLogits(Tensor codes, Tensor? conditions, Tensor? map);

    /// <summary>Creates the result of <see cref="Begin"/>. The arguments are checked, and a dispose scope is open: detach the tensors that
    /// the steps keep. The default computes the logits of whole rows for each code; override it to do only the work of one code.</summary>
    /// <param name="batch">B, the number of rows.</param>
    /// <param name="length">N, the number of codes in a row.</param>
    /// <param name="conditions">Int64 [B], or <see langword="null"/> where <see cref="Conditions"/> is 0.</param>
    /// <param name="map">Values that condition each position, or <see langword="null"/> where <see cref="MapChannels"/> is 0.</param>
    protected virtual CodeSteps BeginSteps(int batch, int length, Tensor? conditions, Tensor? map) =>
        new WholeRowSteps(this, batch, length, conditions, map);

    /// <summary>Checks the shape of a map for rows of <paramref name="length"/> codes; called only where <see cref="MapChannels"/> is not
    /// 0.</summary>
    /// <exception cref="ArgumentException">The map has another shape.</exception>
    protected virtual void CheckMap(Tensor map, long batch, long length)
    {
    }

    // The batch is [codes, lengths, conditions?], as a store of codes reads it.
    StepLoss ITrainable.Loss(IReadOnlyList<Tensor> batch, TrainingMoment moment)
    {
        Tensor nats = Loss(batch[0], batch.Count > 2 ? batch[2] : null, Length is null ? batch[1] : null, moment.Step);
        return ToStepLoss(nats);
    }

    /// <summary>The loss and its report.</summary>
    internal static StepLoss ToStepLoss(Tensor nats) =>
        new(nats, new Dictionary<string, Tensor> { ["bits per code"] = nats.detach().Mul(BitsPerNat) });

    /// <summary>−ln p of each code, [B, N].</summary>
    Tensor Nats(Tensor codes, Tensor? conditions, Tensor? map) =>
        nn.functional.cross_entropy(Logits(codes, conditions, map).view(-1, Codes), codes.reshape(-1), reduction: nn.Reduction.None)
            .view(codes.shape);

    int CheckLength(int length, string name)
    {
        if (Length is { } own)
            return length == 0 || length == own ? own
                : throw new ArgumentException($"{GetType().Name} has {own} codes a row, but {length} are asked for.", name);
        return length > 0 ? length
            : throw new ArgumentException(
                $"{GetType().Name} takes rows of any length: say how many codes a row has (found {length}).", name);
    }

    // With shapes that do not match, the operators used here throw (TorchSharp 0.107: index_select, convolutions, mm, addmm, cross_entropy;
    // only Tensor.matmul ends the process). These checks say which argument is wrong instead, before any work starts.
    void CheckCodes(Tensor codes)
    {
        TensorChecks.Shape(codes, ScalarType.Int64, [TensorChecks.Any, Length ?? TensorChecks.AtLeast(1)], "Codes", nameof(codes),
            Length is { } length ? $"[batch, {length}]" : "[batch, codes]");
        TensorChecks.Range(codes, 0, Codes - 1, "Codes", nameof(codes));
    }

    void CheckConditions(Tensor? conditions, Tensor? map, long batch, long length)
    {
        if (Conditions == 0 && conditions is not null)
            throw new ArgumentException($"{GetType().Name} is conditioned on no class, but conditions are given.", nameof(conditions));
        if (Conditions > 0)
        {
            if (conditions is null)
                throw new ArgumentException($"{GetType().Name} is conditioned on {Conditions} classes, but no conditions are given.",
                    nameof(conditions));
            TensorChecks.OnePerRow(conditions, batch, "Conditions", nameof(conditions));
            TensorChecks.Range(conditions, 0, Conditions - 1, "Conditions", nameof(conditions));
        }
        if (MapChannels == 0 && map is not null)
            throw new ArgumentException($"{GetType().Name} is conditioned on no map, but one is given.", nameof(map));
        if (MapChannels > 0)
        {
            if (map is null)
                throw new ArgumentException($"{GetType().Name} is conditioned on a map of {MapChannels} channels, but none is given.",
                    nameof(map));
            CheckMap(map, batch, length);
        }
    }

    static void CheckLengths(Tensor codes, Tensor? lengths)
    {
        ArgumentNullException.ThrowIfNull(codes);
        if (lengths is null || codes.Dimensions != 2)
            return;
        TensorChecks.OnePerRow(lengths, codes.shape[0], "Lengths", nameof(lengths));
        TensorChecks.Range(lengths, 0, codes.shape[1], "Lengths", nameof(lengths));
    }
}
