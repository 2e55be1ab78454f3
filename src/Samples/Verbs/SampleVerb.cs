using System.CommandLine;
using System.CommandLine.Parsing;
using System.Reflection;
using Microsoft.ML.VqVae.Training;

namespace Microsoft.ML.VqVae.Samples.Verbs;

/// <summary>A command of the samples, with the options that all samples share.</summary>
internal sealed class SampleVerb : System.CommandLine.Command
{
    readonly Option<string?> _data;
    readonly Option<int> _seed = new("--seed") { Description = "Random seed of all training.", DefaultValueFactory = _ => 1 };
    readonly Option<string> _device = DeviceOption();
    readonly Option<TrainingPrecision?> _precision = new("--precision")
    {
        Description = "Precision of all training. Default: depends on the sample.",
    };
    readonly Option<bool> _quick = new("--quick") { Description = "Fewer steps and rows: about a minute, with worse results." };
    readonly Option<string> _output;

    /// <param name="name">The name of the command and of its default output folder.</param>
    /// <param name="description">The help text of the command.</param>
    /// <param name="data">The help text of --data.</param>
    /// <param name="trains">Whether the sample trains: the seed, the precision and --quick are of training.</param>
    public SampleVerb(string name, string description, string data, bool trains = true) : base(name, description)
    {
        _data = new("--data") { Description = data };
        _output = new("--out") { Description = "Output folder.", DefaultValueFactory = _ => Path.Combine("out", name) };
        foreach (Option option in trains ? (Option[])[_data, _seed, _device, _precision, _quick, _output] : [_data, _device, _output])
            Add(option);
    }

    public static Option<string> DeviceOption()
    {
        var device = new Option<string>("--device") { Description = "Device of the network.", DefaultValueFactory = _ => "cpu" };
        device.AcceptOnlyFromAmong("cpu", "cuda");
        return device;
    }

    /// <summary>Adds an option.</summary>
    public Option<T> With<T>(string name, string description, T defaultValue)
    {
        var option = new Option<T>(name) { Description = description, DefaultValueFactory = _ => defaultValue };
        Add(option);
        return option;
    }

    /// <summary>Adds an option that is null unless it is given.</summary>
    public Option<string?> With(string name, string description)
    {
        var option = new Option<string?>(name) { Description = description };
        Add(option);
        return option;
    }

    /// <summary>Adds an option whose values are 1 or more, null unless it is given.</summary>
    public Option<int?> WithCount(string name, string description)
    {
        var option = new Option<int?>(name) { Description = description };
        option.Validators.Add(result => RequirePositive(result, result.GetValueOrDefault<int?>()));
        Add(option);
        return option;
    }

    /// <summary>Adds an option whose values are 1 or more.</summary>
    public Option<int> WithCount(string name, string description, int defaultValue)
    {
        Option<int> option = With(name, description, defaultValue);
        option.Validators.Add(result => RequirePositive(result, result.GetValueOrDefault<int>()));
        return option;
    }

    public Option<string?> WithCheckpoint() => With("--checkpoint", "Folder for checkpoints; an interrupted run resumes from there.");

    /// <summary>Sets the action: it receives the settings of the shared options and returns the exit code.</summary>
    public SampleVerb Runs<TSettings>(Func<TSettings, ParseResult, CancellationToken, int> run) where TSettings : SampleSettings, new()
    {
        SetAction((parsed, cancellation) => Guarded(() => run(
            new TSettings
            {
                DataFolder = parsed.GetValue(_data),
                Seed = parsed.GetValue(_seed),
                Precision = parsed.GetValue(_precision),
                Cuda = parsed.GetValue(_device) == "cuda",
                Quick = parsed.GetValue(_quick),
                OutputFolder = parsed.GetValue(_output)!,
            },
            parsed, cancellation)));
        return this;
    }

    /// <summary>Reports errors that a user can correct as one line; others keep their stack trace, since they are bugs.</summary>
    public static Task<int> Guarded(Func<int> work) => Task.Run(() =>
    {
        try
        {
            return work();
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("Cancelled.");
            return 130;
        }
        catch (Exception error) when (IsOfTheUser(error))
        {
            Console.Error.WriteLine($"error: {MessageOf(error)}");
            return 1;
        }
    });

    static bool IsOfTheUser(Exception error) => error is DataSetException or ArgumentException or InvalidOperationException or IOException
        or InvalidDataException or FormatException or UnauthorizedAccessException
        || (error is AggregateException or TargetInvocationException && error.InnerException is Exception cause && IsOfTheUser(cause));

    /// <summary>The message of an error, followed by that of its cause unless it says the same: ML.NET wraps what other threads throw in
    /// errors that say only that there was one.</summary>
    internal static string MessageOf(Exception error)
    {
        Exception cause = error;
        while (cause.InnerException is Exception inner)
            cause = inner;
        return error is AggregateException or TargetInvocationException ? cause.Message
            : error.Message.Contains(cause.Message, StringComparison.Ordinal) ? error.Message : $"{error.Message} Cause: {cause.Message}";
    }

    static void RequirePositive(OptionResult result, int? value)
    {
        if (value < 1)
            result.AddError($"{result.Option.Name} has to be 1 or more; found {value}.");
    }
}
