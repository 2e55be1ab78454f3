using System.Globalization;

namespace Microsoft.ML.VqVae.Benchmarks;

/// <summary>Answers lines "MODEL WORKLOAD COUNT" with milliseconds an iteration, so that two processes can be measured in turn.</summary>
internal static class Server
{
    public static void Run(TextReader requests, TextWriter answers)
    {
        var workloads = new Dictionary<string, IWorkloads>();
        while (requests.ReadLine()?.Split(' ') is [var model, var workload, var count])
        {
            if (!workloads.TryGetValue(model, out var work))
                workloads[model] = work = IWorkloads.Named(model);
            var milliseconds = work.Run(workload, int.Parse(count, CultureInfo.InvariantCulture));
            answers.WriteLine(milliseconds.ToString("R", CultureInfo.InvariantCulture));
            answers.Flush();
        }
        foreach (var work in workloads.Values)
            work.Dispose();
    }
}
