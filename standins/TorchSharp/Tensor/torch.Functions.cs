namespace TorchSharp;

/// <summary>Tensor's members once more as functions.</summary>
public static partial class torch
{
    public static Tensor addmm(Tensor input, Tensor mat1, Tensor mat2, float beta, float alpha) => input.addmm(mat1, mat2, beta, alpha);

    public static Tensor where(Tensor condition, Tensor x, Tensor y) => x.where(condition, y);
}
