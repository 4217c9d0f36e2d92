// Entry points of tensors: metadata, release.
#include <torch/csrc/autograd/function.h>

#include <sstream>
#include <string>

#include "environment.h"

namespace torchwright {
namespace {

Napi::Value Meta(Environment& environment, const Napi::CallbackInfo& info) {
  const at::Tensor tensor = environment.Peek(info[0]);
  Napi::Object meta = Napi::Object::New(info.Env());
  Napi::Array shape = Napi::Array::New(info.Env(), tensor.dim());
  for (int64_t i = 0; i < tensor.dim(); ++i) {
    shape.Set(static_cast<uint32_t>(i), static_cast<double>(tensor.size(i)));
  }
  meta.Set("shape", shape);
  meta.Set("dtype", DtypeName(tensor.scalar_type()));
  meta.Set("device", tensor.device().str());
  meta.Set("requiresGrad", tensor.requires_grad());
  meta.Set("isLeaf", tensor.is_leaf());
  return meta;
}

// What only printing asks for: the name of the node that made the tensor, and its layout.
Napi::Value Details(Environment& environment, const Napi::CallbackInfo& info) {
  const at::Tensor tensor = environment.Use(info[0]);
  Napi::Object details = Napi::Object::New(info.Env());
  if (tensor.requires_grad() && !tensor.is_leaf()) {
    std::string name = "Invalid";
    try {
      name = tensor.grad_fn()->name();
    } catch (const c10::Error&) {
      // A view made and written to under no-grad has no history that could be told.
    }
    details.Set("gradFn",
                name.substr(name.rfind("::") == std::string::npos ? 0 : name.rfind("::") + 2));
  }
  std::ostringstream layout;
  layout << tensor.layout();  // "SparseCsr"
  details.Set("layout", layout.str());
  details.Set("quantized", tensor.is_quantized());
  return details;
}

double ReadHandle(const Napi::Value& value) {
  if (!value.IsNumber()) Fail("ERR_INVALID_ARG", "tensor: expected a tensor");
  return value.As<Napi::Number>().DoubleValue();
}

Napi::Value Release(Environment& environment, const Napi::CallbackInfo& info) {
  environment.tensors().Release(ReadHandle(info[0]));
  // The graph that went with it may have been the last to know a callback, which may hold tensors.
  environment.callbacks()->ForgetDropped(environment);
  return info.Env().Undefined();
}

Napi::Value ReleaseMany(Environment& environment, const Napi::CallbackInfo& info) {
  napi_typedarray_type type = napi_uint8_clamped_array;
  size_t length = 0;
  void* data = nullptr;
  if (!info[0].IsTypedArray() ||
      napi_get_typedarray_info(info.Env(), info[0], &type, &length, &data, nullptr, nullptr) !=
          napi_ok ||
      type != napi_float64_array) {
    Fail("ERR_INVALID_ARG", "release: expected a Float64Array of handles");
  }
  const uint32_t count = ReadNumber(info[1], "release");
  if (count > length) Fail("ERR_INVALID_ARG", "release: the list is shorter than its count");
  const auto* handles = static_cast<const double*>(data);
  // Newest first: a view before what it looks at, and slots are given out again in order.
  for (uint32_t i = count; i-- > 0;) environment.tensors().Release(handles[i]);
  environment.TidyUp(Environment::Moment::kRelease);
  return info.Env().Undefined();
}

Napi::Value IsLive(Environment& environment, const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), environment.tensors().IsLive(ReadHandle(info[0])));
}

}  // namespace

void RegisterTensors(Environment& environment, Napi::Object exports) {
  RegisterTensorIo(environment, exports);
  Register<Meta>(environment, exports, "meta");
  Register<Details>(environment, exports, "details");
  Register<Release>(environment, exports, "release");
  Register<ReleaseMany>(environment, exports, "releaseMany");
  Register<IsLive>(environment, exports, "isLive");
}

}  // namespace torchwright
