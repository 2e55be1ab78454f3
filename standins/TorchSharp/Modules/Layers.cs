using TorchSharp.Utils;
using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    public interface IParameterLessModule { }

    public abstract class ParameterLessModule<T1, TResult> : nn.Module<T1, TResult>, IParameterLessModule
    {
        protected ParameterLessModule(string name) : base(name) { }
    }

    public sealed class Linear : nn.Module<Tensor, Tensor>
    {
        [ComponentName(Name = nameof(weight))] Parameter? weights;
        [ComponentName(Name = nameof(bias))] Parameter? offsets;

        internal Linear(Parameter weight, Parameter? bias) : base(nameof(Linear))
        {
            (in_features, out_features) = (weight.shape[1], weight.shape[0]);
            this.weight = weight;
            if (bias is not null) this.bias = bias;
        }

        internal Linear(long inputs, long outputs, bool bias, Device? device, ScalarType? dtype) : base(nameof(Linear))
        {
            (in_features, out_features) = (inputs, outputs);
            weight = empty([outputs, inputs], dtype, device).AsParameter();
            if (bias) this.bias = empty([outputs], dtype, device).AsParameter();
            nn.init.LikeAffine(weight, this.bias);
        }

        public long in_features { get; set; }
        public long out_features { get; set; }

        public Parameter weight
        {
            get => weights!;
            set
            {
                if (value.Handle == weights?.Handle) return;
                weights?.Dispose();
                ConditionallyRegisterParameter(nameof(weight), weights = (Parameter)value.DetachFromDisposeScope());
            }
        }

        public Parameter? bias
        {
            get => offsets;
            set
            {
                offsets?.Dispose();
                ConditionallyRegisterParameter(nameof(bias), offsets = (Parameter?)value?.DetachFromDisposeScope());
            }
        }

        public override Tensor forward(Tensor tensor) => nn.functional.linear(tensor, weight, bias);
    }

    public sealed class Embedding : nn.Module<Tensor, Tensor>
    {
        readonly long padding;
        [ComponentName(Name = nameof(weight))] Parameter? table;

        internal Embedding(Tensor table, long? padding) : base(nameof(Embedding)) => (weight, this.padding) = (nn.Parameter(table), padding ?? -1);

        public Parameter? weight
        {
            get => table;
            set => ConditionallyRegisterParameter(nameof(weight), table = (Parameter?)value?.DetachFromDisposeScope());
        }

        public override Tensor forward(Tensor input) => Dispatch.Call("embedding", weight, input, padding);
    }

    public sealed class ReLU : ParameterLessModule<Tensor, Tensor>
    {
        internal ReLU(bool inplace) : base(nameof(ReLU)) => this.inplace = inplace;

        public bool inplace { get; set; }

        public override Tensor forward(Tensor tensor) => nn.functional.relu(tensor, inplace);
    }

    public sealed class Identity : ParameterLessModule<Tensor, Tensor>
    {
        internal Identity() : base(nameof(Identity)) { }

        public override Tensor forward(Tensor tensor) => tensor.alias();
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static Modules.Linear Linear(long inputSize, long outputSize, bool hasBias = true, Device? device = null, ScalarType? dtype = null) =>
                new(inputSize, outputSize, hasBias, device, dtype);

            public static Modules.Linear Linear(Modules.Parameter weight, Modules.Parameter? bias = null) => new(weight, bias);

            public static Modules.Embedding Embedding(long num_embeddings, long embedding_dims, long? padding_idx = null, double? max_norm = null,
                double norm_type = 2, bool scale_grad_by_freq = false, bool sparse = false, Device? device = null, ScalarType? dtype = null)
            {
                Tensor table = init.normal_(empty([num_embeddings, embedding_dims], dtype, device));
                if (padding_idx is { } row)
                {
                    using Tensor nothing = table.select(0, row);
                    nothing.zero_();
                }
                return new(table, padding_idx);
            }

            public static Modules.ReLU ReLU(bool inplace = false) => new(inplace);

            public static Modules.Identity Identity() => new();
        }
    }
}
