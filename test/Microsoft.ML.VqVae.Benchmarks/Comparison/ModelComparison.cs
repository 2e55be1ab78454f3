using Microsoft.ML.VqVae.Benchmarks.Plain;

namespace Microsoft.ML.VqVae.Benchmarks.Comparison;

/// <summary>Measures one model in the library and in plain TorchSharp, in turn.</summary>
internal sealed class ModelComparison : IDisposable
{
    // Long enough for the clock, the thread of the training loop and the optimizer's first step not to matter.
    const double MillisecondsOfMeasurement = 1000;
    // A second is only a few steps of the largest models: too few for a steady mean.
    const int FewestRuns = 20;

    readonly string _model;
    readonly ILibraryWorkloads _library;
    readonly IPlainWorkloads _plain, _channelsLast;

    public ModelComparison(string model)
    {
        _model = model;
        _library = ModelCatalog.Create(model);
        _plain = _library.CreatePlain(MemoryLayout.Contiguous);
        _channelsLast = _library.CreatePlain(MemoryLayout.ChannelsLast);
    }

    /// <summary>Requires that all variants compute the same, before training drives their weights apart.</summary>
    /// <returns>A sentence for the log.</returns>
    public string CheckEquality()
    {
        using ModelOutputs library = _library.Evaluate(), plain = _plain.Evaluate(), channelsLast = _channelsLast.Evaluate();
        EqualityCheck.Require(_model, "plain contiguous", library, plain);
        EqualityCheck.Require(_model, "plain channels-last", library, channelsLast);
        return FormattableString.Invariant(
            $"{_model}: library and plain networks agree (loss {library.Loss:G6}, {library.Codes.numel()} codes).");
    }

    public IReadOnlyList<ComparedWorkload> Measure(int rounds)
    {
        IWorkloads[] variants = [_library, _plain, _channelsLast];
        int[] counts = [.. _library.Names.Select(name => CountFor(name, variants))];
        double[][][] times = [.. _library.Names.Select(_ => variants.Select(_ => new double[rounds]).ToArray())];
        // The first round warms up and does not count.
        for (int round = -1; round < rounds; round++)
        {
            for (int workload = 0; workload < counts.Length; workload++)
            {
                for (int turn = 0; turn < variants.Length; turn++)
                {
                    int variant = round % 2 == 0 ? turn : variants.Length - 1 - turn;
                    double time = variants[variant].Run(_library.Names[workload], counts[workload]);
                    if (round >= 0)
                        times[workload][variant][round] = time;
                }
            }
        }
        return [.. _library.Names.Select((name, workload) => new ComparedWorkload(
            _model, name, times[workload][0], times[workload][1], times[workload][2], _plain.LayersOf(name)))];
    }

    public void Dispose()
    {
        _plain.Dispose();
        _channelsLast.Dispose();
        _library.Dispose();
    }

    /// <summary>How many runs the fastest variant needs for a measurement; all variants then do as many.</summary>
    static int CountFor(string name, IWorkloads[] variants)
    {
        double fastest = double.PositiveInfinity;
        foreach (IWorkloads variant in variants)
        {
            variant.Run(name, 2);
            fastest = Math.Min(fastest, variant.Run(name, 3));
        }
        return Math.Max(FewestRuns, (int)Math.Ceiling(MillisecondsOfMeasurement / fastest));
    }
}
