using System.ComponentModel;
using System.Diagnostics;

namespace Microsoft.ML.VqVae.Samples.Video;

/// <summary>
/// Plays a demo with the engine dsda-doom without a screen and reads its frames. The engine renders every tic in software on SDL's dummy
/// display and passes the frames to a command for encoding, which here copies them into a named pipe.
/// </summary>
internal static class DoomEngine
{
    // The smallest multiple of the frame size that the engine renders as requested; it enlarges smaller ones.
    const int Width = 672, Height = 504, Block = Height / FrameStrips.DefaultSide;

    const string Program = "dsda-doom", World = "freedoom2.wad";

    /// <summary>The interval between two checks of whether the engine has ended, in milliseconds.</summary>
    const int LookEvery = 50;

    static readonly string[] WorldFolders = ["/usr/share/games/doom", "/usr/local/share/games/doom", "/usr/share/doom"];

    // Without weapon, status bar, messages and view bobbing; two steps brighter.
    const string Settings =
        """
        videomode "Software"
        screen_resolution "672x504"
        use_fullscreen 0
        render_vsync 0
        render_aspect 0
        usegamma 2
        screenblocks 11
        hud_displayed 0
        hudadd_demoprogressbar 0
        show_messages 0
        dsda_hide_weapon 1
        dsda_viewbob 0
        cap_fps 35
        cap_remove_tempfiles 0
        cap_soundcommand "cat > /dev/null"
        cap_videocommand "cat > frames"
        cap_muxcommand "true"
        """;

    /// <summary>Whether the engine and its world are installed.</summary>
    public static bool IsInstalled => FindProgram() is not null && FindWorld() is not null;

    /// <summary>Plays a demo and returns the frame at the end of each action: 84×84 RGB pixels, each the mean of 6×6 rendered pixels of the
    /// central square.</summary>
    /// <exception cref="DataSetException">The engine is not installed, or it did not play the demo.</exception>
    public static void Play(byte[] demo, Action<byte[]> take, CancellationToken cancellation) => Play(
        FindProgram() ?? throw Missing($"The engine {Program}"), FindWorld() ?? throw Missing($"The game data {World}"), demo, take,
        cancellation);

    /// <summary>The same with any program in the engine's place.</summary>
    internal static void Play(string program, string world, byte[] demo, Action<byte[]> take, CancellationToken cancellation)
    {
        int tics = (demo.Length - DemoFile.HeaderBytes) / DemoFile.BytesOfTic;
        string folder = Directory.CreateTempSubdirectory("vqvae-doom").FullName;
        try
        {
            File.WriteAllBytes(Path.Combine(folder, "demo.lmp"), demo);
            File.WriteAllText(Path.Combine(folder, "settings.cfg"), Settings);
            string pipe = Path.Combine(folder, "frames");
            using (Process made = Start("mkfifo", folder, [pipe]))
                made.WaitForExit();
            using Process engine = Start(program, folder,
                ["-config", "settings.cfg", "-iwad", world, "-timedemo", "demo.lmp", "-viddump", "video"]);
            using CancellationTokenRegistration stop = cancellation.Register(() => Kill(engine));
            Task<string> log = engine.StandardOutput.ReadToEndAsync(CancellationToken.None);
            Task<string> errors = engine.StandardError.ReadToEndAsync(CancellationToken.None);
            int frames = ReadWhileItRuns(engine, pipe, () => ReadFrames(pipe, tics, take));
            engine.WaitForExit();
            cancellation.ThrowIfCancellationRequested();
            if (frames < tics)
            {
                string words = string.Join(' ', $"{errors.Result}\n{log.Result}".Split('\n', StringSplitOptions.TrimEntries
                    | StringSplitOptions.RemoveEmptyEntries).TakeLast(3));
                throw new DataSetException(
                    $"'{program}' rendered {frames} of the {tics} tics of a demo, and ended with code {engine.ExitCode}: {words}");
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Reads on a thread of its own: opening a pipe waits for a writer, which never comes if the engine fails early.</summary>
    internal static int ReadWhileItRuns(Process engine, string pipe, Func<int> read)
    {
        Task<int> reading = Task.Factory.StartNew(
            read, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        while (Task.WaitAny([reading], LookEvery) < 0)
        {
            // Again and again: the reader may come to the pipe only after a writer has opened and closed it.
            if (engine.HasExited)
                LetGo(pipe);
        }
        return reading.GetAwaiter().GetResult();
    }

    static int ReadFrames(string pipe, int tics, Action<byte[]> take)
    {
        using var frames = new FileStream(pipe, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        byte[] rendered = new byte[Width * Height * 3];
        for (int tic = 0; tic < tics; tic++)
        {
            if (frames.ReadAtLeast(rendered, rendered.Length, throwOnEndOfStream: false) < rendered.Length)
                return tic;
            if (tic % DemoFile.TicsOfFrame == DemoFile.TicsOfFrame - 1)
                take(Shrink(rendered));
        }
        return tics;
    }

    static byte[] Shrink(byte[] rendered)
    {
        const int side = FrameStrips.DefaultSide, margin = (Width - Height) / 2;
        byte[] frame = new byte[side * side * 3];
        Span<int> sums = stackalloc int[side * 3];
        for (int y = 0; y < side; y++)
        {
            sums.Clear();
            for (int line = 0; line < Block; line++)
            {
                ReadOnlySpan<byte> row = rendered.AsSpan(((y * Block + line) * Width + margin) * 3, Height * 3);
                for (int x = 0, from = 0; x < side; x++)
                    for (int i = 0; i < Block; i++, from += 3)
                    {
                        sums[x * 3] += row[from];
                        sums[x * 3 + 1] += row[from + 1];
                        sums[x * 3 + 2] += row[from + 2];
                    }
            }
            for (int i = 0; i < sums.Length; i++)
                frame[y * side * 3 + i] = (byte)((sums[i] + Block * Block / 2) / (Block * Block));
        }
        return frame;
    }

    static Process Start(string program, string folder, string[] arguments)
    {
        var start = new ProcessStartInfo(program)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        // No screen, no sound card, no settings of the user.
        start.Environment["SDL_VIDEODRIVER"] = "dummy";
        start.Environment["SDL_AUDIODRIVER"] = "dummy";
        start.Environment["HOME"] = folder;
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception error)
        {
            throw new DataSetException($"'{program}' could not be started: {error.Message}");
        }
    }

    static void LetGo(string pipe)
    {
        try
        {
            // Opens and closes the pipe for writing, so that the reader sees its end.
            new FileStream(pipe, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0).Dispose();
        }
        catch (IOException)
        {
            // The reader has finished and the folder is deleted.
        }
    }

    static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // The process has already ended.
        }
    }

    static string? FindProgram() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        // On Debian, games are not in root's PATH.
        .Append("/usr/games").Select(folder => Path.Combine(folder, Program)).FirstOrDefault(File.Exists);

    static string? FindWorld() => WorldFolders.Select(folder => Path.Combine(folder, World)).FirstOrDefault(File.Exists);

    static DataSetException Missing(string what) => new(
        $"{what}, which makes the default data, is not installed. Install it (Debian: apt install dsda-doom freedoom), "
        + $"or give --data a folder with frame strips (*.png) and {FrameStrips.ActionsFile}.");
}
