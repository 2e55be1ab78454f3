namespace Microsoft.ML.VqVae.Samples.Compression;

/// <summary>The compressor in README.md. A test compares the two and runs it.</summary>
internal static class CompressorQuickStart
{
    /// <param name="ml">The context.</param>
    /// <param name="codec">The codec of the column Pixels.</param>
    /// <param name="prior">The prior of the column Codes.</param>
    /// <param name="images">The images to compress.</param>
    /// <param name="stream">A stream that can be read from its start again.</param>
    /// <returns>The images that were decompressed, in the column Pixels.</returns>
    public static IDataView Run(MLContext ml, ImageVqVaeTransformer codec, PriorTransformer prior, IDataView images, Stream stream)
    {
        #region README
        using var compressor = new CodeCompressor(prior);
        compressor.Compress(codec.Transform(images), stream);                           // about −log2 p bits per row
        stream.Position = 0;
        IDataView back = codec.Decoder("Pixels").Transform(compressor.Decompress(ml, stream));
        #endregion
        return back;
    }
}
