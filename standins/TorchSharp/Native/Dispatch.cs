using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;
using static TorchSharp.torch;

namespace TorchSharp;

/// <summary>An argument of an operator: what C# values turn into on their way through the boxed dispatcher.</summary>
internal readonly struct Value
{
    internal enum Kind { None, Tensor, Int, Double, Bool, IntList, TensorList, Device, Generator, Text }

    internal readonly object? Reference;
    internal readonly long Bits;
    internal readonly Kind Is;

    Value(Kind kind, object? reference, long bits = 0) => (Is, Reference, Bits) = (kind, reference, bits);

    internal static Value List(IReadOnlyList<Tensor> tensors) => new(Kind.TensorList, tensors);

    public static implicit operator Value(Tensor? value) => value is null ? default : new(Kind.Tensor, value);
    public static implicit operator Value(long value) => new(Kind.Int, null, value);
    public static implicit operator Value(long? value) => value is { } v ? v : default(Value);
    public static implicit operator Value(double value) => new(Kind.Double, null, BitConverter.DoubleToInt64Bits(value));
    public static implicit operator Value(bool value) => new(Kind.Bool, null, value ? 1 : 0);
    public static implicit operator Value(ScalarType value) => new(Kind.Int, null, (long)value);
    public static implicit operator Value(ScalarType? value) => value is { } v ? v : default(Value);
    public static implicit operator Value(string? value) => value is null ? default : new(Kind.Text, value);
    public static implicit operator Value(long[]? value) => value is null ? default : new(Kind.IntList, value);
    public static implicit operator Value(Generator? value) => value is null ? default : new(Kind.Generator, value);
    public static implicit operator Value(Device? value) =>
        value is null ? default : new(Kind.Device, null, ((long)value.index << 32) | (uint)value.type);
    public static implicit operator Value(Scalar? value) =>
        value is null ? default : new(value.IsFloating ? Kind.Double : value.Type == ScalarType.Bool ? Kind.Bool : Kind.Int, null,
            value.Bits);

    /// <summary>How many 8-byte words the items of a list take.</summary>
    internal int Words => Is switch
    {
        Kind.IntList => ((long[])Reference!).Length,
        Kind.TensorList => ((IReadOnlyList<Tensor>)Reference!).Count,
        Kind.Text => System.Text.Encoding.UTF8.GetByteCount((string)Reference!) / 8 + 1,
        _ => 0,
    };

    /// <summary>Writes the argument; the items of a list go to <paramref name="words"/>, which moves on.</summary>
    internal unsafe Native.Slot Write(ref long* words)
    {
        var slot = new Native.Slot { Kind = (int)Is, Bits = Bits };
        switch (Is)
        {
            case Kind.Tensor:
                slot.Bits = ((Tensor)Reference!).Handle;
                return slot;
            case Kind.Generator:
                slot.Bits = ((Generator)Reference!).Handle;
                return slot;
            case Kind.Device:
                slot.Bits = (int)Bits;
                slot.Count = (int)(Bits >> 32);
                return slot;
            case Kind.IntList:
                ((long[])Reference!).CopyTo(new Span<long>(words, Words));
                break;
            case Kind.TensorList:
                var tensors = (IReadOnlyList<Tensor>)Reference!;
                for (int i = 0; i < tensors.Count; i++) words[i] = tensors[i].Handle;
                break;
            case Kind.Text:
                var bytes = new Span<byte>(words, Words * 8);
                bytes.Clear();
                System.Text.Encoding.UTF8.GetBytes((string)Reference!, bytes);
                break;
            default:
                return slot;
        }
        slot.Bits = (long)words;
        slot.Count = Words;
        words += Words;
        return slot;
    }
}

/// <summary>Calls ATen operators by the name that libtorch registers them under: "add.Tensor" is aten::add, overload Tensor.</summary>
internal static unsafe class Dispatch
{
    static readonly ConcurrentDictionary<string, nint> operators = new();

    internal static Tensor Call(string op, params ReadOnlySpan<Value> arguments)
    {
        Native.Slot result;
        Invoke(op, arguments, &result, 1);
        return new Tensor((nint)result.Bits);
    }

    /// <summary>For operators that write into their first argument: the result is that tensor again.</summary>
    internal static void Do(string op, params ReadOnlySpan<Value> arguments) => Invoke(op, arguments, null, 0);

    internal static (Tensor, Tensor) Two(string op, params ReadOnlySpan<Value> arguments)
    {
        Native.Slot* results = stackalloc Native.Slot[2];
        Invoke(op, arguments, results, 2);
        return (new Tensor((nint)results[0].Bits), new Tensor((nint)results[1].Bits));
    }

    /// <summary>For operators that give a list of so many tensors.</summary>
    internal static Tensor[] Several(string op, int count, params ReadOnlySpan<Value> arguments)
    {
        Native.Slot* results = stackalloc Native.Slot[count];
        Invoke(op, arguments, results, count);
        var tensors = new Tensor[count];
        for (int i = 0; i < count; i++) tensors[i] = new Tensor((nint)results[i].Bits);
        return tensors;
    }

    internal static bool Ask(string op, params ReadOnlySpan<Value> arguments) => Number(op, arguments).Bits != 0;

    internal static Native.Slot Number(string op, params ReadOnlySpan<Value> arguments)
    {
        Native.Slot result;
        Invoke(op, arguments, &result, 1);
        return result;
    }

    static void Invoke(string name, ReadOnlySpan<Value> arguments, Native.Slot* results, int capacity)
    {
        if (!operators.TryGetValue(name, out nint op)) op = Find(name);
        int words = 0;
        foreach (ref readonly Value argument in arguments) words += argument.Words;
        const int OnStack = 256;
        long* heap = words > OnStack ? (long*)NativeMemory.Alloc((nuint)words, sizeof(long)) : null;
        try
        {
            long* list = stackalloc long[words > OnStack ? 0 : words];
            if (heap != null) list = heap;
            Native.Slot* slots = stackalloc Native.Slot[arguments.Length];
            for (int i = 0; i < arguments.Length; i++) slots[i] = arguments[i].Write(ref list);
            Native.Check(Native.torch_call(op, slots, arguments.Length, results, capacity));
        }
        finally
        {
            if (heap != null) NativeMemory.Free(heap);
        }
        foreach (ref readonly Value argument in arguments) GC.KeepAlive(argument.Reference);
    }

    static nint Find(string name)
    {
        int dot = name.IndexOf('.');
        nint op;
        byte* text = Utf8StringMarshaller.ConvertToUnmanaged("aten::" + (dot < 0 ? name : name[..dot]));
        byte* overload = Utf8StringMarshaller.ConvertToUnmanaged(dot < 0 ? "" : name[(dot + 1)..]);
        try
        {
            Native.Check(Native.torch_find(text, overload, &op));
        }
        finally
        {
            Utf8StringMarshaller.Free(text);
            Utf8StringMarshaller.Free(overload);
        }
        return operators.GetOrAdd(name, op);
    }
}
