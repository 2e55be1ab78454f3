using System.Reflection;
using TorchSharp.Modules;

namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public partial class Module
        {
            protected internal virtual Module _to(DeviceType deviceType, int deviceIndex, bool non_blocking)
            {
                var device = new Device(deviceType, deviceIndex);
                if (deviceType == DeviceType.CUDA && !cuda.is_available()) throw new InvalidOperationException("CUDA is not available.");
                foreach (Module child in children()) child._to(deviceType, deviceIndex, non_blocking);
                foreach (var (name, parameter) in named_parameters(false).ToList())
                {
                    if (!Moves(parameter, device)) continue;
                    Parameter moved = Moved(parameter, device);
                    if (SetProperty(name, moved)) continue;
                    parameter.Dispose();
                    ownParameters[name] = moved;
                    SetField(name, moved);
                }
                foreach (var (name, buffer) in named_buffers(false).ToList())
                {
                    if (!Moves(buffer, device)) continue;
                    Tensor moved = buffer.to(device, disposeAfter: true).DetachFromDisposeScope();
                    if (SetProperty(name, moved)) continue;
                    ownBuffers[name] = (moved, true);
                    SetField(name, moved);
                }
                return this;
            }

            bool SetProperty(string name, Tensor value)
            {
                PropertyInfo? property = GetType().GetProperty(name);
                property?.SetValue(this, value);
                return property is not null;
            }

            void SetField(string name, Tensor value) =>
                Fields().FirstOrDefault(field => ComponentName(field) == name)?.SetValue(this, value);

            static bool Moves(Tensor tensor, Device device) =>
                device.type != tensor.device_type || device.index >= 0 && device.index != tensor.device_index;

            /// <summary>The moved parameter must be a leaf again, and the move no part of any graph.</summary>
            static Parameter Moved(Parameter parameter, Device device)
            {
                using IDisposable mode = no_grad();
                using Tensor? gradient = parameter.grad;
                var moved = new Parameter(parameter.to(device), parameter.requires_grad);
                moved.DetachFromDisposeScope();
                using Tensor? movedGradient = gradient?.to(device).with_requires_grad(gradient.requires_grad);
                if (movedGradient is not null) moved.grad = movedGradient;
                return moved;
            }
        }
    }
}

public static class ModuleExtensionMethods
{
    public static T to<T>(this T module, torch.Device device, bool non_blocking = false) where T : torch.nn.Module =>
        (T)module._to(device.type, device.index, non_blocking);
}
