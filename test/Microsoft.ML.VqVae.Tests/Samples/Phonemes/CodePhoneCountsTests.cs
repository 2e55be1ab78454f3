using Microsoft.ML.VqVae.Samples.Phonemes;

namespace Microsoft.ML.VqVae.Tests.Samples.Phonemes;

/// <summary>Against values computed by hand.</summary>
[TestClass]
public sealed class CodePhoneCountsTests
{
    /// <summary>Counts: code 1 has 4 a and 2 b, code 2 has 1 a and 2 pau, code 3 has 1 b and 6 pau; two frames have no label.</summary>
    static readonly CodePhoneCounts Counts = Of("1a 1a 1a 1a 1b 1b 2a 2pau 2pau 3b 3pau 3pau 3pau 3pau 3pau 3pau 1 2");

    static CodePhoneCounts Of(string pairs) =>
        new(pairs.Split(' ').Select(pair => ((uint)(pair[0] - '0'), pair[1..])));

    [TestMethod]
    public void Purities_are_the_shares_of_the_largest_counts()
    {
        Assert.AreEqual(16, Counts.Total);
        // Largest of each code: 4, 2, 6. Largest of each phone: 4 a, 2 b, 6 pau.
        Assert.AreEqual(12 / 16.0, Counts.PhonePurity, 1e-12);
        Assert.AreEqual(12 / 16.0, Counts.ClusterPurity, 1e-12);
        // More codes for one phone: each code is pure, and no code has all of the phone.
        CodePhoneCounts split = Of("1a 1a 2a 2a 3b 3b");
        Assert.AreEqual(1, split.PhonePurity, 1e-12);
        Assert.AreEqual(4 / 6.0, split.ClusterPurity, 1e-12);
        Assert.AreEqual(1, split.NormalizedInformation, 1e-12, "the code leaves no doubt about the phone");
    }

    [TestMethod]
    public void Information_is_that_of_a_table_computed_by_hand()
    {
        // p(phone) = 5/16, 3/16, 8/16: H = 1.47722 bits. p(code) = 6/16, 3/16, 7/16: H = 1.50524 bits.
        // p(pair) = 4, 2, 1, 2, 1, 6 of 16: H = 0.5 + 0.375 + 0.25 + 0.375 + 0.25 + 0.53064 = 2.28064 bits.
        Assert.AreEqual((1.47722 + 1.50524 - 2.28064) / 1.47722, Counts.NormalizedInformation, 1e-4);
        Assert.AreEqual(0, Of("1a 1b 2a 2b").NormalizedInformation, 1e-12, "independent");
        Assert.AreEqual(0, Of("1a 2a").NormalizedInformation, "one phone only");
    }

    [TestMethod]
    public void The_map_of_training_counts_predicts_other_counts()
    {
        // 1 to a, 2 and 3 to pau, the unknown code 4 to pau, the most frequent phone.
        Assert.AreEqual("pau", Counts.MostFrequentPhone);
        Assert.AreEqual(0.5, Counts.ShareOf("pau"), 1e-12);
        Assert.AreEqual(4 / 6.0, Counts.AccuracyOn(Of("1a 1b 2pau 3a 4pau 2pau")), 1e-12);
        Assert.AreEqual(Counts.PhonePurity, Counts.AccuracyOn(Counts), 1e-12, "on the same pairs, it is the phone purity");
    }

    [TestMethod]
    public void Silence_is_left_out_of_all_counts()
    {
        CodePhoneCounts spoken = Counts.WithoutSilence();
        Assert.AreEqual(8, spoken.Total);
        CollectionAssert.AreEqual(new[] { "a", "b" }, spoken.Phones.ToArray());
        // Without silence, 2 stands for a, 3 for b.
        Assert.AreEqual(2 / 3.0, spoken.AccuracyOn(Of("2a 3b 1b")), 1e-12);
        Assert.AreEqual(6 / 8.0, spoken.PhonePurity, 1e-12);
        CodePhoneCounts nothing = Of("1pau 2").WithoutSilence();
        Assert.AreEqual((0, 0, 0), (nothing.PhonePurity, nothing.NormalizedInformation, nothing.AccuracyOn(Counts)));
        Assert.AreEqual("", nothing.MostFrequentPhone);
    }
}
