// What one JavaScript environment (the main thread or a worker) owns. It lives in the addon's
// instance data: nothing here is shared between environments but libtorch itself.
//
// Order of destruction: the executor first (it joins its thread, whose tasks hold tensors), then
// modules, then the table of tensors.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "arguments.h"
#include "call_plan.h"
#include "callback.h"
#include "error.h"
#include "executor.h"
#include "generator.h"
#include "lending.h"
#include "napi_setup.h"
#include "operator.h"
#include "reclaim.h"
#include "tensor.h"

namespace torch::jit {
struct Module;
}

namespace torchwright {

class EventTable;
class ModuleTable;

class Environment {
 public:
  Environment(Napi::Env env, int threads);
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  Napi::Env env() const { return CheckThread(), env_; }
  TensorTable& tensors() { return CheckThread(), tensors_; }
  GeneratorTable& generators() { return CheckThread(), generators_; }
  OperatorTable& operators() { return CheckThread(), operators_; }
  CallPlans& plans() { return CheckThread(), plans_; }
  ModuleTable& modules() { return CheckThread(), *modules_; }
  EventTable& events() { return CheckThread(), *events_; }
  Reclaimer& reclaimer() { return CheckThread(), reclaimer_; }
  Executor& executor() { return CheckThread(), executor_; }
  Lender& lender() { return CheckThread(), lender_; }
  const Napi::FunctionReference& error_factory() const { return CheckThread(), error_factory_; }
  void set_error_factory(Napi::Function factory) { error_factory_ = Napi::Persistent(factory); }
  const std::shared_ptr<CallbackTable>& callbacks() const { return callbacks_; }

  // Keeps what a callback threw until the promise or call that it fails is settled.
  uint64_t KeepThrown(const Napi::Error& error);
  std::optional<Napi::Error> TakeThrown(uint64_t number);
  // Once nothing is under way any more: an error may be lost behind another one of the same task.
  void ForgetThrown() { thrown_.clear(); }

  // The tensor behind a handle, safe to compute with: waits for queued work that may touch it, and
  // serves that work's callbacks meanwhile, which may do anything to the table. Hence a copy.
  at::Tensor Use(napi_value handle);
  at::Tensor Use(TensorTable::Handle handle) {
    const TensorTable::Slot& slot = tensors_.Get(handle);
    if (slot.born >= executor_.last_queued()) return slot.tensor;
    at::Tensor tensor = slot.tensor;
    executor_.WaitFor(executor_.last_queued());
    return tensor;
  }
  // The same for its metadata or for queueing, where order needs no waiting.
  const at::Tensor& Peek(napi_value handle);
  // Those of an array; with `absent`, undefined ones for `undefined`.
  std::vector<at::Tensor> PeekAll(const Napi::Value& handles, const char* what,
                                  bool absent = false);
  // Puts a result of synchronous work into the table.
  napi_value Wrap(at::Tensor tensor);

  // Whatever leads to JavaScript is for its own thread only. The sanitized build proves it: there
  // every way to a JavaScript value passes this check, which ends the process. Costs nothing
  // otherwise.
  void CheckThread() const {
#ifdef TORCHWRIGHT_CHECK_THREADS
    if (std::this_thread::get_id() != thread_) {
      std::fputs("torchwright: JavaScript was touched off its thread\n", stderr);
      std::abort();
    }
#endif
  }

  // When to tidy up: in a turn of the event loop that brings results, and after releases in it.
  enum class Moment { kTurn, kRelease };
  // Tells V8 how much native memory lives behind its handles, and JavaScript which callbacks are
  // gone. Called often, acts rarely.
  void TidyUp(Moment moment);

  // Tells the process's anomaly detection that this environment wants it, or no more.
  void ChangeAnomalyScopes(int change, bool check_nan);
  int anomaly_scopes() const { return anomaly_scopes_; }

  // The buffer through which the hot path's arguments pass (call_plan.h), as JavaScript's view.
  Napi::Value FrameArray(Napi::Env env);

 private:
  void ReportMemory(Moment moment);

#ifdef TORCHWRIGHT_CHECK_THREADS
  const std::thread::id thread_ = std::this_thread::get_id();
#endif
  Napi::Env env_;
  std::shared_ptr<CallbackTable> callbacks_ = std::make_shared<CallbackTable>();
  std::unordered_map<uint64_t, Napi::Error> thrown_;
  uint64_t last_thrown_ = 0;
  int anomaly_scopes_ = 0;
  TensorTable tensors_;
  GeneratorTable generators_;
  OperatorTable operators_;
  CallPlans plans_;
  Lender lender_;
  Napi::Reference<Napi::Value> frame_array_;
  std::unique_ptr<ModuleTable> modules_;
  std::unique_ptr<EventTable> events_;
  Reclaimer reclaimer_{*this};
  Napi::FunctionReference error_factory_;
  int64_t reported_bytes_ = 0;
  std::vector<int64_t> recent_bytes_;  // newest last
  size_t releases_ = 0;                // since the newest
  Executor executor_;
};

// Registers a function whose body is `fn(environment, info)`, behind the one guard that turns any
// exception into a coded error.
using EntryPoint = Napi::Value (*)(Environment&, const Napi::CallbackInfo&);

template <EntryPoint fn>
Napi::Value Guarded(const Napi::CallbackInfo& info) {
  Environment& environment = *static_cast<Environment*>(info.Data());
  try {
    return fn(environment, info);
  } catch (const Napi::Error&) {
    throw;  // already a JavaScript error, from a JavaScript getter or callback
  } catch (...) {
    throw MakeError(environment, Describe(std::current_exception(), ""));
  }
}

template <EntryPoint fn>
void Register(Environment& environment, Napi::Object exports, const char* name) {
  exports.Set(name, Napi::Function::New<Guarded<fn>>(environment.env(), name, &environment));
}

// The same without node-addon-api's bookkeeping, for what is called for every small operator:
// neither arguments nor, in the most frequent case, a result.
using RawEntryPoint = napi_value (*)(Environment&);

template <RawEntryPoint fn>
napi_value GuardedRaw(napi_env env, napi_callback_info info) {
  void* data = nullptr;
  napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &data);
  Environment& environment = *static_cast<Environment*>(data);
  try {
    try {
      return fn(environment);
    } catch (const Napi::Error&) {
      throw;
    } catch (...) {
      throw MakeError(environment, Describe(std::current_exception(), ""));
    }
  } catch (const Napi::Error& error) {
    error.ThrowAsJavaScriptException();
  } catch (...) {  // not even the error could be made
    napi_throw_error(env, "ERR_NATIVE", "torchwright: an error could not be described");
  }
  return nullptr;
}

template <RawEntryPoint fn>
void RegisterRaw(Environment& environment, Napi::Object exports, const char* name) {
  napi_value function = nullptr;
  napi_create_function(environment.env(), name, NAPI_AUTO_LENGTH, &GuardedRaw<fn>, &environment,
                       &function);
  exports.Set(name, Napi::Value(environment.env(), function));
}

void RegisterOperators(Environment& environment, Napi::Object exports);
void RegisterFrameCalls(Environment& environment, Napi::Object exports);
void RegisterTensors(Environment& environment, Napi::Object exports);
void RegisterTensorIo(Environment& environment, Napi::Object exports);
void RegisterGenerators(Environment& environment, Napi::Object exports);
void RegisterSharing(Environment& environment, Napi::Object exports);
void RegisterAutograd(Environment& environment, Napi::Object exports);
void RegisterModes(Environment& environment, Napi::Object exports);
void RegisterCallbacks(Environment& environment, Napi::Object exports);
void RegisterPrograms(Environment& environment, Napi::Object exports);
void RegisterModules(Environment& environment, Napi::Object exports);
void RegisterModuleCompiler(Environment& environment, Napi::Object exports);
void RegisterSafetensors(Environment& environment, Napi::Object exports);
void RegisterDevices(Environment& environment, Napi::Object exports);
void RegisterMemory(Environment& environment, Napi::Object exports);
void RegisterReclaimer(Environment& environment, Napi::Object exports);
void RegisterCuda(Environment& environment, Napi::Object exports);

}  // namespace torchwright
