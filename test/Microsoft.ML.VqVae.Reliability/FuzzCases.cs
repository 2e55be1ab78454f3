using System.Globalization;
using Microsoft.ML.VqVae.Persistence;

namespace Microsoft.ML.VqVae.Reliability;

/// <summary>All mutants of a run by their numbers. The same settings give the same mutants, in whichever process they are made.</summary>
internal sealed class FuzzCases
{
    // Metadata come first in a header; its tensors are alike.
    const int MaxHeaderLeaves = 1500;

    readonly string _folder;
    readonly int _seed;
    readonly FileKind[] _kinds;
    readonly Dictionary<FileKind, byte[]> _good = [];
    readonly Dictionary<FileKind, string> _json = [];
    // The kind and the number of its JSON mutant.
    readonly List<(FileKind Kind, int Number)> _leaves = [];

    /// <param name="folder">The folder of the good files; those that are missing are made.</param>
    /// <param name="seed">The seed of the mutations of bytes.</param>
    /// <param name="leafStep">Every how many of the mutants of JSON values are used; 0 for none.</param>
    /// <param name="kinds">The names of kinds; all where there are none.</param>
    public FuzzCases(string folder, int seed, int leafStep, IReadOnlyCollection<string> kinds)
    {
        (_folder, _seed) = (folder, seed);
        _kinds = [.. ModelKinds.All.Concat(OtherKinds.All).Where(kind => kinds.Count == 0 || kinds.Contains(kind.Name))];
        if (kinds.Except(_kinds.Select(kind => kind.Name)).FirstOrDefault() is string unknown)
            throw new ArgumentException($"There is no kind of file '{unknown}'.", nameof(kinds));
        foreach (FileKind kind in _kinds)
        {
            _good[kind] = Good(kind);
            _json[kind] = kind.IsModel ? ModelArchive.ReadDescription(_good[kind])
                : kind.IsSafetensors ? SafetensorsMutations.ReadHeader(_good[kind]) : "";
            int leaves = _json[kind] == "" || leafStep == 0 ? 0 : JsonMutations.Count(_json[kind]);
            if (kind.IsSafetensors)
                leaves = Math.Min(leaves, MaxHeaderLeaves);
            _leaves.AddRange(Enumerable.Range(0, leaves).Select(number => (kind, number)));
        }
        _leaves = [.. _leaves.Where((_, number) => number % Math.Max(1, leafStep) == 0)];
    }

    /// <summary>Number of mutants of JSON values; those of bytes follow, as many as one likes.</summary>
    public int Leaves => _leaves.Count;

    public IReadOnlyList<FileKind> Kinds => _kinds;

    public byte[] GoodFile(FileKind kind) => _good[kind];

    public (FileKind Kind, Mutant Mutant) Case(int number)
    {
        if (number < _leaves.Count)
            return (_leaves[number].Kind, Leaf(_leaves[number].Kind, _leaves[number].Number));
        FileKind kind = _kinds[number % _kinds.Length];
        var random = new Random(unchecked(_seed * 1_000_003 + number));
        return (kind, Damage(kind, random));
    }

    Mutant Leaf(FileKind kind, int number)
    {
        (string text, string json) = JsonMutations.Apply(_json[kind], number);
        byte[] good = _good[kind];
        return new Mutant(text,
            kind.IsModel ? ModelArchive.ReplaceDescription(good, json) : SafetensorsMutations.ReplaceHeader(good, json), IsDamage: false);
    }

    Mutant Damage(FileKind kind, Random random)
    {
        byte[] good = _good[kind];
        string[] parts = !kind.IsModel ? []
            : [.. ModelArchive.Names(good).Where(name => name is ModelArchive.KeyName or ModelFile.WeightsName or "rows.bin")];
        // Some of the mutants of models are damaged within a part, whose checksum is right.
        int part = random.Next(2 * parts.Length + 1);
        if (part < parts.Length)
        {
            (string inner, byte[] content) = ByteMutations.Apply(ModelArchive.Read(good, parts[part]), random);
            return new Mutant($"{parts[part]}: {inner}", ModelArchive.Replace(good, parts[part], content), IsDamage: true);
        }
        (string text, byte[] bytes) = ByteMutations.Apply(good, random);
        return new Mutant(text, bytes, IsDamage: true);
    }

    byte[] Good(FileKind kind)
    {
        string path = Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"{kind.Name}.good"));
        if (!File.Exists(path))
        {
            Directory.CreateDirectory(_folder);
            File.WriteAllBytes(path, kind.Create(_folder));
        }
        return File.ReadAllBytes(path);
    }
}
