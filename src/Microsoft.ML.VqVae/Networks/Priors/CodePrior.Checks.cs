using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

// What is wrong with codes, conditions, maps and lengths, told before any work starts.
public abstract partial class CodePrior
{
    int CheckLength(int length, string name)
    {
        if (Length is { } own)
            return length == 0 || length == own ? own
                : throw new ArgumentException($"{GetType().Name} has {own} codes a row, but {length} are asked for.", name);
        return length > 0 ? length
            : throw new ArgumentException(
                $"{GetType().Name} takes rows of any length: say how many codes a row has (found {length}).", name);
    }

    void CheckCodes(Tensor codes)
    {
        ArgumentNullException.ThrowIfNull(codes);
        // A matrix product of mismatched shapes ends the process instead of throwing, so look first.
        var shape = codes.shape;
        if (codes.dtype != ScalarType.Int64 || shape.Length != 2 || shape[1] < 1 || (Length is { } own && shape[1] != own))
            throw new ArgumentException($"Codes must be Int64 [batch, {(Length is { } expected ? expected : "codes")}], but are " +
                $"{codes.dtype} [{string.Join(", ", shape)}].", nameof(codes));
        CheckRange(codes, 0, Codes - 1, "Codes", nameof(codes));
    }

    void CheckConditions(Tensor? conditions, Tensor? map, long batch, long length)
    {
        if (Conditions == 0 && conditions is not null)
            throw new ArgumentException($"{GetType().Name} is conditioned on no class, but conditions are given.", nameof(conditions));
        if (Conditions > 0)
        {
            if (conditions is null)
                throw new ArgumentException($"{GetType().Name} is conditioned on {Conditions} classes, but no conditions are given.",
                    nameof(conditions));
            CheckRows(conditions, batch, "Conditions", nameof(conditions));
            CheckRange(conditions, 0, Conditions - 1, "Conditions", nameof(conditions));
        }
        if (MapChannels == 0 && map is not null)
            throw new ArgumentException($"{GetType().Name} is conditioned on no map, but one is given.", nameof(map));
        if (MapChannels > 0)
        {
            if (map is null)
                throw new ArgumentException($"{GetType().Name} is conditioned on a map of {MapChannels} channels, but none is given.",
                    nameof(map));
            CheckMap(map, batch, length);
        }
    }

    static void CheckLengths(Tensor codes, Tensor? lengths)
    {
        ArgumentNullException.ThrowIfNull(codes);
        if (lengths is null || codes.Dimensions != 2)
            return;
        CheckRows(lengths, codes.shape[0], "Lengths", nameof(lengths));
        CheckRange(lengths, 0, codes.shape[1], "Lengths", nameof(lengths));
    }

    static void CheckRows(Tensor given, long batch, string what, string name)
    {
        if (given.dtype != ScalarType.Int64 || given.Dimensions != 1 || given.shape[0] != batch)
            throw new ArgumentException($"{what} must be Int64 [{batch}], one a row, but are {given.dtype} " +
                $"[{string.Join(", ", given.shape)}].", name);
    }

    static void CheckRange(Tensor given, long least, long greatest, string what, string name)
    {
        if (given.device_type != DeviceType.CPU || given.numel() == 0)
            return;
        using var smallest = given.min();
        using var largest = given.max();
        if (smallest.ToInt64() < least || largest.ToInt64() > greatest)
            throw new ArgumentException($"{what} must be within {least} … {greatest}, but reach from {smallest.ToInt64()} to " +
                $"{largest.ToInt64()}.", name);
    }
}
