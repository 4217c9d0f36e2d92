// Addon 2: the per-environment state, and registration of everything JavaScript can call.
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <torch/csrc/jit/passes/autocast.h>
#include <torch/csrc/jit/runtime/graph_executor.h>

#include <algorithm>
#include <mutex>

#include "allocator.h"
#include "cuda.h"
#include "environment.h"
#include "memory.h"
#include "script_module.h"

namespace torchwright {
namespace {

// Growth that V8 hears of: finer would cost more than it helps.
constexpr int64_t kReportStep = 1 << 20;
// Activations and gradients come and go with every step. V8 should collect because of what stays,
// or it would do so in every step, beside the kernels: it is told the least of the last readings. A
// step takes four turns of the loop and accumulation two more for a batch, up to three of them
// unnoticed; what more readings let lie is garbage of loops without scopes.
constexpr size_t kReadings = 8;
// A turn is read as the least of it; one that never ends counts anew after so many releases.
constexpr size_t kReleasesPerReading = 16;

}  // namespace

Environment::Environment(Napi::Env env, int threads)
    : env_(env),
      modules_(std::make_unique<ModuleTable>()),
      events_(std::make_unique<EventTable>()),
      executor_(*this, threads) {
  // No thread caches the casts of weights: the key is an address, which says nothing of a write to
  // it.
  at::autocast::set_autocast_cache_enabled(false);
}

Environment::~Environment() {
  executor_.Shutdown(-1);
  callbacks_->Close();  // a graph may keep the table longer than there is JavaScript
  ChangeAnomalyScopes(-anomaly_scopes_, true);
}

uint64_t Environment::KeepThrown(const Napi::Error& error) {
  thrown_.emplace(++last_thrown_, error);
  return last_thrown_;
}

std::optional<Napi::Error> Environment::TakeThrown(uint64_t number) {
  const auto found = thrown_.find(number);
  if (found == thrown_.end()) return std::nullopt;
  std::optional<Napi::Error> error(std::move(found->second));
  thrown_.erase(found);
  return error;
}

void Environment::ChangeAnomalyScopes(int change, bool check_nan) {
  if (change == 0) return;
  anomaly_scopes_ += change;
  CountAnomalyScopes(change, check_nan);
}

at::Tensor Environment::Use(napi_value handle) {
  double number = 0;
  if (napi_get_value_double(env_, handle, &number) != napi_ok) {
    Fail("ERR_INVALID_ARG", "tensor: expected a tensor");
  }
  return Use(number);
}

const at::Tensor& Environment::Peek(napi_value handle) {
  double number = 0;
  if (napi_get_value_double(env_, handle, &number) != napi_ok) {
    Fail("ERR_INVALID_ARG", "tensor: expected a tensor");
  }
  return tensors_.Get(number).tensor;
}

std::vector<at::Tensor> Environment::PeekAll(const Napi::Value& handles, const char* what,
                                             bool absent) {
  std::vector<at::Tensor> tensors;
  for (const Napi::Value& handle : ReadArray(handles, what)) {
    tensors.push_back(absent && handle.IsUndefined() ? at::Tensor() : Peek(handle));
  }
  return tensors;
}

napi_value Environment::Wrap(at::Tensor tensor) {
  return Napi::Number::New(env_, tensors_.Add(std::move(tensor), executor_.last_queued()));
}

void Environment::TidyUp(Moment moment) {
  ReportMemory(moment);
  callbacks_->ForgetDropped(*this);
}

Napi::Value Environment::FrameArray(Napi::Env env) {
  if (!frame_array_.IsEmpty()) return frame_array_.Value();
  CallPlans::Frame& frame = plans_.frame();
  napi_value buffer = nullptr;
  napi_value array = nullptr;
  // No finalizer: the frame lives as long as the environment. JavaScript that took the buffer away
  // could only keep itself from passing arguments.
  if (napi_create_external_arraybuffer(env, frame.data(), sizeof(frame), nullptr, nullptr,
                                       &buffer) != napi_ok ||
      napi_create_typedarray(env, napi_float64_array, frame.size(), buffer, 0, &array) != napi_ok) {
    // A host that forbids buffers of foreign memory (Electron): calls take the general way.
    return env.Undefined();
  }
  frame_array_ = Napi::Reference<Napi::Value>::New(Napi::Value(env, array), 1);
  return frame_array_.Value();
}

void Environment::ReportMemory(Moment moment) {
  const int64_t now = NativeBytes() - lender_.lent_bytes();
  if (moment == Moment::kTurn || recent_bytes_.empty() || ++releases_ == kReleasesPerReading) {
    releases_ = 0;
    if (recent_bytes_.size() == kReadings) recent_bytes_.erase(recent_bytes_.begin());
    recent_bytes_.push_back(now);
  } else {
    recent_bytes_.back() = std::min(recent_bytes_.back(), now);
  }
  const int64_t lasting = *std::min_element(recent_bytes_.begin(), recent_bytes_.end());
  const int64_t change = lasting - reported_bytes_;
  if (std::abs(change) < kReportStep) return;
  int64_t total = 0;
  napi_adjust_external_memory(env_, change, &total);
  reported_bytes_ = lasting;
  reclaimer_.Lasting(lasting);
}

namespace {

Napi::Value Initialize(Environment& environment, const Napi::CallbackInfo& info) {
  for (size_t i = 0; i < 3; ++i) {
    if (!info[i].IsFunction()) Fail("ERR_INVALID_ARG", "initialize: expected three functions");
  }
  environment.set_error_factory(info[0].As<Napi::Function>());
  environment.callbacks()->Initialize(info[1].As<Napi::Function>(), info[2].As<Napi::Function>());
  return info.Env().Undefined();
}

// Returns the number of threads that libtorch would use: asked once, before any thread of ours says
// that it wants one only, because that answer is the process's.
int InitializeProcess() {
  static std::once_flag once;
  static int threads = 1;
  std::call_once(once, [] {
    threads = at::get_num_threads();
    InstallCpuAllocator();
    InstallEngine();
    // The profiling executor specialises anew for every shape, and batches have many.
    torch::jit::getProfilingMode() = false;
    // TorchScript's own autocast list differs from eager's; follow eager's, as PyTorch users know
    // it.
    torch::jit::setAutocastMode(false);
  });
  return threads;
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  const int threads = InitializeProcess();
  auto* environment = new Environment(env, threads);
  // The JavaScript thread never opens an OpenMP team: the executor has the only one.
  at::set_num_threads(1);
  // Joins the executor before the environment, or a terminated worker, goes away.
  napi_add_env_cleanup_hook(
      env, [](void* data) { static_cast<Environment*>(data)->executor().Shutdown(-1); },
      environment);
  env.SetInstanceData<Environment>(environment);
  RegisterOperators(*environment, exports);
  RegisterFrameCalls(*environment, exports);
  RegisterTensors(*environment, exports);
  RegisterGenerators(*environment, exports);
  RegisterSharing(*environment, exports);
  RegisterAutograd(*environment, exports);
  RegisterModes(*environment, exports);
  RegisterCallbacks(*environment, exports);
  RegisterPrograms(*environment, exports);
  RegisterModules(*environment, exports);
  RegisterSafetensors(*environment, exports);
  RegisterDevices(*environment, exports);
  RegisterMemory(*environment, exports);
  RegisterReclaimer(*environment, exports);
  RegisterCuda(*environment, exports);
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
