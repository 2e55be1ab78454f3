using static TorchSharp.Dispatch;

namespace TorchSharp;

public static partial class torch
{
    public enum RoundingMode { None, trunc, floor }

    public partial class Tensor
    {
        // ---- two operands ----

        public Tensor add(Tensor target) => Call("add.Tensor", this, target);
        public Tensor add(Scalar scalar) => Call("add.Scalar", this, scalar);
        public Tensor add_(Tensor target) => Here("add_.Tensor", this, target);
        public Tensor add_(Tensor target, Scalar alpha) => Here("add_.Tensor", this, target, alpha);
        public Tensor add_(Scalar scalar) => Here("add_.Scalar", this, scalar);
        public Tensor sub(Tensor target) => Call("sub.Tensor", this, target);
        public Tensor mul(Tensor target) => Call("mul.Tensor", this, target);
        public Tensor mul(Scalar target) => Call("mul.Scalar", this, target);
        public Tensor mul_(Tensor target) => Here("mul_.Tensor", this, target);
        public Tensor mul_(Scalar target) => Here("mul_.Scalar", this, target);

        static string? Text(RoundingMode mode) => mode == RoundingMode.None ? null : mode.ToString();

        public Tensor div(Tensor target, RoundingMode rounding_mode = RoundingMode.None) =>
            Call("div.Tensor_mode", this, target, Text(rounding_mode));
        public Tensor div(Scalar target, RoundingMode rounding_mode = RoundingMode.None) =>
            Call("div.Scalar_mode", this, target, Text(rounding_mode));
        public Tensor div_(Scalar target, RoundingMode rounding_mode = RoundingMode.None) =>
            Here("div_.Scalar_mode", this, target, Text(rounding_mode));
        public Tensor minimum(Tensor other) => Call("minimum", this, other);

        // ---- three operands ----

        public Tensor addcmul_(Tensor tensor1, Tensor tensor2, Scalar value) => Here("addcmul_", this, tensor1, tensor2, value);
        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2, Scalar value) => Here("addcdiv_", this, tensor1, tensor2, value);
        public Tensor clamp(Scalar? min = null, Scalar? max = null) => Call("clamp", this, min, max);
        public Tensor clamp(Tensor? min = null, Tensor? max = null) => Call("clamp.Tensor", this, min, max);
        public Tensor clamp_max_(Scalar max) => Here("clamp_max_", this, max);
        public Tensor where(Tensor condition, Tensor y) => condition.dtype != ScalarType.Bool
            ? throw new ArgumentException("The condition to 'where' must be a boolean tensor.") : Call("where.self", condition, this, y);

        // ---- one operand ----

        public Tensor abs() => Call("abs", this);
        public Tensor reciprocal() => Call("reciprocal", this);
        public Tensor sqrt() => Call("sqrt", this);
        public Tensor square() => Call("square", this);
        public Tensor exp() => Call("exp", this);
        public Tensor log() => Call("log", this);
        public Tensor expm1() => Call("expm1", this);
        public Tensor log_sigmoid() => Call("log_sigmoid", this);
        public Tensor neg() => Call("neg", this);
        public Tensor round(long decimals = 0) => Call("round.decimals", this, decimals);
        public Tensor sin() => Call("sin", this);
        public Tensor cos() => Call("cos", this);
        public Tensor relu() => Call("relu", this);
        public Tensor sigmoid() => Call("sigmoid", this);
        public Tensor sigmoid_() => Here("sigmoid_", this);
        public Tensor tanh() => Call("tanh", this);
        public Tensor tanh_() => Here("tanh_", this);
        public Tensor relu_() => Here("relu_", this);

        // ---- comparisons and truth ----

        public Tensor eq(Tensor target) => Call("eq.Tensor", this, target);
        public Tensor lt(Tensor target) => Call("lt.Tensor", this, target);
        public Tensor lt(Scalar target) => Call("lt.Scalar", this, target);
        public Tensor gt(Tensor target) => Call("gt.Tensor", this, target);
        public Tensor gt(Scalar target) => Call("gt.Scalar", this, target);

        public Tensor le(Tensor target) => Call("le.Tensor", this, target);
        public Tensor ge(Scalar target) => Call("ge.Scalar", this, target);

        public Tensor isfinite() => Call("isfinite", this);

        // ---- filling in place ----

        public Tensor fill_(Scalar value) => Here("fill_.Scalar", this, value);
        public Tensor zero_() => Here("zero_", this);
        public Tensor bernoulli_(double p = 0.5, Generator? generator = null) => Here("bernoulli_.float", this, p, generator);
        public Tensor uniform_(double from, double to, Generator? generator = null) => Here("uniform_", this, from, to, generator);
    }
}
