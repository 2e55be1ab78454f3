using Spectre.Console;
namespace Microsoft.ML.VqVae.Samples.Images;
internal sealed class ImagesSample(ImagesSettings settings, IAnsiConsole console, CancellationToken cancellation)
{
    public int Run() { console.WriteLine(settings.ToString() + cancellation); return 0; }
}
