using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.VqVae.Persistence;

/// <summary>
/// The layout of a model of this library in an ML.NET model file: ML.NET's header with our version, one string of JSON (columns and
/// architecture), and beside it the stream <c>weights.safetensors</c>.
/// </summary>
internal static class ModelFile
{
    public const string WeightsName = "weights.safetensors";

    // Raise Written with every change of the layout, Readable where older versions of the library can no longer read what is written.
    const uint Written = 0x00010001, Readable = 0x00010001, OldestRead = 0x00010001;

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
        context.SaveString(JsonSerializer.Serialize(description, json));
    }

    /// <summary>Saves a stream of bytes beside the description.</summary>
    public static void SaveBytes(ModelSaveContext context, string name, byte[] bytes) =>
        context.SaveBinaryStream(name, writer => writer.Write(bytes));

    /// <summary>Reads a stream of bytes that <see cref="SaveBytes"/> saved.</summary>
    public static byte[] LoadBytes(ModelLoadContext context, string loaderSignature, string name)
    {
        using var bytes = new MemoryStream();
        return context.TryLoadBinaryStream(name, reader => reader.BaseStream.CopyTo(bytes)) ? bytes.ToArray() : throw new FormatException(
            $"The model '{loaderSignature}' has no stream '{name}': the model file is damaged. Save the model again.");
    }

    /// <summary>Reads the description of a model without weights.</summary>
    public static T Load<T>(ModelLoadContext context, string signature, string loaderSignature, JsonTypeInfo<T> json)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.CheckAtModel(Version(signature, loaderSignature));
        return ReadDescription(context.LoadString(), loaderSignature, json);
    }

    /// <summary>Reads the description and hands the weights to <paramref name="build"/>.</summary>
    public static TModel Load<T, TModel>(
        ModelLoadContext context, string signature, string loaderSignature, JsonTypeInfo<T> json, Func<T, SafetensorsContent, TModel> build)
        where TModel : class
    {
        T description = Load(context, signature, loaderSignature, json);
        TModel? model = null;
        bool found = context.TryLoadBinaryStream(WeightsName, reader =>
        {
            using SafetensorsContent weights = Safetensors.Read(reader.BaseStream, $"{WeightsName} in the model '{loaderSignature}'");
            model = build(description, weights);
        });
        return found && model is not null
            ? model
            : throw new FormatException(
                $"The model '{loaderSignature}' has no stream '{WeightsName}': the model file is damaged. Save the model again.");
    }

    static T ReadDescription<T>(string text, string loaderSignature, JsonTypeInfo<T> json)
    {
        try
        {
            return JsonSerializer.Deserialize(text, json) ?? throw new JsonException("the description is null");
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException)
        {
            throw new FormatException(
                $"The description of the model '{loaderSignature}' cannot be read ({exception.Message}): "
                + "the model file is damaged. Save the model again.",
                exception);
        }
    }
}
