#include "generator.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>

#include <cmath>
#include <mutex>
#include <utility>

#include "environment.h"

namespace torchwright {

GeneratorTable::Handle GeneratorTable::Add(at::Generator generator) {
  generators_.emplace(++last_, std::move(generator));
  return static_cast<Handle>(last_);
}

const at::Generator& GeneratorTable::Get(Handle handle) const {
  const bool integral = handle >= 1 && handle <= kMaxSafeInteger && handle == std::floor(handle);
  const auto found = integral ? generators_.find(static_cast<uint64_t>(handle)) : generators_.end();
  if (found == generators_.end()) {
    Fail("ERR_GENERATOR_DISPOSED",
         "generator: expected a live generator, got one that was disposed");
  }
  return found->second;
}

void GeneratorTable::Release(Handle handle) {
  if (handle >= 1 && handle <= kMaxSafeInteger) generators_.erase(static_cast<uint64_t>(handle));
}

namespace {

// A generator that no queued work draws from any more: module calls take generators too.
at::Generator Settled(Environment& environment, const Napi::Value& handle) {
  const double number = handle.IsNumber() ? handle.As<Napi::Number>().DoubleValue() : 0;
  at::Generator generator = environment.generators().Get(number);
  environment.executor().WaitFor(environment.executor().last_queued());
  return generator;
}

at::Generator MakeGenerator(const at::Device& device) {
  if (device.is_cpu()) return at::make_generator<at::CPUGeneratorImpl>();
  if (!device.is_cuda()) {
    Fail("ERR_INVALID_ARG", "Generator: expected a CPU or CUDA device, got " + device.str());
  }
  at::globalContext().lazyInitDevice(device.type());
  return at::globalContext()
      .getAcceleratorHooksInterface(device.type())
      .getNewGenerator(device.index());
}

Napi::Value CreateGenerator(Environment& environment, const Napi::CallbackInfo& info) {
  const at::Device device = ParseDevice(ReadText(info[0], "Generator: device"));
  return Napi::Number::New(info.Env(), environment.generators().Add(MakeGenerator(device)));
}

Napi::Value ReleaseGenerator(Environment& environment, const Napi::CallbackInfo& info) {
  if (info[0].IsNumber()) {
    environment.generators().Release(info[0].As<Napi::Number>().DoubleValue());
  }
  return info.Env().Undefined();
}

Napi::Value SetSeed(Environment& environment, const Napi::CallbackInfo& info) {
  const uint64_t seed = ReadSeed(info[1], "Generator");
  at::Generator generator = Settled(environment, info[0]);
  const std::lock_guard<std::mutex> lock(generator.mutex());
  generator.set_current_seed(seed);
  return info.Env().Undefined();
}

// `fresh` draws a new seed from the system's entropy first.
Napi::Value GetSeed(Environment& environment, const Napi::CallbackInfo& info) {
  const bool fresh = ReadFlag(info[1], "Generator: fresh");
  at::Generator generator = Settled(environment, info[0]);
  const std::lock_guard<std::mutex> lock(generator.mutex());
  return Napi::BigInt::New(info.Env(), fresh ? generator.seed() : generator.current_seed());
}

Napi::Value GetState(Environment& environment, const Napi::CallbackInfo& info) {
  at::Generator generator = Settled(environment, info[0]);
  at::Tensor state;
  {
    const std::lock_guard<std::mutex> lock(generator.mutex());
    state = generator.get_state();
  }
  return Napi::Value(info.Env(), environment.Wrap(std::move(state)));
}

Napi::Value SetState(Environment& environment, const Napi::CallbackInfo& info) {
  at::Generator generator = Settled(environment, info[0]);
  const at::Tensor state = environment.Use(info[1]);
  // libtorch reads the bytes as they lie.
  if (!state.device().is_cpu() || state.layout() != at::kStrided ||
      state.scalar_type() != at::kByte || !state.is_contiguous()) {
    Fail("ERR_INVALID_ARG",
         "setState: expected a contiguous uint8 tensor on the CPU, as getState() gives");
  }
  const std::lock_guard<std::mutex> lock(generator.mutex());
  generator.set_state(state);
  return info.Env().Undefined();
}

}  // namespace

void RegisterGenerators(Environment& environment, Napi::Object exports) {
  Register<CreateGenerator>(environment, exports, "createGenerator");
  Register<ReleaseGenerator>(environment, exports, "releaseGenerator");
  Register<SetSeed>(environment, exports, "setGeneratorSeed");
  Register<GetSeed>(environment, exports, "generatorSeed");
  Register<GetState>(environment, exports, "generatorState");
  Register<SetState>(environment, exports, "setGeneratorState");
}

}  // namespace torchwright
