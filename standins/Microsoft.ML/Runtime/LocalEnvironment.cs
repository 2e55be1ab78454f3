using System.Diagnostics;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>The environment of an <see cref="MLContext"/>, and (with a parent) the host of a component in it.</summary>
internal sealed class LocalEnvironment : IHost, IHostEnvironmentInternal
{
    private readonly LocalEnvironment _parent;
    private readonly LocalEnvironment _root;
    private readonly string _shortName;

    public LocalEnvironment(int? seed)
    {
        _root = this;
        Seed = seed;
        ComponentCatalog = new ComponentCatalog();
    }

    private LocalEnvironment(LocalEnvironment parent, string name)
    {
        _parent = parent;
        _root = parent._root;
        _shortName = name;
        FullName = parent._parent?.FullName is { } outer ? $"{outer}; {name}" : name;
        Seed = parent.Seed;
        ComponentCatalog = parent.ComponentCatalog;
        GpuDeviceId = parent.GpuDeviceId;
        FallbackToCpu = parent.FallbackToCpu;
    }

    /// <summary>A channel's name, the kind of a message and its text.</summary>
    public event Action<string, ChannelMessageKind, string> Message;

    public string FullName { get; }

    public int? Seed { get; }

    public ComponentCatalog ComponentCatalog { get; }

    public int? GpuDeviceId { get; set; }

    public bool FallbackToCpu { get; set; }

    public TException Process<TException>(TException ex) where TException : Exception
    {
        if (ex == null)
            return null;
        ex.Data["Throwing component"] = _parent == null ? "Environment" : _shortName;
        if (_parent != null)
            ex.Data["Parent component"] = _parent._parent?.FullName;
        return Contracts.Mark(ex);
    }

    public IHost Register(string name, int? seed = null, bool? verbose = null)
    {
        Contracts.CheckNonEmpty(name, nameof(name));
        return new LocalEnvironment(this, name);
    }

    public IChannel Start(string name) => new Channel(this, name);

    private sealed class Channel : IChannel
    {
        private readonly LocalEnvironment _parent;
        private readonly string _name;
        private readonly Stopwatch _watch = Stopwatch.StartNew();
        private bool _disposed;

        public Channel(LocalEnvironment parent, string name)
        {
            (_parent, _name) = (parent, name);
            Send(ChannelMessageKind.Trace, "Channel started");
        }

        public TException Process<TException>(TException ex) where TException : Exception
        {
            if (ex == null)
                return null;
            _parent.Process(ex);
            ex.Data["Phase"] = _name;
            return ex;
        }

        public void Info(MessageSensitivity sensitivity, string fmt) => Send(ChannelMessageKind.Info, fmt);

        public void Warning(MessageSensitivity sensitivity, string fmt) => Send(ChannelMessageKind.Warning, fmt);

        public void Dispose()
        {
            if (_disposed)
                return;
            _disposed = true;
            Send(ChannelMessageKind.Trace, $"Channel finished. Elapsed {_watch.Elapsed:c}.");
            Send(ChannelMessageKind.Trace, "Channel disposed");
        }

        private void Send(ChannelMessageKind kind, string message) =>
            _parent._root.Message?.Invoke(string.IsNullOrEmpty(_parent.FullName) ? _name : $"{_parent.FullName}; {_name}", kind, message);
    }
}
