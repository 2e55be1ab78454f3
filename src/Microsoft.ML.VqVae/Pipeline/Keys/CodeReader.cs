using Microsoft.ML.Data;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae;

/// <summary>Reads grids of codes.</summary>
internal sealed class CodeReader : RowReader
{
    readonly CodeGetter _getter;
    readonly (int Height, int Width, int PerPosition) _grid;
    readonly int _length;
    readonly long[] _block;

    public CodeReader((int Height, int Width, int PerPosition) grid, int codes, DataViewRow row, DataViewSchema.Column column, int capacity)
    {
        _grid = grid;
        _length = grid.Height * grid.Width * grid.PerPosition;
        _block = new long[checked(capacity * _length)];
        _getter = new CodeGetter(new CodesWanted(codes, _length), row, column);
    }

    public override void Read(int slot) => _getter.Read().CopyTo(_block.AsSpan(slot * _length));

    public override IReadOnlyList<Tensor> ToTensors(int count) => [ToTensor<long>(
        _block.AsSpan(0, count * _length), ScalarType.Int64, count, _grid.Height, _grid.Width, _grid.PerPosition)];
}
