// What the code around an operator says about it: whether autograd records, inference mode,
// autocast, anomaly detection. libtorch keeps these for each thread; tasks take them along.
#include <ATen/autocast_mode.h>
#include <c10/core/AutogradState.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/impl/LocalDispatchKeySet.h>

#include "anomaly.h"
#include "environment.h"

namespace torchwright {
namespace {

// As c10::InferenceMode does, which is a guard and so of no use where JavaScript decides when it
// ends.
void SetInferenceMode(bool enabled) {
  if (enabled == c10::InferenceMode::is_enabled()) return;
  const auto keys = c10::impl::tls_local_dispatch_key_set();
  c10::impl::PODLocalDispatchKeySet changed{};
  changed.set_included(enabled ? keys.included_.remove(c10::DispatchKey::ADInplaceOrView)
                               : keys.included_.add(c10::DispatchKey::ADInplaceOrView));
  changed.set_excluded(enabled ? keys.excluded_ | c10::autograd_dispatch_keyset
                               : keys.excluded_ - c10::autograd_dispatch_keyset);
  c10::impl::_force_tls_local_dispatch_key_set(changed);
}

void SetAutocast(at::DeviceType device, const Napi::Value& dtype) {
  const bool enabled = !dtype.IsUndefined();
  if (enabled) at::autocast::set_autocast_dtype(device, ParseDtype(ReadText(dtype, "autocast")));
  at::autocast::set_autocast_enabled(device, enabled);
}

// (grad, inference, autocast dtype on the CPU, autocast dtype on CUDA)
Napi::Value SetModes(Environment&, const Napi::CallbackInfo& info) {
  const bool inference = ReadFlag(info[1], "modes: inference");
  const bool grad = ReadFlag(info[0], "modes: grad") && !inference;
  SetInferenceMode(inference);
  c10::AutogradState state = c10::AutogradState::get_tls_state();
  state.set_grad_mode(grad);
  state.set_inference_mode(inference);
  state.set_fw_grad_mode(!inference);
  c10::AutogradState::set_tls_state(state);
  SetAutocast(at::kCPU, info[2]);
  SetAutocast(at::kCUDA, info[3]);
  return info.Env().Undefined();
}

Napi::Value AnomalyScope(Environment& environment, const Napi::CallbackInfo& info) {
  const bool begins = ReadFlag(info[0], "anomaly");
  if (!begins && environment.anomaly_scopes() == 0) {
    Fail("ERR_INVALID_ARG", "anomaly: expected a scope that has begun");
  }
  environment.ChangeAnomalyScopes(begins ? 1 : -1, ReadFlag(info[1], "anomaly: checkNan"));
  return info.Env().Undefined();
}

Napi::Value SetStack(Environment&, const Napi::CallbackInfo& info) {
  SetCallStack(info[0].IsUndefined()
                   ? nullptr
                   : std::make_shared<const std::string>(ReadText(info[0], "call stack")));
  return info.Env().Undefined();
}

}  // namespace

void RegisterModes(Environment& environment, Napi::Object exports) {
  Register<SetModes>(environment, exports, "setModes");
  Register<AnomalyScope>(environment, exports, "anomalyScope");
  Register<SetStack>(environment, exports, "setCallStack");
}

}  // namespace torchwright
