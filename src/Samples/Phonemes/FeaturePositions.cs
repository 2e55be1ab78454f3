namespace Microsoft.ML.VqVae.Samples.Phonemes;

/// <summary>The features of utterances, and the phone at the center of each code.</summary>
internal sealed class FeaturePositions
{
    readonly int _framesPerCode;
    readonly List<float[]> _utterances = [];
    readonly List<(int Utterance, int Code)> _places = [];

    /// <param name="utterances">The features of each utterance, frame by frame.</param>
    /// <param name="size">Features per frame.</param>
    /// <param name="framesPerCode">Frames that a code covers.</param>
    /// <param name="phones">The phone of each code, utterance by utterance; "" where there is none. Null for recordings without
    /// labels.</param>
    public FeaturePositions(IEnumerable<float[]> utterances, int size, int framesPerCode, IReadOnlyList<string>? phones)
    {
        (Size, _framesPerCode) = (size, framesPerCode);
        foreach (float[] features in utterances)
        {
            int codes = (features.Length / size + framesPerCode - 1) / framesPerCode;
            _places.AddRange(Enumerable.Range(0, codes).Select(code => (_utterances.Count, code)));
            _utterances.Add(features);
        }
        Phones = phones ?? [.. Enumerable.Repeat("", _places.Count)];
        if (Phones.Count != _places.Count)
            throw new ArgumentException($"There are {Phones.Count} phones for {_places.Count} codes.", nameof(phones));
    }

    /// <summary>The number of features of a frame.</summary>
    public int Size { get; }

    /// <summary>The number of codes.</summary>
    public int Count => _places.Count;

    /// <summary>The phone at the center of each code.</summary>
    public IReadOnlyList<string> Phones { get; }

    /// <summary>The mean of the frames around the center of a code, weighted by a Hann window, of which higher coefficients count less: the
    /// target of the codec's decoder.</summary>
    /// <param name="position">The number of the code.</param>
    /// <param name="width">The length of the window in frames.</param>
    public float[] Mean(int position, int width)
    {
        (int utterance, int code) = _places[position];
        float[] features = _utterances[utterance], mean = new float[Size];
        int frames = features.Length / Size, start = code * _framesPerCode - (width - _framesPerCode) / 2;
        double weights = 0;
        for (int i = 0; i < width; i++)
        {
            if (start + i < 0 || start + i >= frames)
                continue;
            double weight = Math.Pow(Math.Sin(Math.PI * (i + 0.5) / width), 2);
            weights += weight;
            for (int c = 0; c < Size; c++)
                mean[c] += (float)(weight * features[(start + i) * Size + c]);
        }
        for (int c = 0; c < Size; c++)
            mean[c] = (float)(mean[c] / weights * Math.Sqrt(1 - c / (4.0 / 3 * Size)));
        return mean;
    }

    /// <summary>Copies the frames of a code and those around it; frames beyond the ends are zero.</summary>
    /// <param name="position">The number of the code.</param>
    /// <param name="context">The number of frames on each side.</param>
    /// <param name="window">Receives the frames of the code and twice the context.</param>
    public void CopyWindow(int position, int context, Span<float> window)
    {
        (int utterance, int code) = _places[position];
        ReadOnlySpan<float> features = _utterances[utterance];
        window.Clear();
        int start = code * _framesPerCode - context, end = start + _framesPerCode + 2 * context;
        int first = Math.Max(start, 0), last = Math.Min(end, features.Length / Size);
        features[(first * Size)..(last * Size)].CopyTo(window[((first - start) * Size)..]);
    }

    /// <summary>The number of values of a window.</summary>
    public int WindowSize(int context) => (_framesPerCode + 2 * context) * Size;
}
