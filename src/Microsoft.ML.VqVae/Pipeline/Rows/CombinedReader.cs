using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>Several columns of a row as one: the tensors of all its readers, in their order.</summary>
internal sealed class CombinedReader(params RowReader[] readers) : RowReader
{
    public override void Read(int slot)
    {
        foreach (RowReader reader in readers)
            reader.Read(slot);
    }

    public override IReadOnlyList<Tensor> ToTensors(int count) => [.. readers.SelectMany(reader => reader.ToTensors(count))];
}
