using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Samples.Video;

namespace Microsoft.ML.VqVae.Tests.Samples.Video;

/// <summary>How stable codes are from frame to frame.</summary>
[TestClass]
public class CodeStabilityTests
{
    const int Side = 32;

    static readonly string[] Actions = [.. Enumerable.Range(0, Start.Frames).Select(frame => ((string[])["forward", "left", "right"])[frame % 3])];

    static readonly MLContext ML = new(seed: 1);

    /// <summary>Two episodes, of which the second is for the test: its third frame differs from the second in the top left corner, and all
    /// further ones everywhere from the one before.</summary>
    static VideoData Data()
    {
        byte[] frame = new byte[3 * Side * Side];
        new Random(2).NextBytes(frame);
        byte[] corner = [.. frame];
        corner[0] ^= 255;
        byte[] inverted = Array.ConvertAll(corner, level => (byte)(255 - level));
        byte[][] frames = [frame, frame, .. Enumerable.Range(2, Start.Frames - 2).Select(number => number % 2 == 0 ? corner : inverted)];
        return new VideoData(ML, "folder", [new("first", Side, frames, Actions), new("second", Side, frames, Actions)]);
    }

    static ImageVqVaeTransformer Codec(VideoData data)
    {
        var options = new ImageVqVaeOptions { ReconstructionColumnName = nameof(DecodedFrame.Decoded) };
        options.Training.Steps = 2;
        options.Training.BatchSize = 4;
        options.VectorQuantizer.Codes = 8;
        return ML.Transforms.VqVae.EncodeVideo("Codes", "Pixels", options).Fit(data.Rows(data.Train));
    }

    [TestMethod]
    public void A_frame_moves_to_the_left_and_repeats_its_last_column() => CollectionAssert.AreEqual(
        new float[] { 3, 3, 3, 6, 6, 6, 9, 9, 9 },
        CodeStability.Move([1, 2, 3, 4, 5, 6, 7, 8, 9], side: 3, pixels: 2));

    [TestMethod]
    public void Codes_are_compared_where_nothing_around_them_moved()
    {
        VideoData data = Data();
        using ImageVqVaeTransformer codec = Codec(data);
        uint[][] codes = [.. Enumerable.Range(0, Start.Frames).Select(frame => new uint[64])];
        // Of 64 codes of 4×4 pixels all stand still in the second frame, and all but the nine within 8 pixels of the corner in the third.
        codes[1][5] = 1;
        codes[2][0] = codes[2][63] = 1;
        codes[3].AsSpan().Fill(7);
        CodeStability stability = CodeStability.Measure(data, codec, codes);
        // Changed: code 5 in the second frame, and codes 5 and 63 in the third.
        Assert.AreEqual(3.0 / (64 + 64 - 9), stability.ChangedWhereStill, 1e-12);
    }

    [TestMethod]
    public void A_frame_is_compared_with_its_reconstruction_at_each_displacement()
    {
        VideoData data = Data();
        using ImageVqVaeTransformer codec = Codec(data);
        IDataView test = codec.Transform(data.Rows(data.Test));
        CodeStability stability = CodeStability.Measure(data, codec, [.. CodeStability.Codes(test)]);
        Assert.HasCount(5, stability.Moved);
        float[][] decoded = [.. test.GetColumn<float[]>(nameof(DecodedFrame.Decoded))];
        // One frame in eight is moved: the first and the ninth.
        double error = new[] { 0, 8 }.Average(frame => Rollouts.Error(decoded[frame], data.Test[0].Frames[frame]));
        Assert.AreEqual(error, stability.Moved[0].Error, 1e-4 * error);

        MovedFrames moved = MovedFrames.Measure(
            frame => [.. frame.Reverse()],
            // Each value is a code, and half of it the reconstruction.
            frames => new(
                [.. frames.Select(frame => Array.ConvertAll(frame, value => (uint)value))],
                [.. frames.Select(frame => Array.ConvertAll(frame, value => value / 2))]),
            frames: [[2, 4]], decoded: [[2, 6]]);
        // Of [4, 2] and [6, 2] one code is the same; decoded they are [2, 1] and [3, 1], beside the moved frame [4, 2].
        Assert.AreEqual(new MovedFrames(0.5, (4 + 1) / 2.0, (1 + 1) / 2.0), moved);
    }
}
