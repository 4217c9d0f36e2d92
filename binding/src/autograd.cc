#include <torch/csrc/autograd/autograd.h>

#include <ATen/core/grad_mode.h>

#include "environment.h"

namespace torchwright {
namespace {

std::vector<at::Tensor> PeekAll(Environment& environment, const Napi::Value& handles,
                                bool may_be_absent = false) {
  std::vector<at::Tensor> tensors;
  for (const Napi::Value& handle : ReadArray(handles, "tensors")) {
    const bool absent = may_be_absent && handle.IsUndefined();
    tensors.push_back(absent ? at::Tensor() : environment.Peek(handle));
  }
  return tensors;
}

// The engine runs a CPU graph in the calling thread, so backward shares the executor's one team.
Napi::Value Backward(Environment& environment, const Napi::CallbackInfo& info) {
  auto outputs = PeekAll(environment, info[0]);
  auto gradients = PeekAll(environment, info[1], /*may_be_absent=*/true);
  for (const at::Tensor& output : outputs) {
    if (!output.requires_grad()) {
      Fail("ERR_NO_GRAD_HISTORY",
           "backward: expected a tensor computed from one that requires grad, got one without "
           "history (it was detached, made under noGrad, or no input has requiresGrad)");
    }
  }
  const bool retain = ReadFlag(info[2], "backward: retainGraph");
  const bool create = ReadFlag(info[3], "backward: createGraph");
  return environment.executor().Queue(
      "backward",
      [outputs = std::move(outputs), gradients = std::move(gradients), retain, create] {
        torch::autograd::backward(outputs, gradients, retain, create);
      },
      [env = info.Env()](uint64_t) { return env.Undefined(); });
}

Napi::Value GradMode(Environment&, const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), at::GradMode::is_enabled());
}

Napi::Value SetGradMode(Environment&, const Napi::CallbackInfo& info) {
  at::GradMode::set_enabled(ReadFlag(info[0], "grad mode"));
  return info.Env().Undefined();
}

Napi::Value SetRequiresGrad(Environment& environment, const Napi::CallbackInfo& info) {
  const at::Tensor& tensor = environment.Use(info[0]);
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
  const at::Tensor& gradient = environment.Use(info[0]).grad();
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
  auto tensors = PeekAll(environment, info[0]);
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
  Register<GradMode>(environment, exports, "gradMode");
  Register<SetGradMode>(environment, exports, "setGradMode");
  Register<SetRequiresGrad>(environment, exports, "setRequiresGrad");
  Register<Grad>(environment, exports, "grad");
  Register<SetGrad>(environment, exports, "setGrad");
  Register<ZeroGrad>(environment, exports, "zeroGrad");
}

}  // namespace torchwright
