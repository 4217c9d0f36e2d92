#include "allocator.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/alloc_cpu.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <map>
#include <mutex>
#include <new>
#include <string>
#include <vector>

#include "small_blocks.h"

namespace torchwright {
namespace {

// Blocks below this are not kept: malloc, and slabs for the smallest, do that well.
constexpr size_t kSmallest = 64 * 1024;
// A header before each block keeps its size; as long as a cache line, so that alignment holds.
constexpr size_t kHeader = 64;
#if defined(__SANITIZE_ADDRESS__)
constexpr size_t kSmall = 0;  // the sanitizer watches malloc's blocks, not parts of them
#else
constexpr size_t kSmall = SmallBlocks::kLargest - kHeader;
#endif

// Sizes are rounded up to eighths of a power of two (at most 12.5 % more), so that batches of
// slightly different lengths reuse each other's blocks.
size_t RoundUp(size_t bytes) {
  if (bytes < kSmallest) return bytes;
  const size_t step = std::bit_floor(bytes) / 8;
  return (bytes + step - 1) / step * step;
}

class CachingAllocator final : public at::Allocator {
 public:
  at::DataPtr allocate(size_t bytes) override {
    if (bytes == 0) return {nullptr, nullptr, &CachingAllocator::Delete, at::Device(at::kCPU)};
    const size_t size = RoundUp(bytes);
    void* block = size >= kSmallest ? Take(size) : nullptr;
    if (block == nullptr) {
      try {
        block = Allocate(size);
      } catch (...) {
        EmptyCache();  // what is kept may be all that is missing
        block = AllocateOrFail(size, bytes);
      }
    }
    *static_cast<size_t*>(block) = size;
    const int64_t live = live_.fetch_add(static_cast<int64_t>(size)) + static_cast<int64_t>(size);
    int64_t peak = peak_.load();
    while (live > peak && !peak_.compare_exchange_weak(peak, live)) {
    }
    // Data and context are the same address: kernels that ask for raw memory rely on it.
    void* data = static_cast<char*>(block) + kHeader;
    return {data, data, &CachingAllocator::Delete, at::Device(at::kCPU)};
  }

  at::DeleterFnPtr raw_deleter() const override { return &CachingAllocator::Delete; }

  void copy_data(void* dest, const void* src, std::size_t count) const override {
    default_copy_data(dest, src, count);
  }

  AllocatorCounters counters() {
    const std::lock_guard lock(mutex_);
    return {live_.load(), peak_.load(), static_cast<int64_t>(cached_bytes_),
            std::max(peak_reserved_, peak_.load())};
  }

  int64_t live() const { return live_.load(std::memory_order_relaxed); }

  void ResetPeak() {
    const std::lock_guard lock(mutex_);
    peak_.store(live_.load());
    peak_reserved_ = live_.load() + static_cast<int64_t>(cached_bytes_);
  }

  void EmptyCache() {
    std::map<size_t, std::vector<void*>> blocks;
    {
      const std::lock_guard lock(mutex_);
      blocks.swap(cache_);
      cached_bytes_ = 0;
    }
    for (const auto& [size, list] : blocks) {
      for (void* block : list) c10::free_cpu(block);
    }
  }

 private:
  static void Delete(void* data);

  void* Allocate(size_t size) {
    return size <= kSmall ? small_.Take(size + kHeader) : c10::alloc_cpu(size + kHeader);
  }

  // The error names what was asked for, not what rounding and header made of it.
  void* AllocateOrFail(size_t size, size_t asked) {
    try {
      return Allocate(size);
    } catch (...) {
      C10_THROW_ERROR(OutOfMemoryError,
                      "CPU out of memory: tried to allocate " + std::to_string(asked) + " bytes");
    }
  }

  void* Take(size_t size) {
    const std::lock_guard lock(mutex_);
    const auto found = cache_.find(size);
    if (found != cache_.end()) return Pop(found);
    // A size that is not kept: give up kept blocks, largest first, rather than grow beyond the
    // peak.
    while (!cache_.empty() && live_.load() + static_cast<int64_t>(cached_bytes_ + size) > Limit()) {
      c10::free_cpu(Pop(std::prev(cache_.end())));
    }
    return nullptr;
  }

  // Most of live and kept bytes together: what was once needed at the same time, and a quarter,
  // since kept blocks are never all of the sizes that are asked for.
  int64_t Limit() const { return peak_.load() + peak_.load() / 4; }

  // With the lock held. A size whose last block goes leaves the map.
  void* Pop(std::map<size_t, std::vector<void*>>::iterator entry) {
    void* block = entry->second.back();
    cached_bytes_ -= entry->first;
    entry->second.pop_back();
    if (entry->second.empty()) cache_.erase(entry);
    return block;
  }

  // With the lock held. False where there is no memory to note it: tensors die where nothing may
  // be thrown.
  bool Keep(void* block, size_t size) {
    try {
      std::vector<void*>& blocks = cache_[size];
      blocks.push_back(block);
    } catch (const std::bad_alloc&) {
      const auto entry = cache_.find(size);
      if (entry != cache_.end() && entry->second.empty()) cache_.erase(entry);
      return false;
    }
    cached_bytes_ += size;
    peak_reserved_ = std::max(peak_reserved_, live_.load() + static_cast<int64_t>(cached_bytes_));
    return true;
  }

  void Give(void* block) {
    const size_t size = *static_cast<size_t*>(block);
    live_.fetch_sub(static_cast<int64_t>(size));
    if (size <= kSmall) {
      small_.Give(block);
      return;
    }
    if (size >= kSmallest) {
      const std::lock_guard lock(mutex_);
      if (live_.load() + static_cast<int64_t>(cached_bytes_ + size) <= Limit() &&
          Keep(block, size)) {
        return;
      }
    }
    c10::free_cpu(block);
  }

  SmallBlocks small_;
  std::mutex mutex_;
  std::map<size_t, std::vector<void*>> cache_;
  size_t cached_bytes_ = 0;
  int64_t peak_reserved_ = 0;  // of moments when a block was kept; at others `peak_` bounds it
  std::atomic<int64_t> live_{0};
  std::atomic<int64_t> peak_{0};
};

// Never destroyed: tensors in libtorch's own statics are freed after ours would be.
CachingAllocator& Instance() {
  static auto* allocator = new CachingAllocator();
  return *allocator;
}

void CachingAllocator::Delete(void* data) {
  if (data != nullptr) Instance().Give(static_cast<char*>(data) - kHeader);
}

}  // namespace

void InstallCpuAllocator() {
  static std::once_flag once;
  std::call_once(once, [] { c10::SetCPUAllocator(&Instance(), /*priority=*/1); });
}

AllocatorCounters CpuCounters() { return Instance().counters(); }
int64_t CpuLiveBytes() { return Instance().live(); }
void ResetCpuPeak() { Instance().ResetPeak(); }
void EmptyCpuCache() { Instance().EmptyCache(); }

}  // namespace torchwright
