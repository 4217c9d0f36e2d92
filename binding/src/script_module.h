// TorchScript: compile from source, load, call, parameters, save.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "napi_setup.h"

namespace torchwright {

class Environment;

// Modules by number. A number is never reused, so a stale one is an error. JavaScript thread only;
// tasks hold modules of their own (a Module is a reference to shared state).
class ModuleTable {
 public:
  uint32_t Add(torch::jit::Module module) {
    modules_.emplace(++last_, std::move(module));
    return last_;
  }
  torch::jit::Module& Get(uint32_t number);
  void Release(uint32_t number) { modules_.erase(number); }

 private:
  uint32_t last_ = 0;
  std::unordered_map<uint32_t, torch::jit::Module> modules_;
};

// A method with its arguments, read on the JavaScript thread and run on the executor.
struct ModuleCall {
  torch::jit::Method method;
  std::shared_ptr<torch::jit::Stack> stack;  // the module itself first

  c10::IValue Run(torch::jit::Stack arguments);
};

// (module, method, kinds, names, ...arguments)
ModuleCall ReadModuleCall(Environment& environment, const Napi::CallbackInfo& info);

// ModuleCall without kept activations; see module_checkpoint.cc.
// Throws ERR_INVALID_ARG unless the engine runs a plain backward pass on this thread: one of all
// leaves, without a graph of its own.
void RequireWholeBackward();

Napi::Value CheckpointModule(Environment& environment, const Napi::CallbackInfo& info);

// Whether tracing baked another device than `device`, or a tensor on one, into a module's graphs.
bool HasConstantsElsewhere(const torch::jit::Module& module, const at::Device& device);
// A module with the same parameters whose baked-in devices and tensors are `device` and on it.
torch::jit::Module WithConstantsOn(const torch::jit::Module& module, const at::Device& device);
// Whether some dropout in the graphs is fixed on or off instead of following `training`.
bool HasBakedDropout(const torch::jit::Module& module);

}  // namespace torchwright
