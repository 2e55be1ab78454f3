using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Microsoft.ML.VqVae.Audio;

/// <summary>Reads the text of a label file whose encoding nobody states: UTF-8, UTF-16 of either byte order, or Latin-1.</summary>
/// <remarks>
/// A byte order mark decides. Without one, a zero byte among the first two means UTF-16, since label files start with an ASCII letter or
/// digit; what is valid UTF-8 is UTF-8; the rest is Latin-1, unless it holds bytes that no Latin-1 text holds. A letter is never replaced.
/// </remarks>
internal static class LabelText
{
    const string Expected = "text in UTF-8, UTF-16 or Latin-1";

    public static string Read(string path) => Decode(File.ReadAllBytes(path), path);

    public static string Decode(ReadOnlySpan<byte> bytes, string name)
    {
        ReadOnlySpan<byte> utf8Mark = [0xEF, 0xBB, 0xBF], littleMark = [0xFF, 0xFE], bigMark = [0xFE, 0xFF];
        string text = bytes.StartsWith(utf8Mark) ? Utf8(bytes[3..], name, isMarked: true)
            : bytes.StartsWith(littleMark) ? Utf16(bytes[2..], name, isBigEndian: false)
            : bytes.StartsWith(bigMark) ? Utf16(bytes[2..], name, isBigEndian: true)
            : bytes.Length >= 2 && bytes[0] == 0 ? Utf16(bytes, name, isBigEndian: true)
            : bytes.Length >= 2 && bytes[1] == 0 ? Utf16(bytes, name, isBigEndian: false)
            : Utf8(bytes, name, isMarked: false);
        int zero = text.IndexOf('\0');
        return zero < 0 ? text : throw LabelFile.Bad(name, Line(text[..zero]), Expected, "a zero character: a binary file?");
    }

    static string Utf8(ReadOnlySpan<byte> bytes, string name, bool isMarked)
    {
        int first = -1;
        bool hasSequences = false, hasControls = false;
        for (int place = 0; place < bytes.Length;)
        {
            if (Rune.DecodeFromUtf8(bytes[place..], out _, out int length) == OperationStatus.Done)
            {
                hasSequences |= length > 1;
            }
            else
            {
                first = first < 0 ? place : first;
                // Latin-1 has no letters from 0x80 to 0x9F; other code pages, such as Mac OS Roman, do.
                hasControls |= bytes.Slice(place, length).ContainsAnyInRange<byte>(0x80, 0x9F);
            }
            place += length;
        }
        if (first < 0)
            return Encoding.UTF8.GetString(bytes);
        string before = Encoding.Latin1.GetString(bytes[..first]);
        return isMarked || hasSequences || hasControls
            ? throw LabelFile.Bad(name, Line(before), Expected,
                $"byte 0x{bytes[first]:X2}, which is not valid there. Save the file as UTF-8")
            : Encoding.Latin1.GetString(bytes);
    }

    static string Utf16(ReadOnlySpan<byte> bytes, string name, bool isBigEndian)
    {
        var text = new char[bytes.Length / 2];
        for (int i = 0; i < text.Length; i++)
        {
            ReadOnlySpan<byte> pair = bytes.Slice(2 * i, 2);
            text[i] = (char)(isBigEndian ? BinaryPrimitives.ReadUInt16BigEndian(pair) : BinaryPrimitives.ReadUInt16LittleEndian(pair));
        }
        for (int place = 0; place < text.Length;)
        {
            if (Rune.DecodeFromUtf16(text.AsSpan(place), out _, out int length) != OperationStatus.Done)
            {
                throw LabelFile.Bad(
                    name, Line(new string(text, 0, place)), Expected, $"half a character of UTF-16, 0x{(int)text[place]:X4}");
            }
            place += length;
        }
        return bytes.Length % 2 == 0
            ? new string(text)
            : throw LabelFile.Bad(name, Line(new string(text)), Expected, "an odd number of bytes of UTF-16: the file is cut short");
    }

    /// <summary>The number of the line on which a text ends.</summary>
    static int Line(string text) => 1 + LabelFile.WithPlainLines(text).Count(c => c == '\n');
}
