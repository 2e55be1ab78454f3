using BenchmarkDotNet.Running;
using Microsoft.ML.VqVae.Benchmarks;

// `serve` answers compare.py, which runs the same work in PyTorch in turn; `sampling [BATCH …]` measures what caching gains a prior;
// `generation [ROWS …]` how fast waveforms
// are made; anything else goes to BenchmarkDotNet.
if (args is ["serve"])
    Server.Run(Console.In, Console.Out);
else if (args is ["sampling", .. var batches])
    SamplingSpeed.Run(batches is [] ? [1, 16, 64] : Array.ConvertAll(batches, int.Parse), Console.Out);
else if (args is ["generation", .. var rows])
    GenerationSpeed.Run(rows is [] ? [1, 2, 8, 32] : Array.ConvertAll(rows, int.Parse), Console.Out);
else
    BenchmarkSwitcher.FromAssembly(typeof(CodecBenchmarks).Assembly).Run(args);
