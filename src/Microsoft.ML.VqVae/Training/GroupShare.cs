using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Training;

/// <summary>The share of a rank in the batches of an <see cref="ITrainingGroup"/>: rows r·B/n … (r + 1)·B/n of each batch of B.</summary>
internal sealed class GroupShare : BatchShare
{
    const int MaxMessage = 2048;

    readonly ITrainingGroup group;
    readonly int batch;
    readonly int first;

    /// <exception cref="ArgumentException">There are more ranks than examples in a batch.</exception>
    internal GroupShare(ITrainingGroup group, int batch)
    {
        if (batch < group.Size)
        {
            throw new ArgumentException(
                $"A batch has {batch} examples, too few for a group of {group.Size}: each rank needs at least one. Start fewer processes, " +
                $"or set a larger {nameof(TrainingOptions)}.{nameof(TrainingOptions.BatchSize)}.");
        }
        (this.group, this.batch) = (group, batch);
        first = StartOf(group.Rank);
        Rows = StartOf(group.Rank + 1) - first;
    }

    /// <summary>The number of rows of this rank.</summary>
    internal int Rows { get; }

    /// <summary>Whether this rank validates, reports progress and writes checkpoints.</summary>
    internal bool IsFirst => group.Rank == 0;

    /// <summary>The part of a plan that this rank computes. Rank 0 alone computes validations.</summary>
    internal IEnumerable<BatchExamples> Of(IEnumerable<BatchExamples> plan) => plan
        .Where(examples => examples.Step is not null || IsFirst)
        .Select(examples => examples.Step is null ? examples : examples.Slice(first, Rows));

    public override (long First, long Batch) Place(long rows) => (first, batch);

    public override Tensor Sum(Tensor values)
    {
        using IDisposable withoutGradients = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor host = values.detach().to(CPU, copy: true).contiguous();
        group.Sum(MemoryMarshal.Cast<byte, float>(host.bytes));
        return host.to(values.device).MoveToOuterDisposeScope();
    }

    public override Tensor Gather(Tensor rows)
    {
        using DisposeScope scope = NewDisposeScope();
        long[] counts = OfAll(rows.shape[0]);
        Tensor all = zeros([counts.Sum(), .. rows.shape[1..]], dtype: ScalarType.Float32, device: rows.device);
        if (rows.shape[0] > 0)
            all.narrow(0, counts[..group.Rank].Sum(), rows.shape[0]).copy_(rows);
        return Sum(all).MoveToOuterDisposeScope();
    }

    public override long Max(long number) => OfAll(number).Max();

    public override double Divisor(double items)
    {
        Span<float> sum = [(float)items];
        group.Sum(sum);
        return (double)sum[0] * Rows / batch;
    }

    public override Tensor Mean(Tensor mean, Func<double> items)
    {
        double mine = items(), divisor = Divisor(mine);
        return divisor > 0 ? mean.Mul(mine / divisor) : mean;
    }

    /// <summary>Whether any rank says so.</summary>
    internal bool Any(bool mine)
    {
        Span<float> sum = [mine ? 1 : 0];
        group.Sum(sum);
        return sum[0] > 0;
    }

    /// <summary>The largest of the numbers of the ranks, to the precision of Single.</summary>
    internal double Max(double number)
    {
        float[] numbers = new float[group.Size];
        numbers[group.Rank] = (float)number;
        group.Sum(numbers);
        return numbers.Max();
    }

    /// <summary>The number of rank 0.</summary>
    internal double FromFirst(double number)
    {
        Span<double> one = [number];
        group.Broadcast(MemoryMarshal.AsBytes(one));
        return one[0];
    }

    /// <summary>The bytes of rank 0, or null if it has none.</summary>
    /// <param name="read">Reads the bytes; called on rank 0 alone.</param>
    internal byte[]? FromFirst(Func<byte[]?> read)
    {
        byte[]? bytes = IsFirst ? read() : null;
        Span<long> length = [bytes?.Length ?? -1];
        group.Broadcast(MemoryMarshal.AsBytes(length));
        if (length[0] < 0)
            return null;
        bytes ??= new byte[length[0]];
        group.Broadcast(bytes);
        return bytes;
    }

    /// <summary>Replaces the values of a tensor by those of rank 0.</summary>
    internal void TakeFromFirst(Tensor tensor)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor host = tensor.detach().to(CPU, copy: true).contiguous();
        group.Broadcast(host.bytes);
        tensor.copy_(host);
    }

    /// <summary>Compares the settings of the ranks; all call it.</summary>
    /// <returns>The problem, the same on all ranks, where one has other settings than rank 0: it names the first such rank and its settings.
    /// Null where they are the same.</returns>
    internal string? DifferenceOf(IReadOnlyDictionary<string, string> settings)
    {
        string mine = string.Join('\n', settings.OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => $"{s.Key} is {s.Value}"));
        string[] ofFirst = Encoding.UTF8.GetString(FromFirst(() => Encoding.UTF8.GetBytes(mine))!).Split('\n');
        string[] differences = [.. mine.Split('\n').Except(ofFirst).Concat(ofFirst.Except(mine.Split('\n')).Select(line => $"{line} on rank 0"))];
        int differing = Array.FindIndex(OfAll(differences.Length), count => count > 0);
        if (differing < 0)
            return null;
        string message = $"The processes of a training group must have the same settings and data, but rank {differing} differs from " +
            $"rank 0: {string.Join("; ", differences)}.";
        return TextOf(differing, message);
    }

    int StartOf(int rank) => (int)((long)rank * batch / group.Size);

    /// <summary>The numbers of all ranks, exact up to 2⁴⁸.</summary>
    long[] OfAll(long number)
    {
        const long half = 1 << 24;
        float[] halves = new float[2 * group.Size];
        (halves[2 * group.Rank], halves[2 * group.Rank + 1]) = (number / half, number % half);
        group.Sum(halves);
        return [.. halves.Chunk(2).Select(pair => (long)pair[0] * half + (long)pair[1])];
    }

    /// <summary>The text of a rank, cut to what fits.</summary>
    string TextOf(int rank, string text)
    {
        float[] characters = new float[MaxMessage];
        if (group.Rank == rank)
        {
            for (int i = 0; i < Math.Min(text.Length, MaxMessage); i++)
                characters[i] = text[i];
        }
        group.Sum(characters);
        return string.Concat(characters.TakeWhile(character => character > 0).Select(character => (char)character));
    }
}
