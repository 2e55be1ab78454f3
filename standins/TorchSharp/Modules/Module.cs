using System.Reflection;
using TorchSharp.Modules;
using TorchSharp.Utils;

namespace TorchSharp.Utils
{
    /// <summary>Registers a field under another name than its own.</summary>
    [AttributeUsage(AttributeTargets.Field)]
    public class ComponentNameAttribute : Attribute
    {
        public string Name { get; set; } = "";
    }
}

namespace TorchSharp.Modules
{
    /// <summary>A tensor that a module learns. Making one empties the tensor it is made from.</summary>
    public class Parameter : torch.Tensor
    {
        public Parameter(torch.Tensor data, bool requires_grad = true) : base(data.with_requires_grad(requires_grad).MoveHandle(), false) =>
            DisposeScope.Replace(data, this);
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static Parameter Parameter(Tensor data, bool requires_grad = true) => new(data, requires_grad);

            /// <summary>A part of a network: parameters, buffers and further modules under their names.</summary>
            public partial class Module : IDisposable
            {
                readonly OrderedDictionary<string, Parameter> ownParameters = [];
                readonly OrderedDictionary<string, (Tensor Tensor, bool Persistent)> ownBuffers = [];
                readonly OrderedDictionary<string, Module> ownModules = [];
                bool registered, disposed;

                protected string? name;

                protected Module(string? name) => this.name = name;

                public virtual bool training { get; private set; } = true;

                // ---- registering ----

                /// <summary>Registers every field that is a module, a parameter or a tensor under its literal name.</summary>
                protected virtual void RegisterComponents()
                {
                    if (registered) return;
                    foreach (FieldInfo field in Fields())
                    {
                        string name = ComponentName(field);
                        if (ownModules.ContainsKey(name) || ownParameters.ContainsKey(name) || ownBuffers.ContainsKey(name)) continue;
                        switch (field.GetValue(this))
                        {
                            case Module module: register_module(name, module); break;
                            case Parameter parameter: register_parameter(name, parameter); break;
                            case Tensor tensor: register_buffer(name, tensor); break;
                        }
                    }
                    registered = true;
                }

                const BindingFlags OwnFields =
                    BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.DeclaredOnly;

                IEnumerable<FieldInfo> Fields()
                {
                    var seen = new HashSet<string>();
                    for (Type? type = GetType(); type is not null && type != typeof(Module); type = type.BaseType)
                        foreach (FieldInfo field in type.GetFields(OwnFields))
                            if (seen.Add(field.Name)) yield return field;
                }

                static string ComponentName(FieldInfo field) => field.GetCustomAttribute<ComponentNameAttribute>()?.Name ?? field.Name;

                public virtual void register_buffer(string name, Tensor tensor, bool persistent = true)
                {
                    if (tensor is null || tensor.IsInvalid) throw new ArgumentNullException(nameof(tensor),
                        "A null tensor cannot be registered as a buffer.");
                    if (!ownBuffers.TryAdd(name, (tensor,
                        persistent))) throw new InvalidOperationException($"Tensor {name} is already registered.");
                }

                public virtual void register_parameter(string name, Parameter param)
                {
                    if (param is null || param.IsInvalid) throw new ArgumentNullException(nameof(param),
                        "A null tensor cannot be registered as a parameter.");
                    if (!ownParameters.TryAdd(name, param)) throw new InvalidOperationException($"Parameter {name} is already registered.");
                }

                public virtual void register_module(string name, Module submodule)
                {
                    if (submodule is null || submodule.disposed)
                    {
                        ownModules.Remove(name);
                        return;
                    }
                    if (name.Contains('.')) throw new ArgumentException($"module name can't contain \".\", got: {name}");
                    if (name.Length == 0) throw new ArgumentException("module name can't be empty string \"\"");
                    if (ownModules.ContainsKey(name)) throw new InvalidOperationException($"Sub-module {name} is already registered.");
                    submodule.RegisterComponents();
                    ownModules.Add(name, submodule);
                }

                protected void ClearModules() => ownModules.Clear();

                // ---- looking inside ----

                public virtual IEnumerable<(string name, Parameter parameter)> named_parameters(bool recurse = true)
                {
                    var seen = new HashSet<nint> { 0 };
                    foreach (var (name, parameter) in ownParameters)
                        if (seen.Add(parameter.handle)) yield return (name, parameter);
                    if (!recurse) yield break;
                    foreach (var (child, module) in ownModules)
                        foreach (var (name, parameter) in module.named_parameters())
                            if (seen.Add(parameter.handle)) yield return ($"{child}.{name}", parameter);
                }

                /// <summary>As in the library stood in for, buffers that are not persistent never appear.</summary>
                public virtual IEnumerable<(string name, Tensor buffer)> named_buffers(bool recurse = true,
                    bool include_nonpersistent = true)
                {
                    var seen = new HashSet<nint> { 0 };
                    foreach (var (name, (tensor, persistent)) in ownBuffers)
                        if (persistent && seen.Add(tensor.handle)) yield return (name, tensor);
                    if (!recurse) yield break;
                    foreach (var (child, module) in ownModules)
                        foreach (var (name, tensor) in module.named_buffers(true, include_nonpersistent))
                            if (seen.Add(tensor.handle)) yield return ($"{child}.{name}", tensor);
                }

                public virtual IEnumerable<(string name, Module module)> named_children()
                {
                    foreach (var (name, module) in ownModules) yield return (name, module);
                }

                public virtual IEnumerable<(string name, Module module)> named_modules()
                {
                    foreach (var (name, module) in ownModules) yield return (name, module);
                    foreach (var (child, module) in ownModules)
                        foreach (var (name, inner) in module.named_modules()) yield return ($"{child}.{name}", inner);
                }

                public virtual IEnumerable<Parameter> parameters(bool recurse = true) => named_parameters(recurse).Select(p => p.parameter);
                public virtual IEnumerable<Module> modules() => named_modules().Select(m => m.module);
                public virtual IEnumerable<Module> children() => named_children().Select(m => m.module);
                public virtual Parameter? get_parameter(string target) =>
                    Find(target, (module, name) => module.ownParameters.GetValueOrDefault(name));

                T? Find<T>(string target, Func<Module, string, T?> own) where T : class
                {
                    if (own(this, target) is { } found) return found;
                    int dot = target.IndexOf('.');
                    return dot > 0 && ownModules.TryGetValue(target[..dot], out Module? child) ? child.Find(target[(dot + 1)..],
                        own) : null;
                }

                public virtual Dictionary<string, Tensor> state_dict(Dictionary<string, Tensor>? destination = null, string? prefix = null)
                {
                    destination ??= [];
                    string start = string.IsNullOrEmpty(prefix) ? "" : prefix + ".";
                    foreach (var (name, parameter) in named_parameters()) destination.TryAdd(start + name, parameter);
                    foreach (var (name, buffer) in named_buffers(include_nonpersistent: false)) destination.TryAdd(start + name, buffer);
                    foreach (var (child, module) in ownModules) module.state_dict(destination, start + child);
                    return destination;
                }

                public virtual (IList<string> missing_keys, IList<string> unexpected_keyes) load_state_dict(Dictionary<string,
                    Tensor> source, bool strict = true,
                    IList<string>? skip = null)
                {
                    Dictionary<string, Tensor> own = state_dict();
                    List<string> missing = [.. own.Keys.Where(key => !source.ContainsKey(key) && skip?.Contains(key) != true)];
                    List<string> unexpected = [.. source.Keys.Where(key => !own.ContainsKey(key) && skip?.Contains(key) != true)];
                    if (strict && missing.Count + unexpected.Count > 0)
                        throw new InvalidOperationException("The loaded state_dict is not identical to the target dictionary.");
                    using IDisposable mode = no_grad();
                    foreach (var (key, tensor) in source)
                        if (skip?.Contains(key) != true && own.TryGetValue(key, out Tensor? target)) target.copy_(tensor);
                    return (missing, unexpected);
                }

                // ---- states ----

                public virtual void train(bool train = true)
                {
                    training = train;
                    foreach (Module module in children()) module.train(train);
                }

                public virtual void eval() => train(false);

                public virtual void zero_grad(bool set_to_none = true)
                {
                    foreach (Parameter parameter in parameters())
                    {
                        using Tensor? gradient = parameter.grad;
                        if (gradient is null) continue;
                        if (set_to_none) parameter.grad = null;
                        else gradient.zero_();
                    }
                }

                ~Module() => Dispose(false);

                public void Dispose()
                {
                    Dispose(true);
                    GC.SuppressFinalize(this);
                }

                protected virtual void Dispose(bool disposing)
                {
                    if (!disposing || disposed) return;
                    foreach (var (_, buffer) in named_buffers(false)) buffer.DetachFromDisposeScope().Dispose();
                    foreach (var (_, parameter) in named_parameters(false)) parameter.DetachFromDisposeScope().Dispose();
                    foreach (Module module in modules()) module.Dispose();
                    disposed = true;
                }
            }
        }
    }
}
