using System.Diagnostics;
using Microsoft.ML.VqVae.Samples;
using Microsoft.ML.VqVae.Samples.Display;
using Microsoft.ML.VqVae.Samples.Video;

namespace Microsoft.ML.VqVae.Tests.Samples.Video;

/// <summary>The demo that the engine is given, and, where the engine is installed, what it makes of it.</summary>
[TestClass]
public class DoomVideoTests
{
    static readonly Stage Silent = new((_, _) => { });

    [TestMethod]
    public void A_demo_has_a_header_four_bytes_a_tic_and_an_end()
    {
        byte[] demo = DemoFile.Write(map: 20, [GameAction.Forward, GameAction.Right, GameAction.Back]);
        byte[] expected =
        [
            109, 2, 1, 20, 0, 0, 0, 1, 0, 1, 0, 0, 0,
            25, 0, 0, 0, 25, 0, 0, 0, 25, 0, 0, 0, 25, 0, 0, 0,
            0, 0, 254, 0, 0, 0, 254, 0, 0, 0, 254, 0, 0, 0, 254, 0,
            231, 0, 0, 0, 231, 0, 0, 0, 231, 0, 0, 0, 231, 0, 0, 0,
            0x80,
        ];
        CollectionAssert.AreEqual(expected, demo);
        Assert.AreEqual("map", Assert.Throws<ArgumentOutOfRangeException>(() => DemoFile.Write(33, [])).ParamName);
    }

    [TestMethod]
    public void A_walk_follows_from_its_seed_and_holds_actions_for_a_while()
    {
        GameAction[] walk = Wandering.Actions(seed: 5, frames: 400);
        CollectionAssert.AreEqual(walk, Wandering.Actions(5, 400));
        CollectionAssert.AreNotEqual(walk, Wandering.Actions(6, 400));
        CollectionAssert.AreEquivalent(Enum.GetValues<GameAction>(), walk.Distinct().ToArray());
        int changes = Enumerable.Range(1, 399).Count(frame => walk[frame] != walk[frame - 1]);
        Assert.IsTrue(changes is > 30 and < 150, $"{changes} changes");
    }

    [TestMethod]
    public void The_engine_plays_a_walk_the_same_each_time_and_turns_the_way_it_is_told()
    {
        if (!DoomEngine.IsInstalled)
            Assert.Inconclusive("dsda-doom and freedoom are not installed.");
        using var folder = new TemporaryFolder();
        string[] made = [.. Enumerable.Range(1, 2).Select(run => DoomVideo.Open(
            Path.Combine(folder.Path, $"cache{run}"), episodes: 2, frames: 12, Silent, CancellationToken.None))];
        foreach (string path in Directory.EnumerateFiles(made[0]))
            CollectionAssert.AreEqual(File.ReadAllBytes(path), File.ReadAllBytes(Path.Combine(made[1], Path.GetFileName(path))), path);
        IReadOnlyList<Episode> episodes = FrameStrips.Read(made[0], CancellationToken.None);
        Assert.HasCount(2, episodes);
        CollectionAssert.AreEqual(Wandering.Actions(1, 12).Select(action => action.Name()).ToArray(), episodes[0].Actions.ToArray());
        Assert.HasCount(12, episodes[0].Frames);
        Assert.HasCount(84 * 84 * 3, episodes[0].Frames[0]);
        CollectionAssert.AreNotEqual(episodes[0].Frames[0], episodes[1].Frames[0]);
    }

    [TestMethod]
    public void An_engine_that_fails_at_once_ends_the_recording_with_its_code_and_words()
    {
        if (OperatingSystem.IsWindows())
            Assert.Inconclusive("There are no named pipes of this kind.");
        byte[] demo = DemoFile.Write(map: 20, [GameAction.Forward]);
        // One program complains of the engine's arguments, the other says nothing. Many times, since the end of the program and the opening of the
        // pipe come in either order.
        var plays = Task.Run(() =>
        {
            for (int play = 0; play < 40; play++)
            {
                string message = Assert.Throws<DataSetException>(() => DoomEngine.Play(
                    play % 2 == 0 ? "cat" : "false", "world", demo, _ => { }, CancellationToken.None)).Message;
                StringAssert.Contains(message, "rendered 0 of the 4 tics");
                StringAssert.Contains(message, play % 2 == 0 ? "ended with code 1: cat: " : "ended with code 1: ");
            }
        });
        Assert.IsTrue(plays.Wait(TimeSpan.FromMinutes(2)), "The recording waits for frames of an engine that has ended.");
    }

    [TestMethod]
    public void A_reader_that_comes_to_the_pipe_after_the_engine_has_ended_is_let_go()
    {
        if (OperatingSystem.IsWindows())
            Assert.Inconclusive("There are no named pipes of this kind.");
        using var folder = new TemporaryFolder();
        string pipe = folder.File("frames");
        using (var made = Process.Start("mkfifo", [pipe]))
            made.WaitForExit();
        using var engine = Process.Start("false");
        engine.WaitForExit();
        var reading = Task.Run(() => DoomEngine.ReadWhileItRuns(engine, pipe, () =>
        {
            // Long enough for a writer to open the pipe and close it before.
            Thread.Sleep(500);
            using var frames = new FileStream(pipe, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            return frames.ReadByte();
        }));
        Assert.IsTrue(reading.Wait(TimeSpan.FromMinutes(1)), "The reader waits for a writer that never comes.");
        Assert.AreEqual(-1, reading.Result, "the end of the pipe");
    }

    [TestMethod]
    public void A_cancelled_recording_leaves_no_finished_folder()
    {
        if (!DoomEngine.IsInstalled)
            Assert.Inconclusive("dsda-doom and freedoom are not installed.");
        using var folder = new TemporaryFolder();
        using var cancellation = new CancellationTokenSource();
        var stage = new Stage((_, _) => cancellation.Cancel());
        Assert.Throws<OperationCanceledException>(() => DoomVideo.Open(folder.Path, 2, 400, stage, cancellation.Token));
        Assert.IsFalse(Directory.EnumerateDirectories(folder.Path).Any(made => !made.EndsWith(".unfinished", StringComparison.Ordinal)));
    }
}
