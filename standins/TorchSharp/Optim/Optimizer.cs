using TorchSharp.Modules;
using static TorchSharp.torch.optim;

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class optim
        {
            public interface ILearningRateController
            {
                double LearningRate { get; set; }
            }

            public interface IBetas
            {
            }

            public abstract class Optimizer : IDisposable
            {
                protected IList<ParamGroup> _parameter_groups = [];

                internal Optimizer() { }

                public virtual IEnumerable<ILearningRateController> ParamGroups => _parameter_groups;
                public virtual IEnumerable<Parameter> parameters() => _parameter_groups.SelectMany(group => group.Parameters);
                public abstract Tensor step(Func<Tensor>? closure = null);
                public virtual void zero_grad() => throw new NotImplementedException();
                protected virtual void Dispose(bool disposing) { }

                ~Optimizer() => Dispose(false);

                public void Dispose()
                {
                    Dispose(true);
                    GC.SuppressFinalize(this);
                }

                public class StateDictionary
                {
                    internal StateDictionary() { }

                    public List<OptimizerState> State { get; } = [];
                }
            }
        }
    }
}

namespace TorchSharp.Modules
{
    using static TorchSharp.torch;

    public abstract class OptimizerHelper : Optimizer
    {
        internal readonly Dictionary<nint, OptimizerState> States = [];

        /// <summary>Sets the gradients to zero; they are not taken away.</summary>
        public override void zero_grad()
        {
            foreach (Parameter parameter in parameters())
            {
                using Tensor? gradient = parameter.grad;
                gradient?.zero_();
            }
        }

        public virtual StateDictionary state_dict()
        {
            var all = new StateDictionary();
            all.State.AddRange(parameters().Select(parameter => States[parameter.Handle]));
            return all;
        }
    }

    public class OptimizerOptions
    {
        public double? LearningRate { get; set; }
    }

    public abstract class OptimizerState
    {
        protected Parameter _parameter;

        protected OptimizerState(Parameter parameter) => _parameter = parameter;

        public abstract void Initialize(OptimizerOptions options);
    }

    public class ParamGroup : ILearningRateController
    {
        public IEnumerable<Parameter> Parameters { get; set; } = [];
        public OptimizerOptions Options { get; set; } = null!;
        public double LearningRate { get => Options.LearningRate!.Value; set => Options.LearningRate = value; }
    }

    public class ParamGroup<TOptions> : ParamGroup where TOptions : OptimizerOptions
    {
        public ParamGroup() { }

        public ParamGroup(IEnumerable<Parameter> parameters, TOptions? options = null) =>
            (Parameters, base.Options) = (parameters, options!);
    }
}
