using System.Reflection;
using System.Text;
using Microsoft.ML.VqVae.Audio;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae.Tests.Architecture;

/// <summary>Holds the list of public members, so that a change to it is seen: test/golden/public-surface.txt.</summary>
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
        .SelectMany(type => Members(type).Order(StringComparer.Ordinal).Prepend(Kind(type) + " " + Name(type)));

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
                ConstructorInfo constructor when IsVisible(constructor) => $"new({Parameters(constructor)})",
                MethodInfo method when IsVisible(method) && !method.IsSpecialName =>
                    $"{Name(method.ReturnType)} {method.Name}({Parameters(method)})",
                PropertyInfo property when property.GetAccessors(nonPublic: true).Any(IsVisible) => Property(property),
                FieldInfo field when (field.IsPublic || field.IsFamily) && !field.IsSpecialName => $"{Name(field.FieldType)} {field.Name}",
                EventInfo happening when IsVisible(happening.AddMethod!) => $"event {Name(happening.EventHandlerType!)} {happening.Name}",
                _ => null,
            };
            if (text is not null)
                yield return $"    {Name(type)}: {text}";
        }
    }

    static string Property(PropertyInfo property)
    {
        var text = new StringBuilder($"{Name(property.PropertyType)} {property.Name} {{");
        if (property.GetMethod is MethodInfo getter && IsVisible(getter))
            text.Append(" get;");
        if (property.SetMethod is MethodInfo setter && IsVisible(setter))
        {
            bool init = setter.ReturnParameter.GetRequiredCustomModifiers()
                .Any(modifier => modifier.FullName == "System.Runtime.CompilerServices.IsExternalInit");
            text.Append(init ? " init;" : " set;");
        }
        return text.Append(" }").ToString();
    }

    static bool IsVisible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(parameter =>
        $"{Name(parameter.ParameterType)} {parameter.Name}{(parameter.HasDefaultValue ? $" = {parameter.RawDefaultValue ?? "null"}" : "")}"));

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
