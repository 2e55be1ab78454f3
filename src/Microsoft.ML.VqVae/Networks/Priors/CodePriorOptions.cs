namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// The settings of a <see cref="CodePrior"/> of one kind, and its factory. Derive from it, and from <see cref="CodePrior"/>, to train a
/// network of your own with <c>PriorOptions.CustomNetwork</c>.
/// </summary>
/// <remarks>
/// The public properties of a derived class are its settings. A model file holds them as JSON, with the name of the type and of its
/// assembly; an application that loads the file must reference that assembly. The class needs a public constructor without parameters, or
/// another one that System.Text.Json can use. It must not hold sizes that come from the data: these are passed to
/// <see cref="CreateNetwork"/>.
/// </remarks>
/// <example>
/// <code>
/// public sealed class BigramOptions : CodePriorOptions
/// {
///     public double Smoothing { get; set; } = 1;
///
///     public override CodePrior CreateNetwork(CodeGrid grid, int conditions, int seed) => new Bigram(this, grid, conditions, seed);
///
///     protected override IEnumerable&lt;string&gt; Problems() =>
///         Smoothing &gt; 0 ? [] : [$"Smoothing must be above 0, but is {Smoothing}"];
/// }
/// </code>
/// </example>
public abstract class CodePriorOptions
{
    /// <summary>Creates a network with fresh weights.</summary>
    /// <param name="grid">The codes of a row.</param>
    /// <param name="conditions">Number of classes that the codes are conditioned on; 0 for none.</param>
    /// <param name="seed">The seed of the weights and of all randomness in training.</param>
    /// <returns>A network for these codes and classes: <see cref="CodePrior.Codes"/> and <see cref="CodePrior.Conditions"/> are as given,
    /// <see cref="CodePrior.Length"/> is that of the grid or <see langword="null"/>, and <see cref="CodePrior.MapChannels"/> is
    /// 0.</returns>
    /// <exception cref="ArgumentException">The settings cannot work, or not with this grid.</exception>
    public abstract CodePrior CreateNetwork(CodeGrid grid, int conditions, int seed);

    /// <summary>Checks all settings together.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Some settings cannot work. The message lists all of them, each with what was expected
    /// and what was found.</exception>
    public void Validate() => OptionProblems.Check(Heading, Describe);

    /// <summary>Lists the problems of the settings, such as "Layers must be 1 or more, but is 0". Called before the grid is known;
    /// <see cref="CreateNetwork"/> checks what depends on it.</summary>
    /// <returns>A clause for each problem, without a full stop; nothing, the default, where all is well.</returns>
    protected virtual IEnumerable<string> Problems() => [];

    /// <summary>The start of the message of <see cref="Validate"/>.</summary>
    private protected virtual string Heading => $"The {GetType().Name} cannot be used";

    internal virtual void Describe(OptionProblems problems)
    {
        foreach (string problem in Problems())
            problems.Add(GetType().Name, problem.TrimEnd('.'));
    }
}
