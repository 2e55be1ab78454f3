namespace Microsoft.ML.VqVae.Samples;

/// <summary>A missing or invalid data set; the message says what to do and needs no stack trace.</summary>
internal sealed class DataSetException(string message) : Exception(message);
