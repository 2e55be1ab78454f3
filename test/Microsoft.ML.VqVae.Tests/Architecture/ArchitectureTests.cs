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

    // The rooms that know TorchSharp at most, and nothing of ML.NET.
    static bool IsPlain(string room) => room.StartsWith("Networks/", StringComparison.Ordinal) || room is "Audio" or "Compression" or "Training";

    static readonly string[] Framework =
    [
        "Pipeline", "Pipeline/Framework", "Pipeline/Rows", "Pipeline/Keys", "Training", "Persistence", "Networks/Common", "Networks/Arithmetic",
        "Networks/Quantizers", "Networks/Onnx",
    ];

    static readonly Dictionary<string, string[]> Arrows = new()
    {
        [SourceRooms.Catalog] = ["Persistence", "Networks/Quantizers", "Audio", .. Features],
        // The list of JSON texts names those of all features, and the settings of quantizers and priors that a model file names by type.
        ["Pipeline"] = ["Pipeline/Framework", "Networks/Quantizers", "Networks/Priors", .. Features],
        ["Pipeline/Images"] = [.. Framework, "Networks/Images"],
        ["Pipeline/Baselines"] = [.. Framework, "Pipeline/Images", "Networks/Images", "Networks/Baselines"],
        // Frames of a spectrogram are a series.
        ["Pipeline/Speech"] = [.. Framework, "Networks/Speech", "Audio", "Pipeline/Series"],
        ["Pipeline/Series"] = [.. Framework, "Networks/Series"],
        // What is sampled, and how, is said in one place.
        ["Pipeline/Codes"] = [.. Framework, "Pipeline/Priors", "Networks/Codes", "Networks/Priors"],
        ["Pipeline/Priors"] = [.. Framework, "Networks/Priors"],
        // Features of images read the columns that codecs of images read.
        ["Pipeline/Features"] = [.. Framework, "Networks/Features", "Pipeline/Images"],
        ["Pipeline/Compression"] = [.. Framework, "Pipeline/Priors", "Networks/Priors", "Compression"],
        // Heat maps are laid over images.
        ["Pipeline/Anomalies"] = [.. Framework, "Pipeline/Images", "Networks/Images", "Pipeline/Priors", "Networks/Priors"],
        ["Pipeline/Video"] = [.. Framework, "Pipeline/Priors", "Networks/Video", "Networks/Priors"],
        ["Pipeline/Frames"] = Framework,
        ["Pipeline/Neighbors"] = Framework,
        ["Pipeline/Metrics"] = [.. Framework, "Pipeline/Images", "Networks/Images"],
        ["Pipeline/Framework"] =
            ["Pipeline/Rows", "Pipeline/Keys", "Training", "Persistence", "Networks/Common", "Networks/Arithmetic", "Networks/Onnx"],
        ["Pipeline/Rows"] = ["Pipeline/Framework", "Persistence", "Networks/Common", "Networks/Arithmetic"],
        ["Pipeline/Keys"] =
        [
            "Pipeline/Framework", "Pipeline/Rows", "Training", "Persistence", "Networks/Common", "Networks/Arithmetic", "Networks/Onnx",
            "Networks/Priors",
        ],
        ["Training"] = ["Persistence", "Networks/Common", "Networks/Arithmetic"],
        ["Persistence"] = ["Networks/Common", "Networks/Arithmetic", "Networks/Onnx"],
        ["Audio"] = ["Networks/Common", "Networks/Arithmetic", "Networks/Onnx"],
        ["Compression"] = [],
        ["Networks/Images"] = ["Networks/Quantizers", "Networks/Common", "Networks/Arithmetic", "Networks/Onnx"],
        ["Networks/Baselines"] = ["Networks/Images", "Networks/Common", "Networks/Arithmetic", "Networks/Onnx"],
        ["Networks/Speech"] = ["Networks/WaveNet", "Networks/Quantizers", "Networks/Common", "Networks/Arithmetic", "Networks/Onnx", "Audio"],
        ["Networks/Series"] = ["Networks/Quantizers", "Networks/Common", "Networks/Arithmetic", "Networks/Onnx"],
        ["Networks/Codes"] = ["Networks/Priors", "Networks/Quantizers", "Networks/Common", "Networks/Arithmetic", "Networks/Onnx"],
        ["Networks/Features"] = ["Networks/Common", "Networks/Arithmetic", "Networks/Onnx"],
        ["Networks/Video"] = ["Networks/Priors", "Networks/Common", "Networks/Arithmetic"],
        ["Networks/Priors"] = ["Networks/WaveNet", "Networks/Common", "Networks/Arithmetic", "Networks/Onnx"],
        ["Networks/WaveNet"] = ["Networks/Common", "Networks/Arithmetic", "Networks/Onnx"],
        ["Networks/Quantizers"] = ["Networks/Common", "Networks/Arithmetic", "Networks/Onnx"],
        ["Networks/Common"] = ["Networks/Arithmetic", "Networks/Onnx"],
        ["Networks/Arithmetic"] = [],
        ["Networks/Onnx"] = [],
    };

    static string[] Features =>
    [
        "Pipeline/Images", "Pipeline/Baselines", "Pipeline/Speech", "Pipeline/Series", "Pipeline/Codes", "Pipeline/Priors", "Pipeline/Features",
        "Pipeline/Compression", "Pipeline/Anomalies", "Pipeline/Video", "Pipeline/Frames", "Pipeline/Neighbors", "Pipeline/Metrics",
    ];

    static readonly Assembly Library = typeof(ImageVqVaeTransformer).Assembly;

    [TestMethod]
    public void Arrows_run_one_way()
    {
        ILookup<string, string> roomOf = SourceRooms.Files
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
        foreach (SourceRooms.SourceFile file in SourceRooms.Files.Where(file => IsPlain(file.Room)))
        {
            wrong.AddRange(Regex.Matches(file.Code, @"using Microsoft\.ML(?!\.VqVae)[\w.]*;")
                .Select(match => $"{file.Path}: {match.Value}"));
            wrong.AddRange(file.Identifiers.Intersect(front).Select(name => $"{file.Path} names {name}"));
        }
        foreach (Type type in Library.GetTypes().Where(type =>
            type.Namespace is "Microsoft.ML.VqVae.Networks" or "Microsoft.ML.VqVae.Audio" or "Microsoft.ML.VqVae.Compression" or
                "Microsoft.ML.VqVae.Training"))
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
        Assert.Contains(typeof(ImageVqVaeTransformer), face);
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
        foreach (string pattern in (string[])[@"\.backward\(", @"\badam\.Step\(", @"\bnew Adam\("])
        {
            string[] found = FilesWith(pattern);
            Assert.HasCount(1, found, $"{pattern}: {string.Join(", ", found)}");
            Assert.StartsWith("Training/", found[0]);
        }
    }

    [TestMethod]
    public void Rows_become_tensors_in_readers_and_stores_alone()
    {
        string[] reading = ["GetGetter", "ValueGetter", "GetRowCursor", "VBuffer"], computing = ["torch", "Tensor"];
        string[] wrong = [.. SourceRooms.Files
            .Where(file => file.Identifiers.Overlaps(reading) && file.Identifiers.Overlaps(computing))
            .Where(file => file.Room != "Pipeline/Rows"
                && !Regex.IsMatch(Path.GetFileNameWithoutExtension(file.Path), "(Reader|Input|Store|Storage)$"))
            .Select(file => file.Path)];
        Assert.IsEmpty(wrong, string.Join('\n', wrong));
    }

    [TestMethod]
    public void No_room_is_crowded_and_no_file_is_long()
    {
        const int mostFiles = 17, mostLines = 400;
        string[] crowded = [.. SourceRooms.Files.GroupBy(file => Path.GetDirectoryName(file.Path)).Where(room => room.Count() > mostFiles)
            .Select(room => $"{room.Key} has {room.Count()} files")];
        string[] samples = [.. Directory.EnumerateDirectories(Path.Combine(Repository.Root, "src", "Samples"))
            .Where(room => Path.GetFileName(room) is not ("bin" or "obj") && Directory.GetFiles(room, "*.cs").Length > mostFiles)];
        string[] wrong = [.. crowded, .. samples,
            .. SourceRooms.Files.Where(file => file.Lines > mostLines).Select(file => $"{file.Path} has {file.Lines} lines")];
        Assert.IsEmpty(wrong, string.Join('\n', wrong));
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
