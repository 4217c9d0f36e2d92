// TorchScript: compile from source, load, call, parameters, save.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <cstdint>
#include <unordered_map>

namespace torchwright {

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

// Device constants that tracing baked into a module's graphs.
bool HasDeviceConstants(const torch::jit::Module& module);
// A module with the same parameters whose baked-in devices are `device`.
torch::jit::Module WithDeviceConstants(const torch::jit::Module& module, const at::Device& device);
// Whether some dropout in the graphs is fixed on or off instead of following `training`.
bool HasBakedDropout(const torch::jit::Module& module);

}  // namespace torchwright
