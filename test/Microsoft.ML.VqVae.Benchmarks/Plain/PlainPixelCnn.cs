using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Microsoft.ML.VqVae.Benchmarks.Plain;

/// <summary>A gated PixelCNN (arXiv 1606.05328) over grids of codes.</summary>
internal sealed class PlainPixelCnn : nn.Module
{
    readonly Embedding codes;
    readonly ModuleList<PlainPixelCnnLayer> layers;
    readonly Conv2d hidden;
    readonly Conv2d logits;
    readonly MemoryLayout _layout;

    /// <param name="size">The sizes.</param>
    /// <param name="weights">The library's weights by their names.</param>
    /// <param name="layout">The memory layout.</param>
    public PlainPixelCnn(PriorSize size, IReadOnlyDictionary<string, Tensor> weights, MemoryLayout layout) : base(nameof(PlainPixelCnn))
    {
        _layout = layout;
        codes = Embedding(PriorSize.Codes, size.Channels);
        layers = new ModuleList<PlainPixelCnnLayer>(Enumerable.Range(1, size.Layers)
            .Select(number => new PlainPixelCnnLayer(size.Channels, size.Classes, number == size.Layers)).ToArray());
        hidden = Conv2d(size.Channels, size.Channels, 1);
        logits = Conv2d(size.Channels, PriorSize.Codes, 1);
        RegisterComponents();
        this.Fill(name => weights[LibraryName(name)]);
        this.To(layout);
    }

    /// <summary>Codes Int64 [B, H, W] and classes Int64 [B] → logits [B, K, H, W].</summary>
    public Tensor Logits(Tensor grid, Tensor? conditions)
    {
        Tensor embedded = codes.call(grid).permute(0, 3, 1, 2).In(_layout);
        // No layer may see the code that is predicted: one stack starts a row up, the other a column to the left.
        Tensor rows = functional.pad(embedded.narrow(2, 0, grid.shape[1] - 1), [0, 0, 1, 0]);
        Tensor columns = functional.pad(embedded.narrow(3, 0, grid.shape[2] - 1), [1, 0]);
        Tensor? skips = null;
        foreach (PlainPixelCnnLayer layer in layers)
            (rows, columns, skips) = layer.Apply(rows, columns, skips, conditions);
        return logits.call(functional.relu(hidden.call(functional.relu(skips!))));
    }

    static string LibraryName(string name)
    {
        string[] parts = name.Split('.');
        return parts switch
        {
            ["codes", _] => "codes",
            ["layers", string number, ("across" or "condition") and string matrix, _] => $"layers.{number}.{matrix}",
            ["hidden", string kind] => $"head.hidden.{kind}",
            ["logits", string kind] => $"head.logits.0.{kind}",
            _ => name,
        };
    }
}
