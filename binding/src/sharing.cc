// Entry points of sharing: a tensor's memory as a typed array, and such an array as a tensor again,
// both without a copy (lending.h says who holds what).
#include <ATen/Functions.h>

#include <string>
#include <utility>

#include "environment.h"
#include "tensor_io.h"

namespace torchwright {

napi_value LentArray(Environment& environment, const at::Tensor& tensor) {
  const napi_env env = environment.env();
  const napi_typedarray_type type = ArrayTypeOf(tensor.scalar_type());
  napi_value buffer = environment.lender().Lend(env, tensor);
  if (buffer == nullptr) return nullptr;
  napi_value result = nullptr;
  napi_create_typedarray(env, type, tensor.numel(), buffer,
                         tensor.storage_offset() * tensor.itemsize(), &result);
  return result;
}

namespace {

// The tensor's own memory.
Napi::Value ShareOut(Environment& environment, const Napi::CallbackInfo& info) {
  const at::Tensor& tensor = environment.Use(info[0]);
  if (!tensor.device().is_cpu() || tensor.layout() != at::kStrided || !tensor.is_contiguous() ||
      tensor.is_neg()) {
    Fail("ERR_INVALID_ARG",
         "share: expected a contiguous tensor on the CPU; toTypedArray() without `share` copies "
         "any");
  }
  if (tensor.requires_grad()) {
    Fail("ERR_INVALID_ARG",
         "share: expected a tensor that does not require grad, since autograd does not see what "
         "JavaScript writes; use detach()");
  }
  if (tensor.numel() == 0) {
    napi_value buffer = nullptr;
    napi_value empty = nullptr;
    napi_create_arraybuffer(info.Env(), 0, nullptr, &buffer);
    napi_create_typedarray(info.Env(), ArrayTypeOf(tensor.scalar_type()), 0, buffer, 0, &empty);
    return Napi::Value(info.Env(), empty);
  }
  napi_value lent = LentArray(environment, tensor);
  if (lent == nullptr) {
    Fail("ERR_INVALID_ARG",
         "share: this memory cannot be lent: it has more than 4 GiB, or the host (Electron, for "
         "example) allows no buffers of an addon's memory");
  }
  return Napi::Value(info.Env(), lent);
}

// The way back: a tensor over memory that was lent.
Napi::Value ShareIn(Environment& environment, const Napi::CallbackInfo& info) {
  if (!info[0].IsTypedArray()) Fail("ERR_INVALID_ARG", "share: expected a typed array");
  const std::vector<int64_t> shape = ParseShape(info[1]);
  napi_typedarray_type type = napi_uint8_clamped_array;
  size_t length = 0;
  void* data = nullptr;
  napi_get_typedarray_info(info.Env(), info[0], &type, &length, &data, nullptr, nullptr);
  if (CheckedNumel(shape) != static_cast<int64_t>(length)) {
    Fail("ERR_SHAPE_MISMATCH", "share: expected " + std::to_string(CheckedNumel(shape)) +
                                   " elements for the shape, got " + std::to_string(length));
  }
  const c10::Storage* storage = length == 0 ? nullptr : environment.lender().Find(data);
  if (storage == nullptr) {
    Fail("ERR_INVALID_ARG",
         "share: expected a typed array over a tensor's memory, from toTypedArray({ share: true }) "
         "or a large read(): memory of JavaScript's own can be taken away while an operator reads "
         "it, and has to be copied");
  }
  const auto dtype = DtypeOfArray(type);
  if (!dtype) Fail("ERR_INVALID_ARG", "share: this kind of typed array is not supported");
  const auto offset = static_cast<const char*>(data) - static_cast<const char*>(storage->data());
  const auto size = static_cast<int64_t>(c10::elementSize(*dtype));
  if (offset % size != 0) Fail("ERR_INVALID_ARG", "share: the array is not aligned");
  at::Tensor tensor = at::empty({0}, at::TensorOptions(*dtype));
  tensor.set_(*storage, offset / size, shape);
  return Napi::Value(info.Env(), environment.Wrap(std::move(tensor)));
}

}  // namespace

void RegisterSharing(Environment& environment, Napi::Object exports) {
  Register<ShareOut>(environment, exports, "shareOut");
  Register<ShareIn>(environment, exports, "shareIn");
}

}  // namespace torchwright
