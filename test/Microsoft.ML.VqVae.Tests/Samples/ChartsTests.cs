using System.Globalization;
using Microsoft.ML.VqVae.Samples.Drawing;

namespace Microsoft.ML.VqVae.Tests.Samples;

[TestClass]
public sealed class ChartsTests
{
    static readonly Color Red = new(200, 0, 0), Green = new(0, 150, 0);

    [TestMethod]
    public void Curves_run_from_side_to_side_in_their_colors()
    {
        Canvas chart = Charts.Lines("", "", new Axis("x"), new Axis("y"),
            [new Series("flat", Red, [(0, 5), (10, 5)]), new Series("dots", Green, [(1, 5.5), (9, 5.5)]) { Dots = true, Errors = [0.2, 0.2] }],
            [new Mark(4, "here")], width: 400, height: 240);
        (int X, int Y)[] red = Of(chart, Red);
        Assert.IsGreaterThan(250, red.Max(at => at.X) - red.Min(at => at.X), "a line from one side to the other");
        Assert.IsLessThanOrEqualTo(3, red.Where(at => at.Y < 170).Select(at => at.Y).Distinct().Count(), "a flat line outside of the legend");
        Assert.IsNotEmpty(Of(chart, Green));
        Assert.IsGreaterThan(red.Min(at => at.Y) - 150, Of(chart, Green).Min(at => at.Y));
        Assert.IsLessThan(red.Min(at => at.Y), Of(chart, Green).Min(at => at.Y), "higher values are further up");
    }

    [TestMethod]
    public void A_logarithmic_axis_places_powers_of_ten_at_equal_distances()
    {
        Canvas chart = Charts.Lines("", "", new Axis("labels", Logarithmic: true), new Axis("accuracy", Min: 0, Max: 1),
            [new Series("a", Red, [(0, 0.5), (100, 0.5), (1000, 0.5), (10_000, 0.5)]) { Dots = true }], width: 400, height: 240);
        // Rows of dots are wider than the line.
        int[] columns = [.. Of(chart, Red).GroupBy(at => at.X).Where(column => column.Count() > 5).Select(column => column.Key).Order()];
        double[] centers = [.. columns.Where((x, i) => i == 0 || x > columns[i - 1] + 20).Select(first =>
            columns.Where(x => x >= first && x < first + 10).Average())];
        Assert.HasCount(3, centers, "the value 0 has no place on a logarithmic axis");
        Assert.AreEqual(centers[1] - centers[0], centers[2] - centers[1], 1.5);
    }

    [TestMethod]
    [DataRow(0.21, 0.29, "0.22 0.24 0.26 0.28")]
    [DataRow(0.25, 0.35, "0.26 0.28 0.3 0.32 0.34")]
    [DataRow(101.0, 104.0, "101 102 103 104")]
    [DataRow(0.5, 2.5, "0.5 0.6 0.7 0.8 0.9 1 2")]
    [DataRow(8.0, 90.0, "10 20 50")]
    public void A_logarithmic_axis_has_numbers_also_between_two_digits(double low, double high, string expected) => Assert.AreEqual(
        expected, string.Join(' ', Charts.LogarithmicTicks(Math.Log10(low), Math.Log10(high))
            .Select(value => value.ToString("0.####", CultureInfo.InvariantCulture))));

    static (int X, int Y)[] Of(Canvas canvas, Color color)
    {
        var found = new List<(int, int)>();
        byte[] row = new byte[canvas.Width * 3];
        for (int y = 0; y < canvas.Height; y++)
        {
            canvas.CopyRow(y, row);
            found.AddRange(Enumerable.Range(0, canvas.Width).Where(x =>
                Math.Abs(row[x * 3] - color.Red) + Math.Abs(row[x * 3 + 1] - color.Green) + Math.Abs(row[x * 3 + 2] - color.Blue) < 8)
                .Select(x => (x, y)));
        }
        return [.. found];
    }
}
