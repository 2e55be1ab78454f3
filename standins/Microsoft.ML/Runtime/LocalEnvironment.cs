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
        Rand = RandomUtils.Create(seed);
        ComponentCatalog = new ComponentCatalog();
    }

    private LocalEnvironment(LocalEnvironment parent, string name, Random random)
    {
        _parent = parent;
        _root = parent._root;
        _shortName = name;
        FullName = parent._parent?.FullName is { } outer ? $"{outer}; {name}" : name;
        Seed = parent.Seed;
        Rand = random;
        ComponentCatalog = parent.ComponentCatalog;
        GpuDeviceId = parent.GpuDeviceId;
        FallbackToCpu = parent.FallbackToCpu;
    }

    public event Action<string, ChannelMessage> Message;

    public string FullName { get; }

    public int? Seed { get; }

    public Random Rand { get; }

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
        lock (Rand)
            return new LocalEnvironment(this, name, seed.HasValue ? RandomUtils.Create(seed) : RandomUtils.Create(Rand));
    }

    public IChannel Start(string name) => new Channel(this, name);

    private class Pipe<TMessage>(LocalEnvironment parent, string name) : IPipe<TMessage>
    {
        protected LocalEnvironment Parent { get; } = parent;

        protected string FullName { get; } = string.IsNullOrEmpty(parent.FullName) ? name : $"{parent.FullName}; {name}";

        public TException Process<TException>(TException ex) where TException : Exception
        {
            if (ex == null)
                return null;
            Parent.Process(ex);
            ex.Data["Throwing component"] = Parent._shortName;
            ex.Data["Phase"] = name;
            return ex;
        }

        public virtual void Send(TMessage msg) { }

        public virtual void Dispose() { }
    }

    private sealed class Channel : Pipe<ChannelMessage>, IChannel
    {
        private readonly Stopwatch _watch = Stopwatch.StartNew();
        private bool _disposed;

        public Channel(LocalEnvironment parent, string name) : base(parent, name) =>
            Send(ChannelMessageKind.Trace, MessageSensitivity.None, "Channel started");

        public override void Send(ChannelMessage msg) => Parent._root.Message?.Invoke(FullName, msg);

        public override void Dispose()
        {
            if (_disposed)
                return;
            _disposed = true;
            Send(ChannelMessageKind.Trace, MessageSensitivity.None, "Channel finished. Elapsed {0:c}.", _watch.Elapsed);
            Send(ChannelMessageKind.Trace, MessageSensitivity.None, "Channel disposed");
        }

        private void Send(ChannelMessageKind kind, MessageSensitivity sensitivity, string format, params object[] arguments) =>
            Send(new ChannelMessage(kind, sensitivity, format, arguments));

        public void Warning(MessageSensitivity sensitivity, string fmt) => Send(ChannelMessageKind.Warning, sensitivity, fmt);

        public void Warning(MessageSensitivity sensitivity, string fmt, params object[] args) =>
            Send(ChannelMessageKind.Warning, sensitivity, fmt, args);

        public void Info(MessageSensitivity sensitivity, string fmt) => Send(ChannelMessageKind.Info, sensitivity, fmt);
    }
}
