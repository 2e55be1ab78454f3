using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.ML.VqVae.Samples.Display;

namespace Microsoft.ML.VqVae.Samples.Speech;

/// <summary>
/// The default data: sentences of <see cref="SentenceGrammar"/>, spoken by four voices of the synthesizer flite, which knows when each
/// phone ends. They are made once and kept in a cache folder, as files of the layout that <c>--data</c> reads too.
/// </summary>
/// <remarks>
/// An interrupted run resumes: the audio of an utterance is renamed to its final name after it and its phones are complete.
/// </remarks>
internal static class FliteSpeech
{
    /// <summary>A Scotsman, two Americans, one of them put together from recorded pairs of phones, and an American woman.</summary>
    public static readonly string[] Voices = ["awb", "kal16", "rms", "slt"];

    const string Utterances = "utterances.tsv";
    const string Phones = "phones.tsv";

    /// <summary>To be changed with the content of the tables, so that older ones in the cache are not taken for these.</summary>
    const int Layout = 2;

    /// <summary>The folder with the first sentences of the grammar in each voice; makes it where it is not there yet.</summary>
    /// <param name="sentences">How many sentences.</param>
    /// <param name="stage">Receives the progress.</param>
    /// <param name="cancellation">Stops between two utterances.</param>
    public static string Open(int sentences, Stage stage, CancellationToken cancellation) =>
        Open(GeneratedData.CacheFolder, SentenceGrammar.Take(sentences), stage, cancellation);

    /// <inheritdoc cref="Open(int, Stage, CancellationToken)"/>
    internal static string Open(string cache, IReadOnlyList<string> sentences, Stage stage, CancellationToken cancellation)
    {
        // Other sentences or voices are another data set: the name says which.
        string name = $"flite-{sentences.Count}x{Voices.Length}-{Fingerprint(sentences)}-{Layout}";
        // Voice after voice in the tables, but sentence after sentence in making: with voices that differ in speed, no core waits at the
        // end.
        Utterance[] bySentence = [.. sentences.SelectMany((text, index) => Voices.Select(voice => new Utterance(voice, index + 1, text)))];
        return GeneratedData.Open(cache, name, stage, cancellation: cancellation, make: folder =>
        {
            Make(folder, bySentence, stage, cancellation);
            WriteTables(folder, bySentence.OrderBy(utterance => utterance.Name, StringComparer.Ordinal));
        });
    }

    static void Make(string folder, Utterance[] utterances, Stage stage, CancellationToken cancellation)
    {
        foreach (string voice in Voices)
            Directory.CreateDirectory(Path.Combine(folder, voice));
        int done = 0;
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellation };
        try
        {
            Parallel.ForEach(utterances, parallel, utterance =>
            {
                utterance.Speak(folder);
                int count = Interlocked.Increment(ref done);
                lock (utterances)
                    stage.Report(
                        (double)count / utterances.Length,
                        $"{count:N0}/{utterances.Length:N0} sentences synthesized, cached for later runs");
            });
        }
        catch (AggregateException several) when (several.InnerException is DataSetException first)
        {
            throw first;
        }
    }

    static void WriteTables(string folder, IEnumerable<Utterance> utterances)
    {
        StringBuilder list = new("utt\tspeaker\tfile\tstart_sample\tn_samples\ttext\n"), phones = new("utt\tstart_s\tend_s\tphone\n");
        foreach (Utterance utterance in utterances)
        {
            (long samples, IReadOnlyList<(double End, string Phone)> spoken) = utterance.Read(folder);
            list.AppendJoin('\t', utterance.Name, utterance.Voice, utterance.AudioFile, 0, samples, utterance.Text).Append('\n');
            double start = 0;
            for (int i = 0; i < spoken.Count; i++)
            {
                // The last phone, a pause, ends with the file: flite says so a little earlier or later.
                double duration = samples / (double)Utterance.SampleRate;
                double end = i == spoken.Count - 1 ? duration : Math.Min(spoken[i].End, duration);
                if (end > start)
                    phones.Append(CultureInfo.InvariantCulture, $"{utterance.Name}\t{start:0.000000}\t{end:0.000000}\t{spoken[i].Phone}\n");
                start = Math.Max(start, end);
            }
        }
        File.WriteAllText(Path.Combine(folder, Phones), phones.ToString());
        File.WriteAllText(Path.Combine(folder, Utterances), list.ToString());
    }

    static string Fingerprint(IEnumerable<string> sentences) => Convert.ToHexStringLower(
        SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', sentences.Concat(Voices)))))[..8];

    /// <summary>A sentence in a voice.</summary>
    sealed record Utterance(string Voice, int Number, string Text)
    {
        public const int SampleRate = 16_000;

        public string Name => $"{Voice}-{Number:0000}";

        /// <summary>Relative to the folder of the data.</summary>
        public string AudioFile => $"{Voice}/{Number:0000}.wav";

        public void Speak(string folder)
        {
            string audio = Path.Combine(folder, AudioFile), phones = Path.ChangeExtension(audio, ".phones"), partial = audio + ".partial";
            if (File.Exists(audio))
                return;
            var start = new ProcessStartInfo("flite") { RedirectStandardOutput = true, RedirectStandardError = true };
            foreach (string argument in (string[])["-voice", Voice, "-psdur", "-t", Text, "-o", partial])
                start.ArgumentList.Add(argument);
            try
            {
                using Process process = Process.Start(start)!;
                Task<string> complaint = process.StandardError.ReadToEndAsync();
                string said = process.StandardOutput.ReadToEnd();
                process.WaitForExit();
                if (process.ExitCode != 0 || said.Trim().Length == 0)
                    throw new DataSetException($"flite could not say \"{Text}\" with the voice {Voice}: {complaint.Result.Trim()}");
                File.WriteAllText(phones, said);
                File.Move(partial, audio, overwrite: true);
            }
            catch (Win32Exception)
            {
                throw new DataSetException(
                    "The speech synthesizer flite, which makes the default data, is not installed. Install it (Debian: apt install flite), "
                    + "or give --data a folder with utterances.tsv and phones.tsv.");
            }
        }

        /// <summary>The number of samples, and where each phone ends in seconds: flite prints "pau:0.184 dh:0.228 …".</summary>
        public (long Samples, IReadOnlyList<(double End, string Phone)> Phones) Read(string folder)
        {
            string audio = Path.Combine(folder, AudioFile);
            string[] words = File.ReadAllText(Path.ChangeExtension(audio, ".phones"))
                .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            return (Samples(audio), [.. words.Select(word => word.Split(':')).Where(parts => parts.Length == 2)
                .Select(parts => (double.Parse(parts[1], CultureInfo.InvariantCulture), parts[0]))]);
        }

        static long Samples(string audio) => (new FileInfo(audio).Length - 44) / 2;
    }
}
