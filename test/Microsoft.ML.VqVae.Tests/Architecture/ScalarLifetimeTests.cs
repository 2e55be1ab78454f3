using System.Reflection;
using Microsoft.ML.VqVae.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.VqVae.Tests.Architecture;

/// <summary>Numbers reach libtorch through <see cref="TensorArithmetic"/> alone, which keeps them alive. A <see cref="Scalar"/> that
/// TorchSharp makes of a number has native memory, and nothing refers to it during the native call: a garbage collection then frees
/// it.</summary>
[TestClass]
public class ScalarLifetimeTests
{
    const BindingFlags Declared = BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    [TestMethod]
    public void Numbers_reach_libtorch_through_one_class()
    {
        HashSet<(Module, int)> makers = MakersOfScalars();
        bool Hazardous(MethodBase method) => method.DeclaringType != typeof(Scalar) && method.Module == typeof(torch).Module
            && (makers.Contains(CompiledCalls.KeyOf(method))
                || method.GetParameters().Any(parameter => parameter.ParameterType == typeof(Scalar))
                || Overrides(method).Any(used => makers.Contains(CompiledCalls.KeyOf(used))));
        Type[] tensors = [typeof(Tensor), typeof(Tensor)];
        Assert.IsTrue(Hazardous(typeof(Tensor).GetMethod("op_Addition", tensors)!));
        Assert.IsTrue(Hazardous(typeof(Tensor).GetMethod(nameof(Tensor.square))!));
        Assert.IsTrue(Hazardous(typeof(Tensor).GetMethod(nameof(Tensor.mul), [typeof(Scalar)])!));
        Assert.IsTrue(Hazardous(typeof(optim).GetMethods().First(method => method.Name == nameof(optim.Adam))));
        Assert.IsFalse(Hazardous(typeof(Tensor).GetMethod("op_Multiply", tensors)!));

        string[] wrong = [.. CompiledCalls.Of(typeof(ImageVqVae).Assembly)
            .Where(call => call.Caller.DeclaringType != typeof(TensorArithmetic) && Hazardous(call.Called))
            .Select(call => $"{call.Caller.DeclaringType}.{call.Caller.Name} calls {call.Called.DeclaringType!.Name}: {call.Called}")
            .Distinct().Order(StringComparer.Ordinal)];
        Assert.IsEmpty(wrong, $"Use {nameof(TensorArithmetic)}:\n" + string.Join('\n', wrong));
    }

    [TestMethod]
    public void A_garbage_collection_during_an_operation_takes_no_number_away()
    {
        using DisposeScope scope = NewDisposeScope();
        // In unoptimized code arguments stay alive to the end of a method. The runtime compiles TorchSharp's methods again, in two stages,
        // when they have been called often and nothing new has been compiled for a tenth of a second.
        Tensor few = ones(2, ScalarType.Int32);
        for (int i = 0; i < 8; i++)
        {
            for (int call = 0; call < 60; call++)
                few.Add(1.5);
            Thread.Sleep(120);
        }
        // libtorch converts integers first and reads the factor of the addition after that: time enough for many collections.
        Tensor many = ones(1 << 22, ScalarType.Int32);
        bool done = false;
        var collecting = new Thread(() =>
        {
            while (!Volatile.Read(ref done))
            {
                GC.Collect(0);
                GC.WaitForPendingFinalizers();
            }
        });
        collecting.Start();
        try
        {
            for (int i = 0; i < 20; i++)
            {
                using Tensor sum = many.Add(1.5);
                Assert.AreEqual(2.5f, sum.min().item<float>());
            }
        }
        finally
        {
            Volatile.Write(ref done, true);
            collecting.Join();
        }
    }

    /// <summary>The methods of TorchSharp in which scalars are made, however deep down.</summary>
    static HashSet<(Module, int)> MakersOfScalars()
    {
        ILookup<(Module, int), MethodBase> callers = CompiledCalls.Of(typeof(torch).Assembly)
            .ToLookup(call => CompiledCalls.KeyOf(call.Called), call => call.Caller);
        var makers = new HashSet<(Module, int)>();
        var open = new Queue<MethodBase>(typeof(Scalar).GetConstructors(BindingFlags.NonPublic | BindingFlags.Instance));
        while (open.TryDequeue(out MethodBase? maker))
        {
            foreach (MethodBase caller in callers[CompiledCalls.KeyOf(maker)].Where(caller => makers.Add(CompiledCalls.KeyOf(caller))))
                open.Enqueue(caller);
        }
        return makers;
    }

    /// <summary>The work of a module or an optimizer, which is called through its base type: found where one is created.</summary>
    static IEnumerable<MethodBase> Overrides(MethodBase factory) =>
        factory is MethodInfo { ReturnType.Namespace: "TorchSharp.Modules" } method
            ? method.ReturnType.GetMethods(Declared).Where(own => own.Name is "forward" or "step") : [];
}
