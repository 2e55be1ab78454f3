using System.Diagnostics;

namespace Microsoft.ML.VqVae.Tests.Samples;

/// <summary>A visit of a page by a headless Chromium; the test is inconclusive where it is not installed.</summary>
internal static class Chromium
{
    /// <param name="Problems">Console messages of the page, and resources that were not found.</param>
    /// <param name="Content">The document after loading, followed by how many of its pictures and sounds have loaded.</param>
    public sealed record Visit(IReadOnlyList<string> Problems, string Content);

    public static Visit Open(string page, string profile)
    {
        string program = Array.Find(["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"], File.Exists) ?? "";
        if (program.Length == 0)
            Assert.Inconclusive("Chromium is not installed; on Debian: apt install chromium.");
        // A copy that counts what it could load: a picture that is not found has no size, a sound no duration.
        string counting = Path.ChangeExtension(page, "counting.html");
        File.WriteAllText(counting, File.ReadAllText(page).Replace("</body>", Count + "</body>", StringComparison.Ordinal));
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string option in "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
            .Split(' ', StringSplitOptions.RemoveEmptyEntries).Concat(["--disable-component-update", "--disable-sync",
                "--disable-dev-shm-usage", "--enable-logging=stderr", $"--user-data-dir={profile}", "--virtual-time-budget=3000",
                "--timeout=30000", "--dump-dom", new Uri(counting).AbsoluteUri]))
            start.ArgumentList.Add(option);
        using var browser = Process.Start(start)!;
        Task<string> content = browser.StandardOutput.ReadToEndAsync(), log = browser.StandardError.ReadToEndAsync();
        if (!browser.WaitForExit(TimeSpan.FromMinutes(1)))
        {
            browser.Kill(entireProcessTree: true);
            Assert.Fail("Chromium did not end within a minute.");
        }
        string[] problems = [.. log.Result.Split('\n').Where(line =>
            line.Contains(":CONSOLE", StringComparison.Ordinal) || line.Contains("ERR_FILE_NOT_FOUND", StringComparison.Ordinal))];
        return new Visit(problems, content.Result);
    }

    const string Count =
        """
        <p id="loaded"></p><script>
        function count() {
          const loaded = (name, test) => { const all = [...document.querySelectorAll(name)]; return all.filter(test).length + ' of ' + all.length; };
          document.getElementById('loaded').textContent =
            'pictures ' + loaded('img', image => image.naturalWidth > 0) + ', sounds ' + loaded('audio', sound => sound.duration > 0);
        }
        addEventListener('load', count);
        document.querySelectorAll('audio').forEach(sound => sound.addEventListener('loadedmetadata', count));
        </script>
        """;
}
