using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

// Ancestral sampling and completion: one code after another, each from its distribution given those before it.
public abstract partial class CodePrior
{
    /// <summary>Samples rows of codes, or completes rows some of whose codes are fixed (<see cref="SampleRequest.Given"/>). All randomness
    /// derives from the seed: torch's global generator is not touched.</summary>
    /// <returns>Int64 [Count, N] on the CPU.</returns>
    /// <exception cref="ArgumentException">The request cannot be met: settings out of range, or conditions, map or fixed codes of another
    /// shape, missing, not wanted or out of range.</exception>
    /// <exception cref="OperationCanceledException">The request's token was canceled.</exception>
    public Tensor Sample(SampleRequest request)
    {
        int length = CheckRequest(request);
        request.Cancellation.ThrowIfCancellationRequested();
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        // Every code is set, unless rows end early: memory that nothing is written to yet costs no time.
        long[] shape = [request.Count, length];
        Tensor result = request.Lengths is null ? empty(shape, dtype: ScalarType.Int64) : zeros(shape, dtype: ScalarType.Int64);
        bool wasTraining = training;
        eval();
        try
        {
            foreach (SamplingBatch batch in request.Batches(request.Count))
            {
                using DisposeScope batchScope = NewDisposeScope();
                int longest = request.Lengths?.Skip(batch.First).Take(batch.Count).Max() ?? length;
                result.narrow(0, batch.First, batch.Count).narrow(1, 0, longest).copy_(SampleRows(request, batch, longest));
            }
        }
        finally
        {
            train(wasTraining);
        }
        return result.MoveToOuterDisposeScope();
    }

    Tensor SampleRows(SampleRequest request, SamplingBatch batch, int length)
    {
        int rows = batch.Count;
        Device device = Device;
        Tensor? Rows(Tensor? whole) => whole?.narrow(0, batch.First, rows).to(device);
        (Tensor? conditions, Tensor? map, Tensor? given) = (Rows(request.Conditions), Rows(request.Map), Rows(request.Given));
        // Where all rows have a code fixed, its logits are not needed; where none has, there is nothing to choose between.
        long[] fixedRows = FixedRows(request.Given?.narrow(0, batch.First, rows), length);
        Tensor uniforms = Uniforms(request, batch, length).to(device);
        Tensor codes = zeros(rows, length, dtype: ScalarType.Int64, device: device);
        var choice = new CodeChoice(request.Temperature, request.TopK is { } most && most < Codes ? most : null);
        using CodeSteps steps =
            request.Cached ? Begin(rows, length, conditions, map) : new WholeRowSteps(this, rows, length, conditions, map);
        for (int i = 0; i < length; i++)
        {
            using DisposeScope stepScope = NewDisposeScope();
            request.Cancellation.ThrowIfCancellationRequested();
            Tensor? fixedHere = fixedRows[i] > 0 ? given!.select(1, i) : null;
            Tensor? next = fixedHere;
            if (fixedRows[i] < rows)
            {
                next = choice.Choose(steps.NextLogits(), uniforms.narrow(1, i, 1));
                if (fixedHere is not null)
                    next = where(fixedHere.Lt(0), next, fixedHere);
            }
            codes.select(1, i).copy_(next!);
            steps.Accept(next!);
            batch.Progress?.Report((i + 1.0) / length);
        }
        return codes;
    }

    /// <summary>Number of rows in which each code is fixed.</summary>
    static long[] FixedRows(Tensor? given, int length)
    {
        if (given is null)
            return new long[length];
        using DisposeScope scope = NewDisposeScope();
        return given.Ge(0).sum(0, type: ScalarType.Int64).cpu().data<long>().ToArray();
    }

    /// <summary>The random numbers of a batch, Float32 [rows, length] in [0, 1).</summary>
    static Tensor Uniforms(SampleRequest request, SamplingBatch batch, int length)
    {
        float[] numbers = new float[batch.Count * length];
        for (int row = 0; row < batch.Count; row++)
        {
            long number = request.Numbers?[batch.First + row] ?? request.FirstSample + batch.First + row;
            SeededRandom.Uniforms(request.Seed, number, numbers.AsSpan(row * length, length));
        }
        return tensor(numbers, [batch.Count, length]);
    }

    int CheckRequest(SampleRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var problems = new OptionProblems("The request for samples cannot be met");
        problems.AtLeast(nameof(request.Count), request.Count, 0);
        request.Describe(problems);
        problems.Require(request.FirstSample >= 0, nameof(request.FirstSample), "0 or more", request.FirstSample);
        problems.Require(request.Numbers is null || (request.Numbers.Count == request.Count && request.Numbers.All(number => number >= 0)),
            nameof(request.Numbers), $"{request.Count} numbers of 0 or more, or null", request.Numbers?.Count);
        problems.ThrowIfAny();
        int length = CheckLength(request.Length, nameof(request));
        CheckConditions(request.Conditions, request.Map, request.Count, length);
        if (request.Given is not { } given)
            return length;
        TensorChecks.Shape(given, ScalarType.Int64, [request.Count, length], "Fixed codes", nameof(request),
            $"[{request.Count}, {length}], −1 where a code is to be sampled");
        TensorChecks.Range(given, -1, Codes - 1, "Fixed codes", nameof(request));
        return length;
    }
}

/// <summary>Steps that keep nothing but the codes: each computes the logits of the whole row.</summary>
internal sealed class WholeRowSteps : CheckedSteps
{
    readonly CodePrior _network;
    readonly Tensor _codes;
    readonly Tensor? _conditions;
    readonly Tensor? _map;

    public WholeRowSteps(CodePrior network, int batch, int length, Tensor? conditions, Tensor? map) : base(batch, length)
    {
        _network = network;
        _codes = Kept.Keep(zeros(batch, length, dtype: ScalarType.Int64, device: network.Device));
        (_conditions, _map) = (Kept.Keep(conditions?.alias()), Kept.Keep(map?.alias()));
    }

    protected override Tensor ComputeLogits() => _network.Logits(_codes, _conditions, _map).select(1, Position);

    protected override void Take(Tensor codes) => _codes.select(1, Position).copy_(codes);
}

/// <summary>Chooses codes from their logits with given random numbers, by inverting the cumulative distribution, on the device of the
/// logits.</summary>
internal sealed class CodeChoice(double temperature, int? topK)
{
    /// <summary>Logits [B, K] and random numbers [B, 1], uniform in [0, 1) → codes Int64 [B].</summary>
    public Tensor Choose(Tensor logits, Tensor uniforms)
    {
        using DisposeScope scope = NewDisposeScope();
        if (topK is not { } most)
            return Draw(logits, uniforms).squeeze(1).MoveToOuterDisposeScope();
        (Tensor likeliest, Tensor codes) = logits.topk(most);
        return codes.gather(1, Draw(likeliest, uniforms)).squeeze(1).MoveToOuterDisposeScope();
    }

    /// <summary>The index of the first cumulative probability above the random number: the count of those that are not.</summary>
    Tensor Draw(Tensor logits, Tensor uniforms)
    {
        Tensor scaled = temperature == 1 ? logits : logits.Div(Math.Max(temperature, SymbolChoice.LowestTemperature));
        Tensor cumulative = scaled.softmax(1).cumsum(1);
        // The total is 1 but for rounding. Random numbers end a step of 2⁻²³ below 1, so the product stays below the total, and no code
        // of probability 0 can be reached.
        Tensor target = uniforms.mul(cumulative.narrow(1, cumulative.shape[1] - 1, 1));
        return cumulative.le(target).sum(1, keepdim: true, type: ScalarType.Int64);
    }
}
