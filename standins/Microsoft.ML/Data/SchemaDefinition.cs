namespace Microsoft.ML.Data;

public sealed class SchemaDefinition : List<SchemaDefinition.Column>
{
    public sealed class Column { }
    internal static SchemaDefinition CreateFor<TRow>(Runtime.IHostEnvironment env, DataViewSchema schema) => throw new NotImplementedException();
}
