using System.Globalization;

namespace Microsoft.ML.VqVae.Samples.Speech;

/// <summary>
/// Sentences for a speech synthesizer from a small grammar, chosen so that every sound of English occurs. The sentences are unique and
/// always in the same order.
/// </summary>
internal static class SentenceGrammar
{
    /// <summary>
    /// A name in braces is replaced by a word of that list; a list that is named twice gives two different words. A capitalized name gives
    /// a capitalized word.
    /// </summary>
    static readonly string[] Patterns =
    [
        "The {adjective} {person} {did} the {thing} {where}.",
        "{When}, the {person} {did} a {adjective} {thing}.",
        "My {person} {did} his {thing}, and your {person} {did} the {thing}.",
        "Did the {adjective} {person} see the {thing} {where}?",
        "Nobody {did} that {adjective} {thing} {when}.",
        "There is a {adjective} {thing} {where}, said the {person}.",
        "She {did} the {thing} and {did} the {adjective} {thing} {when}.",
        "Who {did} our {adjective} {thing} {where}?",
        "These {people} should choose the {adjective} {thing} {when}.",
        "{When} the {person} and the {person} {did} a {thing} {where}.",
        "I would have thought the {thing} was {adjective} and {adjective}.",
        "We heard a {adjective} {person} {where}, but the {thing} was {adjective}.",
    ];

    static readonly Dictionary<string, string[]> Lists = new()
    {
        ["adjective"] = Words(
            """
            bright, calm, clever, cold, cosy, dusty, early, gentle, golden, green, heavy, hollow, huge, lazy, loud, lucky, muddy, narrow,
            noisy, old, pale, quick, quiet, royal, rusty, sharp, shiny, silent, thin, tidy, warm, wide, young
            """),
        ["thing"] = Words(
            """
            basket, beige cushion, bell, boat, bottle, box, bridge, candle, chair, clock, coat, cup, drum, engine, fence, flag, ginger jar,
            glove, hammer, kettle, ladder, lamp, letter, map, oyster, path, picture, shovel, table, thimble, toy, train, umbrella, violin,
            wagon, wheel
            """),
        ["person"] = Words(
            """
            aunt, baker, boy, captain, child, cook, cousin, doctor, farmer, fisherman, gardener, guard, judge, king, lady, miller,
            neighbour, nurse, pilot, sailor, shepherd, singer, teacher, thief, uncle, weaver
            """),
        ["people"] = Words(
            """
            bakers, boys, captains, children, cooks, cousins, doctors, farmers, gardeners, guards, judges, ladies, neighbours, nurses,
            pilots, sailors, shepherds, singers, teachers, thieves, uncles, weavers
            """),
        ["did"] = Words(
            """
            bought, brought, carried, caught, cleaned, counted, dropped, enjoyed, fetched, found, gave away, held, hid, joined, kept,
            lifted, lost, measured, moved, needed, noticed, opened, painted, pushed, put down, repaired, showed, sold, took, touched,
            wanted, watched, wished for
            """),
        ["where"] = Words(
            """
            above the valley, across the road, after a long voyage, around the corner, at the market, behind the church, below the cliff,
            beside the river, beyond the woods, by the fire, down at the beach, during the storm, far from town, in the cellar,
            inside the garage, near the south gate, on the hill, outside the school, over the bay, through the thick fog, under the oak,
            with both hands, without any pleasure
            """),
        ["when"] = Words(
            """
            again, all day, as usual, at noon, before dawn, every Thursday, for an hour, in June, just now, last year, on a cool evening,
            once more, this morning, today, twice, with great joy, without a word, yesterday
            """),
    };

    public static IReadOnlyList<string> Take(int count)
    {
        // A seeded Random gives the same numbers in every version of .NET, so the sentences never change.
        var random = new Random(1711);
        var sentences = new List<string>(count);
        var seen = new HashSet<string>();
        while (sentences.Count < count)
        {
            string sentence = Fill(Patterns[random.Next(Patterns.Length)], random);
            if (seen.Add(sentence))
                sentences.Add(sentence);
        }
        return sentences;
    }

    static string Fill(string pattern, Random random)
    {
        var used = new HashSet<string>();
        string sentence = "";
        while (pattern.IndexOf('{') is var open and >= 0)
        {
            int close = pattern.IndexOf('}', open);
            string name = pattern[(open + 1)..close], word;
            string[] words = Lists[name.ToLowerInvariant()];
            do
                word = words[random.Next(words.Length)];
            while (!used.Add(word));
            sentence += pattern[..open] + (char.IsUpper(name[0]) ? char.ToUpper(word[0], CultureInfo.InvariantCulture) + word[1..] : word);
            pattern = pattern[(close + 1)..];
        }
        return sentence + pattern;
    }

    static string[] Words(string list) => list.Split(',', StringSplitOptions.TrimEntries);
}
