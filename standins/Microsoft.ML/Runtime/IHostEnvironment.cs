namespace Microsoft.ML.Runtime;

public interface IExceptionContext
{
    TException Process<TException>(TException ex) where TException : Exception;
}

public interface IChannelProvider : IExceptionContext
{
    IChannel Start(string name);
}

/// <summary>What a component runs in: where it logs, how it is seeded, what it may use.</summary>
public interface IHostEnvironment : IChannelProvider
{
    IHost Register(string name, int? seed = null, bool? verbose = null);

    ComponentCatalog ComponentCatalog { get; }
}

internal interface IHostEnvironmentInternal : IHostEnvironment
{
    int? Seed { get; }

    bool FallbackToCpu { get; set; }

    int? GpuDeviceId { get; set; }
}

public interface IHost : IHostEnvironment
{
}

public enum ChannelMessageKind
{
    Trace = 0,
    Info = 1,
    Warning = 2,
    Error = 3,
}

[Flags]
public enum MessageSensitivity
{
    None = 0,
    UserData = 1,
    Schema = 2,
    Unknown = ~None,
    All = Unknown,
}

public interface IChannel : IExceptionContext, IDisposable
{
    void Warning(MessageSensitivity sensitivity, string fmt);

    void Info(MessageSensitivity sensitivity, string fmt);
}
