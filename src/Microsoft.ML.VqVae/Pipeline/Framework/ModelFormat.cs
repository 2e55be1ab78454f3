using System.Text.Json.Serialization.Metadata;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>The JSON text of a transformer in a model file.</summary>
internal interface ISaved<out TDescription> : IDescription
{
    /// <summary>The network.</summary>
    TDescription Model { get; }
}

/// <summary>The names of a transformer's columns in a model file.</summary>
internal interface IColumnNames<in TDescription>
{
    /// <summary>Checks the names, given the description of the network.</summary>
    void Describe(OptionProblems problems, TDescription model);
}

/// <summary>The JSON text of a transformer that is described by its network and its columns.</summary>
/// <param name="Model">The network.</param>
/// <param name="Columns">The names of the columns.</param>
internal sealed record Saved<TDescription, TColumns>(TDescription Model, TColumns Columns) : ISaved<TDescription>
    where TDescription : INetworkDescription
    where TColumns : IColumnNames<TDescription>
{
    public void Describe(OptionProblems problems)
    {
        Model.Describe(problems);
        NetworkOptions.DescribeBatchSize(problems, Model.PredictionBatchSize);
        Columns.Describe(problems, Model);
    }
}

/// <summary>The model file of one kind of transformer: its names and its JSON text.</summary>
/// <param name="modelSignature">The eight characters that identify the model in the file.</param>
/// <param name="loaderSignature">The name of the loader, by which ML.NET finds the class of the transformer.</param>
/// <param name="json">The type of the JSON text.</param>
internal sealed class ModelFormat<TSaved, TDescription, TNetwork>(string modelSignature, string loaderSignature, JsonTypeInfo<TSaved> json)
    where TSaved : ISaved<TDescription>
    where TDescription : INetworkDescription<TNetwork>
    where TNetwork : nn.Module
{
    public void Save(ModelSaveContext context, TSaved saved, TrainedModel model) =>
        ModelFile.Save(context, modelSignature, loaderSignature, saved, json, model.WriteWeights);

    public TTransformer Load<TTransformer>(
        IHostEnvironment environment, ModelLoadContext context,
        Func<TrainedModel<TDescription, TNetwork>, TSaved, TTransformer> create)
        where TTransformer : class
    {
        // Reading the weights is the first use of a tensor.
        NativeTorch.Require();
        return ModelFile.Load(context, modelSignature, loaderSignature, json, (saved, weights) =>
        {
            TrainedModel<TDescription, TNetwork> model = TrainedModel<TDescription, TNetwork>.Load(environment, saved.Model, weights);
            try
            {
                return create(model, saved);
            }
            catch
            {
                model.Dispose();
                throw;
            }
        });
    }
}
