namespace Microsoft.ML.VqVae.Tests.Pipeline;

/// <summary>Codes packed into as few bits as the codebook allows.</summary>
[TestClass]
public sealed class CodePackingTests
{
    [TestMethod]
    [DataRow(2, 1)]
    [DataRow(3, 2)]
    [DataRow(256, 8)]
    [DataRow(257, 9)]
    [DataRow(512, 9)]
    [DataRow(int.MaxValue, 31)]
    public void A_code_has_the_bits_that_the_codebook_needs(int codebookSize, int bits)
    {
        Assert.AreEqual(bits, CodePacking.BitsPerCode(codebookSize));
        int[] codes = [0, codebookSize - 1, codebookSize / 2, 0, 1, codebookSize - 1, codebookSize - 1];
        for (int count = 0; count <= codes.Length; count++)
        {
            byte[] packed = CodePacking.Pack(codes[..count], codebookSize);
            Assert.HasCount((int)Math.Ceiling((double)count * bits / 8), packed);
            CollectionAssert.AreEqual(codes[..count], CodePacking.Unpack(packed, count, codebookSize));
        }
    }

    [TestMethod]
    public void Bits_follow_one_another_from_the_highest()
    {
        // 101 | 010 | 111, and zeros up to the next byte.
        CollectionAssert.AreEqual((byte[])[0b10101011, 0b10000000], CodePacking.Pack([5, 2, 7], 8));
        // 9 bits: 1 0000 0001 | 0 0000 0011.
        CollectionAssert.AreEqual((byte[])[0b10000000, 0b10000000, 0b11000000], CodePacking.Pack([257, 3], 512));
    }

    [TestMethod]
    public void Other_codes_and_bytes_are_refused()
    {
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => CodePacking.BitsPerCode(1));
        Assert.Contains("index 1 is not from 0 to 4",
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => CodePacking.Pack([0, 5], 5)).Message);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => CodePacking.Pack([-1], 5));
        Assert.Contains("3 codes of 3 bits have 2", Assert.ThrowsExactly<ArgumentException>(() => CodePacking.Unpack([0, 0, 0], 3, 5)).Message);
        Assert.Contains("index 0 is 7", Assert.ThrowsExactly<ArgumentException>(() => CodePacking.Unpack([0b11100000], 1, 5)).Message);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => CodePacking.Unpack([], -1, 5));
    }
}
