using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Microsoft.ML.VqVae.Benchmarks.Plain;

/// <summary>A WaveNet (arXiv 1609.03499) over codes or samples, conditioned on a speaker and on latents.</summary>
internal sealed class PlainWaveNet : nn.Module
{
    readonly Embedding codes;
    readonly nn.Module<Tensor, Tensor>? frames;
    readonly ModuleList<PlainWaveNetLayer> layers;
    readonly nn.Module<Tensor, Tensor> hidden;
    readonly nn.Module<Tensor, Tensor> logits;
    readonly MemoryLayout _layout;
    readonly int _start;

    /// <param name="size">The sizes.</param>
    /// <param name="weights">The library's weights by their names.</param>
    /// <param name="layout">The memory layout.</param>
    public PlainWaveNet(WaveNetSize size, IReadOnlyDictionary<string, Tensor> weights, MemoryLayout layout) : base(nameof(PlainWaveNet))
    {
        (_layout, _start) = (layout, size.Codes);
        codes = Embedding(size.Codes + 1, size.Channels);
        if (size.Hop > 0)
            frames = TimeConvolution.Create(layout, WaveNetSize.LatentChannels, WaveNetSize.LatentChannels, 3, padding: 1);
        layers = new ModuleList<PlainWaveNetLayer>(
            Enumerable.Range(0, size.Layers).Select(number => new PlainWaveNetLayer(size, number, layout)).ToArray());
        hidden = TimeConvolution.Create(layout, size.SkipChannels, size.SkipChannels, 1);
        logits = TimeConvolution.Create(layout, size.SkipChannels, size.Codes, 1);
        RegisterComponents();
        this.Fill(name => LibraryWeight(name, weights));
        this.To(layout);
    }

    /// <summary>Codes Int64 [B, T], speakers Int64 [B] and latents [B, D, F] → logits [B, K, T].</summary>
    public Tensor Logits(Tensor sequence, Tensor speakers, Tensor? latents)
    {
        Tensor before = functional.pad(sequence.narrow(1, 0, sequence.shape[1] - 1), [1, 0], value: _start);
        Tensor x = TimeConvolution.WithAxes(codes.call(before).transpose(1, 2).contiguous(), _layout);
        Tensor? given = latents is null ? null : functional.relu(frames!.call(TimeConvolution.WithAxes(latents, _layout)));
        Tensor? skips = null;
        foreach (PlainWaveNetLayer layer in layers)
            (x, skips) = layer.Apply(x, skips, speakers, given);
        return TimeConvolution.WithoutAxes(logits.call(functional.relu(hidden.call(functional.relu(skips!)))), _layout);
    }

    // The library has filter and gate, residual and skip apart, and one bias for the sum of all skip connections.
    static Tensor LibraryWeight(string name, IReadOnlyDictionary<string, Tensor> weights)
    {
        string[] parts = name.Split('.');
        return parts switch
        {
            ["frames", _] => weights[name],
            ["codes", _] => weights["stack.embedding"],
            ["hidden", string kind] => weights[$"stack.hidden.{kind}"],
            ["logits", string kind] => weights[$"stack.output.{kind}"],
            [_, string number, "unit", string kind] => Halves(number, kind, axis: 0),
            [_, string number, "speaker", _] => Halves(number, "classes", axis: 1),
            [_, string number, "condition", _] => Halves(number, "conditioning", axis: 0),
            [_, string number, "output", "weight"] => AfterResidual(number, "weight", weights[$"stack.layers.{number}.skip"]),
            [_, "0", "output", _] => AfterResidual("0", "bias", weights["stack.skipBias"]),
            [_, string number, "output", _] => AfterResidual(number, "bias", zeros_like(weights["stack.skipBias"])),
            _ => throw new InvalidOperationException($"The plain network's '{name}' has no counterpart in the library."),
        };

        Tensor Halves(string number, string kind, long axis) =>
            cat([weights[$"stack.layers.{number}.filter.{kind}"], weights[$"stack.layers.{number}.gate.{kind}"]], axis);

        Tensor AfterResidual(string number, string kind, Tensor skip) =>
            weights.TryGetValue($"stack.layers.{number}.residual.{kind}", out Tensor? residual) ? cat([residual, skip], 0) : skip;
    }
}
