using System.Numerics;
using Microsoft.ML.VqVae.Networks;

namespace Microsoft.ML.VqVae.Tests.Layers;

/// <summary>The arithmetic under the WaveNet's steps on the CPU.</summary>
[TestClass]
public sealed unsafe class SpanArithmeticTests
{
    [TestMethod]
    [DataRow(1, 1, 1)]
    [DataRow(70, 13, 1)]
    [DataRow(64, 64, 4)]
    [DataRow(130, 65, 7)]
    public void A_packed_matrix_multiplies(int outputs, int inputs, int rows)
    {
        var random = new Random(1);
        float[] weights = new float[outputs * inputs];
        foreach (ref float weight in weights.AsSpan())
            weight = random.NextSingle() - 0.5f;
        var matrix = new PackedMatrix(outputs, inputs, (output, input) => weights[output * inputs + input]);
        int stride = PackedMatrix.PaddedOutputs(outputs);
        var x = new AlignedFloats(rows * inputs);
        var sums = new AlignedFloats(rows * stride);
        foreach (ref float value in x.Span)
            value = random.NextSingle();
        sums.Span.Fill(3);
        matrix.Accumulate(x.Start, inputs, sums.Start, stride, rows);
        for (int row = 0; row < rows; row++)
        {
            for (int output = 0; output < stride; output++)
            {
                double expected = 3.0;
                for (int input = 0; input < inputs && output < outputs; input++)
                    expected += (double)weights[output * inputs + input] * x.Span[row * inputs + input];
                Assert.AreEqual(expected, sums.Span[row * stride + output], 1e-4, $"row {row}, output {output}");
            }
        }
    }

    [TestMethod]
    public void Exponentials_are_exact_to_a_few_units_of_the_last_place()
    {
        for (float x = -29.97f; x < 30; x += 0.0173f)
            Assert.AreEqual(1, VectorFunctions.Exp(new Vector<float>(x))[0] / Math.Exp(x), 3e-7, $"e^{x}");
        Assert.AreEqual(Math.Exp(30), VectorFunctions.Exp(new Vector<float>(1e9f))[0], 1e7);
        Assert.AreEqual(0, VectorFunctions.Exp(new Vector<float>(float.NegativeInfinity))[0], 1e-12);
    }

    [TestMethod]
    public void A_gated_unit_is_tanh_times_sigmoid()
    {
        int width = Vector<float>.Count;
        (AlignedFloats? filter, AlignedFloats? gate, AlignedFloats? result) = (new AlignedFloats(width), new AlignedFloats(width), new AlignedFloats(width));
        float[] values = [-200, -20, -5, -1, -1e-3f, 0, 1e-3f, 0.4f, 3, 12, 200];
        foreach (float f in values)
        {
            foreach (float g in values)
            {
                filter.Span.Fill(f);
                gate.Span.Fill(g);
                VectorFunctions.GatedUnit(filter.Start, gate.Start, result.Start, width);
                Assert.AreEqual(Math.Tanh(f) / (1 + Math.Exp(-g)), result.Span[width - 1], 2e-7, $"tanh {f}, σ {g}");
            }
        }
    }

    [TestMethod]
    [DataRow(1.0)]
    [DataRow(0.5)]
    public void Symbols_are_chosen_as_often_as_their_probability_says(double temperature)
    {
        float[] logits = [1, -2, 0.5f, float.NegativeInfinity, 2];
        double[] weights = logits.Select(logit => Math.Exp(logit / temperature)).ToArray();
        var choice = new SymbolChoice(logits.Length, temperature);
        const int Draws = 10_000;
        int[] counts = new int[logits.Length];
        for (int i = 0; i < Draws; i++)
            counts[choice.Choose(logits, (i + 0.5f) / Draws)]++;
        for (int i = 0; i < logits.Length; i++)
            Assert.AreEqual(weights[i] / weights.Sum(), counts[i] / (double)Draws, 2e-4, $"symbol {i}");
        Assert.AreEqual(4, new SymbolChoice(5, 0).Choose(logits, 0));
    }
}
