using BenchmarkDotNet.Running;
using Microsoft.ML.VqVae.Benchmarks;

// `serve` answers compare.py, which runs the same work in PyTorch in turn; anything else goes to BenchmarkDotNet.
if (args is ["serve"])
    Server.Run(Console.In, Console.Out);
else
    BenchmarkSwitcher.FromAssembly(typeof(CodecBenchmarks).Assembly).Run(args);
