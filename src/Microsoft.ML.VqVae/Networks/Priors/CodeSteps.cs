using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>A batch of rows that is processed code by code in order; see <see cref="CodePrior.Begin"/>. For each code call
/// <see cref="NextLogits"/> if its logits are needed, then <see cref="Accept"/>.</summary>
public abstract class CodeSteps : IDisposable
{
    /// <summary>Computes the logits of the next code given the accepted ones: Float32 [B, K] on the network's device, without gradients.
    /// They stay the same until the next <see cref="Accept"/>. The caller disposes them.</summary>
    /// <exception cref="InvalidOperationException">All codes of the rows are accepted already.</exception>
    public abstract Tensor NextLogits();

    /// <summary>Accepts the next code of each row. It can be called without <see cref="NextLogits"/> before, which saves work where codes
    /// are known.</summary>
    /// <param name="codes">Int64 [B], each within 0 … K − 1, on the network's device.</param>
    /// <exception cref="ArgumentException">The codes have another shape.</exception>
    /// <exception cref="InvalidOperationException">All codes of the rows are accepted already.</exception>
    public abstract void Accept(Tensor codes);

    /// <summary>Frees the memory of the steps.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the tensors if <paramref name="disposing"/>.</summary>
    protected abstract void Dispose(bool disposing);
}

/// <summary>Steps that keep nothing but the codes: each computes the logits of the whole row.</summary>
internal sealed class WholeRowSteps : CodeSteps
{
    readonly CodePrior _network;
    readonly KeptTensors _kept = new();
    readonly Tensor _codes;
    readonly Tensor? _conditions;
    readonly Tensor? _map;
    int _position;

    public WholeRowSteps(CodePrior network, int batch, int length, Tensor? conditions, Tensor? map)
    {
        _network = network;
        _codes = _kept.Keep(zeros(batch, length, dtype: ScalarType.Int64, device: network.Device));
        _conditions = conditions is null ? null : _kept.Keep(conditions.alias());
        _map = map is null ? null : _kept.Keep(map.alias());
    }

    public override Tensor NextLogits()
    {
        CheckNotDone();
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        return _network.Logits(_codes, _conditions, _map).select(1, _position).MoveToOuterDisposeScope();
    }

    public override void Accept(Tensor codes)
    {
        TensorChecks.OnePerRow(codes, _codes.shape[0], "Codes", nameof(codes));
        CheckNotDone();
        using DisposeScope scope = NewDisposeScope();
        _codes.select(1, _position++).copy_(codes);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _kept.Dispose();
    }

    void CheckNotDone()
    {
        if (_position == _codes.shape[1])
            throw new InvalidOperationException("All codes of the rows are accepted already.");
    }
}

/// <summary>Tensors that outlive the dispose scope they are made in, until their owner is disposed.</summary>
internal sealed class KeptTensors : IDisposable
{
    readonly List<Tensor> _tensors = [];

    /// <summary>Moves a tensor out of its dispose scope.</summary>
    public Tensor Keep(Tensor tensor)
    {
        _tensors.Add(tensor.DetachFromDisposeScope());
        return tensor;
    }

    /// <summary>One tensor for each number from 0.</summary>
    public Tensor[] Keep(int count, Func<int, Tensor> create) => [.. Enumerable.Range(0, count).Select(number => Keep(create(number)))];

    public void Dispose()
    {
        _tensors.ForEach(tensor => tensor.Dispose());
        _tensors.Clear();
    }
}
