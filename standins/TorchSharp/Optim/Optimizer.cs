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
                double InitialLearningRate { get; set; }
            }

            public interface IBetas
            {
                (double, double) Betas { get; set; }
            }

            public abstract class Optimizer : IDisposable
            {
                protected IList<ParamGroup> _parameter_groups = [];

                internal Optimizer() { }

                public virtual IEnumerable<ILearningRateController> ParamGroups => _parameter_groups;
                public virtual IEnumerable<Parameter> parameters() => _parameter_groups.SelectMany(group => group.Parameters);
                public virtual void add_param_group(ParamGroup param_group) => _parameter_groups.Add(param_group);
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

                    public List<OptimizerOptions> Options { get; } = [];
                    public List<OptimizerState> State { get; } = [];
                    public List<List<int>> StateIndexRef { get; } = [];
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

        internal OptimizerOptions Defaults { get; init; } = null!;

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
            foreach (ParamGroup group in _parameter_groups)
            {
                var places = new List<int>();
                all.Options.Add(group.Options);
                all.StateIndexRef.Add(places);
                foreach (Parameter parameter in group.Parameters)
                {
                    places.Add(all.State.Count);
                    all.State.Add(States[parameter.Handle]);
                }
            }
            return all;
        }

        public virtual void load_state_dict(StateDictionary state_dict)
        {
            StateDictionary own = this.state_dict();
            if (state_dict.Options.Count != own.Options.Count)
                throw new ArgumentException("Invalid optimizer state -- different number of parameter groups.");
            if (state_dict.State.Count != own.State.Count)
                throw new ArgumentException("Invalid optimizer state -- different number of states.");
            for (int i = 0; i < own.Options.Count; i++)
                if (own.Options[i] != state_dict.Options[i]) own.Options[i].LoadStateDict(state_dict.Options[i]);
            for (int i = 0; i < own.State.Count; i++)
                if (own.State[i] != state_dict.State[i]) own.State[i].LoadStateDict(state_dict.State[i]);
        }

        public void to(Device device)
        {
            foreach (OptimizerState state in States.Values) state.to(device);
        }
    }

    public class OptimizerOptions
    {
        public double? LearningRate { get; set; }
        public double InitialLearningRate { get; set; }

        public virtual void LoadStateDict(OptimizerOptions source) =>
            (InitialLearningRate, LearningRate) = (source.InitialLearningRate, source.LearningRate);
    }

    public abstract class OptimizerState
    {
        protected Parameter _parameter;

        protected OptimizerState(Parameter parameter) => _parameter = parameter;

        public abstract void Initialize(OptimizerOptions options);
        public abstract void LoadStateDict(OptimizerState source);
        public virtual void to(Device device) { }
    }

    public class ParamGroup : ILearningRateController
    {
        public IEnumerable<Parameter> Parameters { get; set; } = [];
        public OptimizerOptions Options { get; set; } = null!;
        public double LearningRate { get => Options.LearningRate!.Value; set => Options.LearningRate = value; }
        public double InitialLearningRate { get => Options.InitialLearningRate; set => Options.InitialLearningRate = value; }
    }

    public class ParamGroup<TOptions> : ParamGroup where TOptions : OptimizerOptions
    {
        public ParamGroup() { }

        public ParamGroup(IEnumerable<Parameter> parameters, TOptions? options = null) =>
            (Parameters, base.Options) = (parameters, options!);

        public new TOptions Options { get => (TOptions)base.Options; set => base.Options = value; }
    }
}
