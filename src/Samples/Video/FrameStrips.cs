using System.Globalization;
using System.Text;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Samples.Images;

namespace Microsoft.ML.VqVae.Samples.Video;

/// <summary>An episode: its frames of Side × Side pixels, planar, each with the action that led to it.</summary>
internal sealed record Episode(string Name, int Side, IReadOnlyList<byte[]> Frames, IReadOnlyList<string> Actions);

/// <summary>
/// Video as files: a folder with one PNG for each episode, its square frames side by side from left to right, and <c>actions.tsv</c> with
/// the columns <c>strip</c> (the file), <c>frame</c> (counted from 0, without gaps) and <c>action</c> (any name): the action between the
/// previous frame and this one.
/// </summary>
internal static class FrameStrips
{
    /// <summary>The side of a frame of the default data, as in section 4.4 of the paper.</summary>
    public const int DefaultSide = 84;

    public const string ActionsFile = "actions.tsv";

    const string Header = "strip\tframe\taction";

    public static void WriteActions(string folder, IEnumerable<(string Strip, IEnumerable<string> Actions)> episodes)
    {
        StringBuilder lines = new StringBuilder(Header).Append('\n');
        foreach ((string strip, IEnumerable<string> actions) in episodes)
            foreach ((int frame, string action) in actions.Index())
                lines.Append(CultureInfo.InvariantCulture, $"{strip}\t{frame}\t{action}\n");
        File.WriteAllText(Path.Combine(folder, ActionsFile), lines.ToString());
    }

    /// <summary>Writes frames of RGB bytes as a strip; the file gets its name when it is complete.</summary>
    public static void Write(string path, int side, IReadOnlyList<byte[]> frames)
    {
        byte[] rgba = new byte[side * side * frames.Count * 4];
        for (int frame = 0; frame < frames.Count; frame++)
            for (int y = 0; y < side; y++)
                for (int x = 0; x < side; x++)
                {
                    int to = ((y * frames.Count + frame) * side + x) * 4;
                    frames[frame].AsSpan((y * side + x) * 3, 3).CopyTo(rgba.AsSpan(to));
                    rgba[to + 3] = 255;
                }
        string partial = Path.ChangeExtension(path, ".partial.png");
        using (var image = MLImage.CreateFromPixels(side * frames.Count, side, MLPixelFormat.Rgba32, rgba))
            image.Save(partial);
        File.Move(partial, path, overwrite: true);
    }

    /// <summary>Reads all episodes of a folder, in the order of <c>actions.tsv</c>.</summary>
    /// <exception cref="DataSetException">The folder has another layout; the message names file and line.</exception>
    public static IReadOnlyList<Episode> Read(string folder, CancellationToken cancellation)
    {
        string table = Path.Combine(folder, ActionsFile);
        if (!File.Exists(table))
            throw new DataSetException($"'{folder}' has no {ActionsFile}. Expected are frame strips (*.png) and {ActionsFile} with the "
                + "columns strip, frame and action.");
        var episodes = new List<Episode>();
        int side = 0;
        foreach ((string strip, List<string> actions) in ReadActions(table))
        {
            cancellation.ThrowIfCancellationRequested();
            string path = Path.Combine(folder, strip);
            if (!File.Exists(path))
                throw new DataSetException($"'{table}' names the strip '{strip}', which is not in '{folder}'.");
            Episode episode = ReadStrip(path, strip, actions, ref side);
            episodes.Add(episode);
        }
        return episodes;
    }

    static List<(string Strip, List<string> Actions)> ReadActions(string table)
    {
        var strips = new List<(string Strip, List<string> Actions)>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach ((int index, string line) in File.ReadLines(table).Index())
        {
            if (index == 0)
            {
                if (line.TrimEnd() != Header)
                    throw Bad(0, $"is '{line}'; expected is the header 'strip, frame, action', with tabs between");
                continue;
            }
            if (line.Length == 0)
                continue;
            string[] parts = line.TrimEnd('\r').Split('\t');
            if (parts.Length != 3 || parts[2].Length == 0)
                throw Bad(index, $"is '{line}'; expected are strip, frame and action, with tabs between");
            if (strips.Count == 0 || strips[^1].Strip != parts[0])
            {
                if (!seen.Add(parts[0]))
                    throw Bad(index, $"comes back to the strip '{parts[0]}': the lines of a strip must follow one another");
                strips.Add((parts[0], []));
            }
            if (parts[1] != strips[^1].Actions.Count.ToString(CultureInfo.InvariantCulture))
                throw Bad(index, $"has the frame '{parts[1]}' of '{parts[0]}'; expected is {strips[^1].Actions.Count}");
            strips[^1].Actions.Add(parts[2]);
        }
        return strips.Count > 0 ? strips : throw new DataSetException($"'{table}' lists no frames.");

        DataSetException Bad(int line, string what) => new($"Line {line + 1} of '{table}' {what}.");
    }

    static Episode ReadStrip(string path, string name, List<string> actions, ref int side)
    {
        using MLImage image = Load(path);
        int height = image.Height, frames = image.Width / Math.Max(1, height);
        if (frames * height != image.Width)
            throw new DataSetException($"'{path}' has {image.Width}×{height} pixels, which is no row of square frames.");
        if (side == 0)
            side = height;
        if (height != side)
            throw new DataSetException($"'{path}' has frames of {height}×{height} pixels; those before have {side}×{side}.");
        if (side % 4 != 0)
            throw new DataSetException(
                $"'{path}' has frames of {side}×{side} pixels; the side must be a multiple of 4, as that of a code is 4.");
        if (frames != actions.Count)
            throw new DataSetException($"'{path}' has {frames} frames, but {ActionsFile} has {actions.Count} lines for it.");
        (int red, int blue) = image.PixelFormat == MLPixelFormat.Bgra32 ? (2, 0) : (0, 2);
        ReadOnlySpan<byte> pixels = image.Pixels;
        var planar = new List<byte[]>(frames);
        for (int frame = 0; frame < frames; frame++)
        {
            byte[] values = new byte[3 * side * side];
            for (int y = 0, at = 0; y < side; y++)
                for (int x = 0; x < side; x++, at++)
                {
                    int from = ((y * frames + frame) * side + x) * 4;
                    values[at] = pixels[from + red];
                    values[side * side + at] = pixels[from + 1];
                    values[2 * side * side + at] = pixels[from + blue];
                }
            planar.Add(values);
        }
        return new Episode(Path.GetFileNameWithoutExtension(name), side, planar, actions);
    }

    static MLImage Load(string path)
    {
        if (ImageFileCheck.ProblemOf(path) is string problem)
            throw new DataSetException($"'{path}' {problem}. Remove or replace it.");
        return MLImage.CreateFromFile(path);
    }
}
