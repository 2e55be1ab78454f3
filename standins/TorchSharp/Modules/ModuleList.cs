using System.Collections;
using static TorchSharp.torch;

namespace TorchSharp.Modules
{
    public class ModuleList<T> : nn.Module, IList<T> where T : nn.Module
    {
        readonly List<T> list = [];

        public ModuleList(params T[] modules) : base(nameof(ModuleList<>)) => list.AddRange(modules);

        protected override void RegisterComponents()
        {
            if (children().Any()) return;
            for (int i = 0; i < list.Count; i++) register_module($"{i}", list[i]);
        }

        void Changed()
        {
            ClearModules();
            RegisterComponents();
        }

        public T this[int index]
        {
            get => list[index];
            set
            {
                list[index] = value;
                Changed();
            }
        }

        public int Count => list.Count;
        public bool IsReadOnly => false;

        public void Add(T item)
        {
            register_module($"{list.Count}", item);
            list.Add(item);
        }

        public void Insert(int index, T item)
        {
            list.Insert(index, item);
            Changed();
        }

        public void RemoveAt(int index)
        {
            list.RemoveAt(index);
            Changed();
        }

        public bool Remove(T item)
        {
            bool found = list.Remove(item);
            Changed();
            return found;
        }

        public void Clear()
        {
            list.Clear();
            ClearModules();
        }

        public bool Contains(T item) => list.Contains(item);
        public int IndexOf(T item) => list.IndexOf(item);
        public void CopyTo(T[] array, int arrayIndex) => list.CopyTo(array, arrayIndex);
        public IEnumerator<T> GetEnumerator() => list.GetEnumerator();
        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
        }
    }
}
