using Microsoft.ML.VqVae.Samples.Drawing;

namespace Microsoft.ML.VqVae.Samples.Video;

/// <summary>The figures of the video sample: true continuations and rollouts.</summary>
internal static class VideoFigures
{
    const int Margin = 24, Gap = 2, Between = 14, HeaderHeight = 64, LabelWidth = 92;

    /// <summary>One block of rows per start: the true continuation, and the rollout of each action, with the given frames to the
    /// left.</summary>
    public static Canvas Rows(string title, string remark, int side, IReadOnlyList<Start> starts, IReadOnlyList<Rollouts> rollouts)
    {
        int step = side + Gap, block = (1 + rollouts.Count) * step + Between;
        int madeLeft = LabelWidth + Margin + VideoPlan.FramesGiven * step + Between;
        var canvas = new Canvas(madeLeft + VideoPlan.FramesMade * step + Margin, HeaderHeight + starts.Count * block + Margin / 2);
        canvas.WriteHeading(title, remark, Margin);
        canvas.Write("given", LabelWidth + Margin, HeaderHeight - 10, Color.Ink);
        for (int frame = 0; frame < VideoPlan.FramesMade; frame++)
            canvas.WriteCentered($"+{frame + 1}", madeLeft + frame * step + side / 2, HeaderHeight - 10, Color.Ink);
        for (int start = 0; start < starts.Count; start++)
        {
            int top = HeaderHeight + start * block;
            Line(top, "true frames", starts[start].Truth.Select(frame => Shown(frame, side)));
            foreach ((int row, byte[] given) in starts[start].Given.Index())
                canvas.Draw(Shown(given, side), LabelWidth + Margin + row * step, top, 1);
            foreach ((int row, Rollouts rollout) in rollouts.Index())
                Line(top + (row + 1) * step, rollout.Title, rollout.Frames[start].Select(frame => Shown(frame, side)));
        }
        return canvas;

        void Line(int top, string label, IEnumerable<Tile> frames)
        {
            canvas.Write(label, Margin, top + side / 2 - 3, Color.Ink);
            foreach ((int frame, Tile tile) in frames.Index())
                canvas.Draw(tile, madeLeft + frame * step, top, 1);
        }
    }

    /// <summary>The same as an animation: one row per start, with a column for the true continuation and one per action.</summary>
    public static AnimatedPng Moving(int side, IReadOnlyList<Start> starts, IReadOnlyList<Rollouts> rollouts)
    {
        const int scale = 2, label = 18;
        int step = side * scale + 8, columns = 1 + rollouts.Count;
        var moving = new AnimatedPng(columns * step + 8, starts.Count * step + label + 8, milliseconds: 180);
        for (int frame = 0; frame < Start.Frames; frame++)
        {
            var canvas = new Canvas(moving.Width, moving.Height);
            int made = frame - VideoPlan.FramesGiven;
            string[] titles = ["true frames", .. rollouts.Select(rollout => rollout.Title)];
            for (int column = 0; column < columns; column++)
                canvas.WriteCentered(titles[column], 8 + column * step + side * scale / 2, 6, made < 0 ? Color.Faint : Color.Ink);
            for (int start = 0; start < starts.Count; start++)
                for (int column = 0; column < columns; column++)
                {
                    Tile tile = made < 0 ? Shown(starts[start].Given.ElementAt(frame), side)
                        : column == 0 ? Shown(starts[start].Truth[made], side)
                        : Shown(rollouts[column - 1].Frames[start][made], side);
                    canvas.Draw(tile, 8 + column * step, label + start * step, scale);
                }
            moving.Add(canvas);
        }
        return moving;
    }

    static Tile Shown(byte[] frame, int side) => Shown(Array.ConvertAll(frame, level => (float)level), side);

    static Tile Shown(float[] frame, int side) => Tile.FromPlanar(frame, 3, side, side);
}
