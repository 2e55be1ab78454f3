namespace Microsoft.ML.VqVae.Samples.Phonemes;

/// <summary>
/// The numbers of times that each code and each phone occur together, with the measures of clustering quality of HuBERT (arXiv 2106.07447):
/// phone purity, cluster purity, and phone-normalized mutual information.
/// </summary>
internal sealed class CodePhoneCounts
{
    readonly Dictionary<(uint Code, string Phone), long> _pairs;
    readonly Dictionary<uint, long> _codes;
    readonly Dictionary<string, long> _phones;

    /// <param name="pairs">A code and the phone at its center; pairs without a phone ("") are left out.</param>
    public CodePhoneCounts(IEnumerable<(uint Code, string Phone)> pairs) :
        this(pairs.Where(pair => pair.Phone.Length > 0).CountBy(pair => pair).ToDictionary(pair => pair.Key, pair => (long)pair.Value))
    {
    }

    CodePhoneCounts(Dictionary<(uint Code, string Phone), long> pairs)
    {
        _pairs = pairs;
        _codes = pairs.GroupBy(pair => pair.Key.Code).ToDictionary(group => group.Key, group => group.Sum(pair => pair.Value));
        _phones = pairs.GroupBy(pair => pair.Key.Phone).ToDictionary(group => group.Key, group => group.Sum(pair => pair.Value));
        Total = Math.Max(1, _codes.Values.Sum());
    }

    public static CodePhoneCounts Of(IEnumerable<FrameRow> rows) => new(rows.Select(row => (row.Code, row.Phone)));

    /// <summary>The number of pairs, at least 1, so that nothing divides by zero.</summary>
    public long Total { get; }

    /// <summary>The phones that occur, in ordinal order.</summary>
    public IReadOnlyList<string> Phones => [.. _phones.Keys.Order(StringComparer.Ordinal)];

    /// <summary>The share of pairs whose phone is the most frequent one of their code, in the same pairs: Σ over codes of max over phones
    /// of p(code, phone).</summary>
    public double PhonePurity => _pairs.GroupBy(pair => pair.Key.Code).Sum(group => group.Max(pair => pair.Value)) / (double)Total;

    /// <summary>The share of pairs whose code is the most frequent one of their phone: Σ over phones of max over codes of
    /// p(code, phone). It falls where more codes stand for one phone.</summary>
    public double ClusterPurity => _pairs.GroupBy(pair => pair.Key.Phone).Sum(group => group.Max(pair => pair.Value)) / (double)Total;

    /// <summary>PNMI, I(phone; code) / H(phone): the share of the uncertainty about the phone that the code removes, 0 to 1; 0 where there
    /// is one phone only.</summary>
    public double NormalizedInformation
    {
        get
        {
            double phones = Entropy(_phones.Values), information = phones + Entropy(_codes.Values) - Entropy(_pairs.Values);
            return phones > 0 ? Math.Clamp(information / phones, 0, 1) : 0;
        }
    }

    /// <summary>The share of pairs with the phone that occurs most often.</summary>
    public double ShareOf(string phone) => _phones.GetValueOrDefault(phone) / (double)Total;

    /// <summary>The phone that occurs most often, the first in ordinal order among equals; "" without pairs.</summary>
    public string MostFrequentPhone => Most(_phones);

    /// <summary>The same without the pairs whose phone is silence.</summary>
    public CodePhoneCounts WithoutSilence() =>
        new(_pairs.Where(pair => !PhoneOrder.IsSilence(pair.Key.Phone)).ToDictionary(pair => pair.Key, pair => pair.Value));

    /// <summary>The paper's protocol: each code predicts its most frequent phone of these pairs, a code without pairs the most frequent
    /// phone of all; returns the share of correct predictions on other pairs.</summary>
    public double AccuracyOn(CodePhoneCounts test)
    {
        Dictionary<uint, string> map = _pairs.GroupBy(pair => pair.Key.Code)
            .ToDictionary(group => group.Key, group => Most(group.ToDictionary(pair => pair.Key.Phone, pair => pair.Value)));
        string common = MostFrequentPhone;
        return test._pairs.Where(pair => map.GetValueOrDefault(pair.Key.Code, common) == pair.Key.Phone).Sum(pair => pair.Value)
            / (double)test.Total;
    }

    static string Most(Dictionary<string, long> counts) =>
        counts.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, StringComparer.Ordinal).FirstOrDefault().Key ?? "";

    /// <summary>In nats.</summary>
    double Entropy(IEnumerable<long> counts) => -counts.Sum(count => (double)count / Total * Math.Log((double)count / Total));
}
