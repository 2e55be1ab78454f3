namespace Microsoft.ML.VqVae.Tests.Training;

internal sealed class TemporaryFolder : IDisposable
{
    internal string Path { get; } = Directory.CreateTempSubdirectory("vqvae-test-").FullName;

    internal string File => System.IO.Path.Combine(Path, "checkpoint.safetensors");

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
