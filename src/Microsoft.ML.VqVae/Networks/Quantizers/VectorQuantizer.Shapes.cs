using TorchSharp;
using static Microsoft.ML.VqVae.Networks.TensorArithmetic;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

// Shapes in and out, and looking codes up. "Vectors" are the encodings as [N, G, D], N positions over batch and space.
public sealed partial class VectorQuantizer
{
    Tensor ToVectors(Tensor encodings) => ToRows(encodings).reshape(-1, options.CodesPerPosition, options.Dimensions);

    /// <summary>[N, G, D] → [B, G·D, …] for the spatial shape [B, …].</summary>
    Tensor FromVectors(Tensor vectors, long[] spatial) => FromRows(vectors.reshape(-1, options.Channels), spatial);

    Tensor Arrange(Tensor indices, long[] encodings) =>
        indices.reshape([encodings[0], .. encodings[2..], options.CodesPerPosition]);

    /// <summary>Int64 [N, G], without gradients.</summary>
    Tensor FindIndices(Tensor vectors)
    {
        using IDisposable withoutGradients = no_grad();
        Tensor plain = vectors.detach();
        if (!options.SeparateCodebooks)
            return NearestCodes.Find(plain.reshape(-1, options.Dimensions), codebook.select(0, 0)).view(-1, options.CodesPerPosition);
        IEnumerable<Tensor> groups = Enumerable.Range(0, options.CodesPerPosition)
            .Select(group => NearestCodes.Find(plain.select(1, group), codebook.select(0, group)));
        return stack(groups.ToArray(), 1);
    }

    /// <summary>Int64 [B, …, G] for encodings [B, G·D, …].</summary>
    internal override OnnxValue EncodeToOnnx(OnnxValue encodings)
    {
        OnnxValue vectors = encodings.ChannelsLast().SplitLast(options.CodesPerPosition, options.Dimensions);
        if (!options.SeparateCodebooks)
            return NearestCodes.Find(vectors, codebook.select(0, 0));
        return OnnxValue.Concatenate([.. Enumerable.Range(0, options.CodesPerPosition).Select(group =>
            NearestCodes.Find(vectors.Narrow(vectors.Rank - 2, group, 1), codebook.select(0, group)))], vectors.Rank - 2);
    }

    internal override OnnxValue EmbedToOnnx(OnnxValue indices)
    {
        using Tensor firstRows = Arange(options.CodesPerPosition).Mul(options.Codes);
        OnnxValue rows = options.SeparateCodebooks ? indices + firstRows : indices;
        return rows.RowsOf(codebook.view(-1, options.Dimensions)).MergeLast().ChannelsFirst();
    }

    /// <summary>Rows of the codebook as [N, G, D] for indices [N, G].</summary>
    Tensor Look(Tensor book, Tensor indices) =>
        book.view(-1, options.Dimensions).index_select(0, RowsOf(indices).view(-1)).view(-1, options.CodesPerPosition, options.Dimensions);

    /// <summary>Indices [N, G] as row numbers of all codebooks under one another.</summary>
    Tensor RowsOf(Tensor indices)
    {
        if (!options.SeparateCodebooks)
            return indices.contiguous();
        return indices.Add(Arange(options.CodesPerPosition, indices.device).Mul(options.Codes));
    }
}
