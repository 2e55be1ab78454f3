using System.Buffers.Binary;
using System.Reflection;
using System.Reflection.Emit;

namespace Microsoft.ML.VqVae.Tests.Architecture;

/// <summary>The methods that the compiled methods of an assembly name: those they call, those they construct objects with, and those they
/// make delegates of.</summary>
internal static class CompiledCalls
{
    const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    static readonly Dictionary<short, OpCode> _codes = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => code.Value);

    public static IEnumerable<(MethodBase Caller, MethodBase Called)> Of(Assembly assembly) => TypesOf(assembly)
        .SelectMany(type => type.GetMethods(Declared).Concat<MethodBase>(type.GetConstructors(Declared)))
        .SelectMany(caller => NamedBy(caller).Select(called => (caller, called)));

    /// <summary>The same for every instance of a generic method.</summary>
    public static (Module Module, int Token) KeyOf(MethodBase method) => (method.Module, method.MetadataToken);

    static IEnumerable<Type> TypesOf(Assembly assembly)
    {
        try
        {
            return assembly.GetTypes();
        }
        catch (ReflectionTypeLoadException some)
        {
            return some.Types.OfType<Type>();
        }
    }

    static IEnumerable<MethodBase> NamedBy(MethodBase caller)
    {
        byte[] code = caller.GetMethodBody()?.GetILAsByteArray() ?? [];
        for (int at = 0; at < code.Length;)
        {
            short value = code[at++];
            if (value == 0xFE)
                value = unchecked((short)(0xFE00 | code[at++]));
            OperandType operand = _codes[value].OperandType;
            if (operand == OperandType.InlineMethod && Resolve(caller, BinaryPrimitives.ReadInt32LittleEndian(code.AsSpan(at))) is { } called)
                yield return called;
            at += operand switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + (4 * BinaryPrimitives.ReadInt32LittleEndian(code.AsSpan(at))),
                _ => 4,
            };
        }
    }

    static MethodBase? Resolve(MethodBase caller, int token)
    {
        try
        {
            Type[]? ofMethod = caller.IsGenericMethod ? caller.GetGenericArguments() : null;
            return caller.Module.ResolveMethod(token, caller.DeclaringType?.GetGenericArguments(), ofMethod);
        }
        catch (Exception missing) when (missing is FileNotFoundException or TypeLoadException)
        {
            // A method of an assembly that is not here, which no test can call either.
            return null;
        }
    }
}
