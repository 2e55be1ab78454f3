using System.Text.Json;
using Microsoft.ML.VqVae.Compression;

namespace Microsoft.ML.VqVae.Tests.Compression;

/// <summary>Symbols become bytes and come back, whatever their frequencies, and take the bits that these promise.</summary>
[TestClass]
public sealed class RangeCoderTests
{
    public static IEnumerable<object[]> Seeds => Enumerable.Range(0, 60).Select(seed => new object[] { seed });

    [TestMethod]
    [DynamicData(nameof(Seeds))]
    public void Any_symbols_come_back_with_any_frequencies(int seed)
    {
        var random = new Random(seed);
        SymbolFrequencies[] tables = [.. Enumerable.Range(0, 1 + random.Next(4)).Select(_ => new SymbolFrequencies(Weights(random)))];
        int length = seed % 5 == 0 ? random.Next(4) : random.Next(3000);
        (SymbolFrequencies Table, int Symbol)[] symbols = [.. Enumerable.Range(0, length).Select(_ =>
        {
            SymbolFrequencies table = tables[random.Next(tables.Length)];
            // Half of the symbols are as likely as they should be, half are any of all, most of them hardly possible.
            bool likely = random.Next(2) == 0;
            return (table, likely ? table.Find((uint)random.Next((int)SymbolFrequencies.Total)) : random.Next(CountOf(table)));
        })];

        var encoder = new RangeEncoder();
        double bits = 0;
        foreach ((SymbolFrequencies table, int symbol) in symbols)
        {
            encoder.Encode(table, symbol);
            bits -= Math.Log2((double)table.Of(symbol) / SymbolFrequencies.Total);
        }
        byte[] bytes = encoder.Finish();
        Assert.IsLessThanOrEqualTo(bits * (1 + 1e-9) + 8, 8.0 * bytes.Length);
        var decoder = new RangeDecoder(bytes);
        for (int i = 0; i < symbols.Length; i++)
            Assert.AreEqual(symbols[i].Symbol, decoder.Decode(symbols[i].Table), $"symbol {i} of {symbols.Length}");
    }

    /// <summary>Weights of an alphabet: flat, steep, with zeros, with all but nothing for all but one, or of very many symbols.</summary>
    static uint[] Weights(Random random)
    {
        int kind = random.Next(6), count = kind == 5 ? 70_000 : 1 + random.Next(kind == 0 ? 3 : 600);
        uint[] weights = [.. Enumerable.Range(0, count).Select(symbol => kind switch
        {
            0 or 5 => (uint)random.Next(1, 100),
            1 => 1u << 30,
            2 => (uint)((1 << 30) * Math.Pow(0.8, symbol)),
            3 => random.Next(2) == 0 ? 0 : (uint)random.Next(1 << 30),
            _ => 0u,
        })];
        weights[random.Next(count)] = 1u << 30;
        return weights;
    }

    static int CountOf(SymbolFrequencies table) => table.Find(SymbolFrequencies.Total - 1) + 1;

    [TestMethod]
    public void Bytes_and_frequencies_are_those_of_a_coder_with_numbers_of_any_size()
    {
        using FileStream file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "golden", "range_coder.json"));
        Case[] cases = JsonSerializer.Deserialize<Case[]>(file, JsonSerializerOptions.Web)!;
        Assert.HasCount(10, cases);
        foreach (Case golden in cases)
        {
            var table = new SymbolFrequencies(golden.Weights);
            CollectionAssert.AreEqual(golden.Frequencies, golden.Weights.Select((_, symbol) => table.Of(symbol)).ToArray());
            var encoder = new RangeEncoder();
            foreach (int symbol in golden.Symbols)
                encoder.Encode(table, symbol);
            Assert.AreEqual(golden.Bytes, Convert.ToHexStringLower(encoder.Finish()));
        }
    }

    sealed record Case(uint[] Weights, uint[] Frequencies, int[] Symbols, string Bytes);

    [TestMethod]
    public void Frequencies_are_at_least_one_and_add_up_however_many_symbols_there_are()
    {
        foreach (int count in (int[])[1, 2, 512, SymbolFrequencies.MaxSymbols])
        {
            foreach (uint[] weights in (uint[][])[[.. Enumerable.Repeat(1u << 30, count)], [1, .. new uint[count - 1]]])
            {
                var table = new SymbolFrequencies(weights);
                Assert.AreEqual(0u, table.Start(0));
                uint sum = 0;
                for (int symbol = 0; symbol < count; symbol++)
                {
                    Assert.IsGreaterThanOrEqualTo(1u, table.Of(symbol));
                    sum += table.Of(symbol);
                }
                Assert.AreEqual(SymbolFrequencies.Total, sum);
                Assert.AreEqual(count - 1, table.Find(SymbolFrequencies.Total - 1));
                Assert.AreEqual(0, table.Find(0));
            }
        }
    }

    [TestMethod]
    public void Bytes_of_no_encoder_give_symbols_and_no_error()
    {
        var random = new Random(3);
        for (int repetition = 0; repetition < 100; repetition++)
        {
            byte[] bytes = new byte[random.Next(40)];
            random.NextBytes(bytes);
            var table = new SymbolFrequencies(Weights(random));
            var decoder = new RangeDecoder(bytes);
            for (int i = 0; i < 60; i++)
                Assert.IsLessThan(CountOf(table), decoder.Decode(table));
        }
    }
}
