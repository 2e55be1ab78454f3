using System.Runtime.InteropServices;

namespace TorchSharp;

/// <summary>Randomness, gradient modes (each thread has its own) and threads.</summary>
public static unsafe partial class torch
{
    public class Generator : IDisposable
    {
        public nint Handle { get; private set; }
        public Device device { get; }

        Generator(nint handle) => (Handle, device) = (handle, CPU);

        public Generator(ulong seed = 0, Device? device = null)
        {
            this.device = InitializeDevice(device ?? CPU);
            Handle = Native.generator_new((long)seed, (int)this.device.type, this.device.index);
        }

        public static Generator Default => new(Native.generator_default());

        public Tensor get_state()
        {
            nint state;
            Native.Check(Native.generator_get_state(Handle, &state));
            return new Tensor(state);
        }

        protected virtual void Dispose(bool disposing)
        {
            nint handle = Handle;
            Handle = 0;
            if (handle != 0) Native.generator_release(handle);
        }

        ~Generator() => Dispose(false);

        public void Dispose()
        {
            Dispose(true);
            GC.SuppressFinalize(this);
        }
    }

    public static Tensor get_rng_state() => random.get_rng_state();

    public static class random
    {
        public static Tensor get_rng_state()
        {
            using Generator generator = Generator.Default;
            return generator.get_state();
        }
    }

    // ---- modes ----

    sealed class GradMode : IDisposable
    {
        readonly int before = Native.grad_mode();

        internal GradMode(bool on) => Native.set_grad_mode(on ? 1 : 0);

        public void Dispose() => Native.set_grad_mode(before);
    }

    public static IDisposable no_grad() => new GradMode(false);

    public static IDisposable enable_grad(bool enabled = true) => new GradMode(enabled);

    public static bool is_grad_enabled() => Native.grad_mode() != 0;

    // ---- threads ----
}
