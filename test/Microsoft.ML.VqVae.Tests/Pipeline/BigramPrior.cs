using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>The settings of a prior of an application's own, made of public members only.</summary>
public sealed class BigramOptions : CodePriorOptions
{
    /// <summary>The logits are divided by this.</summary>
    public double Smoothing { get; set; } = 1;

    /// <summary>What is wrong with the network that <see cref="CreateNetwork"/> returns.</summary>
    public BigramMistake Mistake { get; set; }

    public override CodePrior CreateNetwork(CodeGrid grid, int conditions, int seed)
    {
        ArgumentNullException.ThrowIfNull(grid);
        return Mistake switch
        {
            BigramMistake.Null => null!,
            BigramMistake.Codes => new BigramPrior(grid.Codes + 1, conditions, null, Smoothing),
            BigramMistake.Conditions => new BigramPrior(grid.Codes, conditions + 1, null, Smoothing),
            BigramMistake.Length => new BigramPrior(grid.Codes, conditions, 99, Smoothing),
            _ => new BigramPrior(grid.Codes, conditions, null, Smoothing),
        };
    }

    protected override IEnumerable<string> Problems() =>
        Smoothing > 0 ? [] : [$"Smoothing must be above 0, but is {Smoothing}"];
}

/// <summary>Networks that do not fit the data.</summary>
public enum BigramMistake
{
    None,
    Null,
    Codes,
    Conditions,
    Length,
}

/// <summary>Settings without a constructor that JSON can use.</summary>
public sealed class UnsavableOptions(Func<int, int> function) : CodePriorOptions
{
    public Func<int, int> Function => function;

    public override CodePrior CreateNetwork(CodeGrid grid, int conditions, int seed) => throw new NotSupportedException();
}

/// <summary>A table of logits of each code given the code before it and the class.</summary>
public sealed class BigramPrior : CodePrior
{
    // TorchSharp registers it by its name.
    readonly Parameter table;
    readonly double _smoothing;

    public BigramPrior(int codes, int conditions, int? length, double smoothing) : base(nameof(BigramPrior))
    {
        (Codes, Conditions, Length, _smoothing) = (codes, conditions, length, smoothing);
        // The last row of a class is for the first code.
        table = new Parameter(zeros(Math.Max(1, conditions) * (codes + 1), codes));
        RegisterComponents();
    }

    public override int Codes { get; }

    public override int Conditions { get; }

    public override int? Length { get; }

    protected override Tensor ComputeLogits(Tensor codes, Tensor? conditions, Tensor? map)
    {
        ArgumentNullException.ThrowIfNull(codes);
        (long rows, long length) = (codes.shape[0], codes.shape[1]);
        Tensor start = full([rows, 1], (long)Codes, dtype: ScalarType.Int64, device: codes.device);
        Tensor before = cat([start, codes.narrow(1, 0, length - 1)], 1);
        if (conditions is not null)
            before += conditions.unsqueeze(1) * (Codes + 1);
        return table.index_select(0, before.reshape(-1)).view(rows, length, Codes).div(_smoothing);
    }
}
