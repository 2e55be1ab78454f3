using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.ML.Data;
using Microsoft.ML.VqVae.Tests.Samples;

namespace Microsoft.ML.VqVae.Tests.Docs;

/// <summary>The programs of the documentation do what their pages say, exactly as they are printed.</summary>
[TestClass]
public sealed partial class PrintedProgramTests
{
    public static IEnumerable<object[]> Programs => MarkdownPage.Paths
        .SelectMany(path => new MarkdownPage(path).Programs.Select(program => (object[])[path, program.Heading]));

    [TestMethod]
    [DynamicData(nameof(Programs))]
    public void Every_whole_program_compiles_without_warnings(string page, string heading) => Program(page, heading);

    [TestMethod]
    public void Every_program_of_the_cookbook_has_a_test_that_runs_it() =>
        CollectionAssert.AreEquivalent(
            new[] { Classifier, Anomalies, Retrieval, Speech, Sampling, Service },
            new MarkdownPage("docs/cookbook.md").Programs.Select(program => program.Heading).ToArray());

    const string Classifier = "A classifier on codes, with cross-validation";
    const string Anomalies = "An anomaly score";
    const string Retrieval = "Retrieval: the most similar images";
    const string Speech = "Speech: a folder of recordings, speakers held out";
    const string Sampling = "New images of a class, as PNG files";
    const string Service = "A web service";

    [TestMethod]
    public void The_classifier_learns_in_all_folds_and_its_file_holds_the_whole_chain()
    {
        using var folder = new TemporaryFolder();
        Match result = Single(Run(Classifier, folder), @"^accuracy (\d\.\d\d) in 5 folds");
        Assert.IsGreaterThan(0.7, Number(result));
        ITransformer loaded = new MLContext().Model.Load(folder.File("classifier.zip"), out DataViewSchema schema);
        Assert.IsNotNull(loaded.GetOutputSchema(schema).GetColumnOrNull("PredictedLabel"));
        ((IDisposable)loaded).Dispose();
    }

    [TestMethod]
    public void The_anomaly_score_ranks_scratched_images_first()
    {
        using var folder = new TemporaryFolder();
        string output = Run(Anomalies, folder);
        Assert.IsGreaterThan(0.8, Number(Single(output, @"^area under the ROC curve: (\d\.\d\d)$")));
        Assert.HasCount(3, BitsLine().Matches(output));
    }

    [TestMethod]
    public void Retrieval_finds_images_of_the_kind_of_the_query()
    {
        using var folder = new TemporaryFolder();
        Assert.IsGreaterThan(0.5, Number(Single(Run(Retrieval, folder), @"^(\d\.\d\d) of the five nearest")));
    }

    [TestMethod]
    public void Words_of_speakers_who_were_held_out_are_recognized()
    {
        using var folder = new TemporaryFolder();
        string output = Run(Speech, folder);
        Assert.IsGreaterThan(0.6, Number(Single(output, @"^72 recordings; .* held out (\d\.\d\d)$")));
    }

    [TestMethod]
    public void Sampled_images_are_files_of_the_size_of_the_training_images()
    {
        using var folder = new TemporaryFolder();
        Run(Sampling, folder);
        string[] files = Directory.GetFiles(folder.File("samples"), "*.png");
        Assert.HasCount(8, files);
        foreach (string file in files)
        {
            using MLImage image = MLImage.CreateFromFile(file);
            Assert.AreEqual((16, 16), (image.Width, image.Height));
        }
    }

    [TestMethod]
    public async Task The_web_service_answers_several_requests_at_once()
    {
        using var folder = new TemporaryFolder();
        PrintedProgram program = Program("docs/cookbook.md", Service);
        var built = new TaskCompletionSource<IHost>();
        using IDisposable listening = DiagnosticListener.AllListeners.Subscribe(new Hosts(built));
        Task<string> running = Task.Run(() => program.Run(folder.Path, "--urls=http://127.0.0.1:0", "--Logging:LogLevel:Default=Warning"));
        IHost host = await Task.WhenAny(built.Task, running).WaitAsync(TimeSpan.FromMinutes(2)) == running
            ? throw new InvalidOperationException(await running) : await built.Task;
        var started = new TaskCompletionSource();
        host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(TimeSpan.FromMinutes(1));
        try
        {
            string address = host.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
            Assert.IsTrue(new Uri(address).IsLoopback);
            // Without the proxy of the environment: .NET would ask it for this machine, too.
            using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(address) };
            await Task.WhenAll(Enumerable.Range(0, 12).Select(async number =>
            {
                float[] pixels = [.. Enumerable.Range(0, 256).Select(i => ((number % 2 == 0 ? i % 16 : i / 16) + number) / 3 % 2 * 200f)];
                using HttpResponseMessage response = await client.PostAsJsonAsync("/classify", new { pixels });
                Assert.AreEqual(HttpStatusCode.OK, response.StatusCode);
                JsonElement answer = await response.Content.ReadFromJsonAsync<JsonElement>();
                Assert.AreEqual(number % 2 == 0 ? "upright" : "level", answer.GetProperty("kind").GetString());
                Assert.HasCount(16, answer.GetProperty("codes").EnumerateArray().Select(code => code.GetInt32()).ToArray());
            }));
            foreach (float[]? wrong in (float[]?[])[new float[3], null])
            {
                using HttpResponseMessage refused = await client.PostAsJsonAsync("/classify", new { pixels = wrong });
                Assert.AreEqual(HttpStatusCode.BadRequest, refused.StatusCode);
            }
        }
        finally
        {
            await host.StopAsync();
            await running;
        }
    }

    static string Run(string heading, TemporaryFolder folder) => Program("docs/cookbook.md", heading).Run(folder.Path);

    static PrintedProgram Program(string page, string heading) => new($"{page}, {heading}",
        new MarkdownPage(page).Programs.First(program => program.Heading == heading).Code, web: heading == Service);

    static Match Single(string output, string pattern)
    {
        MatchCollection matches = Regex.Matches(output.ReplaceLineEndings("\n"), pattern, RegexOptions.Multiline);
        Assert.HasCount(1, matches, $"The program prints\n{output}");
        return matches[0];
    }

    static double Number(Match match) => double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^\d+ bits, (scratched|not scratched)\r?$", RegexOptions.Multiline)]
    private static partial Regex BitsLine();

    /// <summary>Hands over the host that a program builds.</summary>
    sealed class Hosts(TaskCompletionSource<IHost> built) : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>
    {
        public void OnNext(DiagnosticListener value)
        {
            if (value.Name == "Microsoft.Extensions.Hosting")
                value.Subscribe(this);
        }

        public void OnNext(KeyValuePair<string, object?> value)
        {
            if (value.Key == "HostBuilt")
                built.TrySetResult((IHost)value.Value!);
        }

        public void OnCompleted()
        {
        }

        public void OnError(Exception error)
        {
        }
    }
}
