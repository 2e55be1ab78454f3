using System.Globalization;

namespace Microsoft.ML.Runtime;

/// <summary>Makes and throws the exceptions, marked with the component that reports them.</summary>
internal static class Contracts
{
    private const string MarkedKey = "ML_IsMarked";

    public static TException Mark<TException>(TException exception) where TException : Exception
    {
        exception.Data[MarkedKey] = 1;
        return exception;
    }

    public static bool IsMarked(this Exception exception) => exception.Data.Contains(MarkedKey);

    private static Exception Process(Exception exception, IExceptionContext context) =>
        context == null ? Mark(exception) : context.Process(exception);

    private static string Format(string format, object[] arguments) =>
        arguments.Length == 0 ? format : string.Format(CultureInfo.CurrentCulture, format, arguments);

    public static Exception Except(string message, params object[] arguments) => Except((IExceptionContext)null, message, arguments);

    public static Exception Except(this IExceptionContext context, string message, params object[] arguments) =>
        Process(new InvalidOperationException(Format(message, arguments)), context);

    public static Exception Except(this IExceptionContext context, Exception inner, string message) =>
        Process(new InvalidOperationException(message, inner), context);

    public static Exception ExceptParam(string paramName, string message) => ExceptParam(null, paramName, message);

    public static Exception ExceptParam(this IExceptionContext context, string paramName, string message) =>
        Process(message == null ? new ArgumentOutOfRangeException(paramName) : new ArgumentOutOfRangeException(paramName, message),
            context);

    public static Exception ExceptValue(this IExceptionContext context, string paramName) =>
        Process(new ArgumentNullException(paramName), context);

    public static Exception ExceptDecode(this IExceptionContext context, string message, Exception inner = null) =>
        Process(message == null ? new FormatException() : new FormatException(message, inner), context);

    public static Exception ExceptSchemaMismatch(this IExceptionContext context, string paramName, string columnRole, string columnName) =>
        ExceptParam(context, paramName, $"Could not find {columnRole} column '{columnName}'");

    public static Exception ExceptSchemaMismatch(this IExceptionContext context, string paramName, string columnRole, string columnName,
        string expectedType, string actualType) =>
        ExceptParam(context, paramName,
            $"Schema mismatch for {columnRole} column '{columnName}': expected {expectedType}, got {actualType}");

    public static Exception ExceptSchemaMismatch(string paramName, string columnRole, string columnName, string expectedType,
        string actualType) =>
        ExceptSchemaMismatch(null, paramName, columnRole, columnName, expectedType, actualType);

    public static void Check(bool condition, string message = "Operation is not valid due to the current state of the object.") =>
        Check(null, condition, message);

    public static void Check(this IExceptionContext context, bool condition,
        string message = "Operation is not valid due to the current state of the object.")
    {
        if (!condition)
            throw Except(context, "{0}", message);
    }

    public static void CheckParam(bool condition, string paramName, string message = null) =>
        CheckParam(null, condition, paramName, message);

    public static void CheckParam(this IExceptionContext context, bool condition, string paramName, string message = null)
    {
        if (!condition)
            throw ExceptParam(context, paramName, message);
    }

    public static void CheckUserArg(this IExceptionContext context, bool condition, string name, string message = null) =>
        CheckParam(context, condition, name, message);

    public static void CheckValue<T>(T value, string paramName) where T : class => CheckValue(null, value, paramName);

    public static void CheckValue<T>(this IExceptionContext context, T value, string paramName) where T : class
    {
        if (value is null)
            throw ExceptValue(context, paramName);
    }

    public static void CheckNonEmpty(string value, string paramName) => CheckNonEmpty(null, value, paramName);

    public static void CheckNonEmpty(this IExceptionContext context, string value, string paramName)
    {
        if (string.IsNullOrEmpty(value))
            throw ExceptParam(context, paramName, $"{paramName} cannot be null or empty");
    }

    public static void CheckDecode(bool condition, string message = null) => CheckDecode(null, condition, message);

    public static void CheckDecode(this IExceptionContext context, bool condition, string message = null)
    {
        if (!condition)
            throw ExceptDecode(context, message);
    }
}
