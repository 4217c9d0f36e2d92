// Backward, gradients, and the `.grad` of leaves.
#include <torch/csrc/autograd/autograd.h>

#include <memory>

#include "environment.h"

namespace torchwright {
namespace {

// What `backward` and `grad` are asked for. With inputs of its own `backward` accumulates in these
// only; `grad` returns their gradients and accumulates nothing.
struct Request {
  std::vector<at::Tensor> outputs;
  std::vector<at::Tensor> gradients;
  std::vector<at::Tensor> inputs;
  bool retain = false;
  bool create = false;
  bool allow_unused = false;

  void Backward() const { torch::autograd::backward(outputs, gradients, retain, create, inputs); }
  std::vector<at::Tensor> Grad() const {
    return torch::autograd::grad(outputs, inputs, gradients, retain, create, allow_unused);
  }
};

// (outputs, gradients, inputs, retainGraph, createGraph, allowUnused, context)
constexpr size_t kContextPosition = 6;

std::shared_ptr<const Request> ReadRequest(Environment& environment, const Napi::CallbackInfo& info,
                                           const char* operation) {
  auto request = std::make_shared<Request>();
  request->outputs = environment.PeekAll(info[0], "tensors");
  request->gradients = environment.PeekAll(info[1], "tensors", /*absent=*/true);
  request->inputs = environment.PeekAll(info[2], "tensors");
  request->retain = ReadFlag(info[3], "retainGraph");
  request->create = ReadFlag(info[4], "createGraph");
  request->allow_unused = ReadFlag(info[5], "allowUnused");
  if (request->gradients.size() != request->outputs.size()) {
    Fail("ERR_INVALID_ARG", std::string(operation) + ": expected one gradient for each output");
  }
  for (const at::Tensor& output : request->outputs) {
    if (!output.requires_grad()) {
      Fail("ERR_NO_GRAD_HISTORY",
           std::string(operation) +
               ": expected a tensor computed from one that requires grad, got one without history "
               "(it was detached, made under noGrad, or no input has requiresGrad)");
    }
  }
  return request;
}

napi_value WrapAll(Environment& environment, const std::vector<at::Tensor>& tensors) {
  Napi::Array handles = Napi::Array::New(environment.env(), tensors.size());
  for (uint32_t i = 0; i < tensors.size(); ++i) {
    handles.Set(i, tensors[i].defined()
                       ? Napi::Value(environment.env(), environment.Wrap(tensors[i]))
                       : environment.env().Undefined());
  }
  return handles;
}

// The engine runs a CPU graph in the calling thread, so backward shares the executor's one team.
Napi::Value Backward(Environment& environment, const Napi::CallbackInfo& info) {
  const auto request = ReadRequest(environment, info, "backward");
  return environment.executor().Queue(
      "backward", [request] { request->Backward(); },
      [env = info.Env()](uint64_t) { return env.Undefined(); },
      ReadNumber(info[kContextPosition], "backward: context"));
}

// On the executor too, so that hooks find the JavaScript thread waiting and ready to serve them.
Napi::Value BackwardSync(Environment& environment, const Napi::CallbackInfo& info) {
  const auto request = ReadRequest(environment, info, "backward");
  environment.executor().RunAndWait([request] { request->Backward(); },
                                    ReadNumber(info[kContextPosition], "backward: context"));
  return info.Env().Undefined();
}

Napi::Value Gradients(Environment& environment, const Napi::CallbackInfo& info) {
  const auto request = ReadRequest(environment, info, "grad");
  const auto results = std::make_shared<std::vector<at::Tensor>>();
  return environment.executor().Queue(
      "grad", [request, results] { *results = request->Grad(); },
      [&environment, results](uint64_t) { return WrapAll(environment, *results); },
      ReadNumber(info[kContextPosition], "grad: context"));
}

Napi::Value GradientsSync(Environment& environment, const Napi::CallbackInfo& info) {
  const auto request = ReadRequest(environment, info, "grad");
  std::vector<at::Tensor> results;
  environment.executor().RunAndWait([&] { results = request->Grad(); },
                                    ReadNumber(info[kContextPosition], "grad: context"));
  return Napi::Value(info.Env(), WrapAll(environment, results));
}

Napi::Value SetRequiresGrad(Environment& environment, const Napi::CallbackInfo& info) {
  const at::Tensor tensor = environment.Use(info[0]);
  const bool wanted = ReadFlag(info[1], "requiresGrad");
  if (!tensor.is_leaf() && !wanted) {
    Fail("ERR_INVALID_ARG", "requiresGrad: only a leaf's can be turned off; use detach()");
  }
  if (wanted && !at::isFloatingType(tensor.scalar_type()) &&
      !at::isComplexType(tensor.scalar_type())) {
    Fail("ERR_INVALID_ARG", std::string("requiresGrad: expected a floating dtype, got ") +
                                DtypeName(tensor.scalar_type()));
  }
  tensor.set_requires_grad(wanted);
  return info.Env().Undefined();
}

// The same gradient read twice is the same handle, so that counts of live tensors do not drift.
Napi::Value Grad(Environment& environment, const Napi::CallbackInfo& info) {
  const at::Tensor gradient = environment.Use(info[0]).grad();
  if (!gradient.defined()) return info.Env().Undefined();
  if (info[1].IsNumber()) {
    const double known = info[1].As<Napi::Number>().DoubleValue();
    if (environment.tensors().IsLive(known) &&
        environment.tensors().Get(known).tensor.is_same(gradient)) {
      return info[1];
    }
  }
  return Napi::Value(info.Env(), environment.Wrap(gradient));
}

std::string ShapeText(const at::Tensor& tensor) {
  std::string text = "[";
  for (const int64_t size : tensor.sizes()) {
    text += (text.size() == 1 ? "" : ", ") + std::to_string(size);
  }
  return text + "]";
}

Napi::Value SetGrad(Environment& environment, const Napi::CallbackInfo& info) {
  const at::Tensor tensor = environment.Use(info[0]);
  const at::Tensor gradient = info[1].IsUndefined() ? at::Tensor() : environment.Use(info[1]);
  if (gradient.defined()) {
    // What backward guarantees and every optimizer relies on.
    if (gradient.is_same(tensor)) Fail("ERR_INVALID_ARG", "grad: a tensor is not its own gradient");
    if (!gradient.sizes().equals(tensor.sizes())) {
      Fail("ERR_SHAPE_MISMATCH", "grad: expected the tensor's shape " + ShapeText(tensor) +
                                     ", got " + ShapeText(gradient));
    }
    if (gradient.scalar_type() != tensor.scalar_type() || gradient.device() != tensor.device()) {
      Fail("ERR_INVALID_ARG", std::string("grad: expected ") + DtypeName(tensor.scalar_type()) +
                                  " on " + tensor.device().str() + ", got " +
                                  DtypeName(gradient.scalar_type()) + " on " +
                                  gradient.device().str());
    }
  }
  tensor.mutable_grad() = gradient;
  return info.Env().Undefined();
}

Napi::Value ZeroGrad(Environment& environment, const Napi::CallbackInfo& info) {
  auto tensors = environment.PeekAll(info[0], "tensors");
  const bool to_none = ReadFlag(info[1], "zeroGrad: toNone");
  return environment.executor().Queue(
      "zeroGrad",
      [tensors = std::move(tensors), to_none] {
        for (const at::Tensor& tensor : tensors) {
          at::Tensor& gradient = tensor.mutable_grad();
          if (!gradient.defined()) continue;
          if (to_none) {
            gradient.reset();
          } else {
            if (gradient.grad_fn()) gradient.detach_();
            gradient.zero_();
          }
        }
      },
      [env = info.Env()](uint64_t) { return env.Undefined(); });
}

}  // namespace

void RegisterAutograd(Environment& environment, Napi::Object exports) {
  Register<Backward>(environment, exports, "backward");
  Register<BackwardSync>(environment, exports, "backwardSync");
  Register<Gradients>(environment, exports, "gradients");
  Register<GradientsSync>(environment, exports, "gradientsSync");
  Register<SetRequiresGrad>(environment, exports, "setRequiresGrad");
  Register<Grad>(environment, exports, "grad");
  Register<SetGrad>(environment, exports, "setGrad");
  Register<ZeroGrad>(environment, exports, "zeroGrad");
}

}  // namespace torchwright
