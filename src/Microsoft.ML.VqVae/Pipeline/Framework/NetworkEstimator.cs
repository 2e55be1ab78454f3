using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Persistence;
using Microsoft.ML.VqVae.Training;
using TorchSharp;
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

    /// <param name="environment">The environment, which provides seed, device and log.</param>
    /// <param name="options">The settings.</param>
    private protected NetworkEstimator(IHostEnvironment environment, TOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        (_environment, Options) = (environment, options);
    }

    internal TOptions Options { get; }

    /// <summary>The output columns, which the constructor of each estimator sets: their names are in options that are valid by
    /// then.</summary>
    private protected IReadOnlyList<ModelColumn> Outputs
    {
        get;
        init
        {
            SchemaColumns.RequireDistinct(value.Select(column => column.Name));
            field = value;
        }
    } = [];

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">An input column is missing or has an unsuitable type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        CheckInputs(inputSchema);
        return SchemaColumns.With(inputSchema, [.. Outputs.Select(column => column.Shape(inputSchema))]);
    }

    /// <summary>Reads and checks the input columns in one pass, and trains the network.</summary>
    /// <param name="input">The training data; only the input columns are read.</param>
    /// <returns>The trained transformer, which owns native memory: dispose it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An input column is missing, or its type or size is unsuitable.</exception>
    /// <exception cref="InvalidOperationException">There are no rows, a row holds an unsuitable value (the message names row, column and
    /// slot), the checkpoint folder holds the checkpoint of another run, or the requested GPU is not available.</exception>
    /// <exception cref="IOException">The checkpoint folder cannot be written.</exception>
    /// <exception cref="OperationCanceledException">Training was canceled; see
    /// <see cref="TrainingOptions.ReturnModelWhenCanceled"/>.</exception>
    /// <exception cref="DllNotFoundException">libtorch is missing or does not load; the message names the package to add, or the reason and
    /// the remedy.</exception>
    /// <exception cref="PlatformNotSupportedException">libtorch would give wrong numbers on this machine; the message says what to
    /// set.</exception>
    public TTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        Options.Validate();
        TrainingOptions training = Options.Training.Copy();
        training.Seed ??= MLNetInternals.SeedOf(_environment) ?? (training is { CheckpointFolder: null, Group: null } ? Random.Shared.Next() : 0);
        Device device = AbortWhereItFails(training, () =>
        {
            TrainingLoop.Prepare(training);
            return DeviceChoice.For(_environment);
        });
        // In the caller's inference mode, the network would be of tensors that cannot be trained.
        using IDisposable? normalMode = is_inference_mode_enabled() ? inference_mode(false) : null;
        TrainingPlan<TTransformer> plan = AbortWhereItFails(training, () => Plan(input, training.Seed.Value));
        using IDisposable? examples = plan.Task.Examples as IDisposable;
        try
        {
            // Without an entry where there is none, so that the checkpoints of other runs need none.
            if (Options.WarmStart is NetworkTransformer start && training is not { CheckpointFolder: null, Group: null })
                plan.Task.Fingerprint.Add(nameof(NetworkOptions.WarmStart), AbortWhereItFails(training, start.DigestOfWeights));
            using IChannel channel = _environment.Start("VqVae");
            channel.Info(MessageSensitivity.None, $"Training {plan.Subject}, on {device}, seed {training.Seed}.");
            if (NativeSettings.CachesAreHidden && device.type == DeviceType.CPU)
            {
                channel.Warning(
                    MessageSensitivity.None,
                    "This machine does not report the caches of its processor, without which fast convolutions of libtorch give wrong numbers. "
                    + "Convolutions are computed as matrix products, which takes up to about twice as long as usual. "
                    + (SlowOperators.Products ? "" : "BFloat16 is slower than Single here, and Auto is Single. ")
                    + "See docs/troubleshooting.md, \"Slow convolutions in a virtual machine\".");
            }
            TrainingSummary summary = TrainingLoop.Run(
                plan.Task, training, device, line => channel.Info(MessageSensitivity.None, line),
                line => channel.Warning(MessageSensitivity.None, line));
            return plan.CreateTransformer(device, summary);
        }
        catch
        {
            plan.Task.Network.Dispose();
            throw;
        }
    }

    /// <summary>Does work that may fail on one rank of a group alone, and aborts the group if it fails.</summary>
    static T AbortWhereItFails<T>(TrainingOptions training, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception e) when (training.Group is not null)
        {
            // The other ranks would wait for this one forever.
            training.Group.Abort(e.Message);
            throw;
        }
    }

    /// <summary>Checks that the input columns exist and have suitable types, before there is data.</summary>
    private protected abstract void CheckInputs(SchemaShape inputSchema);

    /// <summary>Binds the input columns, reads the training data, and creates the network.</summary>
    private protected abstract TrainingPlan<TTransformer> Plan(IDataView input, int seed);

    /// <summary>Creates a network with random weights, or with those of <see cref="NetworkOptions.WarmStart"/>.</summary>
    /// <param name="description">The network.</param>
    /// <param name="seed">The seed of random weights.</param>
    /// <param name="classes">The classes that the network is conditioned on, or null.</param>
    /// <param name="examples">The training data, disposed if no network is created; null if it holds nothing to dispose.</param>
    /// <exception cref="InvalidOperationException">The transformer of the warm start has another network, or other classes.</exception>
    private protected TNetwork CreateNetwork<TNetwork>(
        INetworkDescription<TNetwork> description, int seed, CategorySet? classes = null, IDisposable? examples = null)
        where TNetwork : nn.Module
    {
        TNetwork? network = null;
        try
        {
            network = description.CreateNetwork(seed);
            if (Options.WarmStart is NetworkTransformer start)
            {
                CategorySet.RequireSame(start.Classes, classes, nameof(NetworkOptions.WarmStart));
                start.CopyWeightsTo(network);
            }
            return network;
        }
        catch (Exception exception)
        {
            network?.Dispose();
            examples?.Dispose();
            if (exception is not InvalidDataException)
                throw;
            throw new InvalidOperationException($"{exception.Message} Set {nameof(NetworkOptions.WarmStart)} to a transformer whose "
                + "network has the settings of these options.", exception);
        }
    }
}

/// <summary>The training of one network.</summary>
/// <param name="Task">The network and its training data.</param>
/// <param name="Subject">A description of network and data for the log: "a VQ-VAE of 512 codes on 60000 images".</param>
/// <param name="CreateTransformer">Creates the transformer of the trained network, which is on the given device.</param>
internal sealed record TrainingPlan<TTransformer>(
    TrainingTask Task, string Subject, Func<Device, TrainingSummary, TTransformer> CreateTransformer);
