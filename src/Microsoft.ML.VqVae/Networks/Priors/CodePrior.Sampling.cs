using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

// Ancestral sampling and completion: one code after another, each from its distribution given those before it.
public abstract partial class CodePrior
{
    /// <summary>Samples rows of codes, or completes rows whose codes are fixed in part (<see cref="SampleRequest.Given"/>). The seed alone
    /// decides: torch's global generator is not touched.</summary>
    /// <returns>Int64 [Count, N] on the CPU.</returns>
    /// <exception cref="ArgumentException">The request cannot be met: settings out of range, or conditions, map or fixed codes of another
    /// shape, missing, not wanted or out of range.</exception>
    /// <exception cref="OperationCanceledException">The request's token was cancelled.</exception>
    public Tensor Sample(SampleRequest request)
    {
        var length = CheckRequest(request);
        using var withoutGradients = no_grad();
        using var scope = NewDisposeScope();
        var result = zeros(request.Count, length, dtype: ScalarType.Int64);
        var wasTraining = training;
        eval();
        try
        {
            for (var first = 0; first < request.Count; first += request.BatchSize)
            {
                using var batchScope = NewDisposeScope();
                var rows = Math.Min(request.BatchSize, request.Count - first);
                result.narrow(0, first, rows).copy_(SampleRows(request, first, rows, length));
            }
        }
        finally
        {
            train(wasTraining);
        }
        return result.MoveToOuterDisposeScope();
    }

    Tensor SampleRows(SampleRequest request, int first, int rows, int length)
    {
        var device = parameters().First().device;
        Tensor? Rows(Tensor? whole) => whole?.narrow(0, first, rows).to(device);
        var (conditions, map, given) = (Rows(request.Conditions), Rows(request.Map), Rows(request.Given));
        // Where all rows have a code fixed, its logits are not needed; where none has, there is nothing to choose between.
        var fixedRows = FixedRows(request.Given?.narrow(0, first, rows), length);
        var uniforms = Uniforms(request, first, rows, length).to(device);
        var codes = zeros(rows, length, dtype: ScalarType.Int64, device: device);
        var choice = new CodeChoice(request.Temperature, request.TopK is { } most && most < Codes ? most : null);
        using var steps = request.Cached ? Begin(rows, length, conditions, map) : null;
        for (var i = 0; i < length; i++)
        {
            using var stepScope = NewDisposeScope();
            request.Cancellation.ThrowIfCancellationRequested();
            var fixedHere = fixedRows[i] > 0 ? given!.select(1, i) : null;
            var next = fixedHere;
            if (fixedRows[i] < rows)
            {
                var logits = steps is null ? Logits(codes, conditions, map).select(1, i) : steps.NextLogits();
                next = choice.Choose(logits, uniforms.narrow(1, i, 1));
                if (fixedHere is not null)
                    next = where(fixedHere.lt(0), next, fixedHere);
            }
            codes.select(1, i).copy_(next!);
            steps?.Accept(next!);
            request.Progress?.Report((first + rows * (i + 1.0) / length) / request.Count);
        }
        return codes;
    }

    /// <summary>How many rows have each code fixed.</summary>
    static long[] FixedRows(Tensor? given, int length)
    {
        if (given is null)
            return new long[length];
        using var scope = NewDisposeScope();
        return given.ge(0).sum(0, type: ScalarType.Int64).cpu().data<long>().ToArray();
    }

    /// <summary>The random numbers of rows <paramref name="first"/> …, Float32 [rows, length] in [0, 1).</summary>
    static Tensor Uniforms(SampleRequest request, int first, int rows, int length)
    {
        var numbers = new float[rows * length];
        for (var row = 0; row < rows; row++)
        {
            var number = request.Numbers?[first + row] ?? request.FirstSample + first + row;
            SeededRandom.Uniforms(request.Seed, number, numbers.AsSpan(row * length, length));
        }
        return tensor(numbers, [rows, length]);
    }

    int CheckRequest(SampleRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var problems = new OptionProblems("The request for samples cannot be met");
        problems.AtLeast(nameof(request.Count), request.Count, 0);
        problems.Require(request.Temperature > 0 && double.IsFinite(request.Temperature), nameof(request.Temperature),
            "a finite number above 0", request.Temperature);
        problems.Require(request.TopK is null or >= 1, nameof(request.TopK), "1 or more, or null for all codes", request.TopK);
        problems.Require(request.FirstSample >= 0, nameof(request.FirstSample), "0 or more", request.FirstSample);
        problems.Require(request.Numbers is null || (request.Numbers.Count == request.Count && request.Numbers.All(number => number >= 0)),
            nameof(request.Numbers), $"{request.Count} numbers of 0 or more, or null", request.Numbers?.Count);
        problems.Require(request.BatchSize is >= 1 and <= SampleRequest.MaximumBatchSize, nameof(request.BatchSize),
            $"from 1 to {SampleRequest.MaximumBatchSize}", request.BatchSize);
        problems.ThrowIfAny();
        var length = CheckLength(request.Length, nameof(request));
        CheckConditions(request.Conditions, request.Map, request.Count, length);
        if (request.Given is not { } given)
            return length;
        if (given.dtype != ScalarType.Int64 || !given.shape.AsSpan().SequenceEqual([request.Count, length]))
            throw new ArgumentException($"Fixed codes must be Int64 [{request.Count}, {length}], −1 where a code is to be sampled, " +
                $"but are {given.dtype} [{string.Join(", ", given.shape)}].", nameof(request));
        CheckRange(given, -1, Codes - 1, "Fixed codes", nameof(request));
        return length;
    }
}
