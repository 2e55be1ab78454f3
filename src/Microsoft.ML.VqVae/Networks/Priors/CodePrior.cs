using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// An autoregressive distribution over N codes of 0 … K − 1 in a fixed order: p(z) = Π p(z_i | z_&lt;i, condition). It scores codes
/// (<see cref="Bits"/>), is trained on them (<see cref="Loss"/>) and makes new ones (<see cref="Sample"/>). Section 3.3 of the paper (arXiv
/// 1711.00937).
/// </summary>
/// <remarks>
/// Codes are Int64 [B, N]: a grid in raster order, row by row, within a row position by position, within a position its G codes in their
/// order. A condition is a class from 0 to <see cref="Conditions"/> − 1 for each row of a batch (Int64 [B]). A map holds numbers that
/// condition each position; what shape it has is for the network to say. The range of codes and conditions is looked at on the CPU only:
/// on a GPU that would make the host wait.
/// </remarks>
public abstract partial class CodePrior : nn.Module
{
    static readonly double BitsPerNat = 1 / Math.Log(2);

    /// <summary>Names the network.</summary>
    protected CodePrior(string name) : base(name)
    {
    }

    /// <summary>K: how many codes there are to choose from.</summary>
    public abstract int Codes { get; }

    /// <summary>How many classes the codes can be conditioned on.</summary>
    /// <value>0 where codes are conditioned on no class.</value>
    public abstract int Conditions { get; }

    /// <summary>N, where it is fixed.</summary>
    /// <value><see langword="null"/>, the default, where sequences may be of any length.</value>
    public virtual int? Length => null;

    /// <summary>How many numbers of a map condition each position.</summary>
    /// <value>0, the default, where there is no map.</value>
    public virtual int MapChannels => 0;

    /// <summary>The step that <see cref="Loss"/> was last called for: what randomness in training, such as dropout, derives from, together
    /// with a seed.</summary>
    protected long Step { get; private set; }

    /// <summary>The logits of all codes at once, as training sees them: those of code i depend on the codes before i alone.</summary>
    /// <param name="codes">Int64 [B, N].</param>
    /// <param name="conditions">Int64 [B], or <see langword="null"/> where <see cref="Conditions"/> is 0.</param>
    /// <param name="map">Numbers that condition each position, or <see langword="null"/> where <see cref="MapChannels"/> is 0.</param>
    /// <returns>Float32 [B, N, K], with gradients.</returns>
    /// <exception cref="ArgumentException">Codes, conditions or map have another shape or type, are missing or not wanted, or are out of
    /// range.</exception>
    public Tensor Logits(Tensor codes, Tensor? conditions = null, Tensor? map = null)
    {
        CheckCodes(codes);
        CheckConditions(conditions, map, codes.shape[0], codes.shape[1]);
        using var scope = NewDisposeScope();
        return ComputeLogits(codes, conditions, map).MoveToOuterDisposeScope();
    }

    /// <summary>−log2 p of each code given those before it: Float32 [B, N], 0 at and beyond the end of a row.</summary>
    /// <param name="codes">Int64 [B, N]. Beyond the end of a row any codes from 0 to K − 1.</param>
    /// <param name="conditions">Int64 [B], or <see langword="null"/> where <see cref="Conditions"/> is 0.</param>
    /// <param name="lengths">How many codes each row really has, Int64 [B]; <see langword="null"/>: all N.</param>
    /// <param name="map">Numbers that condition each position, or <see langword="null"/> where <see cref="MapChannels"/> is 0.</param>
    /// <exception cref="ArgumentException">As for <see cref="Logits"/>, or lengths are not within 0 … N.</exception>
    public Tensor Bits(Tensor codes, Tensor? conditions = null, Tensor? lengths = null, Tensor? map = null)
    {
        CheckLengths(codes, lengths);
        using var scope = NewDisposeScope();
        var bits = Nats(codes, conditions, map).mul(BitsPerNat);
        return (lengths is null ? bits : bits.mul(Real(codes, lengths))).MoveToOuterDisposeScope();
    }

    /// <summary>The mean of −ln p over all real codes of a batch, in nats: what training minimises.</summary>
    /// <param name="codes">Int64 [B, N]. Beyond the end of a row any codes from 0 to K − 1.</param>
    /// <param name="conditions">Int64 [B], or <see langword="null"/> where <see cref="Conditions"/> is 0.</param>
    /// <param name="lengths">How many codes each row really has, Int64 [B]; <see langword="null"/>: all N.</param>
    /// <param name="step">The training step, which with the seed decides what dropout leaves out.</param>
    /// <param name="map">Numbers that condition each position, or <see langword="null"/> where <see cref="MapChannels"/> is 0.</param>
    /// <returns>A scalar with gradients; 0 where no row has a code.</returns>
    /// <exception cref="ArgumentException">As for <see cref="Bits"/>.</exception>
    public Tensor Loss(Tensor codes, Tensor? conditions = null, Tensor? lengths = null, long step = 0, Tensor? map = null)
    {
        CheckLengths(codes, lengths);
        Step = step;
        using var scope = NewDisposeScope();
        var nats = Nats(codes, conditions, map);
        if (lengths is null)
            return nats.mean().MoveToOuterDisposeScope();
        var real = Real(codes, lengths);
        return nats.mul(real).sum().div(real.sum().clamp(min: 1)).MoveToOuterDisposeScope();
    }

    /// <summary>Starts to take a batch of rows code by code, each for the work of one code, without gradients.</summary>
    /// <param name="batch">B, the number of rows.</param>
    /// <param name="length">N, the number of codes of a row; 0 for <see cref="Length"/>.</param>
    /// <param name="conditions">Int64 [B], or <see langword="null"/> where <see cref="Conditions"/> is 0.</param>
    /// <param name="map">Numbers that condition each position, or <see langword="null"/> where <see cref="MapChannels"/> is 0.</param>
    /// <returns>The steps. They own what they allocate: dispose them. The weights must stay as they are meanwhile.</returns>
    /// <exception cref="ArgumentException">Conditions or map have another shape or type, are missing or not wanted, or are out of range;
    /// the batch is empty; the length is not one that the network takes.</exception>
    public CodeSteps Begin(int batch, int length = 0, Tensor? conditions = null, Tensor? map = null)
    {
        if (batch < 1)
            throw new ArgumentOutOfRangeException(nameof(batch), batch, "A batch must have at least one row.");
        length = CheckLength(length, nameof(length));
        CheckConditions(conditions, map, batch, length);
        using var withoutGradients = no_grad();
        using var scope = NewDisposeScope();
        return BeginSteps(batch, length, conditions, map);
    }

    /// <summary>Computes what <see cref="Logits"/> gives; its arguments have been checked, and a dispose scope is open.</summary>
    protected abstract Tensor ComputeLogits(Tensor codes, Tensor? conditions, Tensor? map);

    /// <summary>Makes what <see cref="Begin"/> gives; its arguments have been checked, and a dispose scope is open around it: detach what
    /// the steps keep.</summary>
    protected abstract CodeSteps BeginSteps(int batch, int length, Tensor? conditions, Tensor? map);

    /// <summary>Checks the shape of a map for rows of <paramref name="length"/> codes; called only where <see cref="MapChannels"/> is not
    /// 0.</summary>
    /// <exception cref="ArgumentException">The map has another shape.</exception>
    protected virtual void CheckMap(Tensor map, long batch, long length)
    {
    }

    /// <summary>−ln p of each code, [B, N].</summary>
    Tensor Nats(Tensor codes, Tensor? conditions, Tensor? map) =>
        nn.functional.cross_entropy(Logits(codes, conditions, map).view(-1, Codes), codes.reshape(-1), reduction: nn.Reduction.None)
            .view(codes.shape);

    /// <summary>1 where a row has a code, 0 beyond its end; Float32 [B, N].</summary>
    static Tensor Real(Tensor codes, Tensor lengths) =>
        arange(codes.shape[1], dtype: ScalarType.Int64, device: codes.device).lt(lengths.unsqueeze(1)).to_type(ScalarType.Float32);
}
