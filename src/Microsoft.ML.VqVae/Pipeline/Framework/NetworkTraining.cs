using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae.Persistence;
using Microsoft.ML.VqVae.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>What the training of every network of this library has in common: the seed, the device, ML.NET's log.</summary>
internal static class NetworkTraining
{
    /// <summary>A copy of the options with a seed: their own, or the MLContext's, or 0 where a checkpoint must fit again, or any.</summary>
    public static (TrainingOptions Training, int Seed) WithSeed(IHostEnvironment environment, TrainingOptions options)
    {
        TrainingOptions training = options.Copy();
        int seed = training.Seed ?? MLNetInternals.SeedOf(environment) ?? (training.CheckpointFolder is null ? Random.Shared.Next() : 0);
        training.Seed = seed;
        return (training, seed);
    }

    /// <summary>Trains the task's network and makes a model of it; frees the network where that fails.</summary>
    /// <param name="environment">Where the log goes.</param>
    /// <param name="task">The network, its examples and its loss.</param>
    /// <param name="training">Options with a seed.</param>
    /// <param name="device">Where the network is computed.</param>
    /// <param name="what">What is trained on what, for the log.</param>
    /// <param name="build">Makes the model of the trained network.</param>
    public static (TModel Model, TrainingSummary Summary) Run<TModel>(
        IHostEnvironment environment, TrainingTask task, TrainingOptions training, Device device, string what, Func<TModel> build)
        where TModel : TrainedModel
    {
        try
        {
            using IChannel channel = environment.Start("VqVae");
            channel.Info(MessageSensitivity.None, $"Training {what}, on {device}, seed {training.Seed}.");
            TrainingSummary summary = TrainingLoop.Run(task, training, device, line => channel.Info(MessageSensitivity.None, line));
            return (build(), summary);
        }
        catch
        {
            task.Network.Dispose();
            throw;
        }
    }
}
