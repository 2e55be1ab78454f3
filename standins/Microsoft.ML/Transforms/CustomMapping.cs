using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Transforms;

/// <summary>Adds the members of one class as columns, computed from those of another by the caller's code.</summary>
public sealed class CustomMappingEstimator<TSrc, TDst> : TrivialEstimator<CustomMappingTransformer<TSrc, TDst>>
    where TSrc : class, new()
    where TDst : class, new()
{
    internal CustomMappingEstimator(IHostEnvironment env, Action<TSrc, TDst> mapAction, string contractName,
        SchemaDefinition inputSchemaDefinition, SchemaDefinition outputSchemaDefinition)
        : base(env.Register("CustomMappingEstimator"),
            new CustomMappingTransformer<TSrc, TDst>(env, mapAction, contractName, inputSchemaDefinition, outputSchemaDefinition)) { }

    public override SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        foreach (var member in Transformer.InputMembers)
        {
            var found = inputSchema.Find(Host, member.ColumnName);
            SchemaShape.GetColumnTypeShape(member.ColumnType, out var kind, out var itemType, out bool isKey);
            // A vector of any size takes vectors of one size too.
            bool kindFits = kind == found.Kind ||
                kind == SchemaShape.Column.VectorKind.VariableVector && found.Kind == SchemaShape.Column.VectorKind.Vector;
            if (!itemType.Equals(found.ItemType) || isKey != found.IsKey || !kindFits)
            {
                throw Contracts.ExceptSchemaMismatch(
                    nameof(inputSchema), "input", member.ColumnName, member.ColumnType.ToString(), found.GetTypeString());
            }
        }
        return inputSchema.With(SchemaShape.Create(RowMember.Schema(Transformer.OutputMembers)));
    }
}

public sealed class CustomMappingTransformer<TSrc, TDst> : ITransformer
    where TSrc : class, new()
    where TDst : class, new()
{
    private readonly IHost _host;
    private readonly Action<TSrc, TDst> _mapAction;
    private readonly string _contractName;
    private readonly SchemaDefinition _inputDefinition;

    internal CustomMappingTransformer(IHostEnvironment env, Action<TSrc, TDst> mapAction, string contractName,
        SchemaDefinition inputSchemaDefinition, SchemaDefinition outputSchemaDefinition)
    {
        _host = env.Register("CustomMappingTransformer");
        _host.CheckValue(mapAction, nameof(mapAction));
        _mapAction = mapAction;
        _contractName = contractName;
        _inputDefinition = inputSchemaDefinition;
        InputMembers = RowMember.Create(typeof(TSrc),
            inputSchemaDefinition ?? SchemaDefinition.Create(typeof(TSrc), SchemaDefinition.Direction.Write));
        OutputMembers = RowMember.Create(typeof(TDst),
            outputSchemaDefinition ?? SchemaDefinition.Create(typeof(TDst), SchemaDefinition.Direction.Write));
    }

    internal RowMember[] InputMembers { get; }

    internal RowMember[] OutputMembers { get; }

    bool ITransformer.IsRowToRowMapper => true;

    void ICanSaveModel.Save(ModelSaveContext ctx) => SaveModel(ctx);

    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        _host.CheckValue(inputSchema, nameof(inputSchema));
        return RowToRowMapperTransform.GetOutputSchema(inputSchema, new Mapper(this, inputSchema));
    }

    public IDataView Transform(IDataView input)
    {
        _host.CheckValue(input, nameof(input));
        return new RowToRowMapperTransform(_host, input, new Mapper(this, input.Schema));
    }

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema)
    {
        _host.CheckValue(inputSchema, nameof(inputSchema));
        return new RowToRowMapperTransform(_host, new EmptyDataView(inputSchema), new Mapper(this, inputSchema));
    }

    private void SaveModel(ModelSaveContext ctx)
    {
        if (_contractName == null)
            throw _host.Except("Empty contract name for a transform: the transform cannot be saved");
        CustomMappingLoader.Save(ctx, _contractName, _mapAction.Method.DeclaringType.Assembly);
    }

    private sealed class Mapper : IRowMapper
    {
        private readonly CustomMappingTransformer<TSrc, TDst> _parent;
        private readonly RowFiller<TSrc> _filler;
        private readonly DataViewSchema _added;

        internal Mapper(CustomMappingTransformer<TSrc, TDst> parent, DataViewSchema schema)
        {
            _parent = parent;
            _filler = new RowFiller<TSrc>(parent._host, schema, false, parent._inputDefinition);
            _added = RowMember.Schema(parent.OutputMembers);
        }

        public void Save(ModelSaveContext ctx) => _parent.SaveModel(ctx);

        public DataViewSchema.DetachedColumn[] GetOutputColumns() =>
            [.. _added.Select(column => new DataViewSchema.DetachedColumn(column))];

        public Func<int, bool> GetDependencies(Func<int, bool> activeOutput) =>
            _added.Any(column => activeOutput(column.Index))
                ? _filler.Columns.Select(column => column.Index).ToHashSet().Contains : _ => false;

        public Delegate[] CreateGetters(DataViewRow input, Func<int, bool> activeOutput, out Action disposer)
        {
            disposer = null;
            if (!_added.Any(column => activeOutput(column.Index)))
                return new Delegate[_added.Count];
            var fill = _filler.Bind(input);
            var row = new ObjectRow<TDst>(_parent._host, _added, _parent.OutputMembers, activeOutput);
            var (source, target) = (new TSrc(), new TDst());
            long mapped = -1;
            // The caller's code runs once a row, however many of its columns are read.
            void Refresh()
            {
                if (mapped == input.Position)
                    return;
                fill(source);
                _parent._mapAction(source, target);
                row.Advance(target);
                mapped = input.Position;
            }
            return [.. _added.Select(column => activeOutput(column.Index)
                ? (Delegate)Stock.Call(GetterOf<int>, [column.Type.RawType], row, column, (Action)Refresh)
                : null)];
        }

        private static ValueGetter<T> GetterOf<T>(DataViewRow row, DataViewSchema.Column column, Action refresh)
        {
            var getter = row.GetGetter<T>(column);
            return (ref T value) =>
            {
                refresh();
                getter(ref value);
            };
        }
    }
}
