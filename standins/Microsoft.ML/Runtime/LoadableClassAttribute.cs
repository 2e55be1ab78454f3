using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>The shape of the constructor or <c>Create</c> method that a component in a model file is made with.</summary>
internal delegate void SignatureLoadModel(ModelLoadContext ctx);

/// <summary>Tells under which names a class of this assembly is found in model files.</summary>
[AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
internal sealed class LoadableClassAttribute : LoadableClassAttributeBase
{
    public LoadableClassAttribute(Type instType, Type argType, Type sigType, string userName, params string[] loadNames)
        : base(instType, instType, argType, [sigType], userName, loadNames) { }

    public LoadableClassAttribute(Type instType, Type loaderType, Type argType, Type sigType, string userName, params string[] loadNames)
        : base(instType, loaderType, argType, [sigType], userName, loadNames) { }
}

internal abstract class LoadableClassAttributeBase : Attribute
{
    protected LoadableClassAttributeBase(
        Type instType, Type loaderType, Type argType, Type[] sigTypes, string userName, params string[] loadNames)
    {
        Contracts.CheckValue(instType, nameof(instType));
        Contracts.CheckValue(loaderType, nameof(loaderType));
        if (loadNames is not { Length: > 0 })
            loadNames = [userName];
        if (loadNames.Any(string.IsNullOrWhiteSpace))
            throw Contracts.ExceptParam(nameof(loadNames), "LoadableClass loadName parameter can't be empty");
        InstanceType = instType;
        LoaderType = loaderType;
        SigTypes = sigTypes;
        LoadNames = loadNames;
        var signature = sigTypes[0].GetMethod("Invoke").GetParameters().Select(parameter => parameter.ParameterType);
        CtorTypes = (argType == null ? signature : signature.Prepend(argType)).ToArray();
    }

    public Type InstanceType { get; }

    public Type LoaderType { get; }

    public Type[] SigTypes { get; }

    /// <summary>The parameters of the constructor or Create method, the environment in front left out.</summary>
    public Type[] CtorTypes { get; }

    public string[] LoadNames { get; }
}
