using Microsoft.ML.Data;

namespace Microsoft.ML;

public sealed partial class DataViewSchema
{
    /// <summary>Values that describe a column: the names of its slots, the values of its keys.</summary>
    public sealed class Annotations
    {
        private readonly Delegate[] _getters;

        private Annotations(DataViewSchema schema, Delegate[] getters)
        {
            Schema = schema;
            _getters = getters;
        }

        public DataViewSchema Schema { get; }

        public static Annotations Empty { get; } = new(new DataViewSchema([]), []);

        internal Delegate GetterAt(int index) => _getters[index];

        public ValueGetter<TValue> GetGetter<TValue>(Column column)
        {
            if (column.Index >= _getters.Length)
                throw new ArgumentException(nameof(column));
            return _getters[column.Index] as ValueGetter<TValue> ??
                throw new InvalidOperationException($"Invalid call to '{nameof(GetGetter)}'");
        }

        public void GetValue<TValue>(string kind, ref TValue value)
        {
            var column = Schema.GetColumnOrNull(kind) ?? throw new InvalidOperationException($"Invalid call to '{nameof(GetValue)}'");
            GetGetter<TValue>(column)(ref value);
        }

        public override string ToString() => string.Join(", ", Schema.Select(column => column.Name));

        public sealed class Builder
        {
            private readonly DataViewSchema.Builder _columns = new();
            private readonly List<Delegate> _getters = new();

            public Builder() { }

            public void Add(Annotations annotations, Func<string, bool> selector)
            {
                if (annotations == null)
                    return;
                if (selector == null)
                    throw new ArgumentNullException(nameof(selector));
                foreach (var column in annotations.Schema)
                {
                    if (selector(column.Name))
                        AddCore(column.Name, column.Type, annotations.GetterAt(column.Index), column.Annotations);
                }
            }

            public void Add<TValue>(string name, DataViewType type, ValueGetter<TValue> getter, Annotations annotations = null)
            {
                CheckAdd(name, type, getter);
                if (type.RawType != typeof(TValue))
                    throw new ArgumentException($"type.RawType must be of type '{typeof(TValue).FullName}'.", nameof(type));
                AddCore(name, type, getter, annotations);
            }

            public void Add(string name, DataViewType type, Delegate getter, Annotations annotations = null)
            {
                CheckAdd(name, type, getter);
                var expected = typeof(ValueGetter<>).MakeGenericType(type.RawType);
                if (getter.GetType() != expected)
                    throw new ArgumentException($"getter must be of type '{expected.FullName}'", nameof(getter));
                AddCore(name, type, getter, annotations);
            }

            public void AddPrimitiveValue<TValue>(string name, PrimitiveDataViewType type, TValue value, Annotations annotations = null) =>
                Add(name, type, (ref TValue destination) => destination = value, annotations);

            public Annotations ToAnnotations() => new(_columns.ToSchema(), _getters.ToArray());

            private static void CheckAdd(string name, DataViewType type, Delegate getter)
            {
                if (string.IsNullOrEmpty(name))
                    throw new ArgumentNullException(nameof(name));
                if (type == null)
                    throw new ArgumentNullException(nameof(type));
                if (getter == null)
                    throw new ArgumentNullException(nameof(getter));
            }

            private void AddCore(string name, DataViewType type, Delegate getter, Annotations annotations)
            {
                _columns.AddColumn(name, type, annotations);
                _getters.Add(getter);
            }
        }
    }
}
