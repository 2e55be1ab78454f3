using System.Globalization;

namespace Microsoft.ML.VqVae.Benchmarks.Comparison;

/// <summary>The options of the commands <c>compare</c> and <c>limits</c>.</summary>
/// <param name="Rounds">How many times each workload is measured.</param>
/// <param name="Models">The names of the models.</param>
internal sealed record CompareOptions(int Rounds, IReadOnlyList<string> Models)
{
    const int DefaultRounds = 9;

    /// <exception cref="ArgumentException">An argument is not known, or its value cannot be used.</exception>
    public static CompareOptions Parse(string[] arguments)
    {
        int rounds = DefaultRounds;
        IReadOnlyList<string> models = ModelCatalog.Names;
        for (int i = 0; i < arguments.Length; i += 2)
        {
            string name = arguments[i];
            string value = i + 1 < arguments.Length ? arguments[i + 1] : throw new ArgumentException($"{name} needs a value.");
            if (name == "--models")
                models = value.Split(',');
            else if (name != "--rounds")
                throw new ArgumentException($"There is no option '{name}'; expected --rounds or --models.");
            else if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out rounds) || rounds < 1)
                throw new ArgumentException($"--rounds must be a number from 1, but is '{value}'.");
        }
        string[] unknown = [.. models.Except(ModelCatalog.Names)];
        return unknown is []
            ? new CompareOptions(rounds, models)
            : throw new ArgumentException(
                $"--models names {string.Join(", ", unknown)}; expected {string.Join(", ", ModelCatalog.Names)} or several of these, separated "
                + "by commas.");
    }
}
