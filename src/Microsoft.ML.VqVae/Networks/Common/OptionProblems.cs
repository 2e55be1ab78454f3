using System.Globalization;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>Collects what is wrong with a set of options, so that one exception tells all of it.</summary>
internal sealed class OptionProblems(string heading)
{
    readonly List<string> problems = [];
    string? firstOption;

    public void Require(bool holds, string option, string expected, object? found)
    {
        if (holds)
            return;
        firstOption ??= option;
        problems.Add(string.Create(CultureInfo.InvariantCulture, $"{option} must be {expected}, but is {found ?? "null"}"));
    }

    /// <summary>Adds a problem in words of its own.</summary>
    public void Add(string option, string problem)
    {
        firstOption ??= option;
        problems.Add(problem);
    }

    public void AtLeast(string option, int found, int minimum) =>
        Require(found >= minimum, option, string.Create(CultureInfo.InvariantCulture, $"{minimum} or more"), found);

    public void ThrowIfAny()
    {
        if (problems.Count > 0)
            throw new ArgumentOutOfRangeException(firstOption, $"{heading}: {string.Join("; ", problems)}.");
    }
}
