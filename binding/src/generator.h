// The table of random generators: as for tensors, JavaScript holds a number.
//
// A number is never given out twice, so one whose generator was released is found by no one.
// The table is touched on the JavaScript thread only; a queued call holds a reference of its own.
#pragma once

#include <ATen/core/Generator.h>

#include <cstdint>
#include <unordered_map>

namespace torchwright {

class GeneratorTable {
 public:
  // Exact in a JavaScript number for as long as a process lives.
  using Handle = double;

  Handle Add(at::Generator generator);
  // Throws ERR_GENERATOR_DISPOSED for a number that is no live generator's.
  const at::Generator& Get(Handle handle) const;
  // Releasing twice is allowed: a finalizer may come after `dispose`.
  void Release(Handle handle);

 private:
  std::unordered_map<uint64_t, at::Generator> generators_;
  uint64_t last_ = 0;
};

}  // namespace torchwright
