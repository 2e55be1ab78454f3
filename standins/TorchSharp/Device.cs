namespace TorchSharp;

/// <summary>The numbers are those of c10::DeviceType.</summary>
public enum DeviceType
{
    CPU = 0, CUDA = 1, MKLDNN = 2, OPENGL = 3, OPENCL = 4, IDEEP = 5, HIP = 6, FPGA = 7, MSNPU = 8, XLA = 9, MPS = 13, META = 14,
}

public static partial class torch
{
    /// <summary>The numbers are those of c10::ScalarType.</summary>
    public enum ScalarType : sbyte
    {
        Byte = 0, Int8 = 1, Int16 = 2, Int32 = 3, Int64 = 4, Float16 = 5, Float32 = 6, Float64 = 7,
        ComplexFloat32 = 9, ComplexFloat64 = 10, Bool = 11, BFloat16 = 15,
    }

    public static bool is_floating_point(ScalarType type) =>
        type is ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32 or ScalarType.Float64;

    public static bool is_integral(ScalarType type) => type is >= ScalarType.Byte and <= ScalarType.Int64 or ScalarType.Bool;

    public static bool is_complex(ScalarType type) => type is ScalarType.ComplexFloat32 or ScalarType.ComplexFloat64;

    internal static ScalarType TypeOf(Type type) =>
        type == typeof(float) ? ScalarType.Float32 : type == typeof(double) ? ScalarType.Float64 :
        type == typeof(long) ? ScalarType.Int64 : type == typeof(int) ? ScalarType.Int32 : type == typeof(short) ? ScalarType.Int16 :
        type == typeof(byte) ? ScalarType.Byte : type == typeof(sbyte) ? ScalarType.Int8 : type == typeof(bool) ? ScalarType.Bool :
        type == typeof(Half) ? ScalarType.Float16 :
        throw new NotSupportedException($"The type {type.Name} is not supported.");

    static ScalarType defaultType = ScalarType.Float32;

    public class Device
    {
        public DeviceType type { get; }
        public int index { get; } = -1;

        public Device(DeviceType deviceType, int index = -1) => (type, this.index) = (deviceType, index);

        public override string ToString() =>
            type == DeviceType.CPU ? "cpu" :
            index == -1 ? type.ToString().ToLowerInvariant() : $"{type.ToString().ToLowerInvariant()}:{index}";
    }

    public static readonly Device CPU = new(DeviceType.CPU);

    public static bool TryInitializeDeviceType(DeviceType deviceType) => deviceType != DeviceType.CUDA || cuda.is_available();

    public static void InitializeDeviceType(DeviceType deviceType)
    {
        if (!TryInitializeDeviceType(deviceType))
            throw new InvalidOperationException($"Torch device type {deviceType} did not initialise on the current machine.");
    }

    public static Device InitializeDevice(Device? device)
    {
        device ??= CPU;
        InitializeDeviceType(device.type);
        return device;
    }

    public static class cuda
    {
        public static bool is_available() => device_count() > 0;

        public static int device_count() => Native.cuda_device_count();
    }
}
