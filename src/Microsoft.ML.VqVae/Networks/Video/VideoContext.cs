using TorchSharp;
using TorchSharp.Modules;
using static Microsoft.ML.VqVae.Networks.TensorArithmetic;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// The network over the past of a frame: from the codes of the n frames before and the actions that followed each of them to a map of
/// values for the positions of the frame.
/// </summary>
/// <remarks>An action moves what the latest frame shows: a turn to the side, a step away from the center. Therefore each action has a
/// convolution
/// of its own over the latest frame, which learns its motion directly; the gated blocks after it see all actions and older frames
/// too.</remarks>
internal sealed class VideoContext : nn.Module
{
    readonly VideoCodePriorOptions options;
    readonly Parameter codes;
    readonly Parameter motion;
    readonly Conv2d past;
    readonly Parameter actions;
    readonly ModuleList<VideoContextBlock> blocks;

    public VideoContext(VideoCodePriorOptions options, WeightSource source) : base(nameof(VideoContext))
    {
        this.options = options;
        (int embedding, int channels, int side) = (options.EmbeddingChannels, options.ContextChannels, options.MotionKernelSize);
        codes = source.Draw(fanIn: 1, (long)options.Frame.CodesPerPosition * options.Frame.Codes, embedding);
        motion = source.Draw((long)embedding * side * side, options.Actions, channels, embedding, side, side);
        past = source.Convolution2d(options.ContextFrames * embedding, channels, 1, 1, 0);
        actions = source.Draw(fanIn: 1, (long)options.ContextFrames * options.Actions, channels);
        blocks = new ModuleList<VideoContextBlock>(Enumerable.Range(0, options.ContextBlocks)
            .Select(_ => new VideoContextBlock(channels, source)).ToArray());
        RegisterComponents();
    }

    /// <summary>Codes of the frames before, Int64 [B, n, N], the latest last, and the action that followed each, Int64 [B, n] → the map,
    /// [B, C, H, W].</summary>
    public Tensor Map(Tensor context, Tensor followed)
    {
        using DisposeScope scope = NewDisposeScope();
        (int frames, int height, int width) = (options.ContextFrames, options.Frame.Height, options.Frame.Width);
        // [B, n, H, W, E] with channels innermost, the order in memory that CPU convolutions are faster with.
        Tensor embedded = Embed(context).view(-1, frames, height, width, options.EmbeddingChannels);
        Tensor all = embedded.permute(0, 2, 3, 1, 4).reshape(-1, height, width, frames * options.EmbeddingChannels).permute(0, 3, 1, 2);
        Tensor map = Moved(embedded.select(1, frames - 1).permute(0, 3, 1, 2), followed.select(1, frames - 1)).Add(past.Apply(all));
        Tensor numbers = followed.Add(Arange(frames, followed.device).Mul(options.Actions));
        Tensor action = actions.index_select(0, numbers.view(-1)).view(-1, frames, options.ContextChannels).sum(1);
        foreach (VideoContextBlock block in blocks)
            map = block.Refine(map, action);
        return map.Single().MoveToOuterDisposeScope();
    }

    Tensor Embed(Tensor context)
    {
        int perPosition = options.Frame.CodesPerPosition;
        if (perPosition == 1)
            return codes.index_select(0, context.reshape(-1));
        Tensor places = Arange(perPosition, context.device).Mul(options.Frame.Codes);
        return codes.index_select(0, context.reshape(-1, perPosition).Add(places).view(-1))
            .view(-1, perPosition, options.EmbeddingChannels).sum(1);
    }

    /// <summary>Each frame under the convolution of its action.</summary>
    Tensor Moved(Tensor frames, Tensor action)
    {
        IGrouping<long, long>[] rows =
            action.cpu().data<long>().ToArray().Index().GroupBy(row => row.Item, row => (long)row.Index).ToArray();
        int padding = options.MotionKernelSize / 2;
        Tensor Convolve(Tensor some, long which) => some.Convolve(motion.select(0, which), padding);
        if (rows.Length == 1)
            return Convolve(frames, rows[0].Key);
        IEnumerable<Tensor> moved = rows.Select(group =>
            Convolve(frames.index_select(0, tensor(group.ToArray(), device: frames.device)), group.Key));
        // Back into the order of the batch.
        long[] order = rows.SelectMany(group => group).ToArray();
        long[] places = new long[order.Length];
        for (int place = 0; place < order.Length; place++)
            places[order[place]] = place;
        return cat(moved.ToArray(), 0).index_select(0, tensor(places, device: frames.device));
    }
}

/// <summary>x + 1×1(tanh(a) · σ(b)), where a and b are a 3×3 convolution of x, shifted by the actions.</summary>
internal sealed class VideoContextBlock : nn.Module
{
    readonly Conv2d wide;
    readonly Parameter action;
    readonly Conv2d narrow;

    public VideoContextBlock(int channels, WeightSource source) : base(nameof(VideoContextBlock))
    {
        wide = source.Convolution2d(channels, 2 * channels, 3, 1, 1);
        action = source.Draw(channels, 2L * channels, channels);
        narrow = source.Convolution2d(channels, channels, 1, 1, 0);
        RegisterComponents();
    }

    /// <summary>The map [B, C, H, W] and the embedded actions [B, C] → the map for the next block, [B, C, H, W].</summary>
    public Tensor Refine(Tensor map, Tensor actions)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor shift = actions.Product(action.t()).unsqueeze(2).unsqueeze(3);
        Tensor sums = wide.Apply(map).Add_(shift);
        long channels = sums.shape[1] / 2;
        Tensor gated = sums.narrow(1, 0, channels).tanh() * sums.narrow(1, channels, channels).sigmoid();
        return narrow.Apply(gated).Add_(map).MoveToOuterDisposeScope();
    }
}
