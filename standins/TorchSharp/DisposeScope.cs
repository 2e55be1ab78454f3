namespace TorchSharp;

/// <summary>Holds the tensors made on this thread while it is the innermost scope, and disposes of them when it ends.</summary>
public sealed class DisposeScope : IDisposable
{
    readonly DisposeScopes manager;
    bool ended;

    internal DisposeScope(DisposeScopes manager) => (this.manager, Outer) = (manager, manager.Current);

    internal DisposeScope? Outer { get; set; }
    internal HashSet<IDisposable> Disposables { get; private set; } = new(ReferenceEqualityComparer.Instance);

    HashSet<IDisposable> Live => ended ? throw new ObjectDisposedException(GetType().FullName) : Disposables;

    public int DisposablesCount => Live.Count;

    public T MoveToOuter<T>(T disposable) where T : IDisposable
    {
        MoveToOther(Outer, [disposable]);
        return disposable;
    }

    public void MoveToOther(DisposeScope? scope, IEnumerable<IDisposable> disposables)
    {
        if (scope is null)
        {
            Detach(disposables);
            return;
        }
        foreach (IDisposable disposable in disposables)
            if (Live.Contains(disposable)) Own(scope, (torch.Tensor)disposable);
    }

    public T Detach<T>(T disposable) where T : IDisposable
    {
        Detach([disposable]);
        return disposable;
    }

    public void Detach(params IDisposable[] disposables) => Detach((IEnumerable<IDisposable>)disposables);

    public void Detach(IEnumerable<IDisposable> disposables)
    {
        foreach (IDisposable disposable in disposables)
            if (Live.Remove(disposable)) ((torch.Tensor)disposable).OwningDisposeScope = null;
    }

    public void Attach(IDisposable disposable) => Attach((IEnumerable<IDisposable>)[disposable]);

    public IReadOnlyList<IDisposable> Attach(IEnumerable<IDisposable> disposables)
    {
        _ = Live;
        var attached = disposables.ToList();
        foreach (IDisposable disposable in attached)
        {
            if (disposable is not torch.Tensor tensor)
                throw new InvalidOperationException("DisposeScope can only manage Tensor or PackedSequence");
            Own(this, tensor);
        }
        return attached;
    }

    public void DisposeEverything() => DisposeEverythingBut((IEnumerable<IDisposable>)[]);

    public void DisposeEverythingBut(IEnumerable<IDisposable> inKeep)
    {
        HashSet<IDisposable> all = Live;
        Disposables = new(inKeep, ReferenceEqualityComparer.Instance);
        foreach (IDisposable disposable in all)
            if (!Disposables.Contains(disposable)) disposable.Dispose();
    }

    public void MarkAsDisposed(IDisposable disposable)
    {
        Live.Remove(disposable);
        if (disposable is torch.Tensor tensor) tensor.OwningDisposeScope = null;
    }

    public void Dispose()
    {
        if (ended) return;
        DisposeEverything();
        manager.Remove(this);
        ended = true;
    }

    /// <summary>A parameter takes the place of the tensor that it was made from.</summary>
    internal static void Replace(torch.Tensor original, torch.Tensor replacement)
    {
        if (original.OwningDisposeScope is not { } scope || !scope.Disposables.Remove(original)) return;
        original.OwningDisposeScope = null;
        Own(scope, replacement);
    }

    static void Own(DisposeScope scope, torch.Tensor tensor)
    {
        if (tensor.OwningDisposeScope == scope) return;
        tensor.OwningDisposeScope?.Disposables.Remove(tensor);
        scope.Disposables.Add(tensor);
        tensor.OwningDisposeScope = scope;
    }
}

/// <summary>The scopes of one thread, innermost first.</summary>
internal sealed class DisposeScopes
{
    [ThreadStatic] static DisposeScopes? own;

    internal static DisposeScopes OfThread => own ??= new();
    internal DisposeScope? Current { get; private set; }

    internal DisposeScope New() => Current = new(this);

    internal void Remove(DisposeScope scope)
    {
        if (Current == scope)
        {
            Current = scope.Outer;
            return;
        }
        for (DisposeScope? inner = Current; inner is not null; inner = inner.Outer)
        {
            if (inner.Outer != scope) continue;
            inner.Outer = scope.Outer;
            return;
        }
    }
}

public static partial class torch
{
    public static DisposeScope NewDisposeScope() => DisposeScopes.OfThread.New();

    public static DisposeScope? CurrentDisposeScope => DisposeScopes.OfThread.Current;
}
