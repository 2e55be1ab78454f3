namespace Microsoft.ML.VqVae.Networks;

/// <summary>The progress of a part of some work, reported as the progress of the whole.</summary>
internal sealed class ProgressShare : IProgress<double>
{
    readonly IProgress<double> _whole;
    readonly double _done;
    readonly double _part;
    readonly double _total;

    ProgressShare(IProgress<double> whole, double done, double part, double total) =>
        (_whole, _done, _part, _total) = (whole, done, part, total);

    /// <summary>The progress of the next part.</summary>
    /// <param name="whole">Receives the completed share of the whole; null for no reports.</param>
    /// <param name="done">The amount completed before the part.</param>
    /// <param name="part">The amount of the part.</param>
    /// <param name="total">The amount of the whole.</param>
    public static IProgress<double>? Of(IProgress<double>? whole, double done, double part, double total) =>
        whole is null ? null : new ProgressShare(whole, done, part, total);

    public void Report(double value) => _whole.Report((_done + value * _part) / _total);
}
