using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Networks;
using TorchSharp;

namespace Microsoft.ML.VqVae.Tests.Architecture;

/// <summary>The rules of docs/architecture.md: which room may know which, and what must stay one.</summary>
[TestClass]
public class ArchitectureTests
{
    const BindingFlags AllMembers =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    static readonly string[] PlainRooms =
        ["Codecs", "Priors", "Baselines", "Layers", "Quantization", "Signal", "Labels", "Training"];

    static readonly string[] Networks = ["Codecs", "Priors", "Baselines", "Layers", "Quantization", "Signal"];

    static readonly Dictionary<string, string[]> Arrows = new()
    {
        [SourceRooms.Catalog] = ["Pipeline", "Persistence"],
        ["Pipeline"] = ["Rows", "Training", "Evaluation", "Persistence", .. Networks],
        ["Rows"] = Networks,
        ["Training"] = ["Persistence", .. Networks],
        ["Evaluation"] = Networks,
        ["Persistence"] = Networks,
        ["Baselines"] = ["Codecs", "Layers", "Quantization"],
        ["Codecs"] = ["Priors", "Layers", "Quantization", "Signal"],
        ["Priors"] = ["Layers", "Quantization", "Signal"],
        ["Layers"] = ["Quantization"],
        ["Quantization"] = [],
        ["Labels"] = ["Signal"],
        ["Signal"] = ["Quantization"],
    };

    static readonly Assembly Library = typeof(VqVaeTransformer).Assembly;

    [TestMethod]
    public void Arrows_run_one_way()
    {
        var roomOf = SourceRooms.Files
            .SelectMany(file => file.Declared.Select(name => (name, file.Room))).ToLookup(pair => pair.name, pair => pair.Room);
        var wrong = new List<string>();
        foreach (SourceRooms.SourceFile file in SourceRooms.Files)
        {
            Assert.IsTrue(Arrows.TryGetValue(file.Room, out string[]? allowed),
                $"'{file.Room}' is a room that docs/architecture.md does not know.");
            wrong.AddRange(file.Identifiers.Except(file.Declared)
                .Where(name => roomOf.Contains(name) && !roomOf[name].Any(room => room == file.Room || allowed!.Contains(room)))
                .Select(name => $"{file.Path} knows {name} of {roomOf[name].First()}"));
        }
        Assert.IsEmpty(wrong, string.Join('\n', wrong));
    }

    [TestMethod]
    public void Networks_and_training_know_nothing_of_MLNET()
    {
        HashSet<string> front = [.. MLNetAssemblies().SelectMany(assembly => assembly.GetExportedTypes())
            .Where(type => type.Namespace is "Microsoft.ML" or "Microsoft.ML.Data" && !type.IsNested).Select(type => type.Name)];
        Assert.Contains("IDataView", front);
        var wrong = new List<string>();
        foreach (SourceRooms.SourceFile file in SourceRooms.Files.Where(file => PlainRooms.Contains(file.Room)))
        {
            wrong.AddRange(Regex.Matches(file.Code, @"using Microsoft\.ML(?!\.VqVae)[\w.]*;")
                .Select(match => $"{file.Path}: {match.Value}"));
            wrong.AddRange(file.Identifiers.Intersect(front).Select(name => $"{file.Path} names {name}"));
        }
        foreach (Type type in Library.GetTypes().Where(type => PlainRooms.Any(room => type.Namespace == $"Microsoft.ML.VqVae.{room}")))
        {
            wrong.AddRange(type.GetMembers(AllMembers).SelectMany(SignatureTypes).Concat(type.GetInterfaces()).Append(type.BaseType!)
                .Where(used => used is not null && MLNetAssemblies().Contains(used.Assembly)).Select(used => $"{type} uses {used}"));
        }
        Assert.IsEmpty(wrong, string.Join('\n', wrong));
    }

    [TestMethod]
    public void No_tensor_shows_in_the_face_that_MLNET_users_see()
    {
        Type[] face = [.. Library.GetExportedTypes().Where(type => type.Namespace is "Microsoft.ML" or "Microsoft.ML.VqVae")];
        Assert.Contains(typeof(VqVaeTransformer), face);
        Assert.Contains(typeof(VqVaeMetrics), face);
        string[] wrong = [.. face.SelectMany(type => type.GetMembers(AllMembers).Where(IsVisible).SelectMany(SignatureTypes)
            .Concat(type.GetInterfaces()).Append(type.BaseType!)
            .Where(used => used is not null && used.Assembly == typeof(torch).Assembly).Select(used => $"{type} shows {used}"))];
        Assert.IsEmpty(wrong, string.Join('\n', wrong));
        Assert.Contains(typeof(torch.Tensor), typeof(ImageVqVae).GetMembers(AllMembers).Where(IsVisible).SelectMany(SignatureTypes),
            "The search does not see the tensors of a type that shows them.");
    }

    [TestMethod]
    public void There_is_one_training_loop()
    {
        string[] FilesWith(string pattern) =>
            [.. SourceRooms.Files.Where(file => Regex.IsMatch(file.Code, pattern)).Select(file => file.Path)];
        foreach (string pattern in (string[])[@"\.backward\(", @"[oO]ptimizer\w*\.step\(", @"\boptim\.\w+\("])
        {
            string[] found = FilesWith(pattern);
            Assert.HasCount(1, found, $"{pattern}: {string.Join(", ", found)}");
            Assert.StartsWith("Training/", found[0]);
        }
    }

    [TestMethod]
    public void There_is_one_place_that_copies_rows_into_tensors()
    {
        string[] reading = ["GetGetter", "ValueGetter", "GetRowCursor", "VBuffer"], computing = ["torch", "Tensor"];
        string[] rooms = [.. SourceRooms.Files
            .Where(file => file.Identifiers.Overlaps(reading) && file.Identifiers.Overlaps(computing))
            .Select(file => file.Room).Distinct()];
        CollectionAssert.AreEqual(new[] { "Rows" }, rooms);
    }

    [TestMethod]
    public void Only_persistence_reaches_into_MLNET()
    {
        // The names by which ML.NET finds a transformer in a file stand where the transformer is.
        string[] hooks = ["LoadableClass", "LoadableClassAttribute", "SignatureLoadModel", "ModelLoadContext"];
        HashSet<string> own = [.. SourceRooms.Files.SelectMany(file => file.Declared),
            .. Library.GetTypes().SelectMany(type => type.GetMembers(AllMembers)).Select(member => member.Name)];
        HashSet<string> visible = [.. MLNetAssemblies().SelectMany(assembly => assembly.GetExportedTypes()).Select(type => type.Name)];
        HashSet<string> inner = [.. MLNetAssemblies()
            .Where(assembly => assembly.GetName().Name is "Microsoft.ML.Core" or "Microsoft.ML.Data")
            .SelectMany(assembly => assembly.GetTypes())
            .Where(type => !type.IsVisible && !type.IsNested
                && type.Namespace is "Microsoft.ML" or "Microsoft.ML.Data" or "Microsoft.ML.Runtime")
            .Select(type => type.Name.Split('`')[0])
            .Where(name => !own.Contains(name) && !visible.Contains(name) && !hooks.Contains(name))];
        Assert.Contains("VersionInfo", inner);
        string[] wrong = [.. SourceRooms.Files.Where(file => file.Room != "Persistence")
            .SelectMany(file => file.Identifiers.Intersect(inner).Select(name => $"{file.Path} names {name}"))];
        Assert.IsEmpty(wrong, string.Join('\n', wrong));
    }

    static HashSet<Assembly> MLNetAssemblies() => [.. AppDomain.CurrentDomain.GetAssemblies()
        .Append(typeof(MLContext).Assembly).Append(typeof(IDataView).Assembly).Append(typeof(ITransformer).Assembly)
        .Append(typeof(MLImage).Assembly)
        .Where(assembly => assembly.GetName().Name!.StartsWith("Microsoft.ML", StringComparison.Ordinal)
            && !assembly.GetName().Name!.StartsWith("Microsoft.ML.VqVae", StringComparison.Ordinal))];

    static bool IsVisible(MemberInfo member) => member switch
    {
        MethodBase method => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly,
        FieldInfo field => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly,
        PropertyInfo property => property.GetAccessors().Length > 0,
        EventInfo => true,
        _ => false,
    };

    static IEnumerable<Type> SignatureTypes(MemberInfo member) => (member switch
    {
        MethodInfo method => method.GetParameters().Select(parameter => parameter.ParameterType).Append(method.ReturnType),
        ConstructorInfo constructor => constructor.GetParameters().Select(parameter => parameter.ParameterType),
        FieldInfo field => [field.FieldType],
        PropertyInfo property => [property.PropertyType],
        EventInfo happening => [happening.EventHandlerType!],
        _ => [],
    }).SelectMany(Parts);

    // A type, and what it is made of: List<Tensor[]> is Tensor too.
    static IEnumerable<Type> Parts(Type type)
    {
        Type? element = type.HasElementType ? type.GetElementType() : null;
        IEnumerable<Type> inner = element is not null ? [element] : type.IsGenericType ? type.GetGenericArguments() : [];
        return inner.SelectMany(Parts).Append(type);
    }
}
