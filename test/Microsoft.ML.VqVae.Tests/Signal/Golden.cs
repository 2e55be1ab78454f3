using System.Text.Json;

namespace Microsoft.ML.VqVae.Tests.Signal;

/// <summary>The numbers of test/golden/signal.py.</summary>
internal static class Golden
{
    public static JsonElement Read(string part)
    {
        using FileStream file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "golden", "signal.json"));
        return JsonSerializer.Deserialize<JsonElement>(file).GetProperty(part);
    }

    public static float[] Floats(this JsonElement element, string name) => element.GetProperty(name).Deserialize<float[]>()!;

    public static int Whole(this JsonElement element, string name) => element.GetProperty(name).GetInt32();

    /// <summary>The waveform of the script.</summary>
    public static float[] SpeechLike(int count, int rate) =>
    [
        .. Enumerable.Range(0, count).Select(i => (double)i).Select(n => (float)(
            0.3 * Math.Sin(2 * Math.PI * 220 * n / rate) + 0.2 * Math.Sin(0.0004 * n * n + 0.3)
            + 0.1 * Math.Sin(1.7 * n + 0.2) * Math.Cos(0.01 * n))),
    ];

    public static void Close(ReadOnlySpan<float> expected, ReadOnlySpan<float> found, double tolerance, string what)
    {
        Assert.AreEqual(expected.Length, found.Length, $"{what}: count");
        for (int i = 0; i < found.Length; i++)
        {
            if (!(Math.Abs(expected[i] - found[i]) <= tolerance))
                Assert.Fail($"{what}[{i}]: expected {expected[i]:G9}, found {found[i]:G9}.");
        }
    }
}
