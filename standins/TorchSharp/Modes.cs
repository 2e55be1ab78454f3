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

        public Generator manual_seed(long seed)
        {
            Native.generator_set_seed(Handle, seed);
            return this;
        }

        public long seed()
        {
            long seed = DateTime.UtcNow.Ticks;
            manual_seed(seed);
            return seed;
        }

        public long initial_seed() => Native.generator_seed(Handle);

        public Tensor get_state()
        {
            nint state;
            Native.Check(Native.generator_get_state(Handle, &state));
            return new Tensor(state);
        }

        public void set_state(Tensor value) => Native.Check(Native.generator_set_state(Handle, value.Handle));

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

    public static Generator manual_seed(long seed)
    {
        Native.torch_manual_seed(seed);
        return Generator.Default;
    }

    public static Tensor get_rng_state() => random.get_rng_state();

    public static void set_rng_state(Tensor new_state) => random.set_rng_state(new_state);

    public static long initial_seed() => random.initial_seed();

    public static class random
    {
        public static Generator manual_seed(long seed) => torch.manual_seed(seed);

        public static Tensor get_rng_state()
        {
            using Generator generator = Generator.Default;
            return generator.get_state();
        }

        public static void set_rng_state(Tensor new_state)
        {
            using Generator generator = Generator.Default;
            generator.set_state(new_state);
        }

        public static long initial_seed()
        {
            using Generator generator = Generator.Default;
            return generator.initial_seed();
        }
    }

    // ---- modes ----

    sealed class GradMode : IDisposable
    {
        readonly int before = Native.grad_mode();

        internal GradMode(bool on) => Native.set_grad_mode(on ? 1 : 0);

        public void Dispose() => Native.set_grad_mode(before);
    }

    sealed class InferenceMode(bool on) : IDisposable
    {
        nint guard = Native.enter_inference_mode(on ? 1 : 0);

        public void Dispose()
        {
            if (guard != 0) Native.leave_inference_mode(guard);
            guard = 0;
        }
    }

    public static IDisposable no_grad() => new GradMode(false);

    public static IDisposable enable_grad(bool enabled = true) => new GradMode(enabled);

    public static IDisposable set_grad_enabled(bool mode = true) => new GradMode(mode);

    public static bool is_grad_enabled() => Native.grad_mode() != 0;

    public static IDisposable inference_mode(bool mode = true) => new InferenceMode(mode);

    public static bool is_inference_mode_enabled() => Native.inference_mode() != 0;

    // ---- threads ----

    public static int get_num_threads() => Native.torch_threads();

    public static void set_num_threads(int num) => Native.Check(Native.torch_set_threads(num));

    public static string __version__ { get; } = Marshal.PtrToStringUTF8((nint)Native.torch_version())!;
}
