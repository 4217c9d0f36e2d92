// What an accelerator has beyond tensors: events for timing, seeds, the precision of products.
// Everything goes through libtorch's generic interfaces, since the addon does not link CUDA.
#include "cuda.h"

#include <ATen/Context.h>
#include <ATen/DeviceAccelerator.h>
#include <ATen/core/Generator.h>

#include <array>
#include <mutex>

#include "environment.h"

namespace torchwright {

std::shared_ptr<c10::Event> EventTable::Get(uint32_t number) const {
  const auto found = events_.find(number);
  if (found == events_.end()) Fail("ERR_INVALID_ARG", "event: expected one that is not disposed");
  return found->second;
}

namespace {

at::Device ReadAccelerator(const Napi::Value& name, const char* what) {
  const at::Device device = ParseDevice(ReadText(name, "device"));
  if (!at::accelerator::isAccelerator(device.type())) {
    Fail("ERR_INVALID_ARG", std::string(what) + ": expected a CUDA device, got " + device.str());
  }
  return device;
}

void Settle(Environment& environment) {
  environment.executor().WaitFor(environment.executor().last_queued());
}

Napi::Value MakeEvent(Environment& environment, const Napi::CallbackInfo& info) {
  const at::Device device = ReadAccelerator(info[0], "Event");
  const bool timing = ReadFlag(info[1], "Event: enableTiming");
  auto event = std::make_shared<c10::Event>(
      device.type(), timing ? c10::EventFlag::BACKEND_DEFAULT : c10::EventFlag::PYTORCH_DEFAULT);
  return Napi::Number::New(info.Env(), environment.events().Add(std::move(event)));
}

std::shared_ptr<c10::Event> ReadEvent(Environment& environment, const Napi::Value& number) {
  return environment.events().Get(ReadNumber(number, "event"));
}

// In program order: behind what was queued before, ahead of whatever comes after.
Napi::Value RecordEvent(Environment& environment, const Napi::CallbackInfo& info) {
  const auto event = ReadEvent(environment, info[0]);
  const at::Device device = ReadAccelerator(info[1], "record");
  Settle(environment);
  event->record(at::accelerator::getCurrentStream(device.index()));
  return info.Env().Undefined();
}

Napi::Value QueryEvent(Environment& environment, const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), ReadEvent(environment, info[0])->query());
}

Napi::Value SynchronizeEvent(Environment& environment, const Napi::CallbackInfo& info) {
  return environment.executor().Queue(
      "synchronize", [event = ReadEvent(environment, info[0])] { event->synchronize(); },
      [env = info.Env()](uint64_t) { return env.Undefined(); });
}

// Milliseconds from the first event to the second.
Napi::Value ElapsedTime(Environment& environment, const Napi::CallbackInfo& info) {
  const auto from = ReadEvent(environment, info[0]);
  const auto to = ReadEvent(environment, info[1]);
  if (!from->was_marked_for_recording() || !to->was_marked_for_recording()) {
    Fail("ERR_INVALID_ARG", "elapsedTime: expected two events that were recorded");
  }
  if (!from->query() || !to->query()) {
    Fail("ERR_INVALID_ARG", "elapsedTime: expected two events that are over; await synchronize()");
  }
  return Napi::Number::New(info.Env(), from->elapsedTime(*to));
}

Napi::Value ReleaseEvent(Environment& environment, const Napi::CallbackInfo& info) {
  environment.events().Release(ReadNumber(info[0], "event"));
  return info.Env().Undefined();
}

// Only this device's generator; `manualSeed` seeds all.
Napi::Value SeedDevice(Environment& environment, const Napi::CallbackInfo& info) {
  const at::Device device = ReadAccelerator(info[0], "manualSeed");
  const uint64_t seed = ReadSeed(info[1], "manualSeed");
  Settle(environment);
  at::Generator generator = at::globalContext().defaultGenerator(device);
  const std::lock_guard lock(generator.mutex());
  generator.set_current_seed(seed);
  return info.Env().Undefined();
}

constexpr std::array<const char*, 3> kPrecisions = {"highest", "high", "medium"};

Napi::Value MatmulPrecision(Environment&, const Napi::CallbackInfo& info) {
  const auto precision = static_cast<size_t>(at::globalContext().float32MatmulPrecision());
  return Napi::String::New(info.Env(), kPrecisions.at(precision));
}

// The setting is the process's, so queued work that was given under the old one is done first.
Napi::Value SetMatmulPrecision(Environment& environment, const Napi::CallbackInfo& info) {
  const std::string wanted = ReadText(info[0], "setFloat32MatmulPrecision");
  for (const char* known : kPrecisions) {
    if (wanted != known) continue;
    Settle(environment);
    at::globalContext().setFloat32MatmulPrecision(wanted);
    return info.Env().Undefined();
  }
  Fail("ERR_INVALID_ARG",
       "setFloat32MatmulPrecision: expected \"highest\", \"high\" or \"medium\", got \"" + wanted +
           "\"");
}

Napi::Value AllowTf32(Environment&, const Napi::CallbackInfo& info) {
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("matmul", at::globalContext().allowTF32CuBLAS());
  result.Set("cudnn", at::globalContext().allowTF32CuDNN());
  return result;
}

Napi::Value SetAllowTf32(Environment& environment, const Napi::CallbackInfo& info) {
  const bool matmul = ReadFlag(info[0], "setAllowTf32: matmul");
  const bool cudnn = ReadFlag(info[1], "setAllowTf32: cudnn");
  Settle(environment);
  at::globalContext().setAllowTF32CuBLAS(matmul);
  at::globalContext().setAllowTF32CuDNN(cudnn);
  return info.Env().Undefined();
}

}  // namespace

void RegisterCuda(Environment& environment, Napi::Object exports) {
  Register<MakeEvent>(environment, exports, "makeEvent");
  Register<RecordEvent>(environment, exports, "recordEvent");
  Register<QueryEvent>(environment, exports, "queryEvent");
  Register<SynchronizeEvent>(environment, exports, "synchronizeEvent");
  Register<ElapsedTime>(environment, exports, "elapsedTime");
  Register<ReleaseEvent>(environment, exports, "releaseEvent");
  Register<SeedDevice>(environment, exports, "seedDevice");
  Register<MatmulPrecision>(environment, exports, "matmulPrecision");
  Register<SetMatmulPrecision>(environment, exports, "setMatmulPrecision");
  Register<AllowTf32>(environment, exports, "allowTf32");
  Register<SetAllowTf32>(environment, exports, "setAllowTf32");
}

}  // namespace torchwright
