namespace Microsoft.ML.VqVae.Audio;

/// <summary>The resamplers to one rate that were used last: files of one rate share one, and odd rates do not pile up. May be used from
/// several threads.</summary>
internal sealed class ResamplerCache(int toRate)
{
    /// <summary>The number of rates that are kept.</summary>
    public const int Capacity = 4;

    // The last used first.
    readonly List<Resampler> _resamplers = [];

    public int Count
    {
        get
        {
            lock (_resamplers)
                return _resamplers.Count;
        }
    }

    public Resampler From(int rate)
    {
        lock (_resamplers)
        {
            int place = _resamplers.FindIndex(known => known.FromRate == rate);
            Resampler resampler = place >= 0 ? _resamplers[place] : new Resampler(rate, toRate);
            if (place < 0 && _resamplers.Count == Capacity)
                place = Capacity - 1;
            if (place >= 0)
                _resamplers.RemoveAt(place);
            _resamplers.Insert(0, resampler);
            return resampler;
        }
    }
}
