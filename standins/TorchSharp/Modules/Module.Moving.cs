using System.Reflection;
using TorchSharp.Modules;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public partial class Module
        {
            protected internal virtual Module _to(Device device, ScalarType dtype, bool non_blocking) =>
                Move(Checked(dtype), device, non_blocking);

            protected internal virtual Module _to(DeviceType deviceType, int deviceIndex, bool non_blocking) =>
                Move(null, new Device(deviceType, deviceIndex), non_blocking);

            protected internal virtual Module _to(ScalarType dtype, bool non_blocking) => Move(Checked(dtype), null, non_blocking);

            public Module _to(Tensor other, bool non_blocking)
            {
                _to(other.dtype, non_blocking);
                return _to(other.device_type, other.device_index, non_blocking);
            }

            static ScalarType Checked(ScalarType dtype) => is_floating_point(dtype) || is_complex(dtype) ? dtype
                : throw new ArgumentException($"nn.Module.to only accepts floating point or complex types, but got desired dtype={dtype}");

            Module Move(ScalarType? dtype, Device? device, bool non_blocking)
            {
                if (device is { type: DeviceType.CUDA } && !cuda.is_available())
                    throw new InvalidOperationException("CUDA is not available.");
                _toEpilog(dtype, device, non_blocking);
                return this;
            }

            protected virtual void _toEpilog(ScalarType? dtype, Device? device, bool non_blocking)
            {
                foreach (Module child in children())
                {
                    if (device is null) child._to(dtype!.Value, non_blocking);
                    else if (dtype is null) child._to(device.type, device.index, non_blocking);
                    else child._to(device, dtype.Value, non_blocking);
                }
                foreach (var (name, parameter) in named_parameters(false).ToList())
                {
                    if (!ReplaceParameter(dtype, device, parameter, out Parameter? moved)) continue;
                    if (SetProperty(name, moved!)) continue;
                    parameter.Dispose();
                    ConditionallyRegisterParameter(name, moved);
                    SetField(name, moved!);
                }
                foreach (var (name, buffer) in named_buffers(false).ToList())
                {
                    if (!ReplaceBuffer(dtype, device, buffer, out Tensor? moved)) continue;
                    if (SetProperty(name, moved!)) continue;
                    ConditionallyRegisterBuffer(name, moved);
                    SetField(name, moved!);
                }
            }

            bool SetProperty(string name, Tensor value)
            {
                PropertyInfo? property = GetType().GetProperty(name);
                property?.SetValue(this, value);
                return property is not null;
            }

            void SetField(string name, Tensor value) =>
                Fields().FirstOrDefault(field => ComponentName(field) == name)?.SetValue(this, value);

            static bool Moves(Tensor tensor, ScalarType? dtype, Device? device) =>
                dtype is { } type && type != tensor.dtype ||
                device is not null && (device.type != tensor.device_type || device.index >= 0 && device.index != tensor.device_index);

            static ScalarType TypeAfter(Tensor tensor, ScalarType? dtype) =>
                tensor.is_floating_point() || tensor.is_complex() ? dtype ?? tensor.dtype : tensor.dtype;

            protected static bool ReplaceBuffer(ScalarType? dtype, Device? device, Tensor buffer, out Tensor? result)
            {
                result = null;
                if (!Moves(buffer, dtype, device)) return false;
                result = buffer.to(TypeAfter(buffer, dtype), device ?? buffer.device, disposeAfter: true).DetachFromDisposeScope();
                return true;
            }

            protected static bool ReplaceParameter(ScalarType? dtype, Device? device, Parameter param, out Parameter? p)
            {
                p = null;
                if (!Moves(param, dtype, device)) return false;
                // The moved parameter must be a leaf again, and the move no part of any graph.
                using IDisposable mode = no_grad();
                using Tensor? gradient = param.grad;
                p = new Parameter(param.to(TypeAfter(param, dtype), device ?? param.device), param.requires_grad);
                p.DetachFromDisposeScope();
                using Tensor? moved = gradient?.to(p.dtype, p.device).with_requires_grad(gradient.requires_grad);
                if (moved is not null) p.grad = moved;
                return true;
            }
        }
    }
}

public static class ModuleExtensionMethods
{
    public static T to<T>(this T module, torch.Device device, torch.ScalarType type, bool non_blocking = false) where T : torch.nn.Module =>
        (T)module._to(device, type, non_blocking);

    public static T to<T>(this T module, torch.Device device, bool non_blocking = false) where T : torch.nn.Module =>
        (T)module._to(device.type, device.index, non_blocking);

    public static T to<T>(this T module, string device, bool non_blocking = false) where T : torch.nn.Module =>
        module.to(new torch.Device(device), non_blocking);

    public static T to<T>(this T module, DeviceType deviceType, int deviceIndex = -1,
        bool non_blocking = false) where T : torch.nn.Module =>
        (T)module._to(deviceType, deviceIndex, non_blocking);

    public static T to<T>(this T module, torch.ScalarType type, bool non_blocking = false) where T : torch.nn.Module =>
        (T)module._to(type, non_blocking);

    public static T cpu<T>(this T module, bool non_blocking = false) where T : torch.nn.Module =>
        (T)module._to(DeviceType.CPU, -1, non_blocking);

    public static T cuda<T>(this T module, int deviceIndex = -1, bool non_blocking = false) where T : torch.nn.Module =>
        (T)module._to(DeviceType.CUDA, deviceIndex, non_blocking);

    public static T half<T>(this T module, bool non_blocking = false) where T : torch.nn.Module =>
        (T)module._to(torch.ScalarType.Float16, non_blocking);

    public static T @float<T>(this T module, bool non_blocking = false) where T : torch.nn.Module =>
        (T)module._to(torch.ScalarType.Float32, non_blocking);

    public static T @double<T>(this T module, bool non_blocking = false) where T : torch.nn.Module =>
        (T)module._to(torch.ScalarType.Float64, non_blocking);
}
