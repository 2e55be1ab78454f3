using BenchmarkDotNet.Running;
using Microsoft.ML.VqVae;
using Microsoft.ML.VqVae.Benchmarks;
using Microsoft.ML.VqVae.Benchmarks.Comparison;
using Microsoft.ML.VqVae.Benchmarks.Steps;

// `compare [--rounds N] [--models a,b,…]` measures the library against the same models in TorchSharp's own layers; `limits`, with the
// same options, against single operators; `sampling [BATCH …]` the speed-up of cached sampling; `generation [ROWS …]` the speed of
// waveform generation; `transform [ROWS]` a whole Transform beside the network alone; `ranks [STEPS]` the throughput of training, under
// mpirun that of its processes; `profile [MODEL …]` the parts of a training step; `threads [ROUNDS]` what the waiting of libtorch's threads
// costs; `programs [ROUNDS] [MODEL …]` programs with the library against programs without. Anything else goes to BenchmarkDotNet.

// The plain models, too, run with the library's settings of native libraries.
NativeTorch.Require();
if (args is ["compare", .. string[] comparison])
    return CompareCommand.Run(comparison, Console.Out, Console.Error);
if (args is ["limits", .. string[] limits])
    return CompareCommand.RunLimits(limits, Console.Out, Console.Error);
if (args is ["sampling", .. string[] batches])
    SamplingSpeed.Run(batches is [] ? [1, 16, 64] : Array.ConvertAll(batches, int.Parse), Console.Out);
else if (args is ["generation", .. string[] rows])
    GenerationSpeed.Run(rows is [] ? [1, 2, 8, 32] : Array.ConvertAll(rows, int.Parse), Console.Out);
else if (args is ["transform", .. string[] images])
    TransformSpeed.Run(images is [] ? 60_000 : int.Parse(images[0]), Console.Out);
else if (args is ["ranks", .. string[] steps])
    RanksSpeed.Run(steps is [] ? 200 : int.Parse(steps[0]), Console.Out);
else if (args is ["profile", .. string[] models])
    StepProfile.Run(models is [] ? ["fast", "wide"] : models, Console.Out);
else if (args is ["threads", .. string[] rounds])
    WaitingThreadsSpeed.Run(rounds is [] ? 3 : int.Parse(rounds[0]), Console.Out);
else if (args is ["programs", .. string[] programs])
    ProgramSpeed.Run(programs is [] ? 3 : int.Parse(programs[0]), programs.Length > 1 ? programs[1..] : ["fast", "wide"], Console.Out);
else if (args is [MeasuredProcess.Command, string variant, string model, string workload])
    new MeasuredProcess(variant, model, workload).Print(Console.Out);
else if (args is [WaitingThreadsSpeed.BusyCommand])
    WaitingThreadsSpeed.KeepBusy();
else
    BenchmarkSwitcher.FromAssembly(typeof(CodecBenchmarks).Assembly).Run(args);
return 0;
