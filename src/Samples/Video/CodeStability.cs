using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae.Samples.Video;

/// <summary>The stability of the codes of video: where nothing moves, and where a whole frame moves by a part of the width of a code.</summary>
/// <param name="ChangedWhereStill">The fraction of codes that differ from those of the previous frame at positions around which no pixel
/// changed; NaN where there are no such positions.</param>
/// <param name="Moved">By the displacement in pixels, from 0 to the width of a code.</param>
internal sealed record CodeStability(double ChangedWhereStill, IReadOnlyList<MovedFrames> Moved)
{
    /// <summary>Pixels to each side of those of a code that have to be the same for it to stand still.</summary>
    const int Margin = 8;

    /// <summary>One in so many test frames is moved.</summary>
    const int EveryFrame = 8;

    /// <summary>Measures the codes of the test frames.</summary>
    /// <param name="data">The frames.</param>
    /// <param name="codec">The codec of the frames; its reconstruction column is <see cref="DecodedFrame.Decoded"/>.</param>
    /// <param name="codes">The codes of all test frames, in their order.</param>
    public static CodeStability Measure(VideoData data, ImageVqVaeTransformer codec, IReadOnlyList<uint[]> codes)
    {
        int width = data.Side / codec.CodeGrid.Width;
        float[][] frames = [.. data.Test.SelectMany(episode => episode.Frames).Where((_, number) => number % EveryFrame == 0)
            .Select(frame => Array.ConvertAll(frame, level => (float)level))];
        float[][] decoded = Encoded(data, codec, frames).Decoded;
        return new(ChangedShare(data, width, codes),
            [.. Enumerable.Range(0, width + 1).Select(pixels => MovedFrames.Measure(
                frame => Move(frame, data.Side, pixels), some => Encoded(data, codec, some), frames, decoded))]);
    }

    /// <summary>A planar frame moved to the left; the last column is repeated.</summary>
    public static float[] Move(float[] frame, int side, int pixels) =>
        [.. Enumerable.Range(0, frame.Length).Select(i => frame[i - i % side + Math.Min(side - 1, i % side + pixels)])];

    /// <summary>The codes of frames, and the frames as they are decoded from them.</summary>
    public static EncodedFrames Encoded(VideoData data, ImageVqVaeTransformer codec, float[][] frames)
    {
        IDataView view = codec.Transform(data.View(frames.Select(frame => new FrameRow { Pixels = frame })));
        return new([.. Codes(view)], [.. view.GetColumn<VBuffer<float>>(nameof(DecodedFrame.Decoded)).Select(row => row.DenseValues().ToArray())]);
    }

    /// <summary>The codes of each row.</summary>
    public static IEnumerable<uint[]> Codes(IDataView encoded) =>
        encoded.GetColumn<VBuffer<uint>>("Codes").Select(row => row.DenseValues().ToArray());

    static double ChangedShare(VideoData data, int width, IReadOnlyList<uint[]> codes)
    {
        (int columns, int first, long still, long changed) = (data.Side / width, 0, 0, 0);
        foreach (Episode episode in data.Test)
        {
            for (int frame = 1; frame < episode.Frames.Count; frame++)
            {
                for (int code = 0; code < codes[first].Length; code++)
                {
                    // Groups of codes of one position lie together.
                    int position = code * columns * columns / codes[first].Length;
                    if (!StandsStill(episode, frame, position / columns * width, position % columns * width, width))
                        continue;
                    still++;
                    if (codes[first + frame][code] != codes[first + frame - 1][code])
                        changed++;
                }
            }
            first += episode.Frames.Count;
        }
        return still == 0 ? double.NaN : (double)changed / still;
    }

    static bool StandsStill(Episode episode, int frame, int top, int left, int width)
    {
        (int side, byte[] before, byte[] now) = (episode.Side, episode.Frames[frame - 1], episode.Frames[frame]);
        (int fromColumn, int toColumn) = (Math.Max(0, left - Margin), Math.Min(side, left + width + Margin));
        for (int channel = 0; channel < 3; channel++)
        {
            for (int y = Math.Max(0, top - Margin); y < Math.Min(side, top + width + Margin); y++)
            {
                Range row = ((channel * side + y) * side + fromColumn)..((channel * side + y) * side + toColumn);
                if (!before.AsSpan(row).SequenceEqual(now.AsSpan(row)))
                    return false;
            }
        }
        return true;
    }
}

/// <summary>Codes and reconstructions of frames.</summary>
internal sealed record EncodedFrames(uint[][] Codes, float[][] Decoded);

/// <summary>Test frames moved by some pixels, compared with their reconstructions moved by as many. The reconstructions are what is known of
/// the next frame where its motion is known.</summary>
/// <param name="EqualCodes">The fraction of equal codes of both.</param>
/// <param name="Error">The mean squared error of the codes of the moved frames, decoded.</param>
/// <param name="ErrorOfReconstructions">The mean squared error of the codes of the moved reconstructions, decoded.</param>
internal sealed record MovedFrames(double EqualCodes, double Error, double ErrorOfReconstructions)
{
    public static MovedFrames Measure(
        Func<float[], float[]> move, Func<float[][], EncodedFrames> encode, IReadOnlyList<float[]> frames, IReadOnlyList<float[]> decoded)
    {
        float[][] moved = [.. frames.Select(move)];
        (EncodedFrames known, EncodedFrames guessed) = (encode(moved), encode([.. decoded.Select(move)]));
        return new(known.Codes.Zip(guessed.Codes).Average(pair => pair.First.Zip(pair.Second).Average(code =>
            code.First == code.Second ? 1.0 : 0)), SquaredError(known, moved), SquaredError(guessed, moved));
    }

    static double SquaredError(EncodedFrames encoded, float[][] frames) => encoded.Decoded.Zip(frames).Average(pair =>
        pair.First.Zip(pair.Second).Average(level => (double)(level.First - level.Second) * (level.First - level.Second)));
}
