// The table of tensors: JavaScript holds a slot's number and generation, so that a call costs less
// than wrapping an object, and a stale handle is an error instead of a crash.
//
// Ownership: a live slot is one reference to the at::Tensor; `Release` drops it. Tasks on the
// executor hold references of their own, so releasing a handle never pulls a tensor from under
// running work. The table is touched on the JavaScript thread only.
#pragma once

#include <ATen/core/TensorBody.h>

#include <cstdint>
#include <string>
#include <vector>

namespace torchwright {

class TensorTable {
 public:
  // A handle is generation · 2^26 + slot, exact in a JavaScript number (52 bits).
  using Handle = double;

  struct Slot {
    at::Tensor tensor;
    uint64_t born = 0;  // last task queued when the tensor came to JavaScript
    uint32_t generation = 1;
    bool live = false;
  };

  Handle Add(at::Tensor tensor, uint64_t born);
  // Throws ERR_TENSOR_DISPOSED for a stale handle, ERR_INVALID_ARG for a number that is none.
  const Slot& Get(Handle handle) const;
  bool IsLive(Handle handle) const;
  // Releasing twice is allowed: a finalizer may come after `dispose`.
  void Release(Handle handle);
  // Every live tensor, in no order.
  template <typename Visit>
  void ForEach(const Visit& visit) const {
    for (const Slot& slot : slots_) {
      if (slot.live) visit(slot.tensor);
    }
  }
  size_t live() const { return slots_.size() - free_.size() - retired_; }

 private:
  // Slot number of a live handle, or kNone.
  size_t Find(Handle handle) const;
  static constexpr size_t kNone = SIZE_MAX;

  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;
  size_t retired_ = 0;  // used up all their generations
};

// Names of dtypes and devices; both throw a coded error for a name that is none, so that no
// out-of-range enum ever reaches libtorch.
at::ScalarType ParseDtype(const std::string& name);
bool IsDtypeName(const std::string& name);
const char* DtypeName(at::ScalarType dtype);
// Why this process sees no CUDA device: a CPU build, or in the CUDA runtime's words, which tell a
// missing or outdated driver from a driver that shows no device.
std::string NoCudaReason();
at::Device ParseDevice(const std::string& name);

}  // namespace torchwright
