using Microsoft.ML.Data;

namespace Microsoft.ML.VqVae;

/// <summary>A column of codes as the input of a network: codes Int64 [rows, longest], 0 beyond the end of a row, and the number of codes of
/// each row, Int64 [rows].</summary>
/// <param name="name">The name of the column.</param>
/// <param name="format">The codes that the network was trained on.</param>
/// <param name="role">The role of the column, for messages.</param>
internal sealed class CodesInput(string name, CodeFormat format, string role = "codes") : ModelInput
{
    public override IReadOnlyList<DataViewSchema.Column> Find(DataViewSchema schema) => [format.Find(schema, name, role)];

    public override RowReader CreateReader(DataViewRow row, IReadOnlyList<DataViewSchema.Column> columns, int capacity) =>
        new CodeLineReader(format.ToWanted(), row, columns[0], capacity);
}

/// <summary>A column of codes as the input of a decoder of sequences: codes Int64 [rows, longest, G], 0 beyond the end of a row, and the
/// number of positions of each row, Int64 [rows].</summary>
/// <param name="name">The name of the column.</param>
/// <param name="format">The codes that the network was trained on.</param>
/// <param name="perPosition">G: the number of codes at a position.</param>
internal sealed class CodeSequenceInput(string name, CodeFormat format, int perPosition) : ModelInput
{
    public override IReadOnlyList<DataViewSchema.Column> Find(DataViewSchema schema) => [format.Find(schema, name)];

    public override RowReader CreateReader(DataViewRow row, IReadOnlyList<DataViewSchema.Column> columns, int capacity) =>
        new CodeSequenceReader(format.Codes, perPosition, row, columns[0], capacity);
}
