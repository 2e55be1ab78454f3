using Microsoft.ML.VqVae.Samples.Drawing;

namespace Microsoft.ML.VqVae.Samples.Video;

/// <summary>The figures of the video sample: true continuations and rollouts.</summary>
internal static class VideoFigures
{
    const int Gap = 2, Between = 18, Caption = 96, LabelHeight = 20;

    /// <summary>One block of rows per start: the given frames, the true continuation, and the rollout of each action.</summary>
    public static Canvas Rows(string title, string remark, int side, IReadOnlyList<Start> starts, IReadOnlyList<Rollouts> rollouts)
    {
        int step = side + Gap, block = LabelHeight + (2 + rollouts.Count) * step + Between, left = Canvas.Margin + Caption;
        int width = left + VideoPlan.FramesMade * step - Gap + Canvas.Margin, header = Canvas.HeadingHeight(remark, width);
        var canvas = new Canvas(width, header + starts.Count * block - Between + Canvas.Margin);
        canvas.WriteHeading(title, remark);
        for (int start = 0; start < starts.Count; start++)
        {
            int top = header + start * block, made = top + step + LabelHeight;
            Line(top, "given", starts[start].Given.Select(frame => Shown(frame, side)));
            // What is left of the first row says what stands below.
            int noteLeft = left + starts[start].Given.Count() * step + 12;
            string note = $"Below: the {VideoPlan.FramesMade} frames that followed, and {VideoPlan.FramesMade} frames generated for each "
                + "series of actions";
            foreach ((int line, string text) in Lettering.Wrap(note, width - noteLeft - Canvas.Margin).Index())
                canvas.Write(text, noteLeft, top + 12 + line * 18, Color.Muted);
            for (int frame = 0; frame < VideoPlan.FramesMade; frame++)
            {
                canvas.Write($"+{frame + 1}", left + frame * step + side / 2.0, made - LabelHeight / 2 - 1, Color.Muted,
                    Lettering.Small, Align.Center);
            }
            Line(made, "true frames", starts[start].Truth.Select(frame => Shown(frame, side)));
            foreach ((int row, Rollouts rollout) in rollouts.Index())
                Line(made + (row + 1) * step, rollout.Title, rollout.Frames[start].Select(frame => Shown(frame, side)));
        }
        return canvas;

        void Line(int top, string label, IEnumerable<Tile> frames)
        {
            canvas.Write(label, Canvas.Margin, top + side / 2, Color.Ink);
            foreach ((int frame, Tile tile) in frames.Index())
                canvas.Draw(tile, left + frame * step, top, 1);
        }
    }

    /// <summary>The same as an animation: one row per start, with a column for the true continuation and one per action.</summary>
    public static AnimatedPng Moving(int side, IReadOnlyList<Start> starts, IReadOnlyList<Rollouts> rollouts)
    {
        const int scale = 2, label = 26, space = 8;
        int step = side * scale + space, columns = 1 + rollouts.Count;
        var moving = new AnimatedPng(columns * step + space, starts.Count * step + label + space, milliseconds: 180);
        string[] titles = ["true frames", .. rollouts.Select(rollout => rollout.Title)];
        for (int frame = 0; frame < Start.Frames; frame++)
        {
            var canvas = new Canvas(moving.Width, moving.Height);
            int made = frame - VideoPlan.FramesGiven;
            for (int column = 0; column < columns; column++)
            {
                canvas.Write(made < 0 ? "given" : titles[column], space + column * step + side * scale / 2.0, label / 2,
                    made < 0 ? Color.Muted : Color.Ink, align: Align.Center);
            }
            for (int start = 0; start < starts.Count; start++)
                for (int column = 0; column < columns; column++)
                {
                    Tile tile = made < 0 ? Shown(starts[start].Given.ElementAt(frame), side)
                        : column == 0 ? Shown(starts[start].Truth[made], side)
                        : Shown(rollouts[column - 1].Frames[start][made], side);
                    canvas.Draw(tile, space + column * step, label + start * step, scale);
                }
            moving.Add(canvas);
        }
        return moving;
    }

    static Tile Shown(byte[] frame, int side) => Shown(Array.ConvertAll(frame, level => (float)level), side);

    static Tile Shown(float[] frame, int side) => Tile.FromPlanar(frame, 3, side, side);
}
