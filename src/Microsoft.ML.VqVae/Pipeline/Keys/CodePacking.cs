using System.Numerics;

namespace Microsoft.ML.VqVae;

/// <summary>Packs codes into bytes, with as few bits per code as the codebook allows, and unpacks them.</summary>
/// <remarks>Codes are counted from 0, as Encode and Decode of the transformers count them; the keys of a column start at 1. The bits of a
/// code follow one another from the highest, and codes follow one another without gaps, from the highest bit of the first byte. The last
/// byte is filled up with zeros.</remarks>
public static class CodePacking
{
    /// <summary>Number of bits of a code: log2(K), rounded up.</summary>
    /// <param name="codebookSize">K: number of codes in the codebook; at least 2.</param>
    /// <returns>From 1 to 31.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="codebookSize"/> is below 2.</exception>
    public static int BitsPerCode(int codebookSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(codebookSize, 2);
        return 32 - BitOperations.LeadingZeroCount((uint)codebookSize - 1);
    }

    /// <summary>Packs codes.</summary>
    /// <param name="codes">The codes, from 0 to K − 1.</param>
    /// <param name="codebookSize">K: number of codes in the codebook; at least 2.</param>
    /// <returns>The bytes: the number of codes times <see cref="BitsPerCode"/> bits, rounded up to whole bytes.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A code is out of range, or <paramref name="codebookSize"/> is below 2.</exception>
    public static byte[] Pack(int[] codes, int codebookSize)
    {
        ArgumentNullException.ThrowIfNull(codes);
        int bits = BitsPerCode(codebookSize);
        byte[] bytes = new byte[LengthOf(codes.Length, bits)];
        // At most 31 bits of a code and 7 that are left of the last one.
        ulong pending = 0;
        int pendingBits = 0, next = 0;
        for (int i = 0; i < codes.Length; i++)
        {
            if (codes[i] < 0 || codes[i] >= codebookSize)
            {
                throw new ArgumentOutOfRangeException(
                    nameof(codes), codes[i], $"The code at index {i} is not from 0 to {codebookSize - 1}.");
            }
            pending = pending << bits | (uint)codes[i];
            for (pendingBits += bits; pendingBits >= 8; pendingBits -= 8)
                bytes[next++] = (byte)(pending >> (pendingBits - 8));
        }
        if (pendingBits > 0)
            bytes[next] = (byte)(pending << (8 - pendingBits));
        return bytes;
    }

    /// <summary>Unpacks codes.</summary>
    /// <param name="bytes">The bytes that <see cref="Pack"/> returned.</param>
    /// <param name="count">Number of codes.</param>
    /// <param name="codebookSize">K: number of codes in the codebook; at least 2.</param>
    /// <returns>The codes, from 0 to K − 1.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is negative, or <paramref name="codebookSize"/> is below
    /// 2.</exception>
    /// <exception cref="ArgumentException">There is another number of bytes than so many codes have, or a code is not below K: the bytes
    /// come from another codebook, or are damaged.</exception>
    public static int[] Unpack(byte[] bytes, int count, int codebookSize)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        int bits = BitsPerCode(codebookSize), expected = LengthOf(count, bits);
        if (bytes.Length != expected)
            throw new ArgumentException($"There are {bytes.Length} bytes; {count} codes of {bits} bits have {expected}.", nameof(bytes));
        int[] codes = new int[count];
        ulong pending = 0;
        int pendingBits = 0, next = 0;
        for (int i = 0; i < count; i++)
        {
            for (; pendingBits < bits; pendingBits += 8)
                pending = pending << 8 | bytes[next++];
            pendingBits -= bits;
            codes[i] = (int)(pending >> pendingBits & ((1UL << bits) - 1));
            if (codes[i] >= codebookSize)
            {
                throw new ArgumentException(
                    $"The code at index {i} is {codes[i]}; expected is one from 0 to {codebookSize - 1}.", nameof(bytes));
            }
        }
        return codes;
    }

    static int LengthOf(int count, int bits) => checked((int)(((long)count * bits + 7) / 8));
}
