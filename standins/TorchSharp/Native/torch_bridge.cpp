// The one door from C# to libtorch: every ATen operator is reached through the boxed dispatcher by name (torch_call), autograd
// included; beside it stand only what has no operator: handles, memory, gradients, modes, generators, threads and devices.
// A tensor handle is a c10::TensorImpl* that owns one reference. Functions that can fail return null or a message to free with
// torch_free. Compiles against libtorch 1.13 and 2.x.
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/core/GradMode.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <vector>
#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

using Impl = c10::TensorImpl;
using ImplPtr = c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>;

// c10::optional at first, std::optional later: whatever this libtorch's own values give.
template <typename T>
using Optional = decltype(std::declval<c10::IValue&>().toOptional<T>());

enum Kind : int32_t { None, OneTensor, Int, Double, Bool, IntList, TensorList, OnDevice, FromGenerator, Text };

// The same 16 bytes as Native.Slot in C#. `count` is a list's length or a device's index.
struct Slot {
  int32_t kind;
  int32_t count;
  union {
    int64_t integer;
    double number;
    void* pointer;
  };
};

at::Tensor borrow(void* handle) {
  return handle ? at::Tensor(ImplPtr::reclaim_copy(static_cast<Impl*>(handle))) : at::Tensor();
}

void* hand_over(at::Tensor tensor) { return tensor.defined() ? tensor.unsafeReleaseTensorImpl() : nullptr; }

char* copy_message(const std::string& text) {
  char* result = static_cast<char*>(std::malloc(text.size() + 1));
  std::memcpy(result, text.c_str(), text.size() + 1);
  return result;
}

template <typename Body>
char* guarded(Body body) {
  try {
    body();
    return nullptr;
  } catch (const c10::Error& error) {
    return copy_message(error.what_without_backtrace());
  } catch (const std::exception& error) {
    return copy_message(error.what());
  } catch (...) {
    return copy_message("libtorch raised an error of an unknown kind");
  }
}

c10::IValue to_value(const Slot& slot) {
  switch (slot.kind) {
    case OneTensor: return c10::IValue(borrow(slot.pointer));
    case Int: return c10::IValue(slot.integer);
    case Double: return c10::IValue(slot.number);
    case Bool: return c10::IValue(slot.integer != 0);
    case IntList: {
      auto* items = static_cast<int64_t*>(slot.pointer);
      return c10::IValue(std::vector<int64_t>(items, items + slot.count));
    }
    case TensorList: {
      c10::List<at::Tensor> list;
      list.reserve(slot.count);
      for (int32_t i = 0; i < slot.count; i++) list.push_back(borrow(static_cast<void**>(slot.pointer)[i]));
      return c10::IValue(std::move(list));
    }
    case OnDevice: return c10::IValue(c10::Device(static_cast<c10::DeviceType>(slot.integer), static_cast<c10::DeviceIndex>(slot.count)));
    case FromGenerator: return c10::IValue(*static_cast<at::Generator*>(slot.pointer));
    case Text: return c10::IValue(std::string(static_cast<const char*>(slot.pointer)));
    default: return c10::IValue();
  }
}

Slot from_value(c10::IValue&& value) {
  Slot slot{None, 0, {0}};
  if (value.isTensor()) {
    slot.kind = OneTensor;
    slot.pointer = hand_over(std::move(value).toTensor());
  } else if (value.isBool()) {
    slot.kind = Bool;
    slot.integer = value.toBool();
  } else if (value.isInt()) {
    slot.kind = Int;
    slot.integer = value.toInt();
  } else if (value.isDouble()) {
    slot.kind = Double;
    slot.number = value.toDouble();
  }
  return slot;
}

}  // namespace

// ---- operators ----

EXPORT char* torch_find(const char* name, const char* overload, void** op) {
  return guarded([&] { *op = new c10::OperatorHandle(c10::Dispatcher::singleton().findSchemaOrThrow(name, overload)); });
}

// Arguments left out at the end take the schema's own defaults. An in-place caller asks for no results.
EXPORT char* torch_call(void* op, const Slot* arguments, int32_t count, Slot* results, int32_t capacity) {
  return guarded([&] {
    auto& handle = *static_cast<c10::OperatorHandle*>(op);
    const auto& formal = handle.schema().arguments();
    std::vector<c10::IValue> stack;
    stack.reserve(std::max<size_t>(formal.size(), 4));
    for (size_t i = 0; i < formal.size(); i++) {
      if (i < static_cast<size_t>(count)) {
        stack.push_back(to_value(arguments[i]));
      } else {
        TORCH_CHECK(formal[i].default_value().has_value(), handle.schema().name(), " needs an argument for ", formal[i].name());
        stack.push_back(*formal[i].default_value());
      }
    }
    handle.callBoxed(&stack);
    // A list of tensors is handed over as that many results.
    if (stack.size() == 1 && stack[0].isTensorList()) {
      auto list = stack[0].toTensorVector();
      stack.assign(list.begin(), list.end());
    }
    for (int32_t i = 0; i < capacity && static_cast<size_t>(i) < stack.size(); i++) results[i] = from_value(std::move(stack[i]));
  });
}

EXPORT void torch_free(void* memory) { std::free(memory); }

// ---- tensors ----

EXPORT void tensor_release(void* handle) { ImplPtr::reclaim(static_cast<Impl*>(handle)); }

EXPORT int32_t tensor_dim(void* handle) { return static_cast<int32_t>(static_cast<Impl*>(handle)->dim()); }

EXPORT void tensor_shape(void* handle, int64_t* sizes, int64_t* strides) {
  auto* impl = static_cast<Impl*>(handle);
  if (sizes) std::copy(impl->sizes().begin(), impl->sizes().end(), sizes);
  if (strides) std::copy(impl->strides().begin(), impl->strides().end(), strides);
}

EXPORT int64_t tensor_numel(void* handle) { return static_cast<Impl*>(handle)->numel(); }

EXPORT int32_t tensor_dtype(void* handle) { return static_cast<int32_t>(c10::typeMetaToScalarType(static_cast<Impl*>(handle)->dtype())); }

EXPORT int32_t tensor_element_size(void* handle) { return static_cast<int32_t>(static_cast<Impl*>(handle)->itemsize()); }

EXPORT int32_t tensor_device(void* handle, int32_t* index) {
  auto device = static_cast<Impl*>(handle)->device();
  *index = device.index();
  return static_cast<int32_t>(device.type());
}

EXPORT int32_t tensor_is_contiguous(void* handle) { return static_cast<Impl*>(handle)->is_contiguous(); }

EXPORT void* tensor_data(void* handle) { return borrow(handle).data_ptr(); }

// ---- autograd ----

EXPORT int32_t tensor_requires_grad(void* handle) { return static_cast<Impl*>(handle)->requires_grad(); }

EXPORT char* tensor_set_requires_grad(void* handle, int32_t on) {
  return guarded([&] { borrow(handle).set_requires_grad(on != 0); });
}

EXPORT void* tensor_grad(void* handle) { return hand_over(borrow(handle).grad()); }

EXPORT char* tensor_set_grad(void* handle, void* gradient) {
  return guarded([&] { borrow(handle).mutable_grad() = borrow(gradient); });
}

EXPORT char* tensor_backward(void* handle, void* gradient, int32_t retain, int32_t create, void** inputs, int32_t count) {
  return guarded([&] {
    std::vector<at::Tensor> leaves;
    for (int32_t i = 0; i < count; i++) leaves.push_back(borrow(inputs[i]));
    auto wanted = inputs ? Optional<at::TensorList>(at::TensorList(leaves)) : Optional<at::TensorList>();
    auto start = gradient ? borrow(gradient) : at::Tensor();
    borrow(handle).backward(start, retain != 0, create != 0, wanted);
  });
}

EXPORT int32_t grad_mode() { return c10::GradMode::is_enabled(); }
EXPORT void set_grad_mode(int32_t on) { c10::GradMode::set_enabled(on != 0); }

// ---- randomness ----

EXPORT void* generator_new(int64_t seed, int32_t device_type, int32_t device_index) {
  auto device = c10::Device(static_cast<c10::DeviceType>(device_type), static_cast<c10::DeviceIndex>(device_index));
  auto generator = device.is_cpu() ? at::make_generator<at::CPUGeneratorImpl>() : at::globalContext().defaultGenerator(device).clone();
  generator.set_current_seed(static_cast<uint64_t>(seed));
  return new at::Generator(std::move(generator));
}

EXPORT void* generator_default() { return new at::Generator(at::globalContext().defaultGenerator(at::kCPU)); }
EXPORT void generator_release(void* generator) { delete static_cast<at::Generator*>(generator); }

EXPORT char* generator_get_state(void* generator, void** state) {
  return guarded([&] {
    auto& source = *static_cast<at::Generator*>(generator);
    std::lock_guard<std::mutex> lock(source.mutex());
    *state = hand_over(source.get_state());
  });
}

// ---- threads and devices ----

EXPORT char* torch_set_threads(int32_t count) {
  return guarded([&] { at::set_num_threads(count); });
}

EXPORT int32_t cuda_device_count() {
  return c10::impl::hasDeviceGuardImpl(c10::DeviceType::CUDA) ? c10::impl::VirtualGuardImpl(c10::DeviceType::CUDA).deviceCount() : 0;
}

// Everything here runs on a device's current stream.
