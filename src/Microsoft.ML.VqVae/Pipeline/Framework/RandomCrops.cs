using Microsoft.ML.VqVae.Networks;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae;

/// <summary>
/// Random crops of training sequences of any length. A sequence is one example for each crop that is needed to cover it; one that is shorter
/// than a crop is taken whole.
/// </summary>
/// <param name="cropLength">The length of a crop in time steps; any number that no sequence is longer than, for whole sequences.</param>
/// <param name="seed">The seed of the crops.</param>
internal sealed class RandomCrops(int cropLength, int seed)
{
    // Streams of random numbers: crops of training steps, and of validation.
    const long CropStream = 1L << 41, ValidationStream = 1L << 42;

    readonly List<(int Sequence, int Length)> _examples = [];

    /// <summary>Number of examples of an epoch.</summary>
    public int Count => _examples.Count;

    /// <summary>The sequence of an example.</summary>
    public int SequenceOf(int example) => _examples[example].Sequence;

    /// <summary>Adds the examples of a sequence of <paramref name="length"/> time steps.</summary>
    public void Add(int sequence, int length) =>
        _examples.AddRange(Enumerable.Repeat((sequence, length), (int)(((long)length + cropLength - 1) / cropLength)));

    /// <summary>Chooses a crop of each example.</summary>
    /// <param name="examples">The examples of a batch.</param>
    /// <param name="views">Number of views of each sequence, one of which is drawn in training; validation takes the first. 0 for sequences
    /// without views, for which nothing is drawn but the start.</param>
    public Crop[] Choose(BatchExamples examples, int views = 0)
    {
        var crops = new Crop[examples.Length];
        Span<float> draws = stackalloc float[views == 0 ? 1 : 2];
        for (int row = 0; row < crops.Length; row++)
        {
            int example = examples.Span[row];
            (int sequence, int steps) = _examples[example];
            // Each row of a step and each held-out example has its own stream.
            SeededRandom.Uniforms(
                seed, examples.Draw(row) is long number ? CropStream + number : ValidationStream + example, draws);
            int length = Math.Min(cropLength, steps);
            int view = views == 0 || examples.Step is null ? 0 : (int)(draws[0] * views);
            crops[row] = new Crop(sequence, view, (int)(draws[^1] * (double)(steps - length + 1)), length);
        }
        return crops;
    }
}

/// <summary>A part of a training sequence.</summary>
/// <param name="Sequence">The number of the sequence.</param>
/// <param name="View">The number of the view.</param>
/// <param name="Start">The first time step.</param>
/// <param name="Length">Number of time steps.</param>
internal readonly record struct Crop(int Sequence, int View, int Start, int Length);
