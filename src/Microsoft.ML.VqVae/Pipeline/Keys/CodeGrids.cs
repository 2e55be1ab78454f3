using System.Globalization;
using Microsoft.ML.VqVae.Networks;

namespace Microsoft.ML.VqVae;

/// <summary>The grid of a network over codes, from a column and the sizes in the options of the network.</summary>
internal static class CodeGrids
{
    /// <summary>The arrangement of the codes in a column: a grid for two or three dimensions, a line for others, a sequence if rows may
    /// be of any length.</summary>
    public static CodeGrid Of(CodeFormat format) => format.Dimensions switch
    {
        [] => CodeGrid.Sequence(format.Codes),
        [int height, int width] => new(height, width, 1, format.Codes),
        [int height, int width, int perPosition] => new(height, width, perPosition, format.Codes),
        _ => CodeGrid.Line(format.Length!.Value, format.Codes),
    };

    /// <summary>The grid of a PixelCNN. Sizes that the options leave open (0, and 1 code per position) are taken from the dimensions of the
    /// column; a vector without dimensions is a grid if the options give its height and width.</summary>
    /// <param name="format">The column.</param>
    /// <param name="asked">The options.</param>
    /// <param name="vectorAsLine">Whether a vector without dimensions is a line if the options give no height and width; if they do, its
    /// length determines the number of codes per position.</param>
    /// <returns>The grid; null if the column is not such a grid, or contradicts the options.</returns>
    public static CodeGrid? Resolve(CodeFormat format, PixelCnnOptions asked, bool vectorAsLine = false)
    {
        long positions = (long)asked.Height * asked.Width;
        CodeGrid? grid = format.Dimensions switch
        {
            [_, _] or [_, _, _] => Of(format),
            [int length] when positions > 0
                && (vectorAsLine ? length % positions == 0 : length == positions * asked.CodesPerPosition) =>
                new CodeGrid(asked.Height, asked.Width, (int)(length / positions), format.Codes),
            [_] when vectorAsLine => Of(format),
            _ => null,
        };
        return grid is not null && Fits(asked.Height, grid.Height) && Fits(asked.Width, grid.Width)
            && (asked.CodesPerPosition == 1 || asked.CodesPerPosition == grid.CodesPerPosition) ? grid : null;
    }

    static bool Fits(int asked, int found) => asked == 0 || asked == found;

    /// <summary>A number from the columns, checked against the options.</summary>
    /// <param name="codes">The column of codes, for the message.</param>
    /// <param name="option">The full name of the option.</param>
    /// <param name="asked">The value of the option; 0 to take it from the columns.</param>
    /// <param name="found">The number from the columns.</param>
    /// <exception cref="ArgumentOutOfRangeException">The two differ.</exception>
    public static int Agreed(DataViewSchema.Column codes, string option, int asked, int found) => Fits(asked, found) ? found
        : throw new ArgumentOutOfRangeException(option, asked,
            $"The options ask for {option} = {asked}, but the columns (codes '{codes.Name}') give {found}. Leave it 0.");

    /// <summary>A size in the options for messages: "?" if it is 0.</summary>
    public static string Text(int size) => size == 0 ? "?" : size.ToString(CultureInfo.InvariantCulture);
}
