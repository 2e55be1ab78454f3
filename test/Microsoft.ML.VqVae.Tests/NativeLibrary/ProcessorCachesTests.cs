using System.Globalization;
using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Tests.Persistence;
using Microsoft.ML.VqVae.Tests.Pipeline;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.NativeLibrary;

/// <summary>Processors that do not report their caches, on which oneDNN's faster convolutions give wrong numbers.</summary>
[TestClass]
public class ProcessorCachesTests
{
    const string Intel = "GenuineIntel", Amd = "AuthenticAMD";

    [TestMethod]
    [DataRow(Amd, 0x80000021, 0, true, DisplayName = "AMD, caches hidden")]
    [DataRow(Amd, 0x80000008, 0x121, true, DisplayName = "AMD, function unknown")]
    [DataRow(Amd, 0x80000021, 0x121, false, DisplayName = "AMD")]
    [DataRow(Intel, 0x80000008, 0, false, DisplayName = "Intel")]
    public void Hidden_caches_are_noticed(string vendor, long lastFunction, int firstCache, bool expected)
    {
        Assert.AreEqual(expected, NativeSettings.HidesCaches((function, subfunction) => unchecked((uint)function) switch
        {
            0 => (16, Letters(0), Letters(8), Letters(4)),
            0x80000000 => (unchecked((int)lastFunction), 0, 0, 0),
            0x8000001D when subfunction == 0 => (firstCache, 0, 0, 0),
            _ => throw new AssertFailedException($"CPUID {function:X}, {subfunction}"),
        }));

        int Letters(int first) => BitConverter.ToInt32([.. vendor.Skip(first).Take(4).Select(letter => (byte)letter)]);
    }

    // Sizes that were wrong, or ended the process, on a processor that hides its caches.
    [TestMethod]
    [DataRow(16, 32, 400, 1, 1, 8, false)]
    [DataRow(64, 64, 512, 1, 1, 7, false)]
    [DataRow(16, 512, 1024, 1, 1, 8, false)]
    [DataRow(10, 28, 39, 1, 1, 12, false)]
    [DataRow(14, 1, 24, 3, 1, 6, false)]
    [DataRow(7, 1, 3, 4, 2, 8, false)]
    [DataRow(15, 6, 1, 4, 2, 8, true)]
    public void Convolutions_are_those_of_double_precision(
        int batch, int inputs, int outputs, int size, int stride, int side, bool transposed)
    {
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(1);
        Tensor images = Drawn(batch, inputs, side, side);
        Tensor kernel = transposed ? Drawn(inputs, outputs, size, size) : Drawn(outputs, inputs, size, size);
        (Tensor values, Tensor ofImages, Tensor ofKernel) = Convolve(images.ChannelsInnermost(), kernel.ChannelsInnermost());
        (Tensor expected, Tensor expectedOfImages, Tensor expectedOfKernel) = Convolve(images.to(float64), kernel.to(float64));
        AssertClose(expected, values, "values");
        AssertClose(expectedOfImages, ofImages, "gradient of the images");
        AssertClose(expectedOfKernel, ofKernel, "gradient of the kernel");

        Tensor Drawn(params long[] shape) => empty(shape).normal_(0, 1, generator);

        (Tensor Values, Tensor OfImages, Tensor OfKernel) Convolve(Tensor left, Tensor right)
        {
            left.requires_grad_(true);
            right.requires_grad_(true);
            long[] strides = [stride, stride], padding = size == 1 ? [0, 0] : [1, 1];
            Tensor result = transposed
                ? nn.functional.conv_transpose2d(left, right, null, strides, padding)
                : nn.functional.conv2d(left, right, null, strides, padding);
            result.square().sum().backward();
            return (result.detach(), left.grad!, right.grad!);
        }

        static void AssertClose(Tensor expected, Tensor actual, string what)
        {
            double difference = (actual.to(float64) - expected).abs().max().item<double>(), largest = expected.abs().max().item<double>();
            Assert.IsLessThan(1e-4, difference / largest, string.Create(CultureInfo.InvariantCulture, $"{what}, of {largest:F1} at most"));
        }
    }

    /// <summary>In a process of its own, which prints what oneDNN computes.</summary>
    [TestMethod]
    [OSCondition(OperatingSystems.Linux)]
    [DataRow(null, DisplayName = "nothing set")]
    [DataRow("AVX2", DisplayName = "a limit of instructions")]
    public void Where_caches_are_hidden_no_convolution_is_computed_by_oneDNN(string? limit)
    {
        if (!NativeSettings.CachesAreHidden)
            Assert.Inconclusive("This processor reports its caches.");
        string folder = Directory.CreateTempSubdirectory("vqvae").FullName;
        try
        {
            string model = Path.Combine(folder, "model.zip"), pixels = Path.Combine(folder, "pixels.bin"), codes = Path.Combine(folder, "codes.txt");
            using (ImageVqVaeTransformer transformer = Tiny.Untrained())
                new MLContext().Model.Save(transformer, null, model);
            // One image, so that a convolution runs.
            File.WriteAllBytes(pixels, new byte[sizeof(float) * Tiny.Side * Tiny.Side]);
            string shown = LoaderProcess.Run(
                [model, pixels, codes], ("ONEDNN_MAX_CPU_ISA", limit), ("DNNL_MAX_CPU_ISA", null), ("ONEDNN_VERBOSE", "1"));
            Assert.DoesNotContain("convolution", shown);
            Assert.IsTrue(File.Exists(codes));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
