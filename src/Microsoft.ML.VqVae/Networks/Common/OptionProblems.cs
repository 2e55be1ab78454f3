using System.Globalization;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>Collects the problems of a set of options for one exception that lists all of them.</summary>
internal sealed class OptionProblems(string heading)
{
    readonly List<string> problems = [];
    string? firstOption;

    /// <summary>Throws one exception with what the checks find.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are problems.</exception>
    public static void Check(string heading, params ReadOnlySpan<Action<OptionProblems>> checks)
    {
        var problems = new OptionProblems(heading);
        foreach (Action<OptionProblems> check in checks)
            check(problems);
        problems.ThrowIfAny();
    }

    public void Require(bool holds, string option, string expected, object? found)
    {
        if (holds)
            return;
        firstOption ??= option;
        problems.Add(string.Create(CultureInfo.InvariantCulture, $"{option} must be {expected}, but is {found ?? "null"}"));
    }

    /// <summary>Adds a problem with its own text.</summary>
    public void Add(string option, string problem)
    {
        firstOption ??= option;
        problems.Add(problem);
    }

    public void AtLeast(string option, int found, int minimum) =>
        Require(found >= minimum, option, string.Create(CultureInfo.InvariantCulture, $"{minimum} or more"), found);

    /// <summary>Whether there are problems so far.</summary>
    public bool Any => problems.Count > 0;

    /// <summary>The problems without the heading.</summary>
    public override string ToString() => string.Join("; ", problems);

    public void ThrowIfAny()
    {
        if (problems.Count > 0)
            throw new ArgumentOutOfRangeException(firstOption, $"{heading}: {this}.");
    }
}
