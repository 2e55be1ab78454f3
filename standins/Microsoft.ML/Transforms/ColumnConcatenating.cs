using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

[assembly: LoadableClass(
    typeof(ColumnConcatenatingTransformer), null, typeof(SignatureLoadModel), "", ColumnConcatenatingTransformer.LoaderSignature)]

namespace Microsoft.ML.Transforms
{
    /// <summary>Joins columns of one item type into a vector.</summary>
    public sealed class ColumnConcatenatingEstimator : IEstimator<ColumnConcatenatingTransformer>
    {
        private readonly IHost _host;
        private readonly string _output;
        private readonly string[] _inputs;

        internal ColumnConcatenatingEstimator(IHostEnvironment env, string outputColumnName, string[] inputColumnNames)
        {
            _host = env.Register(nameof(ColumnConcatenatingEstimator));
            _host.CheckNonEmpty(outputColumnName, nameof(outputColumnName));
            _host.CheckValue(inputColumnNames, nameof(inputColumnNames));
            _host.CheckParam(inputColumnNames.Length > 0, nameof(inputColumnNames), "Input columns not specified");
            _host.CheckParam(!inputColumnNames.Any(string.IsNullOrEmpty), nameof(inputColumnNames), "Contained some null or empty items");
            (_output, _inputs) = (outputColumnName, inputColumnNames);
        }

        public ColumnConcatenatingTransformer Fit(IDataView input)
        {
            _host.CheckValue(input, nameof(input));
            return new ColumnConcatenatingTransformer(_host, _output, _inputs);
        }

        public SchemaShape GetOutputSchema(SchemaShape inputSchema)
        {
            _host.CheckValue(inputSchema, nameof(inputSchema));
            var columns = Array.ConvertAll(_inputs, name => inputSchema.Find(_host, name));
            var itemType = columns[0].ItemType;
            foreach (var column in columns)
            {
                if (column.IsKey)
                    throw _host.Except($"Column '{column.Name}' is key. Concatenation of keys is unsupported.");
                if (!column.ItemType.Equals(itemType))
                {
                    throw _host.Except("Concatenated columns should have the same type. " +
                        $"Column '{column.Name}' has type of {column.ItemType}, but expected column type is {itemType}.");
                }
            }
            var annotations = new List<SchemaShape.Column>();
            if (columns.All(column => Has(column, AnnotationUtils.Kinds.IsNormalized)))
                annotations.Add(Stock.ShapeScalar(AnnotationUtils.Kinds.IsNormalized, BooleanDataViewType.Instance));
            if (columns.Any(column => column.Kind == SchemaShape.Column.VectorKind.Scalar || Has(column, AnnotationUtils.Kinds.SlotNames)))
                annotations.Add(Stock.ShapeVector(AnnotationUtils.Kinds.SlotNames, TextDataViewType.Instance));
            return inputSchema.With(
                new SchemaShape.Column(_output, SchemaShape.Column.VectorKind.Vector, itemType, false, new SchemaShape(annotations)));
        }

        private static bool Has(SchemaShape.Column column, string kind) => column.Annotations.TryFindColumn(kind, out _);
    }
}

namespace Microsoft.ML.Data
{
    public sealed class ColumnConcatenatingTransformer : RowToRowTransformerBase
    {
        internal const string LoaderSignature = "ConcatTransform";

        private readonly string _output;
        private readonly string[] _inputs;

        internal ColumnConcatenatingTransformer(IHostEnvironment env, string outputColumnName, string[] inputColumnNames) : base(env) =>
            (_output, _inputs) = (outputColumnName, inputColumnNames);

        private ColumnConcatenatingTransformer(IHostEnvironment env, ModelLoadContext ctx) : base(env)
        {
            ctx.CheckAtModel(Stock.Version("CONCAT F", LoaderSignature));
            _output = ctx.LoadNonEmptyString();
            _inputs = [.. Enumerable.Range(0, ctx.Reader.ReadInt32()).Select(_ => ctx.LoadNonEmptyString())];
        }

        private protected override void SaveModel(ModelSaveContext ctx)
        {
            ctx.SetVersionInfo(Stock.Version("CONCAT F", LoaderSignature));
            ctx.SaveNonEmptyString(_output);
            ctx.Writer.Write(_inputs.Length);
            foreach (string input in _inputs)
                ctx.SaveNonEmptyString(input);
        }

        private protected override IRowMapper MakeRowMapper(DataViewSchema schema) => new Mapper(this, schema);

        private sealed class Mapper : MapperBase
        {
            private readonly DataViewSchema.Column[] _sources;
            private readonly PrimitiveDataViewType _itemType;

            internal Mapper(ColumnConcatenatingTransformer parent, DataViewSchema schema) : base(parent)
            {
                _sources = Array.ConvertAll(parent._inputs, name =>
                    schema.GetColumnOrNull(name) ?? throw parent.Host.ExceptSchemaMismatch("inputSchema", "input", name));
                _itemType = (PrimitiveDataViewType)_sources[0].Type.GetItemType();
                foreach (var source in _sources)
                {
                    string type = source.Type.ToString();
                    if (!source.Type.GetItemType().Equals(_itemType))
                        throw parent.Host.ExceptSchemaMismatch("inputSchema", "input", source.Name, _itemType.ToString(), type);
                    if (source.Type.GetValueCount() == 0)
                        throw new NotSupportedException($"The stand-in for ML.NET joins known sizes; '{source.Name}' is {type}.");
                }
                var vector = new VectorDataViewType(_itemType, _sources.Sum(source => source.Type.GetValueCount()));
                Output = _sources is [{ Type: VectorDataViewType } only]
                    ? new DataViewSchema.DetachedColumn(parent._output, only.Type, only.Annotations)
                    : new DataViewSchema.DetachedColumn(parent._output, vector, Annotations(vector.Size));
            }

            protected override IEnumerable<int> Sources => _sources.Select(source => source.Index);

            protected override DataViewSchema.DetachedColumn Output { get; }

            private DataViewSchema.Annotations Annotations(int size)
            {
                var annotations = new DataViewSchema.Annotations.Builder();
                if (_itemType is NumberDataViewType && _sources.All(source => source.IsNormalized()))
                    annotations.AddPrimitiveValue(AnnotationUtils.Kinds.IsNormalized, BooleanDataViewType.Instance, true);
                if (_sources.Any(source => source.Type is not VectorDataViewType || source.HasSlotNames()))
                {
                    annotations.Add(AnnotationUtils.Kinds.SlotNames, new VectorDataViewType(TextDataViewType.Instance, size),
                        (ref VBuffer<ReadOnlyMemory<char>> names) => Stock.Constant(_sources.SelectMany(SlotNames).ToArray())(ref names));
                }
                return annotations.ToAnnotations();
            }

            // A scalar's slot has its column's name, a vector's slots "column.slot" where the slots have names.
            private static IEnumerable<ReadOnlyMemory<char>> SlotNames(DataViewSchema.Column source)
            {
                if (source.Type is not VectorDataViewType vector)
                    return [source.Name.AsMemory()];
                if (!source.HasSlotNames())
                    return new ReadOnlyMemory<char>[vector.Size];
                return source.Annotations.Texts(AnnotationUtils.Kinds.SlotNames)
                    .Select(name => name.IsEmpty ? name : $"{source.Name}.{name}".AsMemory());
            }

            protected override Delegate MakeGetter(DataViewRow input, out Action disposer)
            {
                disposer = null;
                return (Delegate)Stock.Call(GetterOf<int>, [_itemType.RawType], input);
            }

            private ValueGetter<VBuffer<T>> GetterOf<T>(DataViewRow input)
            {
                var parts = Array.ConvertAll(_sources, source => PartGetter<T>(input, source));
                var buffers = new VBuffer<T>[parts.Length];
                return (ref VBuffer<T> result) =>
                {
                    int length = 0, count = 0;
                    for (int i = 0; i < parts.Length; i++)
                    {
                        parts[i](ref buffers[i]);
                        length = checked(length + buffers[i].Length);
                        count += buffers[i].GetValues().Length;
                    }
                    bool sparse = count <= length / 2;
                    var editor = VBufferEditor.Create(ref result, length, sparse ? count : length);
                    int offset = 0, next = 0;
                    foreach (var part in buffers)
                    {
                        var values = part.GetValues();
                        var indices = part.GetIndices();
                        if (!sparse)
                            part.CopyTo(editor.Values, offset);
                        for (int k = 0; sparse && k < values.Length; k++)
                        {
                            editor.Values[next] = values[k];
                            editor.Indices[next++] = offset + (part.IsDense ? k : indices[k]);
                        }
                        offset += part.Length;
                    }
                    result = editor.Commit();
                };
            }

            private static ValueGetter<VBuffer<T>> PartGetter<T>(DataViewRow input, DataViewSchema.Column source)
            {
                var column = input.Schema[source.Index];
                if (source.Type is VectorDataViewType vector)
                {
                    var getVector = input.GetGetter<VBuffer<T>>(column);
                    return (ref VBuffer<T> part) =>
                    {
                        getVector(ref part);
                        if (vector.Size != part.Length)
                            throw Contracts.Except("Column '{0}': expected {1} slots, but got {2}", source.Name, vector.Size, part.Length);
                    };
                }
                var getOne = input.GetGetter<T>(column);
                return (ref VBuffer<T> part) =>
                {
                    var editor = VBufferEditor.Create(ref part, 1);
                    getOne(ref editor.Values[0]);
                    part = editor.Commit();
                };
            }
        }
    }
}
