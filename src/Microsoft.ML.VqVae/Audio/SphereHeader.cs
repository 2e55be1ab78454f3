using System.Globalization;
using System.Text;

namespace Microsoft.ML.VqVae.Audio;

/// <summary>
/// Reads the header of a NIST SPHERE file, as TIMIT's audio files are: "NIST_1A", the length of the header, and lines of a name, a type
/// and a value, up to "end_head".
/// </summary>
internal static class SphereHeader
{
    const int FirstLines = 16, MaxHeaderBytes = 1 << 20;

    public static ReadOnlySpan<byte> Signature => "NIST_1A"u8;

    /// <summary>Reads from the file's first byte, at the position <paramref name="begin"/>.</summary>
    public static WaveHeader Read(Stream stream, string name, long begin)
    {
        stream.Position = begin;
        string first = Encoding.Latin1.GetString(Take(FirstLines, 0));
        if (!int.TryParse(first.AsSpan(8), NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture,
            out int length) || length is < FirstLines or > MaxHeaderBytes)
        {
            throw Bad(name, 8, $"the length of the header, {FirstLines} to {MaxHeaderBytes} bytes", Quote(first[8..]));
        }
        string text = Encoding.Latin1.GetString(Take(length - FirstLines, FirstLines));
        var fields = new Dictionary<string, (string Value, int Offset)>(StringComparer.Ordinal);
        int place = 0;
        while (true)
        {
            int end = text.IndexOf('\n', place);
            string line = end < 0 ? text[place..] : text[place..end];
            if (line.Trim() == "end_head")
                break;
            if (end < 0)
                throw Bad(name, FirstLines + place, "'end_head' within the header", Quote(line.TrimEnd('\0')));
            string[] parts = line.Split(' ', 3, StringSplitOptions.RemoveEmptyEntries);
            // Comments begin with a semicolon.
            if (parts.Length > 0 && parts[0][0] != ';')
                fields[parts[0]] = parts.Length == 3 ? (parts[2].Trim(), FirstLines + place)
                    : throw Bad(name, FirstLines + place, "a name, a type and a value", Quote(line));
            place = end + 1;
        }
        return Parse();

        byte[] Take(int count, int offset)
        {
            byte[] bytes = new byte[count];
            int found = stream.ReadAtLeast(bytes, count, throwOnEndOfStream: false);
            return found == count
                ? bytes
                : throw WaveHeader.Truncated(name, offset, $"{count} bytes of the header of a NIST SPHERE file", found);
        }

        WaveHeader Parse()
        {
            int rate = Whole("sample_rate", WaveHeader.MinSampleRate, WaveHeader.MaxSampleRate) ?? throw Missing("sample_rate");
            int channels = Whole("channel_count", 1, ushort.MaxValue) ?? throw Missing("channel_count");
            int bytes = Whole("sample_n_bytes", 1, 2) ?? throw Missing("sample_n_bytes");
            (WaveEncoding encoding, bool bigEndian) = Coding(bytes);
            int frame = channels * bytes;
            long content = begin + length, left = Math.Max(0, stream.Length - content) / frame;
            int count = Whole("sample_count", 0, int.MaxValue) ?? 0;
            if (count > left)
            {
                throw WaveHeader.Truncated(
                    name, length, $"{(long)count * frame} bytes of samples", Math.Max(0, stream.Length - content));
            }
            // Without a number of samples, as programs write that do not know it, they go on to the end.
            return new WaveHeader(rate, channels, encoding, content, count == 0 ? left : count, bigEndian);
        }

        (WaveEncoding Encoding, bool BigEndian) Coding(int bytes)
        {
            (string coding, int offset) = fields.GetValueOrDefault("sample_coding", ("pcm", 0));
            if (coding.Contains("shorten", StringComparison.OrdinalIgnoreCase) || coding.Contains("embedded", StringComparison.Ordinal))
            {
                throw new InvalidDataException(
                    $"'{name}' cannot be read as a NIST SPHERE file: at byte {offset}, expected samples that are not compressed "
                    + $"(sample_coding pcm or ulaw), found {Quote(coding)}. Unpack it with the program sph2pipe of the Linguistic Data "
                    + $"Consortium: sph2pipe -f wav \"{name}\" \"{Path.ChangeExtension(name, ".unpacked.wav")}\".");
            }
            if (coding is "ulaw" or "mu-law" && bytes == 1)
                return (WaveEncoding.MuLaw, false);
            if (coding != "pcm" || bytes != 2)
                throw Bad(name, offset, "sample_coding pcm of 2 bytes, or ulaw of 1", $"{Quote(coding)} of {bytes}");
            (string order, int orderOffset) = fields.TryGetValue("sample_byte_format", out (string, int) found)
                ? found
                : throw Missing("sample_byte_format");
            return order switch
            {
                "01" => (WaveEncoding.Pcm16, false),
                "10" => (WaveEncoding.Pcm16, true),
                _ => throw Bad(name, orderOffset, "sample_byte_format 01 (the low byte first) or 10 (the high byte first)", Quote(order)),
            };
        }

        int? Whole(string field, int min, int max)
        {
            if (!fields.TryGetValue(field, out (string Value, int Offset) found))
                return null;
            return int.TryParse(found.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= min && value <= max
                ? value
                : throw Bad(name, found.Offset, $"a {field} from {min} to {max}", Quote(found.Value));
        }

        InvalidDataException Missing(string field) => Bad(name, FirstLines, $"the field {field} in the header", "none");
    }

    static string Quote(string text)
    {
        string printable = string.Concat(text.Trim().Select(c => c is >= ' ' and < (char)127 ? c : '?'));
        return printable.Length <= 60 ? $"'{printable}'" : $"'{printable[..60]}…'";
    }

    static InvalidDataException Bad(string name, long offset, string expected, string found) =>
        new($"'{name}' cannot be read as a NIST SPHERE file: at byte {offset}, expected {expected}, found {found}.");
}
