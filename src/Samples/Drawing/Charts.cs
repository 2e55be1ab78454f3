using ScottPlot;
using ScottPlot.Panels;
using ScottPlot.Plottables;
using ScottPlot.TickGenerators;

namespace Microsoft.ML.VqVae.Samples.Drawing;

/// <summary>An axis of a chart.</summary>
/// <param name="Label">The quantity and its unit.</param>
/// <param name="Logarithmic">Whether the axis is logarithmic; values of 0 or less are then left out.</param>
/// <param name="Min">The lower end; null for the lowest value.</param>
/// <param name="Max">The upper end; null for the highest value.</param>
/// <param name="Format">The format of the numbers.</param>
internal sealed record Axis(string Label, bool Logarithmic = false, double? Min = null, double? Max = null, string Format = "#,0.####");

/// <summary>A curve of a chart.</summary>
/// <param name="Name">The name in the legend.</param>
/// <param name="Color">The color of the line.</param>
/// <param name="Points">In the order of X.</param>
/// <param name="End">A value to mark with a dot at the right edge; null for none.</param>
internal sealed record Series(string Name, Color Color, IReadOnlyList<(double X, double Y)> Points, double? End = null)
{
    /// <summary>Half the height of the error bar of each point; null for none.</summary>
    public IReadOnlyList<double>? Errors { get; init; }

    /// <summary>Whether each point has a dot.</summary>
    public bool Dots { get; init; }

    public bool Dashed { get; init; }
}

/// <summary>A vertical line at a moment that the chart should show.</summary>
internal sealed record Mark(double X, string Text);

/// <summary>Charts by ScottPlot, in the font and the colors of the other pictures.</summary>
internal static class Charts
{
    public const int Width = 860, Height = 440;

    static Charts() => Fonts.FontResolvers.Insert(0, new EmbeddedFont());

    /// <summary>Curves over common axes, with a legend if there are several.</summary>
    public static Canvas Lines(
        string title, string remark, Axis x, Axis y, IReadOnlyList<Series> curves, IReadOnlyList<Mark>? marks = null,
        int width = Width, int height = Height)
    {
        using var plot = new Plot();
        Series[] drawn = [.. curves.Select(curve => curve with
        {
            Errors = curve.Errors is { } errors ? [.. errors.Where((_, i) => IsShown(curve.Points[i]))] : null,
            Points = [.. curve.Points.Where(IsShown)],
        })];
        foreach (Series curve in drawn.Where(curve => curve.Points.Count > 0))
        {
            double[] xs = [.. curve.Points.Select(point => Place(point.X, x))], ys = [.. curve.Points.Select(point => Place(point.Y, y))];
            Scatter line = plot.Add.Scatter(xs, ys, curve.Color.ToPlot());
            line.LineWidth = 2;
            line.LinePattern = curve.Dashed ? LinePattern.Dashed : LinePattern.Solid;
            line.MarkerSize = curve.Dots ? 7 : 0;
            line.LegendText = curve.Name;
            if (curve.Errors is not null)
                AddErrors(plot, curve, x, y);
            if (curve.End is { } end && double.IsFinite(end))
                plot.Add.Marker(xs.Max(), Place(end, y), MarkerShape.FilledCircle, 9, curve.Color.ToPlot());
        }
        Limits(plot, x, y, drawn);
        foreach (Mark mark in marks ?? [])
        {
            VerticalLine line = plot.Add.VerticalLine(Place(mark.X, x), 1.5f, Color.Muted.ToPlot(), LinePattern.Dashed);
            line.ExcludeFromLegend = true;
            AxisLimits limits = plot.Axes.GetLimits();
            Text text = plot.Add.Text(mark.Text, line.X, limits.Top);
            text.LabelFontColor = Color.Muted.ToPlot();
            text.LabelFontSize = Lettering.Body;
            text.LabelAlignment = line.X > limits.Left + 0.6 * limits.HorizontalSpan ? Alignment.UpperRight : Alignment.UpperLeft;
            (text.OffsetX, text.OffsetY) = (text.LabelAlignment == Alignment.UpperLeft ? 6 : -6, 6);
        }
        Style(plot, x.Label, y.Label);
        if (curves.Count > 1)
            plot.ShowLegend(Edge.Bottom);
        else
            plot.HideLegend();
        return Draw(plot, title, remark, width, height);

        bool IsShown((double X, double Y) point) => double.IsFinite(point.X) && double.IsFinite(point.Y)
            && (!x.Logarithmic || point.X > 0) && (!y.Logarithmic || point.Y > 0);
    }

    static double Place(double value, Axis axis) => axis.Logarithmic ? Math.Log10(value) : value;

    static void AddErrors(Plot plot, Series curve, Axis x, Axis y)
    {
        foreach (((double X, double Y) point, double error) in curve.Points.Zip(curve.Errors!))
        {
            double low = Math.Max(point.Y - error, y.Logarithmic ? point.Y / 1e3 : double.MinValue);
            LinePlot line = plot.Add.Line(Place(point.X, x), Place(low, y), Place(point.X, x), Place(point.Y + error, y));
            (line.Color, line.LineWidth) = (curve.Color.ToPlot(), 1.5f);
        }
    }

    static void Limits(Plot plot, Axis x, Axis y, Series[] curves)
    {
        double[] xs = [.. curves.SelectMany(curve => curve.Points).Select(point => Place(point.X, x))];
        double[] ys =
        [
            .. curves.SelectMany(curve => curve.Points.Select((point, i) => (point.Y, Error: curve.Errors?[i] ?? 0)))
                .SelectMany(point => (double[])[point.Y - point.Error, point.Y + point.Error])
                .Concat(curves.Where(curve => curve.Points.Count > 0).Select(curve => curve.End ?? double.NaN))
                .Where(value => double.IsFinite(value) && (!y.Logarithmic || value > 0)).Select(value => Place(value, y)),
        ];
        (double left, double right) = Range(x, xs, x.Logarithmic ? 0.03 : 0.02);
        (double bottom, double top) = Range(y, ys, 0.06);
        plot.Axes.SetLimits(left, right, bottom, top);
        plot.Axes.Bottom.TickGenerator = Ticks(x, left, right);
        plot.Axes.Left.TickGenerator = Ticks(y, bottom, top);
    }

    /// <summary>The ends of an axis: those that it names, or those of the values with some space beyond them.</summary>
    static (double Low, double High) Range(Axis axis, double[] values, double space)
    {
        (double low, double high) = values.Length > 0 ? (values.Min(), values.Max()) : (0, 1);
        double beyond = high > low ? space * (high - low) : Math.Max(0.05 * Math.Abs(high), 1e-3);
        return (axis.Min is { } min ? Place(min, axis) : low - beyond, axis.Max is { } max ? Place(max, axis) : high + beyond);
    }

    static ITickGenerator Ticks(Axis axis, double low, double high)
    {
        if (!axis.Logarithmic)
            return new NumericAutomatic { LabelFormatter = value => value.ToString(axis.Format, null) };
        return new NumericManual([.. LogarithmicTicks(low, high).Select(value => new Tick(Math.Log10(value), value.ToString(axis.Format, null)))]);
    }

    /// <summary>The numbers of a logarithmic axis between two powers of ten, two or more.</summary>
    internal static double[] LogarithmicTicks(double low, double high)
    {
        // At each power of ten; over less than three of them, at 2 and 5 times each as well; over less than one, at all digits.
        int[] digits = high - low > 3 ? [1] : high - low > 0.7 ? [1, 2, 5] : [1, 2, 3, 4, 5, 6, 7, 8, 9];
        double[] values =
        [
            .. from power in Enumerable.Range((int)Math.Floor(low), (int)Math.Ceiling(high) - (int)Math.Floor(low) + 1)
               from digit in digits
               let value = digit * Math.Pow(10, power)
               where Math.Log10(value) >= low && Math.Log10(value) <= high
               select value,
        ];
        if (values.Length > 1)
            return values;
        // Between two digits, as from 0.21 to 0.29, at 1, 2 or 5 units of a smaller power, a fifth of the axis or somewhat more apart.
        (double first, double last) = (Math.Pow(10, low), Math.Pow(10, high));
        double least = (last - first) / 5, unit = Math.Pow(10, Math.Floor(Math.Log10(least)));
        double step = ((double[])[1, 2, 5, 10]).Select(times => times * unit).First(step => step >= least * (1 - 1e-9));
        int from = (int)Math.Ceiling(first / step - 1e-9), to = (int)Math.Floor(last / step + 1e-9);
        return [.. Enumerable.Range(from, to - from + 1).Select(number => number * step)];
    }

    static void Style(Plot plot, string xLabel, string yLabel)
    {
        plot.Font.Set(Lettering.Family);
        plot.XLabel(xLabel);
        plot.YLabel(yLabel);
        plot.Axes.Color(Color.Ink.ToPlot());
        foreach (IAxis axis in (IAxis[])[plot.Axes.Bottom, plot.Axes.Left])
        {
            (axis.Label.Bold, axis.Label.FontSize) = (false, Lettering.Body);
            axis.TickLabelStyle.FontSize = Lettering.Body;
        }
        plot.Grid.MajorLineColor = Color.Faint.ToPlot();
        plot.Axes.Right.FrameLineStyle.IsVisible = plot.Axes.Top.FrameLineStyle.IsVisible = false;
        plot.Legend.FontSize = Lettering.Body;
        plot.Legend.FontName = Lettering.Family;
        plot.Legend.OutlineWidth = 0;
        plot.Legend.ShadowColor = Colors.Transparent;
        plot.Legend.Orientation = Orientation.Horizontal;
        plot.Axes.Top.MinimumSize = 8;
        plot.Axes.Right.MinimumSize = 12;
    }

    static Canvas Draw(Plot plot, string title, string remark, int width, int height)
    {
        int heading = title.Length > 0 ? Canvas.HeadingHeight(remark, width) : 0;
        var chart = new Canvas(width, height);
        chart.Paint(canvas => plot.Render(canvas, width, height));
        if (heading == 0)
            return chart;
        var whole = new Canvas(width, heading + height);
        whole.WriteHeading(title, remark);
        whole.Draw(chart, 0, heading);
        return whole;
    }

    /// <summary>Gives the embedded font for every name.</summary>
    sealed class EmbeddedFont : IFontResolver
    {
        public SkiaSharp.SKTypeface CreateTypeface(string fontName, bool bold, bool italic) => Load(bold);

        public SkiaSharp.SKTypeface CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing) =>
            Load(weight >= FontWeight.SemiBold);

        // ScottPlot may dispose its typefaces.
        static SkiaSharp.SKTypeface Load(bool bold) => Lettering.Load(bold ? "DejaVuSans-Bold.ttf" : "DejaVuSans.ttf");
    }
}
