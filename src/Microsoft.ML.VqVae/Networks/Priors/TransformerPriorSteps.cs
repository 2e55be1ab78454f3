using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>A <see cref="TransformerPrior"/> code by code: each layer keeps the keys and values of the codes so far, so that a code costs the
/// work of one position. Codes that are accepted without logits are processed together when logits are next needed.</summary>
internal sealed class TransformerPriorSteps : CodeSteps
{
    readonly TransformerPrior _network;
    readonly CodePositions _positions;
    readonly KeptTensors _kept = new();
    readonly AttentionCache[] _caches;
    readonly int _length;
    // The input of each place: a row of the table of codes, Int64 [B, N].
    readonly Tensor _inputs;
    // The output of the last layer for the next code, [B, C].
    readonly Tensor _state;
    int _accepted;
    int _processed;

    public TransformerPriorSteps(TransformerPrior network, int batch, int length, CodePositions positions)
    {
        (_network, _length) = (network, length);
        TransformerPriorOptions options = network.Options;
        (Device device, ScalarType type) = (network.Device, network.NumberType);
        Tensor? Keep(Tensor? tensor) => tensor is null ? null : _kept.Keep(tensor);
        Tensor Room(params long[] shape) => _kept.Keep(zeros(shape, dtype: type, device: device));
        _positions = new(Keep(positions.Added), Keep(positions.OfClass), Keep(positions.Rotation));
        long[] shape = [batch, options.Heads, length, options.Channels / options.Heads];
        _caches = [.. Enumerable.Range(0, options.Layers).Select(_ => new AttentionCache(Room(shape), Room(shape)))];
        _inputs = _kept.Keep(zeros([batch, length], dtype: ScalarType.Int64, device: device).Fill_(network.Start));
        _state = Room(batch, options.Channels);
    }

    public override Tensor NextLogits()
    {
        CheckNotDone();
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        if (_processed <= _accepted)
            Process();
        return _network.LogitsAt(_accepted, _state).MoveToOuterDisposeScope();
    }

    public override void Accept(Tensor codes)
    {
        TensorChecks.OnePerRow(codes, _inputs.shape[0], "Codes", nameof(codes));
        CheckNotDone();
        using DisposeScope scope = NewDisposeScope();
        if (_accepted + 1 < _length)
            _inputs.narrow(1, _accepted + 1, 1).copy_(_network.Numbers(codes.unsqueeze(1), _accepted));
        _accepted++;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _kept.Dispose();
    }

    void Process()
    {
        int count = _accepted + 1 - _processed;
        Tensor states = _network.Embed(_inputs.narrow(1, _processed, count), _positions, _processed);
        Tensor? rotation = _positions.Rotation?.narrow(1, _processed, count);
        for (int number = 0; number < _caches.Length; number++)
            states = _network.Layers[number].Forward(states, rotation, cache: _caches[number]);
        _state.copy_(states.select(1, count - 1));
        _processed += count;
    }

    void CheckNotDone()
    {
        if (_accepted == _length)
            throw new InvalidOperationException("All codes of the rows are accepted already.");
    }
}
