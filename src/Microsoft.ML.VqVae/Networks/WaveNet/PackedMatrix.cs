using System.Numerics;
using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Networks;

/// <summary>
/// A matrix laid out for sums += W·x with few columns x: the weights lie in the order in which they are needed, so that one pass over them
/// runs at the speed of the memory that holds them.
/// </summary>
/// <remarks>The outputs are divided into panels of eight vectors, each the sums that the registers hold while all inputs are gone through.
/// The last panel is filled up with zeros.</remarks>
internal sealed unsafe class PackedMatrix
{
    const int PanelVectors = 8;

    static int Panel => PanelVectors * Vector<float>.Count;

    readonly AlignedFloats weights;
    readonly int inputs;
    readonly int panels;

    /// <summary>Packs <paramref name="weight"/>(output, input).</summary>
    public PackedMatrix(int outputs, int inputs, Func<int, int, float> weight)
    {
        this.inputs = inputs;
        panels = Panels(outputs);
        weights = new AlignedFloats(checked(panels * Panel * inputs));
        float* at = weights.Start;
        for (int first = 0; first < outputs; first += Panel)
            for (int input = 0; input < inputs; input++, at += Panel)
                for (int place = 0; place < Panel && first + place < outputs; place++)
                    at[place] = weight(first + place, input);
    }

    /// <summary>Packs a matrix [outputs, inputs].</summary>
    /// <param name="matrix">The matrix.</param>
    /// <param name="group">Number of outputs of a group, each of which starts at a multiple of <paramref name="padded"/>; 0 for all
    /// outputs in one.</param>
    /// <param name="padded">The size of a group with the zeros that fill it up.</param>
    public static PackedMatrix Of(Tensor matrix, int group = 0, int padded = 0)
    {
        float[] numbers = PackedLayer.Numbers(matrix);
        (int outputs, int inputs) = ((int)matrix.shape[0], (int)matrix.shape[1]);
        return group == 0
            ? new PackedMatrix(outputs, inputs, (output, input) => numbers[output * inputs + input])
            : new PackedMatrix(outputs / group * padded, inputs, (output, input) =>
                output % padded < group ? numbers[(output / padded * group + output % padded) * inputs + input] : 0);
    }

    /// <summary>The number of sums that <see cref="Accumulate"/> writes for a number of outputs.</summary>
    public static int PaddedOutputs(int outputs) => Panels(outputs) * Panel;

    static int Panels(int outputs) => (outputs + Panel - 1) / Panel;

    /// <summary>sums += W·x for each of some rows.</summary>
    public void Accumulate(float* x, int xStride, float* sums, int sumsStride, int rows)
    {
        float* panel = weights.Start;
        for (int number = 0; number < panels; number++, panel += inputs * Panel, sums += Panel)
        {
            int row = 0;
            for (; row + 4 <= rows; row += 4)
                for (int pair = 0; pair < PanelVectors; pair += 2)
                {
                    int offset = pair * Vector<float>.Count;
                    FourRows(panel + offset, x + row * xStride, xStride, sums + row * sumsStride + offset, sumsStride, inputs);
                }
            for (; row < rows; row++)
                OneRow(panel, x + row * xStride, sums + row * sumsStride, inputs);
        }
        GC.KeepAlive(weights);
    }

    // Fully optimized from the start: a short generation would end before the runtime recompiles the method.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void OneRow(float* panel, float* x, float* sums, int inputs)
    {
        int width = Vector<float>.Count;
        var sum0 = Vector.LoadAligned(sums);
        var sum1 = Vector.LoadAligned(sums + width);
        var sum2 = Vector.LoadAligned(sums + 2 * width);
        var sum3 = Vector.LoadAligned(sums + 3 * width);
        var sum4 = Vector.LoadAligned(sums + 4 * width);
        var sum5 = Vector.LoadAligned(sums + 5 * width);
        var sum6 = Vector.LoadAligned(sums + 6 * width);
        var sum7 = Vector.LoadAligned(sums + 7 * width);
        for (float* end = x + inputs; x < end; x++, panel += PanelVectors * width)
        {
            var value = new Vector<float>(*x);
            sum0 = Vector.MultiplyAddEstimate(Vector.LoadAligned(panel), value, sum0);
            sum1 = Vector.MultiplyAddEstimate(Vector.LoadAligned(panel + width), value, sum1);
            sum2 = Vector.MultiplyAddEstimate(Vector.LoadAligned(panel + 2 * width), value, sum2);
            sum3 = Vector.MultiplyAddEstimate(Vector.LoadAligned(panel + 3 * width), value, sum3);
            sum4 = Vector.MultiplyAddEstimate(Vector.LoadAligned(panel + 4 * width), value, sum4);
            sum5 = Vector.MultiplyAddEstimate(Vector.LoadAligned(panel + 5 * width), value, sum5);
            sum6 = Vector.MultiplyAddEstimate(Vector.LoadAligned(panel + 6 * width), value, sum6);
            sum7 = Vector.MultiplyAddEstimate(Vector.LoadAligned(panel + 7 * width), value, sum7);
        }
        sum0.StoreAligned(sums);
        sum1.StoreAligned(sums + width);
        sum2.StoreAligned(sums + 2 * width);
        sum3.StoreAligned(sums + 3 * width);
        sum4.StoreAligned(sums + 4 * width);
        sum5.StoreAligned(sums + 5 * width);
        sum6.StoreAligned(sums + 6 * width);
        sum7.StoreAligned(sums + 7 * width);
    }

    /// <summary>Two vectors of a panel for four rows: each weight is loaded once for all of them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void FourRows(float* panel, float* x, int xStride, float* sums, int sumsStride, int inputs)
    {
        int width = Vector<float>.Count;
        float* x1 = x + xStride, x2 = x1 + xStride, x3 = x2 + xStride;
        float* sums1 = sums + sumsStride, sums2 = sums1 + sumsStride, sums3 = sums2 + sumsStride;
        var left0 = Vector.LoadAligned(sums);
        var right0 = Vector.LoadAligned(sums + width);
        var left1 = Vector.LoadAligned(sums1);
        var right1 = Vector.LoadAligned(sums1 + width);
        var left2 = Vector.LoadAligned(sums2);
        var right2 = Vector.LoadAligned(sums2 + width);
        var left3 = Vector.LoadAligned(sums3);
        var right3 = Vector.LoadAligned(sums3 + width);
        for (int input = 0; input < inputs; input++, panel += PanelVectors * width)
        {
            var left = Vector.LoadAligned(panel);
            var right = Vector.LoadAligned(panel + width);
            var value0 = new Vector<float>(x[input]);
            left0 = Vector.MultiplyAddEstimate(left, value0, left0);
            right0 = Vector.MultiplyAddEstimate(right, value0, right0);
            var value1 = new Vector<float>(x1[input]);
            left1 = Vector.MultiplyAddEstimate(left, value1, left1);
            right1 = Vector.MultiplyAddEstimate(right, value1, right1);
            var value2 = new Vector<float>(x2[input]);
            left2 = Vector.MultiplyAddEstimate(left, value2, left2);
            right2 = Vector.MultiplyAddEstimate(right, value2, right2);
            var value3 = new Vector<float>(x3[input]);
            left3 = Vector.MultiplyAddEstimate(left, value3, left3);
            right3 = Vector.MultiplyAddEstimate(right, value3, right3);
        }
        left0.StoreAligned(sums);
        right0.StoreAligned(sums + width);
        left1.StoreAligned(sums1);
        right1.StoreAligned(sums1 + width);
        left2.StoreAligned(sums2);
        right2.StoreAligned(sums2 + width);
        left3.StoreAligned(sums3);
        right3.StoreAligned(sums3 + width);
    }
}

/// <summary>Zeros in managed memory that does not move and starts at a cache line, so that no vector straddles two lines.</summary>
internal sealed unsafe class AlignedFloats
{
    const int LineBytes = 64;

    readonly float[] memory;

    public AlignedFloats(int count)
    {
        Count = count;
        memory = GC.AllocateArray<float>(checked(count + LineBytes / sizeof(float)), pinned: true);
        fixed (float* first = memory)
            Start = (float*)(((nuint)first + LineBytes - 1) / LineBytes * LineBytes);
    }

    public int Count { get; }

    /// <summary>The first number; valid as long as this object is referred to.</summary>
    public float* Start { get; }

    public Span<float> Span => new(Start, Count);
}
