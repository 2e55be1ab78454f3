namespace Microsoft.ML.Trainers;

/// <summary>Writes the gradient at a point and returns the value there.</summary>
internal delegate double DifferentiableFunction(float[] point, float[] gradient);

/// <summary>
/// Limited-memory BFGS (Nocedal and Wright, Numerical Optimization, algorithm 7.5). With a positive <paramref name="l1"/> it is the
/// orthant-wise variant for f(x) + l1·‖x‖₁ (Andrew and Gao 2007); the first <paramref name="unpenalized"/> entries are free of that norm.
/// Stops when the geometrically weighted mean improvement falls below the tolerance.
/// </summary>
internal sealed class LbfgsMinimizer(int history, double l1, int unpenalized, double tolerance)
{
    private const double MeanImprovementDecay = 0.25;

    private readonly List<(float[] Step, float[] Change, double Product)> _memory = [];
    private DifferentiableFunction _function;
    private float[] _point = [], _gradient = [], _next = [], _nextGradient = [], _direction = [], _descent = [];
    private double _value, _nextValue;
    private int _iteration;

    internal float[] Minimize(DifferentiableFunction function, float[] start)
    {
        _function = function;
        _point = (float[])start.Clone();
        (_gradient, _next, _nextGradient) = (new float[start.Length], new float[start.Length], new float[start.Length]);
        (_direction, _descent) = (new float[start.Length], new float[start.Length]);
        _value = Evaluate(_point, _gradient);
        if (!double.IsFinite(_value))
            throw new InvalidOperationException($"Optimizer unable to proceed with loss function yielding {_value}");

        double improvement = 0;
        for (_iteration = 1; ; _iteration++)
        {
            ChooseDirection();
            var outcome = Search(force: false);
            if (outcome == SearchOutcome.Failed)
            {
                // The curvature seen so far may be numerical noise: once more along the plain gradient.
                _memory.Clear();
                ChooseDirection();
                outcome = Search(force: true);
            }
            if (outcome == SearchOutcome.AtOptimum) return _point;

            improvement = _value - _nextValue + MeanImprovementDecay * improvement;
            double mean = improvement * (1 - MeanImprovementDecay) / (1 - Math.Pow(MeanImprovementDecay, _iteration));
            if (mean < tolerance || !Remember()) return _next;
            (_value, _nextValue) = (_nextValue, _value);
            (_point, _next) = (_next, _point);
            (_gradient, _nextGradient) = (_nextGradient, _gradient);
        }
    }

    private double Evaluate(float[] point, float[] gradient)
    {
        double value = _function(point, gradient);
        if (l1 <= 0) return value;
        double norm = 0;
        for (int i = unpenalized; i < point.Length; i++) norm += Math.Abs(point[i]);
        return value + l1 * norm;
    }

    // _descent becomes the direction of steepest descent, _direction that times the inverse Hessian's estimate.
    private void ChooseDirection()
    {
        float weight = (float)l1;
        for (int i = 0; i < _descent.Length; i++)
        {
            float slope = -_gradient[i], x = _point[i];
            _descent[i] = l1 <= 0 || i < unpenalized ? slope
                : x < 0 ? slope + weight
                : x > 0 || slope > weight ? slope - weight
                : slope < -weight ? slope + weight
                : 0;
        }
        _descent.CopyTo(_direction, 0);
        ApplyInverseHessian();
        if (l1 > 0)
            for (int i = 0; i < _descent.Length; i++)
                if (_descent[i] == 0) _direction[i] = 0;
    }

    private void ApplyInverseHessian()
    {
        var usable = _memory.FindAll(pair => pair.Product > 0);
        if (usable.Count == 0) return;
        var alphas = new double[usable.Count];
        for (int i = usable.Count - 1; i >= 0; i--)
        {
            alphas[i] = -DenseMath.Dot(usable[i].Step, _direction) / usable[i].Product;
            DenseMath.AddScaled(_direction, (float)alphas[i], usable[i].Change);
        }
        var (_, change, product) = usable[^1];
        DenseMath.Scale(_direction, (float)(product / DenseMath.Dot(change, change)));
        for (int i = 0; i < usable.Count; i++)
        {
            double beta = DenseMath.Dot(usable[i].Change, _direction) / usable[i].Product;
            DenseMath.AddScaled(_direction, (float)(-alphas[i] - beta), usable[i].Step);
        }
    }

    // False when the function did not bend between the two points, so that there is nothing to learn from them.
    private bool Remember()
    {
        var (step, change) = (new float[_point.Length], new float[_point.Length]);
        if (_memory.Count == history)
        {
            (step, change, _) = _memory[0];
            _memory.RemoveAt(0);
        }
        DenseMath.AddScaled(step, _next, -1, _point);
        DenseMath.AddScaled(change, _nextGradient, -1, _gradient);
        double product = DenseMath.Dot(step, change);
        _memory.Add((step, change, product));
        return product != 0;
    }

    private SearchOutcome Search(bool force)
    {
        double slope = -DenseMath.Dot(_direction, _descent);
        if (slope == 0) return SearchOutcome.AtOptimum;
        if (slope > 0) throw new InvalidOperationException("L-BFGS chose a non-descent direction.");
        double step = _iteration == 1 ? 1 / Math.Sqrt(DenseMath.Dot(_direction, _direction)) : 1;
        return l1 > 0 ? BacktrackInOrthant(step, force) : SearchWolfe(step, slope, force);
    }

    private SearchOutcome BacktrackInOrthant(double step, bool force)
    {
        const double sufficientDecrease = 1e-4;
        const int maximumSteps = 8;
        MoveInOrthant(step);
        double promised = Promised();
        if (promised < 0)
        {
            for (int i = unpenalized; i < _direction.Length; i++)
                if (_descent[i] * _direction[i] < 0) _direction[i] = 0;
            MoveInOrthant(step);
            promised = Promised();
        }
        for (int tries = 1; ; tries++)
        {
            _nextValue = Evaluate(_next, _nextGradient);
            if (_nextValue <= _value - sufficientDecrease * promised) return SearchOutcome.Found;
            if (!force && tries == maximumSteps) return SearchOutcome.Failed;
            step *= 0.25;
            MoveInOrthant(step);
            promised = Promised();
        }
    }

    private double Promised() => DenseMath.Dot(_descent, _next) - DenseMath.Dot(_descent, _point);

    private void MoveInOrthant(double step)
    {
        DenseMath.AddScaled(_next, _point, (float)step, _direction);
        for (int i = unpenalized; i < _next.Length; i++)
            if (_point[i] * _next[i] < 0) _next[i] = 0;
    }

    // Nocedal and Wright, algorithms 3.5 and 3.6: a bracket for a step that satisfies the strong Wolfe conditions, then cubic
    // interpolation.
    private SearchOutcome SearchWolfe(double step, double slope, bool force)
    {
        double sufficientDecrease = 1e-4 * slope, flatEnough = -0.9 * slope;
        var last = new Trial(0, _value, slope);
        Trial low, high;
        while (true)
        {
            var trial = Try(step);
            if (double.IsPositiveInfinity(trial.Value))
            {
                step /= 2;
                continue;
            }
            if (trial.Value > _value + sufficientDecrease * step || last.Step > 0 && trial.Value >= last.Value)
            {
                (low, high) = (last, trial);
                break;
            }
            if (Math.Abs(trial.Slope) <= flatEnough) return SearchOutcome.Found;
            if (trial.Slope >= 0)
            {
                (low, high) = (trial, last);
                break;
            }
            last = trial;
            step *= 2;
        }

        for (int tries = 0; force || tries < 10; tries++)
        {
            var (left, right) = low.Step < high.Step ? (low, high) : (high, low);
            double guess = left.Slope > 0 && right.Slope < 0 ? (low.Value < high.Value ? low.Step : high.Step) : Cubic(low, high);
            if (!double.IsFinite(guess)) guess = (low.Step + high.Step) / 2;
            // Inside the bracket, and not too close to its ends.
            guess = Math.Max(Math.Min(guess, 0.01 * left.Step + 0.99 * right.Step), 0.99 * left.Step + 0.01 * right.Step);
            var trial = Try(guess);
            if (trial.Value > _value + sufficientDecrease * guess || trial.Value >= low.Value)
            {
                if (high.Step == trial.Step) return force ? SearchOutcome.AtOptimum : SearchOutcome.Failed;
                high = trial;
            }
            else if (Math.Abs(trial.Slope) <= flatEnough)
            {
                return SearchOutcome.Found;
            }
            else
            {
                if (trial.Slope * (high.Step - low.Step) >= 0) high = low;
                if (low.Step == trial.Step) return force ? SearchOutcome.AtOptimum : SearchOutcome.Failed;
                low = trial;
            }
        }
        return SearchOutcome.Failed;
    }

    private Trial Try(double step)
    {
        DenseMath.AddScaled(_next, _point, (float)step, _direction);
        _nextValue = Evaluate(_next, _nextGradient);
        if (double.IsNaN(_nextValue))
            throw new InvalidOperationException($"Optimizer unable to proceed with loss function yielding {_nextValue}");
        return new Trial((float)step, _nextValue, DenseMath.Dot(_direction, _nextGradient));
    }

    private static double Cubic(Trial a, Trial b)
    {
        double t = a.Slope + b.Slope - 3 * (a.Value - b.Value) / (a.Step - b.Step);
        double root = Math.Sign(b.Step - a.Step) * Math.Sqrt(t * t - a.Slope * b.Slope);
        return b.Step - (b.Step - a.Step) * (b.Slope + root - t) / (b.Slope - a.Slope + 2 * root);
    }

    private readonly record struct Trial(double Step, double Value, double Slope);

    private enum SearchOutcome { Found, Failed, AtOptimum }
}
