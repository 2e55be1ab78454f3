using Microsoft.ML.VqVae.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>The lazy computation of a batch of rows: the bits of their codes, and what follows from them.</summary>
/// <param name="model">The prior.</param>
/// <param name="settings">The thresholds.</param>
/// <param name="inputs">The tensors on the CPU: codes, lengths, with conditions their classes, and for heat maps the images.</param>
internal sealed class AnomalyPass(PriorModel model, AnomalySettings settings, IReadOnlyList<Tensor> inputs)
{
    const float HighestByte = 255;

    readonly Tensor _codes = inputs[0], _lengths = inputs[1];
    readonly PriorPass _prior = new(model, [.. inputs.Take(model.Description.Conditions is null ? 2 : 3)], PriorPass.DefaultMaxLogits);

    /// <summary>The mean of the highest bits of each row, [rows].</summary>
    public Tensor Score => field ??= ComputeScore();

    public Tensor IsAnomaly => Score.Gt(settings.Threshold);

    /// <summary>The images with the bits of their codes over them, as bytes, [rows, 3, H, W].</summary>
    public Tensor HeatMap => ComputeHeatMap();

    public void StorePerCode(BatchColumn column) => _prior.StorePerCode(column);

    public void StoreRestored(BatchColumn column)
    {
        Tensor restored = Restore();
        if (model.Description.Format.Length is null)
            column.Store(restored, _lengths.data<long>().ToArray());
        else
            column.Store(restored);
    }

    Tensor ComputeScore()
    {
        // Bits are 0 beyond the end of a row, and nowhere less.
        Tensor lengths = _lengths.to_type(ScalarType.Float32);
        if (settings.ScoredShare == 1)
            return _prior.Bits.sum(1).div(lengths.ClampMin(1));
        Tensor counts = lengths.Mul(settings.ScoredShare * AnomalySettings.RoundingOfShares).ceil().ClampMin(1);
        (Tensor highest, _) = _prior.Bits.sort(1, descending: true);
        Tensor taken = TensorArithmetic.Arange(highest.shape[1]).to_type(ScalarType.Float32).lt(counts.unsqueeze(1)).to_type(ScalarType.Float32);
        return highest.mul(taken).sum(1).div(counts);
    }

    /// <summary>The codes, with those above the threshold sampled from the prior; Int64 [rows, longest].</summary>
    Tensor Restore()
    {
        Tensor unlikely = _prior.Bits.Gt(settings.CodeThreshold);
        // The rows that have such a code: sampling costs a step of the network for each code of a row.
        Tensor rows = unlikely.any(1).nonzero().view(-1);
        if (rows.numel() == 0)
            return _codes;
        Tensor given = where(unlikely, ones_like(_codes).Mul(-1), _codes).index_select(0, rows);
        int count = (int)given.shape[0];
        Tensor sampled = model.Network.Sample(new SampleRequest
        {
            Count = count,
            Length = (int)given.shape[1],
            Seed = settings.RestorationSeed,
            BatchSize = Math.Min(count, SamplingSettings.MaximumBatchSize),
            Conditions = model.Description.Conditions is null ? null : inputs[2].index_select(0, rows),
            Given = given,
            // All rows are drawn with the same random numbers: a row does not depend on its place among others.
            Numbers = new long[count],
        });
        return _codes.index_copy(0, rows, sampled);
    }

    Tensor ComputeHeatMap()
    {
        (ImageFormat format, int[] grid) = (settings.Pixels!, settings.Grid!);
        Tensor ofPositions = _prior.Bits.view(-1, grid[0], grid[1], grid[2]).mean([3]).unsqueeze(1);
        Tensor bits = nn.functional.interpolate(
            ofPositions, [format.Height, format.Width], mode: InterpolationMode.Bilinear, align_corners: false);
        float unit = Math.Max(settings.CodeThreshold, float.Epsilon);
        Tensor heat = bits.Div(unit).Sub(0.5f).Clamp(0f, 1f);
        Tensor pixels = inputs[^1].Div(format.FromImages ? 1 : format.ImageScale).Add(format.FromImages ? 0 : format.ImageOffset)
            .Clamp(0f, HighestByte).expand(-1, 3, -1, -1);
        // From red, over orange, to yellow.
        Tensor color = cat([ones_like(heat).Mul(HighestByte), heat.Mul(HighestByte), zeros_like(heat)], 1);
        return pixels.Add(color.Add(pixels.Mul(-1)).mul(heat));
    }
}
