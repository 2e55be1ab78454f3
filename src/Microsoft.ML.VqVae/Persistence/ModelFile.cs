using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.ML.Runtime;
using Microsoft.ML.VqVae.Networks;

namespace Microsoft.ML.VqVae.Persistence;

/// <summary>The description of a model, its JSON text in a model file, which may have been damaged, or made to do harm.</summary>
internal interface IDescription
{
    /// <summary>Checks all settings, as those of options are checked.</summary>
    void Describe(OptionProblems problems);
}

/// <summary>
/// The layout of a model of this library in an ML.NET model file: ML.NET's header with our version, one string of JSON (columns,
/// architecture, and last the SHA-256 of the text before it), and beside it the stream <c>weights.safetensors</c>, which has a SHA-256 of
/// its own.
/// </summary>
internal static class ModelFile
{
    public const string WeightsName = "weights.safetensors";

    // Raise Written with every change of the layout, Readable where older versions of the library can no longer read what is written.
    // Since 0x00010002 there are digests.
    const uint Written = 0x00010002, Readable = 0x00010001, OldestRead = 0x00010001, FirstWithDigests = 0x00010002;

    const string DigestMark = ",\"Sha256\":\"", DigestEnd = "\"}";

    // The simple name: with the full one, another version of the assembly could not load the file.
    static VersionInfo Version(string signature, string loaderSignature) => new(
        modelSignature: signature, verWrittenCur: Written, verReadableCur: Readable, verWeCanReadBack: OldestRead,
        loaderAssemblyName: typeof(ModelFile).Assembly.GetName().Name!, loaderSignature: loaderSignature);

    public static void Save<T>(
        ModelSaveContext context, string signature, string loaderSignature, T description, JsonTypeInfo<T> json,
        Action<Stream> writeWeights)
    {
        Save(context, signature, loaderSignature, description, json);
        context.SaveBinaryStream(WeightsName, writer => writeWeights(writer.BaseStream));
    }

    /// <summary>The same for a model without a network: there is only the description, and no stream of weights.</summary>
    public static void Save<T>(
        ModelSaveContext context, string signature, string loaderSignature, T description, JsonTypeInfo<T> json)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.CheckAtModel();
        context.SetVersionInfo(Version(signature, loaderSignature));
        context.SaveString(WithDigest(JsonSerializer.Serialize(description, json)));
    }

    /// <summary>Saves a stream of bytes beside the description, and their SHA-256 after them.</summary>
    public static void SaveBytes(ModelSaveContext context, string name, byte[] bytes) => context.SaveBinaryStream(name, writer =>
    {
        writer.Write(bytes);
        writer.Write(SHA256.HashData(bytes));
    });

    /// <summary>Reads a stream of bytes that <see cref="SaveBytes"/> saved.</summary>
    /// <exception cref="FormatException">There is no such stream, or it is damaged.</exception>
    public static byte[] LoadBytes(ModelLoadContext context, string loaderSignature, string name)
    {
        using var stream = new MemoryStream();
        if (!context.TryLoadBinaryStream(name, reader => reader.BaseStream.CopyTo(stream)))
        {
            throw new FormatException(
                $"The model '{loaderSignature}' has no stream '{name}': the model file is damaged. Save the model again.");
        }
        byte[] all = stream.ToArray(), bytes = all[..Math.Max(0, all.Length - SHA256.HashSizeInBytes)];
        return SHA256.HashData(bytes).AsSpan().SequenceEqual(all.AsSpan(bytes.Length)) ? bytes : throw new FormatException(
            $"{name} in the model '{loaderSignature}' has another SHA-256 than it says: the model file is damaged. Save the model again.");
    }

    /// <summary>Reads the description of a model without weights.</summary>
    /// <exception cref="FormatException">The description is damaged, or its settings cannot be used.</exception>
    public static T Load<T>(ModelLoadContext context, string signature, string loaderSignature, JsonTypeInfo<T> json)
        where T : IDescription
    {
        ArgumentNullException.ThrowIfNull(context);
        string text;
        try
        {
            context.CheckAtModel(Version(signature, loaderSignature));
            text = context.LoadString();
        }
        catch (Exception exception) when (exception is FormatException or IOException)
        {
            throw new FormatException($"The model '{loaderSignature}' cannot be read: {exception.Message}", exception);
        }
        if (context.Header.ModelVerWritten >= FirstWithDigests && !HasOwnDigest(text))
            throw Damaged(loaderSignature, "has another SHA-256 than it says");
        return ReadDescription(text, loaderSignature, json);
    }

    /// <summary>Reads the description and hands the weights to <paramref name="build"/>.</summary>
    /// <exception cref="FormatException">The description is damaged, or its settings cannot be used.</exception>
    /// <exception cref="InvalidDataException">The weights are damaged.</exception>
    public static TModel Load<T, TModel>(
        ModelLoadContext context, string signature, string loaderSignature, JsonTypeInfo<T> json, Func<T, SafetensorsContent, TModel> build)
        where T : IDescription
        where TModel : class
    {
        T description = Load(context, signature, loaderSignature, json);
        bool needsDigest = context.Header.ModelVerWritten >= FirstWithDigests;
        TModel? model = null;
        bool found = context.TryLoadBinaryStream(WeightsName, reader =>
        {
            string source = $"{WeightsName} in the model '{loaderSignature}'";
            using SafetensorsContent weights = Safetensors.Read(reader.BaseStream, source);
            if (needsDigest && !weights.HasDigest)
                throw new InvalidDataException($"{source} is damaged: it has no SHA-256. Save the model again.");
            if (reader.BaseStream.ReadByte() >= 0)
                throw new InvalidDataException($"{source} is damaged: it has bytes after its last tensor. Save the model again.");
            model = build(description, weights);
        });
        return found && model is not null
            ? model
            : throw new FormatException(
                $"The model '{loaderSignature}' has no stream '{WeightsName}': the model file is damaged. Save the model again.");
    }

    /// <summary>The text of a JSON object, with the digest as its last property.</summary>
    internal static string WithDigest(string text) => string.Concat(text.AsSpan(0, text.Length - 1), DigestMark, DigestOf(text), DigestEnd);

    static bool HasOwnDigest(string text)
    {
        int mark = text.LastIndexOf(DigestMark, StringComparison.Ordinal);
        return mark >= 0 && WithDigest(text[..mark] + "}") == text;
    }

    static string DigestOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    static T ReadDescription<T>(string text, string loaderSignature, JsonTypeInfo<T> json)
        where T : IDescription
    {
        T description;
        try
        {
            description = JsonSerializer.Deserialize(text, json) ?? throw new JsonException("the description is null");
        }
        // Lone surrogates, in the text or escaped, are reported by exceptions of the other types.
        catch (Exception exception)
            when (exception is JsonException or NotSupportedException or ArgumentException or InvalidOperationException)
        {
            throw Damaged(loaderSignature, $"cannot be read ({exception.Message})", exception);
        }
        var problems = new OptionProblems("The description cannot be used");
        try
        {
            description.Describe(problems);
        }
        catch (OverflowException exception)
        {
            throw Damaged(loaderSignature, $"has sizes that are too large ({exception.Message})", exception);
        }
        return problems.Any ? throw Damaged(loaderSignature, $"cannot be used: {problems}") : description;
    }

    static FormatException Damaged(string loaderSignature, string problem, Exception? cause = null) => new(
        $"The description of the model '{loaderSignature}' {problem}: the model file is damaged. Save the model again.", cause);
}
