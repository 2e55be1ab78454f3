using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>A grid of codes [B, N] → one encoding of the whole grid [B, L·D, 1, 1]: embeddings, convolutions that halve the grid until it is
/// small, residual blocks, and an affine map of all that is left.</summary>
internal sealed class CodesEncoder : nn.Module<Tensor, Tensor>
{
    /// <summary>A grid of at most this side is small enough for the affine map.</summary>
    const int SmallSide = 4;

    readonly PixelCnnOptions grid;
    readonly Parameter embedding;
    readonly Conv2d enter;
    readonly ModuleList<Conv2d> down;
    readonly ModuleList<ResidualBlock> residual;
    readonly Linear project;

    public CodesEncoder(CodesCodecOptions options, int encodingChannels, WeightSource source) : base(nameof(CodesEncoder))
    {
        grid = options.Decoder;
        var hidden = options.HiddenChannels;
        embedding = source.Draw(1, (long)grid.CodesPerPosition * grid.Codes, options.EmbeddingChannels);
        enter = source.Convolution2d(grid.CodesPerPosition * options.EmbeddingChannels, hidden, 3, 1, 1);
        var (height, width, halvings) = (grid.Height, grid.Width, 0);
        for (; Math.Max(height, width) > SmallSide; halvings++)
            (height, width) = ((height + 1) / 2, (width + 1) / 2);
        down = new ModuleList<Conv2d>(Enumerable.Range(0, halvings)
            .Select(_ => source.Convolution2d(hidden, hidden, 3, 2, 1)).ToArray());
        residual = new ModuleList<ResidualBlock>(Enumerable.Range(0, options.ResidualBlocks)
            .Select(_ => new ResidualBlock(hidden, hidden, source)).ToArray());
        project = source.Linear(hidden * height * width, encodingChannels);
        RegisterComponents();
    }

    public override Tensor forward(Tensor codes)
    {
        using var scope = NewDisposeScope();
        // Each place of a position has a table of its own: code 7 may mean one thing in the first place and another in the second.
        var place = arange(grid.CodesPerPosition, dtype: ScalarType.Int64, device: codes.device) * grid.Codes;
        var rows = (codes.view(-1, grid.CodesPerPosition) + place).view(-1);
        var x = embedding.index_select(0, rows).view(codes.shape[0], grid.Height, grid.Width, -1).permute(0, 3, 1, 2);
        x = enter.call(x);
        foreach (var layer in down)
            x = layer.call(x.relu_());
        foreach (var block in residual)
            x = block.call(x);
        return project.call(x.relu_().reshape(codes.shape[0], -1)).unsqueeze(2).unsqueeze(3).MoveToOuterDisposeScope();
    }
}
