using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Samples;
using Microsoft.ML.VqVae.Samples.Drawing;
using Microsoft.ML.VqVae.Samples.Video;

namespace Microsoft.ML.VqVae.Tests.Samples.Video;

/// <summary>Frame strips and actions as files, and what the sample makes of them.</summary>
[TestClass]
public sealed class FrameStripsTests : IDisposable
{
    const int Side = 8;

    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    static byte[] Frame(int number) => [.. Enumerable.Range(0, Side * Side * 3).Select(i => (byte)(number * 10 + i))];

    void Write(string strip, int frames) => FrameStrips.Write(_folder.File(strip), Side, [.. Enumerable.Range(0, frames).Select(Frame)]);

    void WriteActions(params string[] lines) =>
        File.WriteAllText(_folder.File(FrameStrips.ActionsFile), string.Join('\n', ["strip\tframe\taction", .. lines]) + "\n");

    string Refused() => Assert.Throws<DataSetException>(() => FrameStrips.Read(_folder.Path, CancellationToken.None)).Message;

    [TestMethod]
    public void What_is_written_is_read_again()
    {
        Write("b.png", 3);
        Write("a.png", 2);
        FrameStrips.WriteActions(_folder.Path, [("b.png", ["left", "left", "forward"]), ("a.png", ["right", "jump"])]);
        IReadOnlyList<Episode> episodes = FrameStrips.Read(_folder.Path, CancellationToken.None);
        CollectionAssert.AreEqual(new[] { "b", "a" }, episodes.Select(episode => episode.Name).ToArray());
        CollectionAssert.AreEqual(new[] { "left", "left", "forward" }, episodes[0].Actions.ToArray());
        Assert.AreEqual(Side, episodes[0].Side);
        for (int frame = 0; frame < 3; frame++)
        {
            byte[] interleaved = Frame(frame);
            byte[] planar = [.. Enumerable.Range(0, 3 * Side * Side).Select(i => interleaved[i % (Side * Side) * 3 + i / (Side * Side)])];
            CollectionAssert.AreEqual(planar, episodes[0].Frames[frame]);
        }
    }

    [TestMethod]
    public void What_is_wrong_is_told_with_file_and_line()
    {
        Assert.Contains("actions.tsv", Refused());
        WriteActions();
        Assert.Contains("lists no frames", Refused());
        WriteActions("a.png\t0\tleft");
        Assert.Contains("'a.png', which is not in", Refused());
        Write("a.png", 2);
        Assert.Contains("has 2 frames, but actions.tsv has 1 lines", Refused());
        WriteActions("a.png\t0\tleft", "a.png\t2\tleft");
        Assert.Contains("Line 3", Refused());
        Assert.Contains("expected is 1", Refused());
        WriteActions("a.png\t0\tleft", "a.png 1 left");
        Assert.Contains("with tabs between", Refused());
        WriteActions("a.png\t0\tleft", "b.png\t0\tleft", "a.png\t1\tleft");
        Assert.Contains("comes back to the strip 'a.png'", Refused());
        WriteActions("a.png\t0\tleft", "a.png\t1\tleft");
        using (var image = MLImage.CreateFromPixels(12, 8, MLPixelFormat.Rgba32, new byte[12 * 8 * 4]))
            image.Save(_folder.File("a.png"));
        Assert.Contains("no row of square frames", Refused());
        byte[] pixels = new byte[16 * 8 * 4];
        new Random(1).NextBytes(pixels);
        using (var image = MLImage.CreateFromPixels(16, 8, MLPixelFormat.Rgba32, pixels))
            image.Save(_folder.File("a.png"));
        byte[] whole = File.ReadAllBytes(_folder.File("a.png"));
        _folder.Write("a.png", whole[..(whole.Length / 2)]);
        Assert.Contains("a.png' is cut short", Refused());
        _folder.Write("a.png", "no image at all"u8.ToArray());
        Assert.Contains("a.png' is not an image", Refused());
        File.WriteAllText(_folder.File(FrameStrips.ActionsFile), "file\taction\n");
        Assert.Contains("Line 1", Refused());
    }

    [TestMethod]
    public void Every_eighth_episode_is_for_the_test_and_rollouts_start_within_it()
    {
        Episode[] episodes = [.. Enumerable.Range(0, 16).Select(number => new Episode($"e{number}", Side,
            [.. Enumerable.Range(0, 40).Select(frame => Frame(frame))], [.. Enumerable.Range(0, 40).Select(frame =>
                (frame % 3) switch { 0 => "forward", 1 => "left", _ => "right" })]))];
        var data = new VideoData(new MLContext(seed: 1), "folder", episodes);
        CollectionAssert.AreEqual(new[] { "e7", "e15" }, data.Test.Select(episode => episode.Name).ToArray());
        Assert.HasCount(14, data.Train);
        IReadOnlyList<Start> starts = data.Starts(5);
        Assert.HasCount(5, starts);
        // Of more than there are, each is taken once.
        IReadOnlyList<Start> all = data.Starts(1000);
        Assert.HasCount(all.Count, all.Select(start => start.Name).Distinct().ToArray());
        Assert.IsLessThan(1000, all.Count);
        foreach (Start start in starts)
        {
            Assert.HasCount(6, start.Given.ToArray());
            Assert.HasCount(10, start.Truth);
            Assert.AreEqual(start.Episode.Actions[start.First + 6], start.TrueActions[0]);
        }
        FrameRow[] rows = [.. new MLContext().Data.CreateEnumerable<FrameRow>(data.Rows(data.Test), reuseRowObject: false)];
        Assert.HasCount(80, rows);
        CollectionAssert.AreEquivalent(rows.Select(row => row.Action).ToArray(), rows.Select(row => row.ShuffledAction).ToArray());
        CollectionAssert.AreNotEqual(rows.Select(row => row.Action).ToArray(), rows.Select(row => row.ShuffledAction).ToArray());

        Episode[] still = [.. episodes.Select(episode => episode with { Actions = [.. episode.Actions.Select(_ => "left")] })];
        string refused = Assert.Throws<DataSetException>(() => new VideoData(new MLContext(), "folder", still)).Message;
        Assert.Contains("'forward', 'right'", refused);
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(5)]
    [DataRow(-11)]
    public void The_flow_is_how_far_the_image_moved_to_the_right(int shift)
    {
        const int side = 48;
        var random = new Random(3);
        // A texture that is smooth enough to have a best shift, wider than the frame.
        double[] texture = [.. Enumerable.Range(0, 200).Select(_ => random.NextDouble() * 100)];
        float[] Shown(int moved) => [.. from channel in Enumerable.Range(0, 3)
                                        from y in Enumerable.Range(0, side)
                                        from x in Enumerable.Range(0, side)
                                        select (float)(texture[(x - moved + 100) / 3] + y)];
        Assert.AreEqual(shift, HorizontalFlow.Between(Shown(0), Shown(shift), side));
    }

    [TestMethod]
    public void Moving_images_are_a_image_for_programs_that_know_no_other()
    {
        var moving = new AnimatedPng(20, 10, milliseconds: 100);
        foreach (Color color in (Color[])[Color.Accent, Color.Ink])
        {
            var canvas = new Canvas(20, 10);
            canvas.Fill(0, 0, 20, 10, color);
            moving.Add(canvas);
        }
        moving.Save(_folder.File("moving.png"));
        using MLImage first = MLImage.CreateFromFile(_folder.File("moving.png"));
        Assert.AreEqual((20, 10), (first.Width, first.Height));
        byte[] pixel = first.Pixels[..4].ToArray();
        CollectionAssert.IsSubsetOf(new byte[] { Color.Accent.Red, Color.Accent.Green, Color.Accent.Blue }, pixel);
        byte[] file = File.ReadAllBytes(_folder.File("moving.png"));
        string text = System.Text.Encoding.Latin1.GetString(file);
        foreach (string chunk in (string[])["acTL", "fcTL", "IDAT", "fdAT", "IEND"])
            Assert.Contains(chunk, text);
        Assert.Throws<ArgumentException>(() => moving.Add(new Canvas(4, 4)));
    }
}
