using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.ML.VqVae.Networks;

namespace Microsoft.ML.VqVae;

/// <summary>
/// Writes settings of a type that any assembly may derive from <typeparamref name="TBase"/>, as
/// <c>{"Type": "Namespace.Type, Assembly", "Settings": {…}}</c>. The assembly has its simple name, so that another version of it reads the
/// text. Reading creates types derived from <typeparamref name="TBase"/> only.
/// </summary>
internal class OpenTypeConverter<TBase> : JsonConverter<TBase>
    where TBase : class
{
    const string TypeName = "Type", Settings = "Settings";

    // Types of other assemblies are not known when this one is compiled, so that reflection has to serialize them.
    static readonly JsonSerializerOptions ByReflection = new()
    {
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
        Converters = { new JsonStringEnumConverter() },
        IgnoreReadOnlyProperties = true,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>The type of the JSON text, for settings that are serialized on their own.</summary>
    public static JsonTypeInfo<TBase> TypeInfo { get; } =
        JsonMetadataServices.CreateValueInfo<TBase>(SavedJson.Default.Options, new OpenTypeConverter<TBase>());

    /// <summary>A copy by way of the JSON text: the settings as they will be read from a model file.</summary>
    /// <exception cref="ArgumentException">The settings cannot be written as JSON and read again.</exception>
    public static TBase Copy(TBase settings, string option)
    {
        try
        {
            return JsonSerializer.Deserialize(JsonSerializer.Serialize(settings, TypeInfo), TypeInfo)!;
        }
        catch (Exception exception)
            when (exception is JsonException or NotSupportedException or InvalidOperationException or FormatException)
        {
            throw new ArgumentException(
                $"{option} is a {settings.GetType().FullName}, whose settings cannot be saved in a model file ({exception.Message}). Give "
                + "it public properties that System.Text.Json can write and read, and a public constructor without parameters.",
                option, exception);
        }
    }

    /// <summary>The type that is written without its name, and read where there is none: that of files which know no other. Null for
    /// none.</summary>
    protected virtual Type? Unnamed => null;

    public override TBase Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using JsonDocument document = JsonDocument.ParseValue(ref reader);
        JsonElement root = document.RootElement;
        if (Unnamed is Type unnamed && root.ValueKind == JsonValueKind.Object && !root.TryGetProperty(Settings, out _))
            return (TBase?)root.Deserialize(InfoOf(unnamed)) ?? throw new JsonException($"the settings of '{unnamed.FullName}' are null");
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty(TypeName, out JsonElement name)
            || name.ValueKind != JsonValueKind.String || !root.TryGetProperty(Settings, out JsonElement settings))
        {
            throw new JsonException($"expected is an object with '{TypeName}' and '{Settings}' for a {typeof(TBase).Name}");
        }
        Type type = Find(name.GetString()!);
        return (TBase?)settings.Deserialize(InfoOf(type)) ?? throw new JsonException($"the settings of '{type.FullName}' are null");
    }

    public override void Write(Utf8JsonWriter writer, TBase value, JsonSerializerOptions options)
    {
        Type type = value.GetType();
        if (type == Unnamed)
        {
            JsonSerializer.Serialize(writer, value, InfoOf(type));
            return;
        }
        writer.WriteStartObject();
        writer.WriteString(TypeName, $"{type.FullName}, {type.Assembly.GetName().Name}");
        writer.WritePropertyName(Settings);
        JsonSerializer.Serialize(writer, value, InfoOf(type));
        writer.WriteEndObject();
    }

    static JsonTypeInfo InfoOf(Type type) => SavedJson.Default.GetTypeInfo(type) ?? ByReflection.GetTypeInfo(type);

    static Type Find(string name)
    {
        Type? type;
        try
        {
            type = Type.GetType(name, FindAssembly, typeResolver: null, throwOnError: false);
        }
        catch (Exception exception) when (exception is IOException or BadImageFormatException or TypeLoadException or ArgumentException)
        {
            throw Missing(name, exception);
        }
        if (type is null)
            throw Missing(name, null);
        return type.IsAssignableTo(typeof(TBase)) && !type.IsAbstract ? type : throw new FormatException(
            $"The model names the type '{type.FullName}', which is no {typeof(TBase).Name} that can be created.");
    }

    // An assembly may have been loaded from a place where the runtime does not look by itself, as that of a plug-in or a notebook.
    static Assembly FindAssembly(AssemblyName name) =>
        Array.Find(AppDomain.CurrentDomain.GetAssemblies(), assembly => assembly.GetName().Name == name.Name) ?? Assembly.Load(name);

    static FormatException Missing(string name, Exception? cause)
    {
        int comma = name.IndexOf(',', StringComparison.Ordinal);
        (string type, string assembly) = comma < 0 ? (name, "?") : (name[..comma], name[(comma + 1)..].Trim());
        return new FormatException($"The model needs the type '{type}' of the assembly '{assembly}', which cannot be loaded. Reference the "
            + "assembly in the application that loads the model.", cause);
    }
}

/// <summary>Writes the settings of a vector quantizer as plain properties, as all versions of the library do, and those of others by the name
/// of their type.</summary>
internal sealed class QuantizerConverter : OpenTypeConverter<QuantizerOptions>
{
    protected override Type Unnamed => typeof(VectorQuantizerOptions);
}
