using static TorchSharp.Dispatch;

namespace TorchSharp;

public static partial class torch
{
    public static Tensor arange(Scalar stop, ScalarType? dtype = null, Device? device = null, bool requires_grad = false) =>
        arange(0, stop, 1, dtype, device, requires_grad);

    public static Tensor arange(Scalar start, Scalar stop, Scalar step, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false)
    {
        bool whole = is_integral(start.Type) && is_integral(stop.Type) && is_integral(step.Type);
        return Call("arange.start_step", start, stop, step, dtype ?? (whole ? ScalarType.Int64 : defaultType), default,
            On(device)).with_requires_grad(requires_grad);
    }

    public static Tensor randint(long high, long[] size, ScalarType? dtype = null, Device? device = null, bool requires_grad = false,
        Generator? generator = null, string[]? names = null) => randint(0, high, size, dtype, device, requires_grad, generator);

    public static Tensor randint(long low, long high, long[] size, ScalarType? dtype = null, Device? device = null,
        bool requires_grad = false,
        Generator? generator = null, string[]? names = null) =>
        Call("randint.low_generator", low, high, size, generator, dtype ?? ScalarType.Int64, default,
            On(device)).with_requires_grad(requires_grad);

    public static Tensor randperm(long n, ScalarType? dtype = null, Device? device = null, bool requires_grad = false,
        Generator? generator = null) =>
        Call("randperm.generator", n, generator, dtype ?? ScalarType.Int64, default, On(device)).with_requires_grad(requires_grad);

    static Tensor Like(string op, Tensor input, ScalarType? dtype, Device? device, bool requires_grad) =>
        Call(op, input, dtype, default, device).with_requires_grad(requires_grad);

    public static Tensor zeros_like(Tensor input, ScalarType? dtype = null, Device? device = null, bool requires_grad = false,
        string[]? names = null) =>
        Like("zeros_like", input, dtype, device, requires_grad);

    // ---- from other tensors ----

    public static Tensor cat(IList<Tensor> tensors, long dim = 0) => Call("cat", Value.List([.. tensors]), dim);

    public static Tensor stack(IEnumerable<Tensor> tensors, long dim = 0) => Call("stack", Value.List([.. tensors]), dim);

    public partial class Tensor
    {
    }
}
