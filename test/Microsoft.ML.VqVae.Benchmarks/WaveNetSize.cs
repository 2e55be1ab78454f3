namespace Microsoft.ML.VqVae.Benchmarks;

/// <summary>The sizes of WaveNet that are measured.</summary>
/// <param name="Hop">Samples for which a latent stands; 0 for a prior over codes.</param>
/// <param name="Batch">Rows in a training step.</param>
/// <param name="Length">Codes or samples of a row.</param>
public sealed record WaveNetSize(
    string Name, int Codes, int Speakers, int Blocks, int LayersPerBlock, int Channels, int SkipChannels, int Hop, int Batch, int Length)
{
    /// <summary>Channels of the latents and of what they are turned into, in all sizes.</summary>
    public const int LatentChannels = 64;

    static readonly WaveNetSize[] All =
    [
        // The Fast preset and the defaults on codes of utterances of five seconds.
        new("fast-wave-prior", 128, 4, 1, 6, 64, 128, 0, 16, 128),
        new("wave-prior", 512, 4, 2, 6, 128, 256, 0, 16, 128),
        // The defaults of the waveform decoder, the network whose generation is measured.
        new("wave-decoder", 256, 4, 2, 10, 64, 64, 64, 2, 2048),
    ];

    public int Layers => Blocks * LayersPerBlock;

    public static WaveNetSize Decoder => All[2];

    public static WaveNetSize? Find(string name) => All.FirstOrDefault(size => size.Name == name);
}
