using System.Diagnostics;
using System.Reflection;

namespace Microsoft.ML.VqVae.Reliability;

/// <summary>The end of a case.</summary>
internal enum Verdict
{
    /// <summary>The file gives what the good one gives.</summary>
    Same,

    /// <summary>The file gives something else, and may: it has no digest, or was written so.</summary>
    OtherContent,

    /// <summary>The library refused the file with a documented exception that names it, or its column or tensor.</summary>
    Refused,

    /// <summary>ML.NET's own loader refused the file, before or beside the library's.</summary>
    RefusedByMLNET,

    /// <summary>The library refused the file with another exception, or one that names nothing.</summary>
    UnclearError,

    /// <summary>The damaged file gives something else without an error.</summary>
    SilentDifference,

    /// <summary>The file gives fewer rows than it was given, without an error.</summary>
    LostRows,

    /// <summary>The case took more memory than its limit.</summary>
    TooMuchMemory,

    /// <summary>The case took longer than its limit.</summary>
    Hang,

    /// <summary>The process ended.</summary>
    Crash,
}

/// <summary>Judges results and exceptions.</summary>
internal static class Judge
{
    static readonly Type[] _documented =
    [
        typeof(FormatException), typeof(InvalidDataException), typeof(InvalidOperationException), typeof(ArgumentException),
        typeof(IOException), typeof(Samples.DataSetException),
    ];

    public static Verdict Of(ReadResult result, ReadResult expected, FileKind kind, Mutant mutant) =>
        result == expected ? Verdict.Same
        : mutant.IsDamage && kind.HasDigest ? Verdict.SilentDifference
        : result.Rows < expected.Rows ? Verdict.LostRows : Verdict.OtherContent;

    public static (Verdict Verdict, string Text) Of(Exception exception, string path)
    {
        while (exception.InnerException is Exception inner
            && (exception is TargetInvocationException or AggregateException || inner is TargetInvocationException))
            exception = inner;
        string text = $"{exception.GetType().Name}: {exception.Message}";
        if (IsOfMLNET(exception))
            return (Verdict.RefusedByMLNET, text);
        bool documented = exception is not ObjectDisposedException
            && Array.Exists(_documented, type => type.IsInstanceOfType(exception));
        bool names = exception.Message.Contains(Path.GetFileName(path), StringComparison.Ordinal)
            || exception.Message.Contains(Path.GetDirectoryName(path)!, StringComparison.Ordinal)
            || exception.Message.Contains("the model '", StringComparison.OrdinalIgnoreCase)
            || exception.Message.Contains("column", StringComparison.Ordinal)
            || exception.Message.StartsWith("The model needs the type", StringComparison.Ordinal)
            || exception.Message.Contains("description of the network", StringComparison.Ordinal);
        return documented && names ? (Verdict.Refused, text) : (Verdict.UnclearError, $"{text}\n{exception.StackTrace}");
    }

    /// <summary>Whether ML.NET threw the exception: the first frame that is not the runtime's is its own.</summary>
    static bool IsOfMLNET(Exception exception)
    {
        foreach (StackFrame frame in new StackTrace(exception).GetFrames())
        {
            string? assembly = frame.GetMethod()?.DeclaringType?.Assembly.GetName().Name;
            if (assembly is null || assembly.StartsWith("System.", StringComparison.Ordinal))
                continue;
            return assembly.StartsWith("Microsoft.ML", StringComparison.Ordinal)
                && !assembly.StartsWith("Microsoft.ML.VqVae", StringComparison.Ordinal);
        }
        return false;
    }
}
