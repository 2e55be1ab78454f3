namespace Microsoft.ML.VqVae.Samples;

/// <summary>A data set that is not there or not as it should be; the message says what to do and needs no stack trace.</summary>
internal sealed class DataSetException(string message) : Exception(message);
