// Gradient hooks and custom functions: places of a graph where backward calls JavaScript.
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/engine.h>

#include <memory>
#include <utility>

#include "environment.h"
#include "script_module.h"

namespace torchwright {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Lets a graph's node own a Callback.
struct OwnedCallback : torch::CustomClassHolder {
  explicit OwnedCallback(std::shared_ptr<Callback> owned) : callback(std::move(owned)) {}
  std::shared_ptr<Callback> callback;
};

// What a custom function's forward, which has run in JavaScript already, left for the graph.
struct Forward {
  variable_list outputs;
  variable_list saved;
  variable_list dirty;
  variable_list without_gradient;
  bool materialize = true;
  bool whole_backward = false;  // see RequireWholeBackward
  std::shared_ptr<Callback> backward;
};

}  // namespace

// What a checkpoint does in backward is a backward pass of its own.
void RequireWholeBackward() {
  if (!torch::autograd::Engine::get_default_engine().is_checkpoint_valid()) {
    Fail("ERR_INVALID_ARG",
         "checkpoint: expected backward() of all leaves, since what the function uses from outside "
         "learns in a backward pass of its own, got grad() or backward() with `inputs`");
  }
  if (at::GradMode::is_enabled()) {
    Fail("ERR_INVALID_ARG",
         "checkpoint: expected a first derivative, got createGraph, which would miss what was not "
         "kept");
  }
}

namespace {

class CustomFunction : public torch::autograd::Function<CustomFunction> {
 public:
  static variable_list forward(AutogradContext* context, const at::TensorList&,
                               const Forward& result) {
    context->save_for_backward(result.saved);
    context->mark_dirty(result.dirty);
    context->mark_non_differentiable(result.without_gradient);
    context->set_materialize_grads(result.materialize);
    context->saved_data["wholeBackward"] = result.whole_backward;
    context->saved_data["backward"] =
        c10::IValue::make_capsule(c10::make_intrusive<OwnedCallback>(result.backward));
    return result.outputs;
  }

  // JavaScript gets the output gradients, then the saved tensors.
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    if (context->saved_data["wholeBackward"].toBool()) RequireWholeBackward();
    const auto owned = context->saved_data["backward"].toCapsule();
    variable_list arguments = gradients;
    for (at::Tensor& saved : context->get_saved_variables()) arguments.push_back(std::move(saved));
    variable_list results =
        static_cast<OwnedCallback&>(*owned).callback->Call(std::move(arguments));
    results.emplace_back();  // for `result`, which is no tensor
    return results;
  }
};

variable_list ReadTensors(Environment& environment, const Napi::Value& handles) {
  return environment.PeekAll(handles, "custom function", /*absent=*/true);
}

// ({ inputs, outputs, saved, dirty, withoutGradient, materialize, wholeBackward }, callback): the
// outputs again, as results of a node whose backward is the callback.
Napi::Value AttachFunction(Environment& environment, const Napi::CallbackInfo& info) {
  // First, so that the function is forgotten whatever is wrong with the rest.
  auto callback = std::make_shared<Callback>(environment, ReadNumber(info[1], "callback"));
  const Napi::Object spec = ReadObject(info[0], "custom function");
  const variable_list inputs = ReadTensors(environment, spec.Get("inputs"));
  const Forward result{ReadTensors(environment, spec.Get("outputs")),
                       ReadTensors(environment, spec.Get("saved")),
                       ReadTensors(environment, spec.Get("dirty")),
                       ReadTensors(environment, spec.Get("withoutGradient")),
                       ReadFlag(spec.Get("materialize"), "custom function: materialize"),
                       ReadFlag(spec.Get("wholeBackward"), "custom function: wholeBackward"),
                       std::move(callback)};
  const variable_list outputs = CustomFunction::apply(at::TensorList(inputs), result);
  Napi::Array handles = Napi::Array::New(info.Env(), outputs.size());
  for (uint32_t i = 0; i < outputs.size(); ++i) {
    handles.Set(i, Napi::Value(info.Env(), environment.Wrap(outputs[i])));
  }
  return handles;
}

Napi::Value RegisterHook(Environment& environment, const Napi::CallbackInfo& info) {
  auto callback = std::make_shared<Callback>(environment, ReadNumber(info[1], "callback"));
  const at::Tensor tensor = environment.Use(info[0]);
  if (!tensor.requires_grad()) {
    Fail("ERR_NO_GRAD_HISTORY", "registerHook: expected a tensor that requires grad");
  }
  tensor.register_hook([callback](const at::Tensor& gradient) -> at::Tensor {
    const variable_list results = callback->Call({gradient});
    return results.empty() ? at::Tensor() : results[0];
  });
  return info.Env().Undefined();
}

}  // namespace

void RegisterCallbacks(Environment& environment, Napi::Object exports) {
  Register<AttachFunction>(environment, exports, "attachFunction");
  Register<RegisterHook>(environment, exports, "registerHook");
}

}  // namespace torchwright
