using System.Globalization;
using System.Reflection;
using System.Text;
using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae.Tests.Architecture;

/// <summary>Holds the list of public members, so that a change to it is seen: test/golden/public-surface.txt. It has what code of users may
/// depend on: base types and interfaces, modifiers, parameters, constraints and constants.</summary>
[TestClass]
public class PublicSurfaceTests
{
    const string Update = "VQVAE_UPDATE_PUBLIC_SURFACE";

    static string File => Path.Combine(Repository.Root, "test", "golden", "public-surface.txt");

    [TestMethod]
    public void The_public_members_are_those_of_the_reviewed_list()
    {
        string[] actual = [.. Lines()];
        if (Environment.GetEnvironmentVariable(Update) == "1")
            System.IO.File.WriteAllLines(File, actual);
        string[] reviewed = System.IO.File.ReadAllLines(File);
        string[] changes = [.. actual.Except(reviewed).Select(line => $"+ {line}"), .. reviewed.Except(actual).Select(line => $"- {line}")];
        Assert.IsEmpty(changes,
            $"The public surface changed. If that is intended, run this test with {Update}=1 and review the change of {File}:\n"
            + string.Join('\n', changes));
        Assert.HasCount(reviewed.Length, actual);
    }

    static IEnumerable<string> Lines() => new[] { typeof(VqVaeCatalog), typeof(AudioFormats), typeof(MpiTrainingGroup) }
        .SelectMany(type => type.Assembly.GetExportedTypes())
        .OrderBy(type => type.FullName, StringComparer.Ordinal)
        .SelectMany(type => Members(type).Order(StringComparer.Ordinal).Prepend(Head(type)));

    static string Head(Type type)
    {
        Type[] bases = [.. new[] { type.BaseType }.OfType<Type>().Where(other =>
            other != typeof(object) && other != typeof(ValueType) && other != typeof(Enum) && other != typeof(MulticastDelegate))];
        Type[] interfaces = type.IsEnum ? [] : [.. type.GetInterfaces().Where(other => other.IsVisible).Except(type.BaseType?.GetInterfaces() ?? [])];
        string[] parents = [.. bases.Select(Name), .. interfaces.Select(Name).Order(StringComparer.Ordinal)];
        return $"{Kind(type)} {Name(type)}{(parents.Length > 0 ? $" : {string.Join(", ", parents)}" : "")}{Constraints(type.GetGenericArguments())}";
    }

    static string Kind(Type type) => type.IsEnum ? "enum" : type.IsInterface ? "interface" : type.IsValueType ? "struct"
        : type.IsAbstract && type.IsSealed ? "static class" : type.IsAbstract ? "abstract class" : type.IsSealed ? "sealed class" : "class";

    static IEnumerable<string> Members(Type type)
    {
        const BindingFlags declared =
            BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        foreach (MemberInfo member in type.GetMembers(declared))
        {
            string? text = member switch
            {
                ConstructorInfo constructor when IsVisible(constructor) => $"{Modifiers(constructor)}new({Parameters(constructor)})",
                MethodInfo method when IsVisible(method) && !method.IsSpecialName => Method(method),
                PropertyInfo property when property.GetAccessors(nonPublic: true).Any(IsVisible) => Property(property),
                FieldInfo field when (field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly) && !field.IsSpecialName => Field(field),
                EventInfo happening when IsVisible(happening.AddMethod!) =>
                    $"{Modifiers(happening.AddMethod!)}event {Name(happening.EventHandlerType!)} {happening.Name}",
                _ => null,
            };
            if (text is not null)
                yield return $"    {Name(type)}: {text}";
        }
    }

    static string Method(MethodInfo method)
    {
        string arguments = method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(Name))}>" : "";
        return $"{Modifiers(method)}{Name(method.ReturnType)} {method.Name}{arguments}({Parameters(method)})"
            + Constraints(method.GetGenericArguments());
    }

    static string Property(PropertyInfo property)
    {
        MethodInfo[] visible = [.. property.GetAccessors(nonPublic: true).Where(IsVisible)];
        MethodInfo widest = visible.FirstOrDefault(accessor => accessor.IsPublic) ?? visible[0];
        var text = new StringBuilder(Modifiers(widest));
        if (IsRequired(property))
            text.Append("required ");
        text.Append($"{Name(property.PropertyType)} {property.Name} {{");
        foreach (MethodInfo accessor in visible)
        {
            bool init = accessor.ReturnParameter.GetRequiredCustomModifiers()
                .Any(modifier => modifier.FullName == "System.Runtime.CompilerServices.IsExternalInit");
            text.Append(accessor.IsPublic == widest.IsPublic ? " " : " protected ");
            text.Append(accessor == property.GetMethod ? "get;" : init ? "init;" : "set;");
        }
        return text.Append(" }").ToString();
    }

    static string Field(FieldInfo field)
    {
        string modifiers = (field.IsPublic ? "" : "protected ") + (field.IsLiteral ? "const " : field.IsStatic ? "static " : "")
            + (field.IsInitOnly ? "readonly " : "") + (IsRequired(field) ? "required " : "");
        string name = $"{modifiers}{Name(field.FieldType)} {field.Name}";
        return !field.IsLiteral ? name
            : $"{(field.DeclaringType!.IsEnum ? field.Name : name)} = {Constant(field.GetRawConstantValue())}";
    }

    static bool IsRequired(MemberInfo member) => Has(member, "RequiredMemberAttribute");

    // By name, as packages have types of these names, too.
    static bool Has(MemberInfo member, string attribute) =>
        member.CustomAttributes.Any(other => other.AttributeType.FullName == $"System.Runtime.CompilerServices.{attribute}");

    static bool IsVisible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    static string Modifiers(MethodBase method)
    {
        string access = method.IsPublic ? "" : "protected ";
        if (method.IsStatic)
            return access + (method.IsAbstract ? "static abstract " : method.IsVirtual ? "static virtual " : "static ");
        // What implements an interface is virtual and final, unless the class lets others override it.
        // An override that returns a derived type is a slot of its own for the runtime.
        bool isOverride = (method is MethodInfo own && own.GetBaseDefinition() != own) || Has(method, "PreserveBaseOverridesAttribute");
        if (method.DeclaringType!.IsInterface || !method.IsVirtual || (method.IsFinal && !isOverride))
            return access;
        return access + (method.IsAbstract ? "abstract " : method.IsFinal ? "sealed " : "")
            + (isOverride ? "override " : method.IsAbstract ? "" : "virtual ");
    }

    static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(parameter =>
    {
        string way = !parameter.ParameterType.IsByRef ? parameter.IsDefined(typeof(ParamArrayAttribute)) ? "params " : ""
            : parameter.IsOut ? "out " : parameter.IsIn ? "in " : "ref ";
        Type type = parameter.ParameterType.IsByRef ? parameter.ParameterType.GetElementType()! : parameter.ParameterType;
        return $"{way}{Name(type)} {parameter.Name}{(parameter.HasDefaultValue ? $" = {Constant(parameter.RawDefaultValue)}" : "")}";
    }));

    static string Constant(object? value) => value switch
    {
        null => "null",
        string text => $"\"{text}\"",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    static string Constraints(Type[] arguments) => string.Concat(arguments.Where(argument => argument.IsGenericParameter).Select(argument =>
    {
        GenericParameterAttributes attributes = argument.GenericParameterAttributes;
        bool isStruct = attributes.HasFlag(GenericParameterAttributes.NotNullableValueTypeConstraint);
        string[] constraints =
        [
            .. attributes.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint) ? (string[])["class"] : [],
            .. isStruct ? (string[])["struct"] : [],
            .. argument.GetGenericParameterConstraints().Where(type => type != typeof(ValueType)).Select(Name).Order(StringComparer.Ordinal),
            .. attributes.HasFlag(GenericParameterAttributes.DefaultConstructorConstraint) && !isStruct ? (string[])["new()"] : [],
        ];
        return constraints.Length > 0 ? $" where {argument.Name} : {string.Join(", ", constraints)}" : "";
    }));

    static string Name(Type type)
    {
        if (type.IsArray)
            return $"{Name(type.GetElementType()!)}[]";
        if (type.IsByRef)
            return $"ref {Name(type.GetElementType()!)}";
        if (Nullable.GetUnderlyingType(type) is Type value)
            return $"{Name(value)}?";
        string own = type.IsNested && !type.IsGenericParameter ? $"{Name(type.DeclaringType!)}.{type.Name}" : type.Name;
        return !type.IsGenericType ? own
            : $"{own.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>";
    }
}
