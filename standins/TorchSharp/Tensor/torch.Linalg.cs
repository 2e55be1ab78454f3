namespace TorchSharp;

public static partial class torch
{
    /// <summary>Linear algebra.</summary>
    public static class linalg
    {
        public static (Tensor, Tensor) eigh(Tensor input, char UPLO = 'L') => Dispatch.Two("linalg_eigh", input, UPLO.ToString());
    }
}
