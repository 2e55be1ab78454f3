using static TorchSharp.Dispatch;

namespace TorchSharp;

public static partial class torch
{
    public enum RoundingMode { None, trunc, floor }

    public partial class Tensor
    {
        // ---- two operands ----

        public Tensor add(Tensor target) => Call("add.Tensor", this, target);
        public Tensor add(Tensor target, Scalar alpha) => Call("add.Tensor", this, target, alpha);
        public Tensor add(Scalar scalar) => Call("add.Scalar", this, scalar);
        public Tensor add(Scalar scalar, Scalar alpha) => Call("add.Scalar", this, scalar, alpha);
        public Tensor add_(Tensor target) => Here("add_.Tensor", this, target);
        public Tensor add_(Tensor target, Scalar alpha) => Here("add_.Tensor", this, target, alpha);
        public Tensor add_(Scalar scalar) => Here("add_.Scalar", this, scalar);
        public Tensor add_(Scalar scalar, Scalar alpha) => Here("add_.Scalar", this, scalar, alpha);
        public Tensor sub(Tensor target) => Call("sub.Tensor", this, target);
        public Tensor sub(Scalar target) => Call("sub.Scalar", this, target);
        public Tensor sub_(Tensor target) => Here("sub_.Tensor", this, target);
        public Tensor sub_(Scalar target) => Here("sub_.Scalar", this, target);
        public Tensor mul(Tensor target) => Call("mul.Tensor", this, target);
        public Tensor mul(Scalar target) => Call("mul.Scalar", this, target);
        public Tensor mul_(Tensor target) => Here("mul_.Tensor", this, target);
        public Tensor mul_(Scalar target) => Here("mul_.Scalar", this, target);

        static string? Text(RoundingMode mode) => mode == RoundingMode.None ? null : mode.ToString();

        public Tensor div(Tensor target, RoundingMode rounding_mode = RoundingMode.None) =>
            Call("div.Tensor_mode", this, target, Text(rounding_mode));
        public Tensor div(Scalar target, RoundingMode rounding_mode = RoundingMode.None) =>
            Call("div.Scalar_mode", this, target, Text(rounding_mode));
        public Tensor div_(Tensor target, RoundingMode rounding_mode = RoundingMode.None) =>
            Here("div_.Tensor_mode", this, target, Text(rounding_mode));
        public Tensor div_(Scalar target, RoundingMode rounding_mode = RoundingMode.None) =>
            Here("div_.Scalar_mode", this, target, Text(rounding_mode));
        public Tensor floor_divide(Tensor other) => Call("floor_divide", this, other);
        public Tensor floor_divide(Scalar other) => Call("floor_divide.Scalar", this, other);
        public Tensor remainder(Tensor target) => Call("remainder.Tensor", this, target);
        public Tensor remainder(Scalar scalar) => Call("remainder.Scalar", this, scalar);
        public Tensor fmod(Tensor target) => Call("fmod.Tensor", this, target);
        public Tensor fmod(Scalar scalar) => Call("fmod.Scalar", this, scalar);
        public Tensor pow(Tensor exponent) => Call("pow.Tensor_Tensor", this, exponent);
        public Tensor pow(Scalar exponent) => Call("pow.Tensor_Scalar", this, exponent);
        public Tensor pow_(Tensor exponent) => Here("pow_.Tensor", this, exponent);
        public Tensor pow_(Scalar exponent) => Here("pow_.Scalar", this, exponent);
        public Tensor atan2(Tensor other) => Call("atan2", this, other);
        public Tensor maximum(Tensor other) => Call("maximum", this, other);
        public Tensor minimum(Tensor other) => Call("minimum", this, other);
        public Tensor logaddexp(Tensor other) => Call("logaddexp", this, other);
        public Tensor xlogy(Tensor y) => Call("xlogy.Tensor", this, y);

        // ---- three operands ----

        public Tensor addcmul(Tensor tensor1, Tensor tensor2, Scalar value) => Call("addcmul", this, tensor1, tensor2, value);
        public Tensor addcmul_(Tensor tensor1, Tensor tensor2, Scalar value) => Here("addcmul_", this, tensor1, tensor2, value);
        public Tensor addcdiv(Tensor tensor1, Tensor tensor2, Scalar value) => Call("addcdiv", this, tensor1, tensor2, value);
        public Tensor addcdiv_(Tensor tensor1, Tensor tensor2, Scalar value) => Here("addcdiv_", this, tensor1, tensor2, value);
        public Tensor lerp(Tensor end, Tensor weight) => Call("lerp.Tensor", this, end, weight);
        public Tensor lerp_(Tensor end, Tensor weight) => Here("lerp_.Tensor", this, end, weight);
        public Tensor clamp(Scalar? min = null, Scalar? max = null) => Call("clamp", this, min, max);
        public Tensor clamp(Tensor? min = null, Tensor? max = null) => Call("clamp.Tensor", this, min, max);
        public Tensor clamp_(Scalar? min = null, Scalar? max = null) => Here("clamp_", this, min, max);
        public Tensor clamp_(Tensor? min = null, Tensor? max = null) => Here("clamp_.Tensor", this, min, max);
        public Tensor clamp_min(Scalar min) => Call("clamp_min", this, min);
        public Tensor clamp_min_(Scalar min) => Here("clamp_min_", this, min);
        public Tensor clamp_max(Scalar max) => Call("clamp_max", this, max);
        public Tensor clamp_max_(Scalar max) => Here("clamp_max_", this, max);
        public Tensor where(Tensor condition, Tensor y) => condition.dtype != ScalarType.Bool
            ? throw new ArgumentException("The condition to 'where' must be a boolean tensor.") : Call("where.self", condition, this, y);
        public Tensor masked_fill(Tensor mask, Scalar value) => Call("masked_fill.Scalar", this, mask, value);
        public Tensor masked_fill_(Tensor mask, Scalar value) => Here("masked_fill_.Scalar", this, mask, value);

        // ---- one operand ----

        public Tensor abs() => Call("abs", this);
        public Tensor abs_() => Here("abs_", this);
        public Tensor ceil() => Call("ceil", this);
        public Tensor cos() => Call("cos", this);
        public Tensor erf() => Call("erf", this);
        public Tensor erfinv() => Call("erfinv", this);
        public Tensor exp() => Call("exp", this);
        public Tensor exp_() => Here("exp_", this);
        public Tensor expm1() => Call("expm1", this);
        public Tensor floor() => Call("floor", this);
        public Tensor floor_() => Here("floor_", this);
        public Tensor frac() => Call("frac", this);
        public Tensor log() => Call("log", this);
        public Tensor log_() => Here("log_", this);
        public Tensor log10() => Call("log10", this);
        public Tensor log1p() => Call("log1p", this);
        public Tensor log2() => Call("log2", this);
        public Tensor neg() => Call("neg", this);
        public Tensor neg_() => Here("neg_", this);
        public Tensor negative() => Call("neg", this);
        public Tensor nan_to_num(double nan = 0, double? posinf = null, double? neginf = null) =>
            Call("nan_to_num", this, nan, posinf, neginf);
        public Tensor reciprocal() => Call("reciprocal", this);
        public Tensor reciprocal_() => Here("reciprocal_", this);
        public Tensor round(long decimals = 0) => Call("round.decimals", this, decimals);
        public Tensor round_(long decimals = 0) => Here("round_.decimals", this, decimals);
        public Tensor rsqrt() => Call("rsqrt", this);
        public Tensor rsqrt_() => Here("rsqrt_", this);
        public Tensor sign() => Call("sign", this);
        public Tensor sin() => Call("sin", this);
        public Tensor sqrt() => Call("sqrt", this);
        public Tensor sqrt_() => Here("sqrt_", this);
        public Tensor square() => Call("square", this);
        public Tensor tan() => Call("tan", this);
        public Tensor tanh() => Call("tanh", this);
        public Tensor tanh_() => Here("tanh_", this);
        public Tensor trunc() => Call("trunc", this);
        public Tensor sigmoid() => Call("sigmoid", this);
        public Tensor sigmoid_() => Here("sigmoid_", this);
        public Tensor relu() => Call("relu", this);
        public Tensor relu_() => Here("relu_", this);
        public Tensor gelu() => Call("gelu", this);
        public Tensor silu() => Call("silu", this);
        public Tensor softplus(double beta = 1, double threshold = 20) => Call("softplus", this, beta, threshold);
        public Tensor softmax(long dim, ScalarType? dtype = null) => Call("softmax.int", this, dim, dtype);
        public Tensor log_softmax(long dim, ScalarType? dtype = null) => Call("log_softmax.int", this, dim, dtype);

        // ---- comparisons and truth ----

        public Tensor eq(Tensor target) => Call("eq.Tensor", this, target);
        public Tensor eq(Scalar target) => Call("eq.Scalar", this, target);
        public Tensor ne(Tensor target) => Call("ne.Tensor", this, target);
        public Tensor ne(Scalar target) => Call("ne.Scalar", this, target);
        public Tensor lt(Tensor target) => Call("lt.Tensor", this, target);
        public Tensor lt(Scalar target) => Call("lt.Scalar", this, target);
        public Tensor le(Tensor target) => Call("le.Tensor", this, target);
        public Tensor le(Scalar target) => Call("le.Scalar", this, target);
        public Tensor gt(Tensor target) => Call("gt.Tensor", this, target);
        public Tensor gt(Scalar target) => Call("gt.Scalar", this, target);
        public Tensor ge(Tensor target) => Call("ge.Tensor", this, target);
        public Tensor ge(Scalar target) => Call("ge.Scalar", this, target);

        /// <summary>Element by element, like eq.</summary>
        public Tensor equal(Tensor target) => eq(target);
        public Tensor isclose(Tensor other, double rtol = 1e-5, double atol = 1e-8, bool nanEqual = false) =>
            Call("isclose", this, other, rtol, atol, nanEqual);
        public bool allclose(Tensor target, double rtol = 1e-5, double atol = 1e-8, bool equal_nan = false) =>
            Ask("allclose", this, target, rtol, atol, equal_nan);
        public Tensor isnan() => Call("isnan", this);
        public Tensor isinf() => Call("isinf", this);
        public Tensor isfinite() => Call("isfinite", this);
        public Tensor logical_and(Tensor other) => Call("logical_and", this, other);
        public Tensor logical_or(Tensor other) => Call("logical_or", this, other);
        public Tensor logical_xor(Tensor other) => Call("logical_xor", this, other);
        public Tensor logical_not() => Call("logical_not", this);
        public Tensor bitwise_and(Tensor other) => Call("bitwise_and.Tensor", this, other);
        public Tensor bitwise_or(Tensor other) => Call("bitwise_or.Tensor", this, other);
        public Tensor bitwise_xor(Tensor other) => Call("bitwise_xor.Tensor", this, other);
        public Tensor bitwise_not() => Call("bitwise_not", this);
        public Tensor bitwise_left_shift(Tensor other) => Call("bitwise_left_shift.Tensor", this, other);
        public Tensor bitwise_right_shift(Tensor other) => Call("bitwise_right_shift.Tensor", this, other);

        // ---- filling in place ----

        public Tensor fill_(Scalar value) => Here("fill_.Scalar", this, value);
        public Tensor zero_() => Here("zero_", this);
        public Tensor normal_(double mean = 0, double std = 1, Generator? generator = null) => Here("normal_", this, mean, std, generator);
        public Tensor uniform_(double from, double to, Generator? generator = null) => Here("uniform_", this, from, to, generator);
        public Tensor bernoulli_(double p = 0.5, Generator? generator = null) => Here("bernoulli_.float", this, p, generator);
        public Tensor exponential_(double lambda = 1, Generator? generator = null) => Here("exponential_", this, lambda, generator);
        public Tensor random_(double from, double to, Generator? generator = null) =>
            Here("random_.from", this, (long)from, (long)to, generator);
        public Tensor bernoulli(Generator? generator = null) => Call("bernoulli", this, generator);
        public Tensor multinomial(long num_samples, bool replacement = false, Generator? generator = null) =>
            Call("multinomial", this, num_samples, replacement, generator);
    }
}
