using System.Numerics;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

internal static class RandomUtils
{
    public static TauswortheHybrid Create() => new(new Random());

    public static TauswortheHybrid Create(int? seed) => seed is { } value ? Create((uint)value) : Create();

    public static TauswortheHybrid Create(uint seed) => new(new TauswortheHybrid.State(seed));

    public static TauswortheHybrid Create(Random seed) => new(seed);
}

/// <summary>
/// Three Tausworthe generators and a linear congruential one, combined (GPU Gems 3, chapter 37): ML.NET's own, so that seeds mean the
/// same.
/// </summary>
internal sealed class TauswortheHybrid : Random
{
    private uint _z1;
    private uint _z2;
    private uint _z3;
    private uint _z4;

    public readonly struct State
    {
        public readonly uint U1;
        public readonly uint U2;
        public readonly uint U3;
        public readonly uint U4;

        public State(uint seed)
        {
            U1 = seed;
            U2 = MurmurRound(U1, seed);
            U3 = MurmurRound(U2, seed);
            U4 = MurmurRound(U3, seed);
        }

        private static uint MurmurRound(uint hash, uint chunk)
        {
            hash ^= BitOperations.RotateLeft(chunk * 0xCC9E2D51, 15) * 0x1B873593;
            return BitOperations.RotateLeft(hash, 13) * 5 + 0xE6546B64;
        }
    }

    public TauswortheHybrid(State state) => (_z1, _z2, _z3, _z4) = (state.U1, state.U2, state.U3, state.U4);

    public TauswortheHybrid(Random source)
    {
        _z1 = TauswortheSeed(source);
        _z2 = TauswortheSeed(source);
        _z3 = TauswortheSeed(source);
        _z4 = Bits(source);
    }

    private static uint Bits(Random source) => ((uint)source.Next(0x10000) << 16) | (uint)source.Next(0x10000);

    private static uint TauswortheSeed(Random source)
    {
        uint bits;
        do
            bits = Bits(source);
        while (bits < 128);
        return bits;
    }

    private uint NextBits()
    {
        _z1 = Step(_z1, 13, 19, 12, ~0x1u);
        _z2 = Step(_z2, 2, 25, 4, ~0x7u);
        _z3 = Step(_z3, 3, 11, 17, ~0xfu);
        _z4 = 1664525 * _z4 + 1013904223;
        return _z1 ^ _z2 ^ _z3 ^ _z4;
    }

    private static uint Step(uint z, int s1, int s2, int s3, uint mask) => ((z & mask) << s3) ^ (((z << s1) ^ z) >> s2);

    public override float NextSingle() => (NextBits() >> 9) * (1f / (1 << 23));

    public override double NextDouble() => NextBits() * (1.0 / (1L << 32));

    protected override double Sample() => NextDouble();

    public override int Next()
    {
        uint bits = NextBits();
        return (int)(bits + (bits & 0x80000000u));
    }

    public override int Next(int maxValue)
    {
        Contracts.CheckParam(maxValue >= 0, nameof(maxValue), "maxValue must be non-negative");
        return (int)(NextBits() * (ulong)maxValue >> 32);
    }

    public override int Next(int minValue, int maxValue)
    {
        Contracts.CheckParam(minValue <= maxValue, nameof(minValue), "minValue must be less than or equal to maxValue.");
        return (int)((long)(NextDouble() * ((long)maxValue - minValue)) + minValue);
    }

    public override void NextBytes(byte[] buffer)
    {
        Contracts.CheckValue(buffer, nameof(buffer));
        for (int i = 0; i < buffer.Length; i++)
            buffer[i] = (byte)Next();
    }
}
