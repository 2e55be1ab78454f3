using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Quantization;

/// <summary>The values that stand for the two signs.</summary>
public enum SignScaling
{
    /// <summary>−1 and 1.</summary>
    One,

    /// <summary>−1/2 and 1/2.</summary>
    Half,
}

/// <summary>A quantizer that the library does not know: each channel becomes its sign, and the signs of a position are the bits of its
/// codes (lookup-free quantization, arXiv 2310.05737).</summary>
public sealed class SignQuantizerOptions : QuantizerOptions
{
    /// <summary>The number of channels of a code.</summary>
    public int Bits { get; set; } = 3;

    public override int CodesPerPosition { get; set; } = 1;

    public SignScaling Scaling { get; set; }

    public override int CodebookSize => 1 << Bits;

    public override int Channels => Bits * CodesPerPosition;

    public override Quantizer CreateQuantizer(int seed) => new SignQuantizer(this);

    public override void Validate()
    {
        if (Bits is < 1 or > 20)
            throw new ArgumentOutOfRangeException(nameof(Bits), $"Bits must be from 1 to 20, but is {Bits}.");
    }
}

/// <summary>See <see cref="SignQuantizerOptions"/>.</summary>
public sealed class SignQuantizer : Quantizer
{
    readonly int _bits;
    readonly float _value;

    public SignQuantizer(SignQuantizerOptions options) : base(nameof(SignQuantizer))
    {
        (_bits, CodesPerPosition, _value) = (options.Bits, options.CodesPerPosition, options.Scaling == SignScaling.Half ? 0.5f : 1);
        RegisterComponents();
    }

    public override int CodebookSize => 1 << _bits;

    public override int CodesPerPosition { get; }

    public override int Channels => _bits * CodesPerPosition;

    public override QuantizationResult forward(Tensor encodings)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor indices = Encode(encodings), quantized = Embed(indices);
        Tensor commitment = (encodings - quantized).square().sum() / indices.numel();
        Tensor counts = zeros(1, CodebookSize, device: encodings.device)
            .index_add_(1, indices.reshape(-1), ones(1, indices.numel(), device: encodings.device), 1);
        Tensor none = zeros([], device: encodings.device);
        var result = new QuantizationResult(
            encodings + (quantized - encodings).detach(), indices, none, commitment, counts, commitment * 0.1);
        foreach (Tensor tensor in (Tensor[])[result.Quantized, indices, none, commitment, counts, result.Loss])
            tensor.MoveToOuterDisposeScope();
        return result;
    }

    public override Tensor Encode(Tensor encodings)
    {
        CheckEncodings(encodings);
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor signs = (ToRows(encodings).reshape(-1, _bits) > 0).to_type(ScalarType.Int64);
        long[] shape = [encodings.shape[0], .. encodings.shape[2..], CodesPerPosition];
        return (signs * Places(encodings.device)).sum(1).reshape(shape).MoveToOuterDisposeScope();
    }

    public override Tensor Embed(Tensor indices)
    {
        CheckIndices(indices);
        using DisposeScope scope = NewDisposeScope();
        Tensor signs = indices.reshape(-1, 1).bitwise_and(Places(indices.device)) > 0;
        Tensor values = (signs.to_type(ScalarType.Float32) * 2 - 1) * _value;
        return FromRows(values.reshape(-1, Channels), indices.shape[..^1]).MoveToOuterDisposeScope();
    }

    Tensor Places(Device device) => tensor([.. Enumerable.Range(0, _bits).Select(bit => 1L << bit)], device: device);
}
