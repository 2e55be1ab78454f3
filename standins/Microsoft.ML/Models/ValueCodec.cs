using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>Column types and column values in model files.</summary>
internal static class ValueCodec
{
    private enum TypeMark : byte { Standard, Key, Vector }

    public static bool CanWrite(DataViewType type) => type.GetItemType() is KeyDataViewType || type.GetItemType().IsStandardScalar();

    public static void WriteType(BinaryWriter writer, DataViewType type)
    {
        switch (type)
        {
            case VectorDataViewType vector:
                writer.Write((byte)TypeMark.Vector);
                writer.Write(vector.Dimensions.Length);
                foreach (int dimension in vector.Dimensions)
                    writer.Write(dimension);
                WriteType(writer, vector.ItemType);
                break;
            case KeyDataViewType key:
                writer.Write((byte)TypeMark.Key);
                writer.Write(key.RawType.FullName);
                writer.Write(key.Count);
                break;
            default:
                writer.Write((byte)TypeMark.Standard);
                writer.Write(type is TextDataViewType ? typeof(string).FullName : type.RawType.FullName);
                break;
        }
    }

    public static DataViewType ReadType(BinaryReader reader)
    {
        switch ((TypeMark)reader.ReadByte())
        {
            case TypeMark.Vector:
                var dimensions = Enumerable.Range(0, reader.ReadInt32()).Select(_ => reader.ReadInt32()).ToImmutableArray();
                return new VectorDataViewType((PrimitiveDataViewType)ReadType(reader), dimensions);
            case TypeMark.Key:
                return new KeyDataViewType(RawType(reader.ReadString()), reader.ReadUInt64());
            case TypeMark.Standard:
                return ColumnTypeExtensions.PrimitiveTypeFromType(RawType(reader.ReadString()));
            default:
                throw Contracts.ExceptDecode(null, "Unknown column type in a model file");
        }
    }

    private static Type RawType(string name) => Type.GetType(name) ?? typeof(ValueCodec).Assembly.GetType(name) ??
        throw Contracts.ExceptDecode(null, $"Unknown column type '{name}' in a model file");

    public static void WriteValue<T>(BinaryWriter writer, T value)
    {
        if (value is ReadOnlyMemory<char> text)
            writer.Write(text.ToString());
        else
        {
            Span<T> one = [value];
            writer.Write(Bytes(one));
        }
    }

    public static T ReadValue<T>(BinaryReader reader)
    {
        if (typeof(T) == typeof(ReadOnlyMemory<char>))
            return (T)(object)reader.ReadString().AsMemory();
        Span<T> one = [default];
        reader.BaseStream.ReadExactly(Bytes(one));
        return one[0];
    }

    public static void WriteVector<T>(BinaryWriter writer, in VBuffer<T> vector)
    {
        writer.Write(vector.Length);
        writer.Write(vector.GetValues().Length);
        foreach (int index in vector.GetIndices())
            writer.Write(index);
        foreach (var value in vector.GetValues())
            WriteValue(writer, value);
    }

    public static VBuffer<T> ReadVector<T>(BinaryReader reader)
    {
        int length = reader.ReadInt32(), count = reader.ReadInt32();
        int[] indices = count == length ? null : Enumerable.Range(0, count).Select(_ => reader.ReadInt32()).ToArray();
        return new VBuffer<T>(length, count, Enumerable.Range(0, count).Select(_ => ReadValue<T>(reader)).ToArray(), indices);
    }

    /// <summary>The bytes of unmanaged values, for a T that only the caller knows to be unmanaged.</summary>
    private static unsafe Span<byte> Bytes<T>(Span<T> values)
    {
        Contracts.Check(!System.Runtime.CompilerServices.RuntimeHelpers.IsReferenceOrContainsReferences<T>(),
            "Only plain values can be saved");
        ref byte first = ref System.Runtime.CompilerServices.Unsafe.As<T, byte>(ref MemoryMarshal.GetReference(values));
        return MemoryMarshal.CreateSpan(ref first, values.Length * System.Runtime.CompilerServices.Unsafe.SizeOf<T>());
    }
}
