using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.VqVae.Tests.Persistence;

/// <summary>The rows of <see cref="OlderModelFilesData"/>.</summary>
internal static class OlderModelFilesRows
{
    internal sealed class PixelRow
    {
        public float[] Pixels { get; set; } = [];
    }

    internal sealed class ImageRow
    {
        [ImageType(OlderModelFilesData.Side, OlderModelFilesData.Side)]
        public MLImage? Image { get; set; }
    }

    internal sealed class SpeechRow
    {
        public float[] Waveform { get; set; } = [];

        public string Name { get; set; } = "";
    }

    internal sealed class AudioPart
    {
        public string File { get; set; } = "";

        public long From { get; set; }

        public long Count { get; set; }
    }

    internal sealed class LabeledCodes
    {
        [KeyType(9)]
        public uint[] Codes { get; set; } = [];

        public string[] Labels { get; set; } = [];

        public float[] LabelStarts { get; set; } = [];

        public float[] LabelEnds { get; set; } = [];
    }

    internal sealed class LabeledCode
    {
        [KeyType(6)]
        public uint Code { get; set; }

        public string Text { get; set; } = "";

        public int Number { get; set; }
    }

    internal sealed class Grid
    {
        [VectorType(3, 4, 1), KeyType(5)]
        public uint[] Codes { get; set; } = [];

        public string Class { get; set; } = "";

        public int Tens { get; set; }
    }

    internal sealed class Line
    {
        [KeyType(5)]
        public uint[] Codes { get; set; } = [];

        public string Class { get; set; } = "";
    }

    internal sealed class Frame
    {
        [VectorType(3, 3, 1), KeyType(5)]
        public uint[] Codes { get; set; } = [];

        public string ActionName { get; set; } = "";

        public string EpisodeName { get; set; } = "";
    }
}
