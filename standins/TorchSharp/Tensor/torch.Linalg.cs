namespace TorchSharp;

public static partial class torch
{
    /// <summary>Linear algebra.</summary>
    public static class linalg
    {
        public static (Tensor, Tensor) eigh(Tensor input, char UPLO = 'L') => Dispatch.Two("linalg_eigh", input, UPLO.ToString());

        public static Tensor solve(Tensor A, Tensor B, bool left = true) => Dispatch.Call("linalg_solve", A, B, left);
    }
}
