using System.Globalization;
using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae;

/// <summary>What the keys of a label stand for, in a form that can be saved: the type of the values, and each as text.</summary>
internal sealed record LabelValues(string Type, string[] Texts)
{
    const string KeyValues = "KeyValues";

    /// <summary>The key values of a column; null where it has none.</summary>
    public static LabelValues? Of(DataViewSchema.Column column)
    {
        if (column.Annotations.Schema.GetColumnOrNull(KeyValues) is not { Type: VectorDataViewType values })
            return null;
        Kind? kind = Kinds.FirstOrDefault(kind => kind.Type == values.ItemType);
        return kind is null
            ? throw SchemaColumns.Mismatch(
                column.Name, $"keys whose values are of type {string.Join(", ", Kinds.Select(known => known.Type))}",
                $"values of type {values.ItemType}", "label")
            : new LabelValues(kind.Type.ToString()!, kind.Read(column.Annotations));
    }

    public bool AreTexts => Known.Type is TextDataViewType;

    /// <summary>Adds the values to annotations under a name of their own.</summary>
    public void AddTo(DataViewSchema.Annotations.Builder annotations, string name) =>
        annotations.Add(name, new VectorDataViewType(Known.Type, Texts.Length), Known.Getter(Texts));

    Kind Known => Kinds.FirstOrDefault(kind => kind.Type.ToString() == Type)
        ?? throw new FormatException($"The label values are of type '{Type}', which is not known here: the model file is damaged.");

    sealed record Kind(PrimitiveDataViewType Type, Func<DataViewSchema.Annotations, string[]> Read, Func<string[], Delegate> Getter);

    static readonly Kind[] Kinds =
    [
        new(TextDataViewType.Instance, annotations => Values<ReadOnlyMemory<char>>(annotations, value => value.ToString()),
            texts => Getter(texts, text => text.AsMemory())),
        Number<float>(NumberDataViewType.Single), Number<double>(NumberDataViewType.Double),
        Number<sbyte>(NumberDataViewType.SByte), Number<short>(NumberDataViewType.Int16), Number<int>(NumberDataViewType.Int32),
        Number<long>(NumberDataViewType.Int64), Number<byte>(NumberDataViewType.Byte), Number<ushort>(NumberDataViewType.UInt16),
        Number<uint>(NumberDataViewType.UInt32), Number<ulong>(NumberDataViewType.UInt64), Number<bool>(BooleanDataViewType.Instance),
    ];

    static Kind Number<T>(PrimitiveDataViewType type) where T : IParsable<T> => new(
        type, annotations => Values<T>(annotations, value => Convert.ToString(value, CultureInfo.InvariantCulture)!),
        texts => Getter(texts, text => T.Parse(text, CultureInfo.InvariantCulture)));

    static string[] Values<T>(DataViewSchema.Annotations annotations, Func<T, string> text)
    {
        VBuffer<T> values = default;
        annotations.GetValue(KeyValues, ref values);
        return [.. values.DenseValues().Select(text)];
    }

    static Delegate Getter<T>(string[] texts, Func<string, T> parse)
    {
        T[] values = [.. texts.Select(parse)];
        return (ValueGetter<VBuffer<T>>)((ref VBuffer<T> value) =>
        {
            VBufferEditor<T> editor = VBufferEditor.Create(ref value, values.Length);
            values.CopyTo(editor.Values);
            value = editor.Commit();
        });
    }
}
