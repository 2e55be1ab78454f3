using Microsoft.ML.VqVae.Samples.Speech;

namespace Microsoft.ML.VqVae.Tests.Samples.Speech;

[TestClass]
public sealed class SentenceGrammarTests
{
    [TestMethod]
    public void No_sentence_comes_twice_and_more_sentences_begin_with_the_same()
    {
        IReadOnlyList<string> many = SentenceGrammar.Take(1000), few = SentenceGrammar.Take(40);
        Assert.HasCount(1000, many);
        Assert.AreEqual(1000, many.Distinct().Count());
        CollectionAssert.AreEqual(few.ToArray(), many.Take(40).ToArray());
    }

    [TestMethod]
    public void Every_pattern_is_filled_without_remains_and_without_a_word_twice()
    {
        foreach (string sentence in SentenceGrammar.Take(1000))
        {
            Assert.IsTrue(char.IsUpper(sentence[0]), sentence);
            Assert.Contains(sentence[^1], ".?", sentence);
            Assert.DoesNotContain("{", sentence);
            Assert.DoesNotContain("}", sentence);
            Assert.DoesNotContain("  ", sentence);
            Assert.IsInRange(20, 90, sentence.Length, sentence);
        }
    }

    [TestMethod]
    public void The_first_sentences_never_change()
    {
        // The test sentences, and with them every figure in docs/speech.md, follow from these.
        Assert.AreEqual("Who took our rusty shovel on the hill?", SentenceGrammar.Take(1)[0]);
    }
}
