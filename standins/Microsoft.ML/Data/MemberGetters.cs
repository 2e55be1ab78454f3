using System.Numerics;
using System.Reflection;

namespace Microsoft.ML.Data;

/// <summary>Getters over values of .NET types: strings, arrays, keys and plain values.</summary>
internal static class MemberGetters
{
    /// <summary>A getter of the raw type that belongs to <paramref name="memberType"/>, over a <c>Func&lt;memberType&gt;</c>.</summary>
    public static Delegate Create(Type memberType, KeyDataViewType scalarKey, Delegate read)
    {
        if (memberType == typeof(string))
            return TextGetter((Func<string>)read);
        if (memberType == typeof(string[]))
            return TextArrayGetter((Func<string[]>)read);
        if (memberType.IsArray)
            return Invoke(nameof(ArrayGetter), memberType.GetElementType(), read);
        return scalarKey != null
            ? Invoke(nameof(KeyGetter), memberType, read, scalarKey.Count)
            : Invoke(nameof(PlainGetter), memberType, read);
    }

    private static Delegate Invoke(string method, Type type, params object[] arguments) => (Delegate)typeof(MemberGetters)
        .GetMethod(method, BindingFlags.Static | BindingFlags.NonPublic).MakeGenericMethod(type).Invoke(null, arguments);

    private static ValueGetter<ReadOnlyMemory<char>> TextGetter(Func<string> read) =>
        (ref ReadOnlyMemory<char> destination) => destination = read().AsMemory();

    private static ValueGetter<VBuffer<ReadOnlyMemory<char>>> TextArrayGetter(Func<string[]> read) =>
        ArrayGetter(() => Array.ConvertAll(read() ?? [], text => text.AsMemory()));

    private static ValueGetter<VBuffer<T>> ArrayGetter<T>(Func<T[]> read) => (ref VBuffer<T> destination) =>
    {
        var values = read() ?? [];
        var editor = VBufferEditor.Create(ref destination, values.Length);
        values.CopyTo(editor.Values);
        destination = editor.Commit();
    };

    private static ValueGetter<T> PlainGetter<T>(Func<T> read) => (ref T destination) => destination = read();

    /// <summary>Scalar keys in row objects count from 0, in data views from 1; what is out of range is missing.</summary>
    private static ValueGetter<T> KeyGetter<T>(Func<T> read, ulong count) where T : IBinaryInteger<T> => (ref T destination) =>
    {
        var value = read();
        destination = ulong.CreateTruncating(value) < count ? value + T.One : T.Zero;
    };
}
