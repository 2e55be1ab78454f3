using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>A trained codec of codes, which an encoder and its decoders share.</summary>
internal sealed class CodesModel(CodesModelDescription description, CodesVqVae network, Device device)
    : TrainedModel<CodesModelDescription, CodesVqVae>(description, network, device)
{
    /// <summary>What a column of latents must hold.</summary>
    public CodesWanted LatentsWanted => new(Description.Quantizer.Codes, Network.Latents);

    /// <summary>Finds a column of latents, and checks that they are of this model's kind.</summary>
    public DataViewSchema.Column FindLatents(DataViewSchema schema, string name)
    {
        DataViewSchema.Column column = SchemaColumns.Find(schema, name, "latents");
        (int codes, int latents) = (Description.Quantizer.Codes, Network.Latents);
        bool fits = column.Type is VectorDataViewType { ItemType: KeyDataViewType key } vector && key.RawType == typeof(uint)
            && key.Count == (ulong)codes && vector.Size == latents;
        return fits ? column : throw SchemaColumns.Mismatch(column.Name,
            new VectorDataViewType(new KeyDataViewType(typeof(uint), codes), latents).ToString(), column.Type.ToString()!, "latents");
    }

    /// <summary>Builds the network of a saved model on the device that the environment asks for.</summary>
    public static CodesModel Load(IHostEnvironment environment, CodesModelDescription description, SafetensorsContent weights)
    {
        Device device = DeviceChoice.For(environment);
        var model = new CodesModel(description, new CodesVqVae(description.Codec, description.Quantizer, seed: 0), CPU);
        model.Restore(weights, device);
        return model;
    }
}
