namespace Microsoft.ML.VqVae.Benchmarks.Steps;

/// <summary>A program that uses the library against one that uses TorchSharp alone: workloads in processes of their own, since the library
/// sets how threads wait and how memory is kept, for all of a process. Also the library with glibc's own handling of memory. On a processor
/// that hides its caches, oneDNN is off in both.</summary>
internal static class ProgramSpeed
{
    /// <summary>What a program has that sets nothing: glibc's own tunables, and GNU's time of spinning.</summary>
    static readonly (string, string) _ownMemory = ("GLIBC_TUNABLES", ""), _ownWaiting = ("GOMP_SPINCOUNT", "300000");

    public static void Run(int rounds, IReadOnlyList<string> models, TextWriter output)
    {
        output.WriteLine("| model | workload | library, ms | with glibc's own memory | TorchSharp alone | library / TorchSharp |");
        output.WriteLine("|---|---|---|---|---|---|");
        foreach (string model in models)
        {
            foreach (string workload in WorkloadsOf(model))
            {
                var library = new MeasuredProcess(MeasuredProcess.Library, model, workload);
                var plain = new MeasuredProcess(MeasuredProcess.Plain, model, workload);
                List<double> kept = [], own = [], alone = [];
                for (int round = 0; round < rounds; round++)
                {
                    kept.Add(library.Measure());
                    alone.Add(plain.Measure(_ownMemory, _ownWaiting));
                    own.Add(library.Measure(_ownMemory));
                }
                output.WriteLine($"| {model} | {workload} | {MeasuredProcess.Summary(kept)} | {MeasuredProcess.Summary(own)} "
                    + $"| {MeasuredProcess.Summary(alone)} | {MeasuredProcess.Summary(kept.Zip(alone, (one, other) => one / other), "0.00")} |");
            }
        }
        output.WriteLine($"Medians of {rounds} processes, with the smallest and the largest.");
    }

    static IReadOnlyList<string> WorkloadsOf(string model)
    {
        using ILibraryWorkloads library = ModelCatalog.Create(model);
        return library.Names;
    }
}
