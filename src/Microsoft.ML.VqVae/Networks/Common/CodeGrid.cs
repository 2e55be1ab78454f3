namespace Microsoft.ML.VqVae.Networks;

/// <summary>The codes of a row: a grid of positions, a line, or a sequence of any length.</summary>
/// <param name="Height">Rows of the grid; 1 for a line, 0 for a sequence of any length.</param>
/// <param name="Width">Columns of the grid; 0 for a sequence of any length.</param>
/// <param name="CodesPerPosition">G: number of codes at a position.</param>
/// <param name="Codes">K: number of codes to choose from.</param>
public sealed record CodeGrid(int Height, int Width, int CodesPerPosition, int Codes)
{
    /// <summary>Whether rows may be of any length, so that there is no grid.</summary>
    public bool IsSequence => Height == 0;

    /// <summary>N: number of codes in a row; <see langword="null"/> for a sequence of any length.</summary>
    public int? Length => IsSequence ? null : checked(Height * Width * CodesPerPosition);

    /// <summary>A line of known length.</summary>
    public static CodeGrid Line(int length, int codes) => new(1, length, 1, codes);

    /// <summary>A sequence of any length.</summary>
    public static CodeGrid Sequence(int codes) => new(0, 0, 1, codes);
}
