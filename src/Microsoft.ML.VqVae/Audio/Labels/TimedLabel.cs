namespace Microsoft.ML.VqVae.Audio;

/// <summary>A label of a stretch of time: a phone, for example.</summary>
/// <param name="Start">When it begins, in seconds; the moment belongs to it.</param>
/// <param name="End">When it ends, in seconds; the moment no longer belongs to it.</param>
/// <param name="Text">The label.</param>
public readonly record struct TimedLabel(double Start, double End, string Text);
