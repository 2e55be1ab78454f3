using Microsoft.ML.VqVae.Compression;

namespace Microsoft.ML.VqVae.Tests.Compression;

/// <summary>Weights from logits: close to e^logit, and the same where another machine computes slightly different logits.</summary>
[TestClass]
public sealed class LogitQuantizerTests
{
    [TestMethod]
    public void Weights_are_the_exponentials_of_the_logits_in_steps_of_a_sixtyfourth()
    {
        // Logits in the middles of the steps, down to where weights become 0.
        double[] logits = [.. Enumerable.Range(0, 1500).Select(step => (0.5 - step) / 64)];
        var quantizer = new LogitQuantizer(logits.Length);
        Assert.IsTrue(quantizer.TryQuantize(logits, 0));
        for (int step = 0; step < logits.Length; step++)
            Assert.AreEqual((uint)Math.Round(Math.Exp(-step / 64.0) * (1 << 30)), quantizer.QuantizedWeights[step], $"step {step}");
    }

    [TestMethod]
    public void Logits_that_differ_by_less_than_the_tolerance_give_the_same_weights()
    {
        var random = new Random(1);
        int safe = 0, moved = 0;
        for (int repetition = 0; repetition < 400; repetition++)
        {
            int count = 1 + random.Next(60);
            double scale = Math.Pow(10, random.Next(-2, 4));
            double[] logits = [.. Enumerable.Range(0, count).Select(_ => scale * (random.NextDouble() - 0.5))];
            // A few that lie at a limit of rounding, or very close to one.
            for (int i = 0; i < repetition % 4; i++)
            {
                double limit = Math.Round(logits[random.Next(count)] * 64) / 64;
                logits[random.Next(count)] = limit + LogitQuantizer.Tolerance * 2 * (random.NextDouble() - 0.5);
            }
            var quantizer = new LogitQuantizer(count);
            int offset = 0;
            while (!quantizer.TryQuantize(logits, offset))
                offset++;
            Assert.IsLessThan(LogitQuantizer.Offsets, offset);
            (safe, moved) = offset == 0 ? (safe + 1, moved) : (safe, moved + 1);
            uint[] expected = quantizer.QuantizedWeights.ToArray();
            for (int machine = 0; machine < 10; machine++)
            {
                double[] others = [.. logits.Select(logit =>
                    logit + 0.999 * LogitQuantizer.Tolerance * (machine < 5 ? 2 * random.NextDouble() - 1 : random.Next(2) * 2 - 1))];
                quantizer.TryQuantize(others, offset);
                CollectionAssert.AreEqual(expected, quantizer.QuantizedWeights.ToArray());
            }
        }
        Assert.IsGreaterThan(50, safe);
        Assert.IsGreaterThan(50, moved);
    }

    [TestMethod]
    public void Rounding_costs_less_than_a_ten_thousandth_of_a_bit()
    {
        var random = new Random(2);
        double lost = 0;
        const int repetitions = 50, count = 512;
        var quantizer = new LogitQuantizer(count);
        var frequencies = new SymbolFrequencies(count);
        for (int repetition = 0; repetition < repetitions; repetition++)
        {
            double[] logits = [.. Enumerable.Range(0, count).Select(_ => 12 * random.NextDouble())];
            Assert.IsTrue(quantizer.TryQuantize(logits, 0));
            frequencies.Set(quantizer.QuantizedWeights);
            double total = logits.Sum(Math.Exp);
            for (int symbol = 0; symbol < count; symbol++)
            {
                double p = Math.Exp(logits[symbol]) / total;
                lost += p * Math.Log2(p / ((double)frequencies.Of(symbol) / SymbolFrequencies.Total)) / repetitions;
            }
        }
        Assert.IsGreaterThan(0, lost);
        Assert.IsLessThan(1e-4, lost);
    }

    [TestMethod]
    public void Impossible_symbols_keep_the_smallest_frequency()
    {
        var quantizer = new LogitQuantizer(4);
        Assert.IsTrue(quantizer.TryQuantize([double.NegativeInfinity, 0.3, -1e300, 0.2], 0));
        var frequencies = new SymbolFrequencies(quantizer.QuantizedWeights);
        Assert.AreEqual(1u, frequencies.Of(0));
        Assert.AreEqual(1u, frequencies.Of(2));
        Assert.IsGreaterThan(frequencies.Of(3), frequencies.Of(1));
    }

    [TestMethod]
    [DataRow(double.NaN, 0.0, "A logit is NaN")]
    [DataRow(0.0, double.PositiveInfinity, "A logit is ∞")]
    [DataRow(1e5, 0.0, "A logit is 100000")]
    [DataRow(double.NegativeInfinity, double.NegativeInfinity, "The largest logit is -∞")]
    [DataRow(-1e6, -1e7, "The largest logit is -1000000")]
    public void Logits_that_are_no_use_are_named(double first, double second, string start)
    {
        ArgumentException error = Assert.ThrowsExactly<ArgumentException>(() => new LogitQuantizer(2).TryQuantize([first, second], 0));
        Assert.StartsWith(start, error.Message.Replace("Infinity", "∞"));
    }
}
