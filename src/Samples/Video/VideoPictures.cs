using Microsoft.ML.VqVae.Samples.Pictures;

namespace Microsoft.ML.VqVae.Samples.Video;

/// <summary>The pictures for the person at the screen: how it really went on, and how the prior thinks that it could.</summary>
internal static class VideoPictures
{
    const int Margin = 24, Gap = 2, Between = 14, HeaderHeight = 64, LabelWidth = 92;

    /// <summary>For each start four rows: the truth, and a rollout of each action. The frames given stand to the left.</summary>
    public static Picture Rows(string title, string remark, int side, IReadOnlyList<Start> starts, IReadOnlyList<Rollouts> rollouts)
    {
        int step = side + Gap, block = (1 + rollouts.Count) * step + Between;
        int madeLeft = LabelWidth + Margin + VideoPlan.FramesGiven * step + Between;
        var picture = new Picture(madeLeft + VideoPlan.FramesMade * step + Margin, HeaderHeight + starts.Count * block + Margin / 2);
        picture.Write(title, Margin, 16, Color.Ink, 2);
        picture.Write(remark, Margin, 38, Color.Accent);
        picture.Write("given", LabelWidth + Margin, HeaderHeight - 10, Color.Ink);
        for (int frame = 0; frame < VideoPlan.FramesMade; frame++)
            picture.WriteCentred($"+{frame + 1}", madeLeft + frame * step + side / 2, HeaderHeight - 10, Color.Ink);
        for (int start = 0; start < starts.Count; start++)
        {
            int top = HeaderHeight + start * block;
            Line(top, "what happened", starts[start].Truth.Select(frame => Shown(frame, side)));
            foreach ((int row, byte[] given) in starts[start].Given.Index())
                picture.Draw(Shown(given, side), LabelWidth + Margin + row * step, top, 1);
            foreach ((int row, Rollouts rollout) in rollouts.Index())
                Line(top + (row + 1) * step, rollout.Title, rollout.Frames[start].Select(frame => Shown(frame, side)));
        }
        return picture;

        void Line(int top, string label, IEnumerable<Tile> frames)
        {
            picture.Write(label, Margin, top + side / 2 - 3, Color.Ink);
            foreach ((int frame, Tile tile) in frames.Index())
                picture.Draw(tile, madeLeft + frame * step, top, 1);
        }
    }

    /// <summary>The same as moving pictures: a column for the truth and one for each action, a row for each start.</summary>
    public static AnimatedPng Moving(int side, IReadOnlyList<Start> starts, IReadOnlyList<Rollouts> rollouts)
    {
        const int scale = 2, label = 18;
        int step = side * scale + 8, columns = 1 + rollouts.Count;
        var moving = new AnimatedPng(columns * step + 8, starts.Count * step + label + 8, milliseconds: 180);
        for (int frame = 0; frame < Start.Frames; frame++)
        {
            var picture = new Picture(moving.Width, moving.Height);
            int made = frame - VideoPlan.FramesGiven;
            string[] titles = ["what happened", .. rollouts.Select(rollout => rollout.Title)];
            for (int column = 0; column < columns; column++)
                picture.WriteCentred(titles[column], 8 + column * step + side * scale / 2, 6, made < 0 ? Color.Faint : Color.Ink);
            for (int start = 0; start < starts.Count; start++)
                for (int column = 0; column < columns; column++)
                {
                    Tile tile = made < 0 ? Shown(starts[start].Given.ElementAt(frame), side)
                        : column == 0 ? Shown(starts[start].Truth[made], side)
                        : Shown(rollouts[column - 1].Frames[start][made], side);
                    picture.Draw(tile, 8 + column * step, label + start * step, scale);
                }
            moving.Add(picture);
        }
        return moving;
    }

    static Tile Shown(byte[] frame, int side) => Shown(Array.ConvertAll(frame, level => (float)level), side);

    static Tile Shown(float[] frame, int side) => Tile.FromPlanar(frame, 3, side, side);
}
