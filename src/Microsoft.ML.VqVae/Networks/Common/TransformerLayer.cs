using TorchSharp;
using TorchSharp.Modules;
using static Microsoft.ML.VqVae.Networks.TensorArithmetic;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>A layer of a transformer: x + attention(norm(x)), then x + feed-forward(norm(x)). In a causal one each position sees itself and
/// earlier positions, in the other each sees all.</summary>
internal sealed class TransformerLayer : nn.Module
{
    // The base of the wavelengths of rotary positions (RoFormer, Su et al. 2021, arXiv 2104.09864).
    const double RotaryBase = 10000;

    readonly int _heads, _channels, _hidden;
    readonly bool _causal;
    // TorchSharp registers these by their names, which are those in state_dict.
    readonly LayerNorm attentionNorm, feedForwardNorm;
    readonly Linear attention, attentionOutput, feedForward, feedForwardOutput;

    /// <param name="channels">Channels of the residual path.</param>
    /// <param name="heads">Number of attention heads, which share the channels.</param>
    /// <param name="hidden">Channels of the hidden layer of the feed-forward network.</param>
    /// <param name="causal">Whether a position sees no later ones.</param>
    /// <param name="source">The source of the weights.</param>
    public TransformerLayer(int channels, int heads, int hidden, bool causal, WeightSource source) : base(nameof(TransformerLayer))
    {
        (_heads, _channels, _hidden, _causal) = (heads, channels, hidden, causal);
        attentionNorm = LayerNorm(_channels);
        attention = source.Linear(_channels, checked(3 * _channels));
        attentionOutput = source.Linear(_channels, _channels);
        feedForwardNorm = LayerNorm(_channels);
        feedForward = source.Linear(_channels, _hidden);
        feedForwardOutput = source.Linear(_hidden, _channels);
        RegisterComponents();
    }

    /// <summary>Processes positions that follow each other, [B, n, C] → [B, n, C].</summary>
    /// <param name="input">The output of the layer before.</param>
    /// <param name="rotation">Cosines and sines of the positions, [2, n, D / 2]; null where positions are part of the input.</param>
    /// <param name="kept">The factors of dropout, [B, 1, C + F]; null without dropout.</param>
    /// <param name="cache">Keys and values of earlier positions, to which these are added; null where there are none.</param>
    /// <param name="real">Of a layer that is not causal: where there is no padding, Bool [B, 1, 1, n]; null where there is none.</param>
    public Tensor Forward(Tensor input, Tensor? rotation, Tensor? kept = null, AttentionCache? cache = null, Tensor? real = null)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor attended = Attend(attentionNorm.call(input), rotation, cache, real);
        if (kept is not null)
            attended *= kept.narrow(2, 0, _channels);
        Tensor state = input.Add(attentionOutput.Apply(attended));
        Tensor hidden = functional.gelu(feedForward.Apply(feedForwardNorm.call(state)));
        if (kept is not null)
            hidden *= kept.narrow(2, _channels, _hidden);
        return state.Add(feedForwardOutput.Apply(hidden)).MoveToOuterDisposeScope();
    }

    /// <summary>The same in an ONNX graph, for rows of <paramref name="count"/> codes whose positions are part of the input.</summary>
    public OnnxValue ToOnnx(OnnxValue input, int count)
    {
        // [3, B, heads, n, D]
        OnnxValue all = input.Through(attentionNorm).Through(attention).SplitLast(3, _heads, _channels / _heads)
            .Permute(2, 0, 3, 1, 4);
        (OnnxValue queries, OnnxValue keys, OnnxValue values) = (all.Select(0, 0), all.Select(0, 1), all.Select(0, 2));
        OnnxValue scores = queries.MatMul(keys.Permute(0, 1, 3, 2)) / Math.Sqrt(_channels / _heads);
        if (_causal)
        {
            float[] later = [.. Enumerable.Range(0, count * count).Select(pair => pair % count > pair / count ? -1e9f : 0)];
            scores += input.Graph.Constant(later, count, count);
        }
        OnnxValue attended = scores.Softmax().MatMul(values).Permute(0, 2, 1, 3).MergeLast();
        OnnxValue state = input + attended.Through(attentionOutput);
        OnnxValue wide = state.Through(feedForwardNorm).Through(feedForward);
        // GELU: x · Φ(x).
        return state + (wide * ((wide / Math.Sqrt(2)).Erf() + 1) * 0.5).Through(feedForwardOutput);
    }

    /// <summary>Cosines and sines of the angles of rotary positions, [2, N, D / 2], D the channels of a head; Double, on the
    /// CPU.</summary>
    public static Tensor Rotation(int length, int channelsOfHead)
    {
        int pairs = channelsOfHead / 2;
        double[] values = new double[2 * length * pairs];
        for (int i = 0; i < length * pairs; i++)
        {
            (double sine, double cosine) = Math.SinCos(i / pairs * Math.Pow(RotaryBase, -(i % pairs) / (double)pairs));
            (values[i], values[(length * pairs) + i]) = (cosine, sine);
        }
        return tensor(values).view(2, length, pairs);
    }

    /// <summary>The factors of dropout of all layers, 0 or 1 / (1 − dropout), [layers, B, 1, C + F]: of whole channels rather than single
    /// values, so that the random numbers cost next to nothing.</summary>
    public static Tensor Kept(int layers, long batch, int channels, double dropout, int seed, long step)
    {
        using Generator generator = SeededRandom.CreateGenerator(seed, step);
        return BatchShare.Current.Draw(batch, rows => zeros([layers, rows, 1, channels], dtype: ScalarType.Float32)
            .bernoulli_(1 - dropout, generator).Mul_(1 / (1 - dropout)), axis: 1);
    }

    Tensor Attend(Tensor input, Tensor? rotation, AttentionCache? cache, Tensor? real)
    {
        (long batch, long count) = (input.shape[0], input.shape[1]);
        // [3, B, heads, n, D]
        Tensor all = attention.Apply(input).view(batch, count, 3, _heads, _channels / _heads).permute(2, 0, 3, 1, 4);
        (Tensor queries, Tensor keys, Tensor values) = (all.select(0, 0), all.select(0, 1), all.select(0, 2));
        if (rotation is not null)
            (queries, keys) = (Rotate(queries, rotation).As(values), Rotate(keys, rotation).As(values));
        if (cache is not null)
            (keys, values) = cache.Append(keys, values);
        long total = keys.shape[2];
        // The last position sees all others.
        Tensor? mask = !_causal ? real : count == 1 || count == total ? null : Visible(count, total, input.device);
        return MixedPrecision.Attend(queries, keys, values, mask, _causal && count == total)
            .transpose(1, 2).reshape(batch, count, _channels);
    }

    /// <summary>Which of all positions each of the last <paramref name="count"/> sees, Bool [count, total].</summary>
    static Tensor Visible(long count, long total, Device device) =>
        Arange(total, device).unsqueeze(0)
            .le(Arange(total, device).narrow(0, total - count, count).unsqueeze(1));

    /// <summary>Rotates pairs of channels, one of the first half and one of the second, by the angles of their positions.</summary>
    static Tensor Rotate(Tensor vectors, Tensor rotation)
    {
        long pairs = rotation.shape[2];
        (Tensor first, Tensor second) = (vectors.narrow(3, 0, pairs), vectors.narrow(3, pairs, pairs));
        (Tensor cosines, Tensor sines) = (rotation.select(0, 0), rotation.select(0, 1));
        return cat([first * cosines - second * sines, (first * sines).Add(second * cosines)], 3);
    }
}

/// <summary>The keys and values of the positions that a layer has processed.</summary>
/// <param name="keys">Room for all positions, [B, heads, N, D].</param>
/// <param name="values">The same for values.</param>
internal sealed class AttentionCache(Tensor keys, Tensor values)
{
    long _count;

    /// <summary>Adds positions and returns the keys and values of all so far.</summary>
    public (Tensor Keys, Tensor Values) Append(Tensor newKeys, Tensor newValues)
    {
        long added = newKeys.shape[2];
        keys.narrow(2, _count, added).copy_(newKeys);
        values.narrow(2, _count, added).copy_(newValues);
        _count += added;
        return (keys.narrow(2, 0, _count), values.narrow(2, 0, _count));
    }
}
