#include "tensor.h"

#include <ATen/DeviceAccelerator.h>

#include <algorithm>
#include <array>
#include <utility>

#include "environment.h"

namespace torchwright {
namespace {

constexpr int kSlotBits = 26;
constexpr double kSlots = 1 << kSlotBits;
constexpr uint32_t kMaxGeneration = (1U << 26) - 1;

constexpr std::array<std::pair<const char*, at::ScalarType>, 16> kDtypes = {{
    {"float32", at::kFloat},
    {"float64", at::kDouble},
    {"float16", at::kHalf},
    {"bfloat16", at::kBFloat16},
    {"int64", at::kLong},
    {"int32", at::kInt},
    {"int16", at::kShort},
    {"int8", at::kChar},
    {"uint8", at::kByte},
    {"bool", at::kBool},
    {"uint16", at::kUInt16},
    {"uint32", at::kUInt32},
    {"uint64", at::kUInt64},
    {"complex32", at::kComplexHalf},
    {"complex64", at::kComplexFloat},
    {"complex128", at::kComplexDouble},
}};

}  // namespace

TensorTable::Handle TensorTable::Add(at::Tensor tensor, uint64_t born) {
  uint32_t index = 0;
  if (free_.empty()) {
    if (slots_.size() >= static_cast<size_t>(kSlots)) {
      Fail("ERR_OUT_OF_MEMORY", "tensor: 67,108,864 tensors are alive; dispose some");
    }
    index = static_cast<uint32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    index = free_.back();
    free_.pop_back();
  }
  Slot& slot = slots_[index];
  slot.tensor = std::move(tensor);
  slot.born = born;
  slot.live = true;
  return static_cast<double>(slot.generation) * kSlots + index;
}

size_t TensorTable::Find(Handle handle) const {
  if (!(handle >= kSlots && handle <= kMaxSafeInteger)) return kNone;
  const auto bits = static_cast<uint64_t>(handle);
  const size_t index = bits & (static_cast<uint64_t>(kSlots) - 1);
  if (index >= slots_.size() || static_cast<double>(bits) != handle) return kNone;
  const Slot& slot = slots_[index];
  return slot.live && slot.generation == bits >> kSlotBits ? index : kNone;
}

bool TensorTable::IsLive(Handle handle) const { return Find(handle) != kNone; }

const TensorTable::Slot& TensorTable::Get(Handle handle) const {
  const size_t index = Find(handle);
  if (index == kNone) {
    Fail("ERR_TENSOR_DISPOSED",
         "tensor: expected a live tensor, got one that was disposed (by dispose(), by the end of "
         "the scope that made it, or with its batch)");
  }
  return slots_[index];
}

void TensorTable::Release(Handle handle) {
  const size_t index = Find(handle);
  if (index == kNone) return;
  Slot& slot = slots_[index];
  slot.live = false;
  // A slot is never used again once its generations are through: a finalizer may hold a handle for
  // as long as the process runs, and must not free what took its place.
  if (slot.generation++ == kMaxGeneration) {
    ++retired_;
  } else {
    free_.push_back(static_cast<uint32_t>(index));
  }
  // Last, because freeing a graph can take a while and must find the table consistent.
  const at::Tensor dropped = std::move(slot.tensor);
}

at::ScalarType ParseDtype(const std::string& name) {
  for (const auto& [known, dtype] : kDtypes) {
    if (name == known) return dtype;
  }
  std::string names;
  for (const auto& entry : kDtypes) names += (names.empty() ? "" : ", ") + std::string(entry.first);
  Fail("ERR_UNKNOWN_DTYPE", "dtype: expected one of " + names + "; got \"" + name + "\"");
}

bool IsDtypeName(const std::string& name) {
  return std::any_of(kDtypes.begin(), kDtypes.end(),
                     [&](const auto& entry) { return name == entry.first; });
}

const char* DtypeName(at::ScalarType dtype) {
  for (const auto& [name, known] : kDtypes) {
    if (dtype == known) return name;
  }
  return c10::toString(dtype);
}

at::Device ParseDevice(const std::string& name) {
  const auto unknown = [&] {
    Fail("ERR_UNKNOWN_DEVICE",
         "device: expected \"cpu\", \"meta\", \"cuda\" or \"cuda:<index>\"; got \"" + name + "\"");
  };
  if (name == "cpu") return at::kCPU;
  if (name == "meta") return at::kMeta;
  if (name.rfind("cuda", 0) != 0) unknown();
  int index = 0;
  if (name.size() > 4) {
    if (name[4] != ':' || name.size() == 5 || name.size() > 8) unknown();
    for (size_t i = 5; i < name.size(); ++i) {
      if (name[i] < '0' || name[i] > '9') unknown();
      index = index * 10 + (name[i] - '0');
    }
  }
  const auto accelerator = at::accelerator::getAccelerator();
  const int count = accelerator == at::kCUDA ? at::accelerator::deviceCount() : 0;
  if (index >= count) {
    const std::string reason =
        count > 0 ? "there are " + std::to_string(count) + " CUDA devices, numbered from 0"
                  : NoCudaReason();
    Fail("ERR_DEVICE_UNAVAILABLE", "device: \"" + name + "\" cannot be used: " + reason);
  }
  return at::Device(at::kCUDA, static_cast<at::DeviceIndex>(index));
}

}  // namespace torchwright
