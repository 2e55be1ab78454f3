using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;
using Microsoft.ML.VqVae.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>Base class of the estimators that train a network of this library.</summary>
/// <typeparam name="TOptions">The settings.</typeparam>
/// <typeparam name="TTransformer">The trained transformer.</typeparam>
public abstract class NetworkEstimator<TOptions, TTransformer> : IEstimator<TTransformer>
    where TOptions : NetworkOptions
    where TTransformer : NetworkTransformer
{
    readonly IHostEnvironment _environment;
    readonly IReadOnlyList<ModelColumn> _columns;

    /// <param name="environment">The environment, which provides seed, device and log.</param>
    /// <param name="options">The settings.</param>
    /// <param name="columns">The output columns.</param>
    private protected NetworkEstimator(IHostEnvironment environment, TOptions options, IReadOnlyList<ModelColumn> columns)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        (_environment, Options, _columns) = (environment, options, columns);
        SchemaColumns.RequireDistinct(columns.Select(column => column.Name));
    }

    private protected TOptions Options { get; }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">An input column is missing or has an unsuitable type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        CheckInputs(inputSchema);
        List<SchemaShape.Column> made = [.. _columns.Select(column => column.Shape(inputSchema))];
        return new SchemaShape(inputSchema.Where(column => made.TrueForAll(added => added.Name != column.Name)).Concat(made));
    }

    /// <summary>Reads and checks the input columns in one pass, and trains the network.</summary>
    /// <param name="input">The training data; only the input columns are read.</param>
    /// <returns>The trained transformer, which owns native memory: dispose it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An input column is missing, or its type or size is unsuitable.</exception>
    /// <exception cref="InvalidOperationException">There are no rows, a row holds an unsuitable value (the message names row, column and
    /// slot), the checkpoint folder holds the checkpoint of another run, or the requested GPU is not available.</exception>
    /// <exception cref="OperationCanceledException">Training was canceled.</exception>
    public TTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        Options.Validate();
        TrainingOptions training = Options.Training.Copy();
        training.Seed ??= MLNetInternals.SeedOf(_environment) ?? (training.CheckpointFolder is null ? Random.Shared.Next() : 0);
        Device device = DeviceChoice.For(_environment);
        TrainingPlan<TTransformer> plan = Plan(input, training.Seed.Value);
        using IDisposable? examples = plan.Task.Examples as IDisposable;
        try
        {
            using IChannel channel = _environment.Start("VqVae");
            channel.Info(MessageSensitivity.None, $"Training {plan.Subject}, on {device}, seed {training.Seed}.");
            TrainingSummary summary =
                TrainingLoop.Run(plan.Task, training, device, line => channel.Info(MessageSensitivity.None, line));
            return plan.CreateTransformer(device, summary);
        }
        catch
        {
            plan.Task.Network.Dispose();
            throw;
        }
    }

    /// <summary>Checks that the input columns exist and have suitable types, before there is data.</summary>
    private protected abstract void CheckInputs(SchemaShape inputSchema);

    /// <summary>Binds the input columns, reads the training data, and creates the network.</summary>
    private protected abstract TrainingPlan<TTransformer> Plan(IDataView input, int seed);
}

/// <summary>The training of one network.</summary>
/// <param name="Task">The network and its training data.</param>
/// <param name="Subject">A description of network and data for the log: "a VQ-VAE of 512 codes on 60000 images".</param>
/// <param name="CreateTransformer">Creates the transformer of the trained network, which is on the given device.</param>
internal sealed record TrainingPlan<TTransformer>(
    TrainingTask Task, string Subject, Func<Device, TrainingSummary, TTransformer> CreateTransformer);
