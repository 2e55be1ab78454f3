using static TorchSharp.Dispatch;

namespace TorchSharp;

/// <summary>Tensor's members once more as functions.</summary>
public static partial class torch
{
    public static Tensor addmm(Tensor input, Tensor mat1, Tensor mat2, float beta, float alpha) => input.addmm(mat1, mat2, beta, alpha);

    public static Tensor searchsorted(Tensor sorted_sequence, Tensor values, bool out_int32 = false, bool right = false,
        Tensor? sorter = null) => Call("searchsorted.Tensor", sorted_sequence, values, out_int32, right, null as string, sorter);

    public static Tensor where(Tensor condition, Tensor x, Tensor y) => x.where(condition, y);
}
