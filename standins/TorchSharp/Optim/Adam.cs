using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.optim;

namespace TorchSharp.Modules
{
    /// <summary>"Adam: A Method for Stochastic Optimization" (Kingma and Ba 2014, arXiv 1412.6980).</summary>
    public class Adam : OptimizerHelper, IBetas
    {
        public Adam(IEnumerable<Parameter> parameters, double lr = 1e-3, double beta1 = 0.9, double beta2 = 0.999,
            double eps = 1e-8, double weight_decay = 0, bool amsgrad = false, bool maximize = false)
        {
            if (weight_decay != 0 || amsgrad || maximize)
                throw new NotSupportedException("The stand-in for TorchSharp has Adam without weight decay, amsgrad and maximization.");
            if (lr < 0) throw new ArgumentException($"Invalid learning rate: {lr}");
            if (beta1 is < 0 or >= 1) throw new ArgumentException($"Invalid beta1 value: {beta1}");
            if (beta2 is < 0 or >= 1) throw new ArgumentException($"Invalid beta2 value: {beta2}");
            if (eps < 0) throw new ArgumentException($"Invalid eps: {eps}");
            var group = new ParamGroup(parameters, new Options { LearningRate = lr, beta1 = beta1, beta2 = beta2, eps = eps });
            _parameter_groups.Add(group);
            foreach (Parameter parameter in group.Parameters) (States[parameter.Handle] = new State(parameter)).Initialize(group.Options);
        }

        public override Tensor step(Func<Tensor>? closure = null)
        {
            Tensor? loss = null;
            if (closure is not null)
                using (enable_grad()) loss = closure();
            using IDisposable mode = no_grad();
            foreach (var group in _parameter_groups)
                foreach (Parameter parameter in group.Parameters)
                {
                    using DisposeScope scope = NewDisposeScope();
                    if (parameter.grad is { } gradient)
                        Update(parameter, gradient, (State)States[parameter.Handle], (Options)group.Options);
                }
            return loss!;
        }

        static void Update(Parameter parameter, Tensor gradient, State state, Options options)
        {
            double beta1 = options.beta1!.Value, beta2 = options.beta2!.Value;
            state.step++;
            state.exp_avg.mul_(beta1).add_(gradient, 1 - beta1);
            state.exp_avg_sq.mul_(beta2).addcmul_(gradient, gradient, 1 - beta2);
            Tensor deviation = state.exp_avg_sq.sqrt().div_(Math.Sqrt(1 - Math.Pow(beta2, state.step))).add_(options.eps!.Value);
            parameter.addcdiv_(state.exp_avg, deviation, -options.LearningRate!.Value / (1 - Math.Pow(beta1, state.step)));
        }

        protected override void Dispose(bool disposing)
        {
            base.Dispose(disposing);
            if (!disposing) return;
            foreach (OptimizerState state in States.Values) ((State)state).Dispose();
        }

        public class Options : OptimizerOptions
        {
            public double? beta1;
            public double? beta2;
            public double? eps;
        }

        public class ParamGroup : ParamGroup<Options>, IBetas
        {
            public ParamGroup(IEnumerable<Parameter> parameters, Options options) : base(parameters, options) { }
        }

        /// <summary>
        /// What is remembered of one parameter: how many steps, and the running means of its gradient and of the gradient's square.
        /// </summary>
        public sealed class State : OptimizerState, IDisposable
        {
            public long step;
            public Tensor exp_avg = null!;
            public Tensor exp_avg_sq = null!;

            public State(Parameter parameter) : base(parameter) { }

            public override void Initialize(OptimizerOptions options)
            {
                Dispose();
                step = 0;
                exp_avg = zeros_like(_parameter).DetachFromDisposeScope();
                exp_avg_sq = zeros_like(_parameter).DetachFromDisposeScope();
            }

            public void Dispose()
            {
                exp_avg?.Dispose();
                exp_avg_sq?.Dispose();
            }
        }
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class optim
        {
            public static Adam Adam(IEnumerable<Parameter> parameters, double lr = 1e-3, double beta1 = 0.9, double beta2 = 0.999,
                double eps = 1e-8,
                double weight_decay = 0, bool amsgrad = false, bool maximize = false) =>
                new(parameters, lr, beta1, beta2, eps, weight_decay, amsgrad, maximize);
        }
    }
}
