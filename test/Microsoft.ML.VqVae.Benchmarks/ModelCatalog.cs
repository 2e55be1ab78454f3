namespace Microsoft.ML.VqVae.Benchmarks;

/// <summary>The models that can be compared, by name.</summary>
internal static class ModelCatalog
{
    public static IReadOnlyList<string> Names { get; } =
        ["fast", "wide", "fast-prior", "wide-prior", "fast-wave-prior", "wave-prior", "wave-decoder", "mel"];

    public static ILibraryWorkloads Create(string name) =>
        name == "mel" ? new MelWorkloads(MelSize.Speech)
        : PriorSize.Find(name) is { } prior ? new PriorWorkloads(prior)
        : WaveNetSize.Find(name) is { } waveNet ? new WaveNetWorkloads(waveNet)
        : new Workloads(ModelSize.Named(name));
}
