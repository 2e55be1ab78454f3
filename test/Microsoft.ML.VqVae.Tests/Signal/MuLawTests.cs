using System.Text.Json;
using Microsoft.ML.VqVae.Audio;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Signal;

[TestClass]
public sealed class MuLawTests
{
    [TestMethod]
    public void Agrees_with_the_formula_in_spans_and_in_tensors()
    {
        JsonElement golden = Golden.Read("mu_law");
        float[] samples = golden.Floats("samples");
        int[] expected = [.. golden.GetProperty("codes").EnumerateArray().Select(code => code.GetInt32())];
        byte[] codes = new byte[samples.Length];
        MuLaw.Encode(samples, codes);
        CollectionAssert.AreEqual(expected, codes.Select(code => (int)code).ToArray());
        using DisposeScope scope = NewDisposeScope();
        using Tensor encoded = MuLaw.Encode(tensor(samples).view(2, -1));
        CollectionAssert.AreEqual(new long[] { 2, samples.Length / 2 }, encoded.shape);
        CollectionAssert.AreEqual(expected.Select(code => (long)code).ToArray(), TensorAssert.Longs(encoded));
        TensorAssert.Close(golden.Floats("expanded"), MuLaw.Decode(arange(256)), 1e-7, "expanded");
    }

    [TestMethod]
    public void Every_code_stands_for_a_sample_of_its_own_and_silence_for_nearly_nothing()
    {
        byte[] all = [.. Enumerable.Range(0, 256).Select(code => (byte)code)];
        float[] samples = new float[256];
        MuLaw.Decode(all, samples);
        byte[] again = new byte[256];
        MuLaw.Encode(samples, again);
        CollectionAssert.AreEqual(all, again);
        Assert.AreEqual((-1f, 1f), (samples[0], samples[255]));
        Assert.AreEqual(MuLaw.Silence, MuLaw.Encode(0));
        Assert.IsLessThan(1e-4, Math.Abs(MuLaw.Decode(MuLaw.Silence)));
        Assert.AreEqual((0, 255), (MuLaw.Encode(-7), MuLaw.Encode(7)));
        Assert.ThrowsExactly<ArgumentException>(() => MuLaw.Encode(new float[2], new byte[1]));
    }
}
