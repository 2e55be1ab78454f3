using Microsoft.ML.VqVae.Persistence;
using Microsoft.ML.VqVae.Tests.Samples;

namespace Microsoft.ML.VqVae.Tests.Persistence;

/// <summary>Files are written whole or not at all, whoever else writes them, and nothing is left beside them.</summary>
[TestClass]
public sealed class AtomicFileTests
{
    [TestMethod]
    public void Writers_of_one_file_do_not_disturb_one_another()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("weights.safetensors");
        byte[][] contents = [.. Enumerable.Range(0, 4).Select(number => Enumerable.Repeat((byte)number, 1000 + number).ToArray())];
        int written = 0;
        Thread[] writers = [.. contents.Select(content => new Thread(() =>
        {
            for (int i = 0; i < 50; i++)
            {
                AtomicFile.Write(path, stream => stream.Write(content));
                Interlocked.Increment(ref written);
            }
        }))];
        Array.ForEach(writers, writer => writer.Start());
        Array.ForEach(writers, writer => writer.Join());
        Assert.AreEqual(200, written);
        byte[] found = File.ReadAllBytes(path);
        Assert.IsTrue(contents.Any(content => content.SequenceEqual(found)), "The file is that of one writer.");
        CollectionAssert.AreEqual(new[] { path }, Directory.GetFiles(folder.Path));
    }

    [TestMethod]
    public void A_failed_write_leaves_the_file_and_nothing_else()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("a.bin", [1, 2, 3]);
        Assert.ThrowsExactly<FormatException>(() => AtomicFile.Write(path, stream =>
        {
            stream.WriteByte(9);
            throw new FormatException();
        }));
        CollectionAssert.AreEqual(new byte[] { 1, 2, 3 }, File.ReadAllBytes(path));
        CollectionAssert.AreEqual(new[] { path }, Directory.GetFiles(folder.Path));
    }

    [TestMethod]
    public void A_reader_of_the_former_file_reads_on()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("a.bin", [1, 2, 3]);
        using FileStream reader = File.OpenRead(path);
        AtomicFile.Write(path, stream => stream.Write([4, 5]));
        Assert.AreEqual(1, reader.ReadByte());
        CollectionAssert.AreEqual(new byte[] { 4, 5 }, File.ReadAllBytes(path));
    }

    [TestMethod]
    [OSCondition(ConditionMode.Exclude, OperatingSystems.Windows)]
    public void A_file_keeps_its_permissions_and_is_private_while_it_is_written()
    {
        if (OperatingSystem.IsWindows())
            return;
        using var folder = new TemporaryFolder();
        foreach (UnixFileMode mode in ((string[])["600", "664", "444"]).Select(octal => (UnixFileMode)Convert.ToInt32(octal, 8)))
        {
            string path = folder.Write($"{mode}.bin", [1]);
            File.SetUnixFileMode(path, mode);
            UnixFileMode? whileWritten = null;
            AtomicFile.Write(path, stream =>
            {
                whileWritten = OperatingSystem.IsWindows() ? null : File.GetUnixFileMode(((FileStream)stream).SafeFileHandle);
                stream.WriteByte(2);
            });
            Assert.AreEqual(UnixFileMode.UserRead | UnixFileMode.UserWrite, whileWritten);
            Assert.AreEqual(mode, File.GetUnixFileMode(path));
            CollectionAssert.AreEqual(new byte[] { 2 }, File.ReadAllBytes(path));
        }
        string plain = folder.Write("plain.bin", [1]), fresh = folder.File("fresh.bin");
        AtomicFile.Write(fresh, stream => stream.WriteByte(2));
        Assert.AreEqual(File.GetUnixFileMode(plain), File.GetUnixFileMode(fresh), "A new file has the permissions of any new file.");
    }

    [TestMethod]
    [OSCondition(ConditionMode.Exclude, OperatingSystems.Windows)]
    public void Links_in_the_place_of_a_temporary_file_are_not_followed_and_a_link_to_the_file_stays()
    {
        using var folder = new TemporaryFolder();
        string victim = folder.Write("victim", [1, 2, 3]), path = folder.File("a.bin");
        string planted = $"{path}.{Environment.ProcessId}.tmp";
        File.CreateSymbolicLink(planted, victim);
        AtomicFile.Write(path, stream => stream.WriteByte(7));
        CollectionAssert.AreEqual(new byte[] { 1, 2, 3 }, File.ReadAllBytes(victim));

        string link = folder.File("link.bin");
        File.CreateSymbolicLink(link, path);
        AtomicFile.Write(link, stream => stream.WriteByte(8));
        Assert.AreEqual(path, new FileInfo(link).LinkTarget);
        CollectionAssert.AreEqual(new byte[] { 8 }, File.ReadAllBytes(path));
    }

    [TestMethod]
    public void What_a_killed_process_left_is_removed_but_nothing_else()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("a.bin");
        string ours = folder.Write("a.bin.0123456789abcdef.tmp", [1]), older = folder.Write("a.bin.4711.tmp", [1]);
        string[] others =
        [
            folder.Write("a.bin.notes.tmp", [1]), folder.Write("a.bin..tmp", [1]), folder.Write("b.bin.0123456789abcdef.tmp", [1]),
            folder.Write("a.bin.0123456789abcdef", [1]),
        ];
        AtomicFile.Write(path, stream =>
        {
            // A writer at work loses nothing to another.
            AtomicFile.Write(path, other => other.WriteByte(1));
            stream.WriteByte(2);
        });
        Assert.IsFalse(File.Exists(ours));
        Assert.IsFalse(File.Exists(older));
        CollectionAssert.AreEqual(new byte[] { 2 }, File.ReadAllBytes(path));
        CollectionAssert.AreEquivalent(others.Append(path).ToArray(), Directory.GetFiles(folder.Path));
    }

    [TestMethod]
    public void A_probe_leaves_nothing_and_finds_a_folder_that_cannot_be_written()
    {
        using var folder = new TemporaryFolder();
        AtomicFile.Probe(folder.File("a.bin"));
        Assert.IsEmpty(Directory.GetFiles(folder.Path));
        Assert.Throws<IOException>(() => AtomicFile.Probe(Path.Combine(folder.Path, "missing", "a.bin")));
    }
}
