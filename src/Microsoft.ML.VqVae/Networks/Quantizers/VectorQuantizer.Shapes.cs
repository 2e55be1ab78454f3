using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

// Shapes in and out, and looking codes up. "Vectors" are the encodings as [N, G, D], N positions over batch and space.
public sealed partial class VectorQuantizer
{
    Tensor ToVectors(Tensor encodings)
    {
        // Channels-last encodings are in this order already and are not copied.
        var axes = Enumerable.Range(2, encodings.shape.Length - 2).Select(axis => (long)axis).Prepend(0).Append(1).ToArray();
        return encodings.permute(axes).reshape(-1, options.CodesPerPosition, options.Dimensions);
    }

    /// <summary>[N, G, D] → [B, G·D, …] for the spatial shape [B, …].</summary>
    Tensor FromVectors(Tensor vectors, long[] spatial)
    {
        var last = spatial.Length;
        var axes = Enumerable.Range(1, last - 1).Select(axis => (long)axis).Prepend(last).Prepend(0).ToArray();
        return vectors.reshape([.. spatial, options.Channels]).permute(axes);
    }

    Tensor Arrange(Tensor indices, long[] encodings) =>
        indices.reshape([encodings[0], .. encodings[2..], options.CodesPerPosition]);

    /// <summary>Int64 [N, G], without gradients.</summary>
    Tensor FindIndices(Tensor vectors)
    {
        using var withoutGradients = no_grad();
        var plain = vectors.detach();
        if (!options.SeparateCodebooks)
            return NearestCodes.Find(plain.reshape(-1, options.Dimensions), codebook.select(0, 0)).view(-1, options.CodesPerPosition);
        var groups = Enumerable.Range(0, options.CodesPerPosition)
            .Select(group => NearestCodes.Find(plain.select(1, group), codebook.select(0, group)));
        return stack(groups.ToArray(), 1);
    }

    /// <summary>Rows of the codebook as [N, G, D] for indices [N, G].</summary>
    Tensor Look(Tensor book, Tensor indices) =>
        book.view(-1, options.Dimensions).index_select(0, RowsOf(indices).view(-1)).view(-1, options.CodesPerPosition, options.Dimensions);

    /// <summary>Indices [N, G] as row numbers of all codebooks under one another.</summary>
    Tensor RowsOf(Tensor indices)
    {
        if (!options.SeparateCodebooks)
            return indices.contiguous();
        return indices + arange(options.CodesPerPosition, dtype: ScalarType.Int64, device: indices.device) * options.Codes;
    }

    void CheckEncodings(Tensor encodings)
    {
        ArgumentNullException.ThrowIfNull(encodings);
        // A matrix product of mismatched shapes ends the process instead of throwing, so look first.
        var shape = encodings.shape;
        if (shape.Length < 2 || shape[1] != options.Channels)
            throw new ArgumentException($"Encodings must be [batch, {options.Channels}, …] ({options.CodesPerPosition} codes a position " +
                $"times {options.Dimensions} dimensions), but are [{string.Join(", ", shape)}].", nameof(encodings));
        if (encodings.dtype != ScalarType.Float32)
            throw new ArgumentException($"Encodings must be Float32, but are {encodings.dtype}.", nameof(encodings));
    }

    void CheckIndices(Tensor indices)
    {
        ArgumentNullException.ThrowIfNull(indices);
        var shape = indices.shape;
        if (shape.Length < 2 || shape[^1] != options.CodesPerPosition)
            throw new ArgumentException($"Indices must be [batch, …, {options.CodesPerPosition}], but are [{string.Join(", ", shape)}].",
                nameof(indices));
        if (indices.dtype != ScalarType.Int64)
            throw new ArgumentException($"Indices must be Int64, but are {indices.dtype}.", nameof(indices));
        if (indices.device_type != DeviceType.CPU || indices.numel() == 0)
            return;
        using var smallest = indices.min();
        using var largest = indices.max();
        if (smallest.ToInt64() < 0 || largest.ToInt64() >= options.Codes)
            throw new ArgumentException($"Indices must be within 0 … {options.Codes - 1}, but reach from {smallest.ToInt64()} to " +
                $"{largest.ToInt64()}.", nameof(indices));
    }
}
