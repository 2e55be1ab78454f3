using System.Reflection;
using System.Text;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>
/// The input schema in a model file. Columns of types that have no values on disk, such as images, are left out, as in ML.NET.
/// </summary>
internal static class SchemaFile
{
    private const string Mark = "schema of a stand-in, version 1";

    private static readonly MethodInfo _writeAnnotation = typeof(SchemaFile).GetMethod(nameof(WriteAnnotation),
        BindingFlags.Static | BindingFlags.NonPublic);
    private static readonly MethodInfo _addAnnotation = typeof(SchemaFile).GetMethod(nameof(AddAnnotation),
        BindingFlags.Static | BindingFlags.NonPublic);

    public static void Write(Stream stream, DataViewSchema schema)
    {
        using var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true);
        writer.Write(Mark);
        var columns = schema.Where(column => ValueCodec.CanWrite(column.Type)).ToList();
        writer.Write(columns.Count);
        foreach (var column in columns)
        {
            writer.Write(column.Name);
            ValueCodec.WriteType(writer, column.Type);
            var annotations = column.Annotations.Schema.Where(annotation => ValueCodec.CanWrite(annotation.Type)).ToList();
            writer.Write(annotations.Count);
            foreach (var annotation in annotations)
            {
                writer.Write(annotation.Name);
                ValueCodec.WriteType(writer, annotation.Type);
                _writeAnnotation.MakeGenericMethod(annotation.Type.GetItemType().RawType).Invoke(null,
                    [writer, column.Annotations, annotation]);
            }
        }
    }

    public static DataViewSchema Read(Stream stream)
    {
        using var reader = new BinaryReader(stream, Encoding.UTF8, leaveOpen: true);
        Contracts.CheckDecode(reader.ReadString() == Mark, "The schema in this model file was not written by this version of ML.NET");
        var schema = new DataViewSchema.Builder();
        for (int count = reader.ReadInt32(); count > 0; count--)
        {
            string name = reader.ReadString();
            var type = ValueCodec.ReadType(reader);
            var annotations = new DataViewSchema.Annotations.Builder();
            for (int left = reader.ReadInt32(); left > 0; left--)
            {
                string kind = reader.ReadString();
                var annotationType = ValueCodec.ReadType(reader);
                _addAnnotation.MakeGenericMethod(annotationType.GetItemType().RawType).Invoke(null,
                    [reader, annotations, kind, annotationType]);
            }
            schema.AddColumn(name, type, annotations.ToAnnotations());
        }
        return schema.ToSchema();
    }

    private static void WriteAnnotation<T>(BinaryWriter writer, DataViewSchema.Annotations annotations, DataViewSchema.Column annotation)
    {
        if (annotation.Type is VectorDataViewType)
        {
            VBuffer<T> vector = default;
            annotations.GetGetter<VBuffer<T>>(annotation)(ref vector);
            ValueCodec.WriteVector(writer, vector);
            return;
        }
        T value = default;
        annotations.GetGetter<T>(annotation)(ref value);
        ValueCodec.WriteValue(writer, value);
    }

    private static void AddAnnotation<T>(BinaryReader reader, DataViewSchema.Annotations.Builder annotations, string kind,
        DataViewType type)
    {
        if (type is VectorDataViewType)
        {
            var vector = ValueCodec.ReadVector<T>(reader);
            annotations.Add(kind, type, (ref VBuffer<T> destination) => vector.CopyTo(ref destination));
            return;
        }
        var value = ValueCodec.ReadValue<T>(reader);
        annotations.Add(kind, type, (ref T destination) => destination = value);
    }
}
