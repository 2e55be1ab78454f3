using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Layers;

/// <summary>The WaveNet that waveform decoder and sequence prior share.</summary>
[TestClass]
public sealed class GatedStackTests
{
    const int Symbols = 11;

    static GatedStackShape Shape(int blocks, int layers, int kernel, bool classes, bool frames) =>
        new(Symbols, classes ? 3 : 0, frames ? 4 : 0, blocks, layers, kernel, Channels: 6, SkipChannels: 9);

    static StackConditions Conditions(GatedStackShape shape, int batch, int frames)
    {
        using var generator = new Generator(5);
        return new StackConditions(
            shape.Classes > 0 ? randint(shape.Classes, [batch], generator: generator) : null,
            shape.ConditioningChannels > 0 ? randn([batch, frames, shape.ConditioningChannels], generator: generator) : null);
    }

    [TestMethod]
    public void Sizes_beyond_those_of_an_array_are_refused_instead_of_wrapping_around()
    {
        using DisposeScope scope = NewDisposeScope();
        using var source = new WeightSource(1);
        using var stack = new GatedStack(Shape(1, 2, 2, classes: false, frames: false), source);
        var packed = new PackedStack(stack);
        Assert.ThrowsExactly<OverflowException>(() => new SpanSteps(packed, batch: 1 << 28, length: 10, default));
    }

    [TestMethod]
    [DataRow(1, 4, 2)]
    [DataRow(2, 3, 2)]
    [DataRow(2, 2, 3)]
    public void Logits_depend_on_the_receptive_field_before_them_and_on_nothing_else(int blocks, int layers, int kernel)
    {
        using DisposeScope scope = NewDisposeScope();
        using var source = new WeightSource(1);
        int field = Shape(blocks, layers, kernel, classes: false, frames: false).ReceptiveField;
        int length = field + 5;
        // A symbol of its own at each position: the gradient of its embedding says whether the position matters.
        using var stack = new GatedStack(new GatedStackShape(length, 0, 0, blocks, layers, kernel, 6, 9), source);
        Tensor symbols = arange(length, dtype: ScalarType.Int64).unsqueeze(0);
        foreach (int position in new[] { 0, 1, field - 1, length - 1 })
        {
            stack.zero_grad();
            stack.Logits(symbols, default).select(1, position).abs().sum().backward();
            float[] reached = stack.Embedding.grad!.abs().sum(1).data<float>().ToArray();
            for (int other = 0; other < length; other++)
            {
                bool seen = other < position && position - other <= field;
                Assert.AreEqual(seen, reached[other] > 0, $"logits of {position}, symbol {other}");
            }
            // The start is seen where the field reaches it.
            Assert.AreEqual(position < field, reached[length] > 0, $"logits of {position}, the start");
        }
    }

    [TestMethod]
    [DataRow(false, false, 1, 2)]
    [DataRow(true, false, 2, 3)]
    [DataRow(false, true, 3, 2)]
    [DataRow(true, true, 5, 3)]
    public void One_position_after_another_gives_the_logits_of_all_at_once(bool classes, bool frames, int batch, int kernel)
    {
        using DisposeScope scope = NewDisposeScope();
        using var source = new WeightSource(2);
        GatedStackShape shape = Shape(2, 5, kernel, classes, frames);
        using var stack = new GatedStack(shape, source);
        using var generator = new Generator(3);
        const int Length = 96;
        Tensor symbols = randint(Symbols, [batch, Length], generator: generator);
        StackConditions given = Conditions(shape, batch, frames: 12);
        using IDisposable withoutGradients = no_grad();
        Tensor expected = stack.Logits(symbols, given);
        using CodeSteps tensors = new TensorSteps(stack, batch, Length, given);
        using CodeSteps spans = new SpanSteps(new PackedStack(stack), batch, Length, given);
        foreach (CodeSteps? steps in new[] { tensors, spans })
        {
            for (int t = 0; t < Length; t++)
            {
                // Every fifth position nobody asks for.
                if (t % 5 != 4)
                {
                    TensorAssert.Close(expected.select(1, t), steps.NextLogits(), 1e-5, $"{steps.GetType().Name}, position {t}");
                    TensorAssert.Close(expected.select(1, t), steps.NextLogits(), 1e-5, "asked again");
                }
                steps.Accept(symbols.select(1, t));
            }
            Assert.ThrowsExactly<InvalidOperationException>(() => steps.NextLogits());
            Assert.ThrowsExactly<InvalidOperationException>(() => steps.Accept(symbols.select(1, 0)));
        }
    }
}
