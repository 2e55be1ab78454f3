using System.Text.Json;
using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Networks;
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

    [TestMethod]
    public void What_is_no_number_has_one_code_in_spans_tensors_and_graphs()
    {
        Assert.AreEqual(255, MuLaw.Encode(float.NaN));
        using DisposeScope scope = NewDisposeScope();
        CollectionAssert.AreEqual(new[] { 255L }, TensorAssert.Longs(MuLaw.Encode(tensor([float.NaN]))));
        Assert.AreEqual(255, Compute(float.NaN));
    }

    [TestMethod]
    public void A_graph_gives_the_same_codes_at_and_beside_all_thresholds()
    {
        foreach (int code in Enumerable.Range(0, 256))
        {
            // Between two codes there is one threshold, which a search by halves finds to the last bit.
            (float low, float high) = (MuLaw.Decode((byte)code), MuLaw.Decode((byte)Math.Min(255, code + 1)));
            while (MathF.BitIncrement(low) < high)
            {
                float middle = low + (high - low) / 2;
                middle = middle > low && middle < high ? middle : MathF.BitIncrement(low);
                if (MuLaw.Encode(middle) == code)
                    low = middle;
                else
                    high = middle;
            }
            foreach (float sample in (float[])[low, high, MuLaw.Decode((byte)code)])
                Assert.AreEqual(MuLaw.Encode(sample), Compute(sample), $"{sample:R}");
        }
        Assert.AreEqual((0, 255), (Compute(-7), Compute(7)));
    }

    /// <summary>The code of a sample by the graph, whose values are no larger than the waveform: no other operators are known here.</summary>
    static int Compute(float sample)
    {
        var graph = new OnnxGraph();
        OnnxValue result = MuLaw.ToOnnx(graph.Input("x", typeof(float), 2));
        Assert.AreEqual((2, typeof(long)), (result.Rank, result.Type));
        Dictionary<string, double> values = new() { ["x"] = sample };
        Dictionary<string, float[]> tables = [];
        foreach (OnnxConstant constant in graph.Constants)
        {
            if (constant is OnnxConstant<long> number)
                values.Add(number.Name, number.Values.Single());
            else
                tables.Add(constant.Name, ((OnnxConstant<float>)constant).Values);
        }
        foreach (OnnxOperation operation in graph.Operations)
        {
            double Of(int input) => values[operation.Inputs[input]];
            values.Add(operation.Outputs[0], operation.Operator switch
            {
                "Gather" => tables[operation.Inputs[0]][(int)Of(1)],
                "Less" => Of(0) < Of(1) ? 1 : 0,
                "Cast" => Of(0),
                "Add" => Of(0) + Of(1),
                "Sub" => Of(0) - Of(1),
                "Mul" => Of(0) * Of(1),
                _ => throw new NotSupportedException(operation.Operator),
            });
        }
        return (int)values[result.Name];
    }
}
