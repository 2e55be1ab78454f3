using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>A trained prior.</summary>
internal sealed class PriorModel(PriorDescription description, CodePrior network, Device device)
    : TrainedModel<PriorDescription, CodePrior>(description, network, device)
{
    /// <summary>How many logits are held at once: long rows are taken a few at a time, however many a cursor reads ahead.</summary>
    public long MostLogits { get; init; } = 1 << 25;

    /// <summary>−log2 p of each code, [rows, codes], 0 beyond the end of a row; on the CPU.</summary>
    /// <param name="codes">Int64 [rows, longest].</param>
    /// <param name="lengths">How many codes each row has.</param>
    /// <param name="conditions">The class of each row, or null.</param>
    public Tensor Bits(Tensor codes, Tensor lengths, Tensor? conditions)
    {
        long rows = codes.shape[0], length = codes.shape[1];
        long together = Math.Clamp(MostLogits / (length * Description.Format.Codes), 1, rows);
        var parts = new List<Tensor>();
        for (long first = 0; first < rows; first += together)
        {
            long count = Math.Min(together, rows - first);
            using DisposeScope scope = NewDisposeScope();
            Tensor? Part(Tensor? whole) => whole?.narrow(0, first, count).to(Device);
            Tensor bits = Network.Bits(Part(codes)!, Part(conditions), Description.Format.Length is null ? Part(lengths) : null);
            parts.Add(bits.cpu().MoveToOuterDisposeScope());
        }
        return parts.Count == 1 ? parts[0] : cat(parts, 0);
    }

    /// <summary>Builds the network of a saved model on the device that the environment asks for.</summary>
    public static PriorModel Load(IHostEnvironment environment, PriorDescription description, SafetensorsContent weights)
    {
        Device device = DeviceChoice.For(environment);
        var model = new PriorModel(description, description.Build(seed: 0), CPU);
        model.Restore(weights, device);
        return model;
    }
}
