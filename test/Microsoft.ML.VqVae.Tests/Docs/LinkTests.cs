namespace Microsoft.ML.VqVae.Tests.Docs;

/// <summary>No link of the documentation is broken: files, pictures and headings are there.</summary>
[TestClass]
public sealed class LinkTests
{
    [TestMethod]
    public void Every_relative_link_leads_to_a_file_and_a_heading_that_are_there()
    {
        List<string> broken = [];
        int links = 0;
        foreach (MarkdownPage page in MarkdownPage.Paths.Select(path => new MarkdownPage(path)))
        {
            foreach (string link in page.Links.Where(link => !link.Contains("://", StringComparison.Ordinal)))
            {
                links++;
                (string file, string anchor) = link.Split('#') is [string before, string after] ? (before, after) : (link, "");
                string target = Path.GetFullPath(Path.Combine(Repository.Root, Path.GetDirectoryName(page.Path)!, file));
                if (file.Length > 0 && !File.Exists(target) && !Directory.Exists(target))
                    broken.Add($"{page.Path}: {link} is not there");
                else if (anchor.Length > 0 && !AnchorsOf(file.Length > 0 ? target : page.Path).Contains(anchor))
                    broken.Add($"{page.Path}: {link} has no such heading");
            }
        }
        Assert.IsEmpty(broken, string.Join('\n', broken));
        Assert.IsGreaterThan(60, links);

        static IReadOnlyCollection<string> AnchorsOf(string path) =>
            new MarkdownPage(Path.IsPathRooted(path) ? Path.GetRelativePath(Repository.Root, path) : path).Anchors;
    }

    [TestMethod]
    public void Every_page_of_docs_is_in_the_table_of_contents_and_every_picture_is_shown()
    {
        string[] listed = [.. new MarkdownPage("docs/README.md").Links];
        foreach (string page in MarkdownPage.Paths.Where(path => path.StartsWith("docs/", StringComparison.Ordinal)))
            Assert.IsTrue(page == "docs/README.md" || listed.Contains(page["docs/".Length..]), $"{page} is not in docs/README.md.");

        HashSet<string> shown = [.. MarkdownPage.Paths.SelectMany(path => new MarkdownPage(path).Links).Select(link => Path.GetFileName(link)!)];
        string[] unused = [.. Directory.GetFiles(Path.Combine(Repository.Root, "docs/images")).Select(Path.GetFileName)
            .Where(name => !shown.Contains(name!))!];
        Assert.IsEmpty(unused, $"No page shows {string.Join(", ", unused)} of docs/images.");
    }

    [TestMethod]
    public void Anchors_follow_the_rule_of_GitHub()
    {
        string[] anchors = [.. new MarkdownPage("docs/troubleshooting.md").Anchors];
        CollectionAssert.Contains(anchors, "glibcxx_3432");
        CollectionAssert.Contains(anchors, "expected-false-to-be-true-now-and-then");
    }
}
