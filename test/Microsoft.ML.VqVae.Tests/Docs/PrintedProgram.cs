using System.Globalization;
using System.Reflection;
using System.Runtime.Loader;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Emit;

namespace Microsoft.ML.VqVae.Tests.Docs;

/// <summary>A program of the documentation, compiled as a new project compiles it, and run in this process.</summary>
internal sealed class PrintedProgram
{
    /// <summary>The usings of <c>dotnet new console</c> and of <c>dotnet new web</c>.</summary>
    static readonly string[] Console = ["System", "System.IO", "System.Linq", "System.Collections.Generic", "System.Net.Http",
        "System.Threading", "System.Threading.Tasks"];

    static readonly string[] Web = [.. Console, "System.Net.Http.Json", "Microsoft.AspNetCore.Builder", "Microsoft.AspNetCore.Hosting",
        "Microsoft.AspNetCore.Http", "Microsoft.AspNetCore.Routing", "Microsoft.Extensions.Configuration",
        "Microsoft.Extensions.DependencyInjection", "Microsoft.Extensions.Hosting", "Microsoft.Extensions.Logging"];

    static readonly MetadataReference[] References = [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
        .Split(Path.PathSeparator).Where(IsOfUsers).Select(path => MetadataReference.CreateFromFile(path))];

    readonly byte[] _image;

    /// <param name="name">The name of the program, for messages.</param>
    /// <param name="code">Its code.</param>
    /// <param name="web">Whether it is a program of <c>dotnet new web</c>.</param>
    public PrintedProgram(string name, string code, bool web = false)
    {
        var parsing = new CSharpParseOptions(LanguageVersion.Preview);
        string usings = string.Concat((web ? Web : Console).Select(name => $"global using {name};\n"));
        var compilation = CSharpCompilation.Create(
            $"Printed{Guid.NewGuid():N}", [CSharpSyntaxTree.ParseText(usings, parsing), CSharpSyntaxTree.ParseText(code, parsing)], References,
            new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable,
                optimizationLevel: OptimizationLevel.Release));
        using var image = new MemoryStream();
        EmitResult result = compilation.Emit(image);
        // A warning would greet whoever pastes the program.
        string[] problems = [.. result.Diagnostics.Where(problem => problem.Severity >= DiagnosticSeverity.Warning).Select(problem => problem.ToString())];
        Assert.IsEmpty(problems, $"{name}:\n{string.Join('\n', problems)}");
        _image = image.ToArray();
    }

    /// <summary>Runs the program in a folder, with numbers as its page shows them: what it prints itself is in the culture of its user.</summary>
    /// <returns>What it prints.</returns>
    public string Run(string folder, params string[] arguments)
    {
        var context = new AssemblyLoadContext(name: null, isCollectible: false);
        MethodInfo main = context.LoadFromStream(new MemoryStream(_image)).EntryPoint!;
        var output = new StringBuilder();
        TextWriter console = System.Console.Out;
        string current = Environment.CurrentDirectory;
        CultureInfo culture = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
            Environment.CurrentDirectory = folder;
            System.Console.SetOut(TextWriter.Synchronized(new StringWriter(output)));
            main.Invoke(null, main.GetParameters().Length == 0 ? null : [arguments]);
        }
        finally
        {
            System.Console.SetOut(console);
            Environment.CurrentDirectory = current;
            CultureInfo.CurrentCulture = culture;
        }
        string printed = output.ToString();
        System.Console.WriteLine(printed);
        return printed;
    }

    // The packages of this test project that a user's program has not.
    static bool IsOfUsers(string path) => Path.GetFileName(path) is string name && !name.StartsWith("Microsoft.CodeAnalysis", StringComparison.Ordinal)
        && !name.StartsWith("Microsoft.VisualStudio", StringComparison.Ordinal) && !name.StartsWith("MSTest", StringComparison.Ordinal)
        && name != "Samples.dll" && !name.StartsWith("Microsoft.ML.VqVae.Tests", StringComparison.Ordinal);
}
