using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>A graph of ONNX operators with their weights, which networks describe themselves in. It knows no file format: it is a list of
/// constants and a list of operations, in an order in which they can be computed.</summary>
/// <remarks>The operators are those of operator set 12 (https://github.com/onnx/onnx/blob/main/docs/Operators.md), the last that ML.NET writes.
/// A computation or a constant that occurs twice is in the graph once, so that methods which describe a part of a network need not know
/// who else asked for it.</remarks>
internal sealed class OnnxGraph
{
    /// <summary>The operator set that the operators are taken from.</summary>
    public const int OperatorSet = 12;

    readonly Dictionary<string, OnnxValue> _values = [];
    readonly List<OnnxConstant> _constants = [];
    readonly List<OnnxOperation> _operations = [];

    /// <summary>The constants: weights, shapes and numbers.</summary>
    public IReadOnlyList<OnnxConstant> Constants => _constants;

    /// <summary>The operations, each after those that it depends on.</summary>
    public IReadOnlyList<OnnxOperation> Operations => _operations;

    /// <summary>Declares a value that is given.</summary>
    /// <param name="name">The name of the value.</param>
    /// <param name="type">The type of its numbers.</param>
    /// <param name="rank">The number of its dimensions.</param>
    public OnnxValue Input(string name, Type type, int rank) => new(this, name, type, rank);

    /// <summary>The values of a tensor: Int64 as they are, all other types as Single.</summary>
    public OnnxValue Constant(Tensor values)
    {
        using DisposeScope scope = NewDisposeScope();
        bool areIntegers = values.dtype == ScalarType.Int64;
        Tensor dense = values.detach().to(areIntegers ? ScalarType.Int64 : ScalarType.Float32).cpu().contiguous();
        return areIntegers
            ? Constant(dense.data<long>().ToArray(), values.shape) : Constant(dense.data<float>().ToArray(), values.shape);
    }

    /// <summary>Numbers in the shape of a tensor; no dimensions for a single number.</summary>
    public OnnxValue Constant<T>(T[] values, params long[] shape) where T : unmanaged
    {
        string content = Convert.ToHexString(SHA256.HashData(MemoryMarshal.AsBytes<T>(values)));
        return Once($"{typeof(T)} [{string.Join(", ", shape)}] {content}", () =>
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"constant{_constants.Count}");
            _constants.Add(new OnnxConstant<T>(name, values, shape));
            return new OnnxValue(this, name, typeof(T), shape.Length);
        });
    }

    /// <summary>Adds an operation, unless the graph has it.</summary>
    /// <param name="operation">The name of the operator.</param>
    /// <param name="type">The type of the numbers of the result.</param>
    /// <param name="rank">The number of dimensions of the result.</param>
    /// <param name="inputs">The operands.</param>
    /// <param name="attributes">The attributes: Int64, arrays of Int64, Single, or the <see cref="Type"/> of numbers.</param>
    public OnnxValue Apply(
        string operation, Type type, int rank, IReadOnlyList<OnnxValue> inputs, params (string Name, object Value)[] attributes)
    {
        string text = string.Join(", ", attributes.Select(attribute => $"{attribute.Name} = {Text(attribute.Value)}"));
        return Once($"{operation}({string.Join(", ", inputs.Select(input => input.Name))}) {text}", () =>
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"value{_operations.Count}");
            // TopK, alone among the operators used here, has a second output: the positions of its values.
            string[] outputs = operation == "TopK" ? [name, name + ".positions"] : [name];
            _operations.Add(new OnnxOperation(operation, [.. inputs.Select(input => input.Name)], outputs, attributes));
            return new OnnxValue(this, name, type, rank);
        });
    }

    /// <summary>The names of the values that some values are computed from, their own among them.</summary>
    public HashSet<string> NeededFor(IEnumerable<OnnxValue> values)
    {
        HashSet<string> needed = [.. values.Select(value => value.Name)];
        foreach (OnnxOperation operation in Enumerable.Reverse(_operations).Where(operation => operation.Outputs.Any(needed.Contains)))
            needed.UnionWith(operation.Inputs);
        return needed;
    }

    OnnxValue Once(string description, Func<OnnxValue> create)
    {
        if (!_values.TryGetValue(description, out OnnxValue? value))
            _values.Add(description, value = create());
        return value;
    }

    static string Text(object attribute) =>
        attribute is long[] numbers ? string.Join(" ", numbers) : Convert.ToString(attribute, CultureInfo.InvariantCulture)!;
}

/// <summary>A constant of a graph.</summary>
/// <param name="Name">The name of its value.</param>
/// <param name="Shape">Its dimensions; none for a single number.</param>
internal abstract record OnnxConstant(string Name, long[] Shape);

/// <summary>A constant of numbers of one type.</summary>
/// <param name="Name">The name of its value.</param>
/// <param name="Values">The numbers.</param>
/// <param name="Shape">Its dimensions; none for a single number.</param>
internal sealed record OnnxConstant<T>(string Name, T[] Values, long[] Shape) : OnnxConstant(Name, Shape);

/// <summary>An operation of a graph.</summary>
/// <param name="Operator">The name of the ONNX operator.</param>
/// <param name="Inputs">The names of the values that it takes.</param>
/// <param name="Outputs">The name of its value, followed by those of further outputs, which are not used.</param>
/// <param name="Attributes">Its attributes.</param>
internal sealed record OnnxOperation(
    string Operator, IReadOnlyList<string> Inputs, IReadOnlyList<string> Outputs, IReadOnlyList<(string Name, object Value)> Attributes);
