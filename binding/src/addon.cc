// Addon 2: the per-environment state, and registration of everything JavaScript can call.
#include <ATen/Parallel.h>
#include <torch/csrc/jit/passes/autocast.h>
#include <torch/csrc/jit/runtime/graph_executor.h>

#include <algorithm>
#include <mutex>

#include "allocator.h"
#include "environment.h"
#include "script_module.h"

namespace torchwright {
namespace {

// Growth that V8 hears of: finer would cost more than it helps.
constexpr int64_t kReportStep = 1 << 20;
// A forward's activations come and go with every step. V8 should collect because of what stays, so
// it is told the least of the last readings.
constexpr size_t kReadings = 8;

}  // namespace

Environment::Environment(Napi::Env env)
    : env_(env), modules_(std::make_unique<ModuleTable>()), executor_(*this) {}

Environment::~Environment() { executor_.Shutdown(-1); }

const at::Tensor& Environment::Use(napi_value handle) {
  double number = 0;
  if (napi_get_value_double(env_, handle, &number) != napi_ok) {
    Fail("ERR_INVALID_ARG", "tensor: expected a tensor");
  }
  const TensorTable::Slot& slot = tensors_.Get(number);
  if (slot.born < executor_.last_queued()) executor_.WaitFor(executor_.last_queued());
  return slot.tensor;
}

const at::Tensor& Environment::Peek(napi_value handle) {
  double number = 0;
  if (napi_get_value_double(env_, handle, &number) != napi_ok) {
    Fail("ERR_INVALID_ARG", "tensor: expected a tensor");
  }
  return tensors_.Get(number).tensor;
}

napi_value Environment::Wrap(at::Tensor tensor) {
  return Napi::Number::New(env_, tensors_.Add(std::move(tensor), executor_.last_queued()));
}

void Environment::ReportMemory() {
  const int64_t now = CpuCounters().live;
  if (recent_bytes_.size() == kReadings) recent_bytes_.erase(recent_bytes_.begin());
  recent_bytes_.push_back(now);
  const int64_t lasting = *std::min_element(recent_bytes_.begin(), recent_bytes_.end());
  const int64_t change = lasting - reported_bytes_;
  if (std::abs(change) < kReportStep) return;
  int64_t total = 0;
  napi_adjust_external_memory(env_, change, &total);
  reported_bytes_ = lasting;
}

namespace {

Napi::Value Initialize(Environment& environment, const Napi::CallbackInfo& info) {
  if (!info[0].IsFunction()) Fail("ERR_INVALID_ARG", "initialize: expected a function");
  environment.set_error_factory(info[0].As<Napi::Function>());
  return info.Env().Undefined();
}

void InitializeProcess() {
  static std::once_flag once;
  std::call_once(once, [] {
    InstallCpuAllocator();
    // The profiling executor specialises anew for every shape, and batches have many.
    torch::jit::getProfilingMode() = false;
    // TorchScript's own autocast list differs from eager's; follow eager's, as PyTorch users know
    // it.
    torch::jit::setAutocastMode(false);
  });
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  InitializeProcess();
  auto* environment = new Environment(env);  // reads the number of threads, so before the next line
  // The JavaScript thread never opens an OpenMP team: the executor has the only one.
  at::set_num_threads(1);
  // Joins the executor before the environment, or a terminated worker, goes away.
  napi_add_env_cleanup_hook(
      env, [](void* data) { static_cast<Environment*>(data)->executor().Shutdown(-1); },
      environment);
  env.SetInstanceData<Environment>(environment);
  RegisterOperators(*environment, exports);
  RegisterTensors(*environment, exports);
  RegisterAutograd(*environment, exports);
  RegisterPrograms(*environment, exports);
  RegisterModules(*environment, exports);
  RegisterSafetensors(*environment, exports);
  RegisterDevices(*environment, exports);
  exports.Set("initialize",
              Napi::Function::New<Guarded<Initialize>>(env, "initialize", environment));
  return exports;
}

}  // namespace
}  // namespace torchwright

namespace {
Napi::Object Init(Napi::Env env, Napi::Object exports) { return torchwright::Init(env, exports); }
}  // namespace

NODE_API_MODULE(torchwright, Init)
