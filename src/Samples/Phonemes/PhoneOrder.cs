namespace Microsoft.ML.VqVae.Samples.Phonemes;

/// <summary>Phones ordered by sound, so that confusions lie near the diagonal.</summary>
internal static class PhoneOrder
{
    const string Silence = "pau";

    static readonly string[] Kinds =
    [
        "pau sil sp h# epi", "p b t d k g", "ch jh", "f v th dh s z sh zh hh", "m n ng", "l r w y",
        "iy ih eh ae aa ao ah ax uh uw er ey ay oy aw ow",
    ];

    static readonly Dictionary<string, (int Place, int Kind)> Known = Kinds
        .SelectMany((phones, kind) => phones.Split(' ').Select(phone => (phone, kind)))
        .Select((item, place) => (item.phone, place, item.kind))
        .ToDictionary(item => item.phone, item => (item.place, item.kind), StringComparer.OrdinalIgnoreCase);

    /// <summary>All phones of the data, each once: silence, stops, fricatives, nasals, glides, vowels, then unknown ones.</summary>
    public static string[] Of(IEnumerable<string> phones) =>
        [.. phones.Distinct().OrderBy(phone => Known.TryGetValue(phone, out (int Place, int Kind) known) ? known.Place : int.MaxValue)
            .ThenBy(phone => phone, StringComparer.Ordinal)];

    /// <summary>The index of the kind, for its color; unknown phones have the last one.</summary>
    public static int KindOf(string phone) => Known.TryGetValue(phone, out (int Place, int Kind) known) ? known.Kind : Kinds.Length;

    /// <summary>Whether a label stands for silence: "pau" of flite, "SIL" of pocketsphinx, "sil" and "sp" of the Montreal Forced Aligner,
    /// "h#", "pau" and "epi" of TIMIT.</summary>
    public static bool IsSilence(string phone) => KindOf(phone) == 0;

    /// <summary>A name that label sets have in common: lower case, without the digits of ARPAbet's stress, one name for silence, and "ah"
    /// for the schwa "ax", which CMUdict does not tell apart.</summary>
    public static string CommonName(string phone)
    {
        string name = IsSilence(phone) ? Silence : phone.ToLowerInvariant().TrimEnd('0', '1', '2');
        return name == "ax" ? "ah" : name;
    }
}
