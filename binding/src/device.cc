// Devices, seeds and threads.
#include <ATen/Context.h>
#include <ATen/DeviceAccelerator.h>
#include <ATen/Parallel.h>

#include <mutex>

#include "environment.h"

namespace torchwright {
namespace {

Napi::Value DeviceInfo(Environment&, const Napi::CallbackInfo& info) {
  Napi::Object result = Napi::Object::New(info.Env());
  const auto accelerator = at::accelerator::getAccelerator();
  const int count = accelerator ? at::accelerator::deviceCount() : 0;
  result.Set("accelerator",
             accelerator ? c10::DeviceTypeName(*accelerator, /*lower_case=*/true) : "cpu");
  result.Set("count", count);
  result.Set("reason", count > 0 ? "" : NoCudaReason());
  return result;
}

Napi::Value Synchronize(Environment& environment, const Napi::CallbackInfo& info) {
  const at::Device device = ParseDevice(ReadText(info[0], "device"));
  return environment.executor().Queue(
      "synchronize",
      [device] {
        if (at::accelerator::isAccelerator(device.type())) {
          at::accelerator::synchronizeDevice(device.index());
        }
      },
      [env = info.Env()](uint64_t) { return env.Undefined(); });
}

// Waits for queued work first: it may be drawing from the same process-wide generator.
Napi::Value ManualSeed(Environment& environment, const Napi::CallbackInfo& info) {
  const uint64_t seed = ReadSeed(info[0], "manualSeed");
  environment.executor().WaitFor(environment.executor().last_queued());
  at::manual_seed(seed);
  return info.Env().Undefined();
}

Napi::Value RandomState(Environment& environment, const Napi::CallbackInfo& info) {
  const at::Device device = ParseDevice(ReadText(info[0], "device"));
  environment.executor().WaitFor(environment.executor().last_queued());
  at::Generator generator = at::globalContext().defaultGenerator(device);
  const std::lock_guard lock(generator.mutex());
  return Napi::Value(info.Env(), environment.Wrap(generator.get_state()));
}

Napi::Value SetRandomState(Environment& environment, const Napi::CallbackInfo& info) {
  const at::Device device = ParseDevice(ReadText(info[0], "device"));
  const at::Tensor state = environment.Use(info[1]);
  environment.executor().WaitFor(environment.executor().last_queued());
  at::Generator generator = at::globalContext().defaultGenerator(device);
  const std::lock_guard lock(generator.mutex());
  generator.set_state(state);  // checks type, size and contents
  return info.Env().Undefined();
}

Napi::Value NumThreads(Environment& environment, const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), environment.executor().num_threads());
}

Napi::Value SetNumThreads(Environment& environment, const Napi::CallbackInfo& info) {
  const double threads = info[0].IsNumber() ? info[0].As<Napi::Number>().DoubleValue() : 0;
  if (!(threads >= 1 && threads <= 1024) || threads != static_cast<int>(threads)) {
    Fail("ERR_INVALID_ARG", "setNumThreads: expected an integer from 1 to 1024");
  }
  environment.executor().WaitFor(environment.executor().last_queued());
  environment.executor().set_num_threads(static_cast<int>(threads));
  return info.Env().Undefined();
}

Napi::Value Shutdown(Environment& environment, const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), environment.executor().Shutdown(static_cast<int>(
                                            ReadNumber(info[0], "shutdown", INT32_MAX))));
}

Napi::Value ExitNow(Environment&, const Napi::CallbackInfo& info) {
  std::_Exit(info[0].IsNumber() ? info[0].As<Napi::Number>().Int32Value() : 1);
}

}  // namespace

std::string NoCudaReason() {
  if (at::accelerator::getAccelerator() != at::kCUDA) return "this libtorch was built without CUDA";
  try {
    at::globalContext().lazyInitDevice(at::kCUDA);
  } catch (const c10::Error& e) {
    const std::string what = e.what_without_backtrace();
    return what.substr(0, what.find('\n'));
  }
  return "the driver shows no device";
}

void RegisterDevices(Environment& environment, Napi::Object exports) {
  Register<DeviceInfo>(environment, exports, "deviceInfo");
  Register<Synchronize>(environment, exports, "synchronize");
  Register<ManualSeed>(environment, exports, "manualSeed");
  Register<RandomState>(environment, exports, "randomState");
  Register<SetRandomState>(environment, exports, "setRandomState");
  Register<NumThreads>(environment, exports, "numThreads");
  Register<SetNumThreads>(environment, exports, "setNumThreads");
  Register<Shutdown>(environment, exports, "shutdown");
  Register<ExitNow>(environment, exports, "exitNow");
}

}  // namespace torchwright
