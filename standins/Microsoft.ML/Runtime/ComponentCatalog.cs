using System.Collections.Concurrent;
using System.Reflection;

namespace Microsoft.ML.Runtime
{
    /// <summary>Finds by name what model files are made of.</summary>
    public sealed class ComponentCatalog
    {
        private const BindingFlags AnyStatic =
            BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        private const BindingFlags AnyInstance = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

        private readonly HashSet<string> _assemblies = new();
        private readonly ConcurrentDictionary<(string Name, Type Signature), LoadableClass> _classes = new();
        private readonly Dictionary<(Type Attribute, string Contract), Type> _extensions = new();

        internal ComponentCatalog() { }

        public void RegisterAssembly(Assembly assembly, bool throwOnError = true)
        {
            lock (_assemblies)
            {
                if (!_assemblies.Add(assembly.FullName))
                    return;
                foreach (LoadableClassAttributeBase attribute in assembly.GetCustomAttributes(typeof(LoadableClassAttributeBase)))
                    AddClass(attribute, throwOnError);
                if (assembly != typeof(ComponentCatalog).Assembly)
                    AddExtensions(assembly, throwOnError);
            }
        }

        private void AddClass(LoadableClassAttributeBase attribute, bool throwOnError)
        {
            var factory = FindFactory(attribute);
            if (factory == null && throwOnError)
            {
                throw Contracts.Except($"Can't instantiate loadable class '{attribute.InstanceType.Name}' with name " +
                    $"'{attribute.LoadNames[0]}'");
            }
            foreach (var signature in attribute.SigTypes)
            {
                foreach (string name in attribute.LoadNames)
                {
                    bool added = _classes.TryAdd((name.ToLowerInvariant(), signature), new LoadableClass(attribute, factory));
                    if (!added && throwOnError)
                    {
                        var current = _classes[(name.ToLowerInvariant(), signature)].Attribute.InstanceType;
                        throw Contracts.Except($"ComponentCatalog cannot map name '{name}' and SignatureType '{signature}' to " +
                            $"{attribute.InstanceType.Name}, already mapped to {current.Name}.");
                    }
                }
            }
        }

        private static MethodBase FindFactory(LoadableClassAttributeBase attribute)
        {
            Type[][] shapes = [attribute.CtorTypes, [typeof(IHostEnvironment), .. attribute.CtorTypes]];
            var create = shapes.Select(shape => attribute.LoaderType.GetMethod("Create", AnyStatic, shape))
                .FirstOrDefault(method => method != null && method.ReturnType == attribute.InstanceType);
            return (MethodBase)create ?? (attribute.InstanceType.IsAssignableFrom(attribute.LoaderType)
                ? shapes.Select(shape => attribute.LoaderType.GetConstructor(AnyInstance, shape)).FirstOrDefault(found => found != null)
                : null);
        }

        private void AddExtensions(Assembly assembly, bool throwOnError)
        {
            foreach (var type in assembly.GetTypes().Where(type => type.IsClass && !type.IsAbstract))
            {
                foreach (ExtensionBaseAttribute attribute in type.GetCustomAttributes(typeof(ExtensionBaseAttribute)))
                {
                    if (!_extensions.TryAdd((attribute.GetType(), attribute.ContractName), type) && throwOnError)
                    {
                        throw Contracts.Except($"An extension for '{attribute.GetType().Name}' with contract '{attribute.ContractName}' " +
                            "has already been registered in the ComponentCatalog.");
                    }
                }
            }
        }

        internal object GetExtensionValue(IHostEnvironment env, Type attributeType, string contractName)
        {
            if (_extensions.TryGetValue((attributeType, contractName), out var type))
                return Activator.CreateInstance(type);
            throw env.Except($"Unable to locate an extension for the contract '{contractName}'. Ensure you have called " +
                "ComponentCatalog.RegisterAssembly with the Assembly that contains a class decorated with a " +
                $"'{attributeType.FullName}'.");
        }

        internal static bool TryCreateInstance<TRes>(IHostEnvironment env, Type signatureType, out TRes result, string name,
            params object[] extra)
            where TRes : class
        {
            result = null;
            if (!env.ComponentCatalog._classes.TryGetValue(((name ?? "").ToLowerInvariant().Trim(), signatureType), out var found))
                return false;
            if (!typeof(TRes).IsAssignableFrom(found.Attribute.InstanceType))
                throw env.Except($"Loadable class '{name}' does not derive from '{typeof(TRes).FullName}'");
            result = (TRes)found.Create(env, extra);
            return true;
        }

        private sealed record LoadableClass(LoadableClassAttributeBase Attribute, MethodBase Factory)
        {
            public object Create(IHostEnvironment env, object[] extra)
            {
                if (Factory == null)
                    throw Contracts.Except("Can't instantiate class '{0}'", Attribute.InstanceType.Name);
                bool wantsEnvironment = Factory.GetParameters().Length > Attribute.CtorTypes.Length;
                object[] arguments = wantsEnvironment ? [env, .. extra] : extra;
                try
                {
                    return Factory is ConstructorInfo constructor ? constructor.Invoke(arguments) : Factory.Invoke(null, arguments);
                }
                catch (TargetInvocationException exception) when (exception.InnerException?.IsMarked() == true)
                {
                    throw Contracts.Except(null, exception, "Error during class instantiation");
                }
            }
        }
    }
}

namespace Microsoft.ML
{
    [AttributeUsage(AttributeTargets.Class)]
    public abstract class ExtensionBaseAttribute : Attribute
    {
        private protected ExtensionBaseAttribute(string contractName) => ContractName = contractName;

        public string ContractName { get; }
    }
}
