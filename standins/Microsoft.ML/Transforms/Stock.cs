using System.Reflection;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data;

/// <summary>
/// What the stock components share: model versions, schema shapes, and calls of generic methods for types known at run time only.
/// </summary>
internal static class Stock
{
    internal static VersionInfo Version(string modelSignature, string loaderSignature) =>
        new(modelSignature, 0x00010001, 0x00010001, 0x00010001, typeof(Stock).Assembly.GetName().Name, loaderSignature);

    /// <summary>Calls the generic method of which <paramref name="example"/> is an instance, for other types.</summary>
    internal static object Call(Delegate example, Type[] types, params object[] arguments) =>
        example.Method.GetGenericMethodDefinition().MakeGenericMethod(types)
            .Invoke(example.Target, BindingFlags.DoNotWrapExceptions, null, arguments, null);

    internal static SchemaShape.Column Find(this SchemaShape shape, IExceptionContext host, string name, string role = "input") =>
        shape.TryFindColumn(name, out var column) ? column : throw host.ExceptSchemaMismatch("inputSchema", role, name);

    /// <summary>The shape with columns put in the place of those of the same name, or at the end.</summary>
    internal static SchemaShape With(this SchemaShape shape, params IEnumerable<SchemaShape.Column> columns)
    {
        var result = shape.ToDictionary(column => column.Name);
        foreach (var column in columns)
            result[column.Name] = column;
        return new SchemaShape(result.Values);
    }

    /// <summary>The shape with the output column of a transformer, made of the shape of its input column.</summary>
    internal static SchemaShape With(
        this SchemaShape inputSchema, IHost host, OneToOneTransformerBase transformer, Func<SchemaShape.Column, SchemaShape.Column> output)
    {
        host.CheckValue(inputSchema, nameof(inputSchema));
        return inputSchema.With(output(inputSchema.Find(host, transformer.Input)));
    }

    internal static SchemaShape.Column ShapeVector(string name, DataViewType itemType) =>
        new(name, SchemaShape.Column.VectorKind.Vector, itemType, false);

    internal static SchemaShape.Column ShapeScalar(string name, DataViewType itemType, bool isKey = false) =>
        new(name, SchemaShape.Column.VectorKind.Scalar, itemType, isKey);

    /// <summary>The type of one of a column's annotations, null where it has none of that kind.</summary>
    internal static DataViewType AnnotationType(this DataViewSchema.Column column, string kind) =>
        column.Annotations.Schema.GetColumnOrNull(kind)?.Type;

    internal static ReadOnlyMemory<char>[] Texts(this DataViewSchema.Annotations annotations, string kind)
    {
        VBuffer<ReadOnlyMemory<char>> values = default;
        annotations.GetValue(kind, ref values);
        return values.DenseValues().ToArray();
    }

    internal static ValueGetter<VBuffer<T>> Constant<T>(T[] values) =>
        (ref VBuffer<T> destination) =>
        {
            var editor = VBufferEditor.Create(ref destination, values.Length);
            values.CopyTo(editor.Values);
            destination = editor.Commit();
        };
}
