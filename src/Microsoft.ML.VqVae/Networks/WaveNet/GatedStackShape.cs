
namespace Microsoft.ML.VqVae.Networks;

/// <summary>The sizes of a <see cref="GatedStack"/>.</summary>
/// <param name="Symbols">How many different symbols the sequence is made of, and so how many logits a position has.</param>
/// <param name="Classes">How many classes a sequence can be conditioned on as a whole; 0 for none.</param>
/// <param name="ConditioningChannels">Channels of what conditions each position; 0 for none.</param>
/// <param name="Blocks">How often the dilations start again at 1.</param>
/// <param name="LayersPerBlock">Layers of a block; the dilation doubles from one to the next.</param>
/// <param name="KernelSize">Taps of a dilated convolution.</param>
/// <param name="Channels">Channels of the residual path and of the gates.</param>
/// <param name="SkipChannels">Channels of the sum over all layers, and of the layer after it.</param>
internal sealed record GatedStackShape(
    int Symbols, int Classes, int ConditioningChannels, int Blocks, int LayersPerBlock, int KernelSize, int Channels, int SkipChannels)
{
    public int Layers => Blocks * LayersPerBlock;

    public int Dilation(int layer) => 1 << (layer % LayersPerBlock);

    /// <summary>How many symbols before a position its logits depend on: the last one, and as many before it as the taps reach
    /// back.</summary>
    public int ReceptiveField => 1 + Blocks * (KernelSize - 1) * ((1 << LayersPerBlock) - 1);

    /// <summary>Checks the settings that the options of a decoder and of a prior have in common, under their names.</summary>
    public static void Describe(
        OptionProblems problems, int blocks, int layersPerBlock, int kernelSize, int channels, int skipChannels)
    {
        problems.Require(blocks is >= 1 and <= 64, "Blocks", "from 1 to 64", blocks);
        problems.Require(layersPerBlock is >= 1 and <= 16, "LayersPerBlock", "from 1 to 16", layersPerBlock);
        problems.Require(kernelSize is 2 or 3, "KernelSize", "2 or 3", kernelSize);
        problems.AtLeast("Channels", channels, 1);
        problems.AtLeast("SkipChannels", skipChannels, 1);
    }
}
