// A counting, caching CPU allocator for libtorch. Counting: a 4-byte loss can hold a 100 MB graph,
// and only the allocator knows. Caching: a training step asks for the same sizes again and again,
// and fresh pages cost more than the arithmetic on them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace torchwright {

struct AllocatorCounters {
  int64_t live;           // bytes handed out and not taken back
  int64_t peak;           // most of `live` since the last reset
  int64_t cached;         // bytes kept for reuse
  int64_t peak_reserved;  // most of `live` and `cached` together since the last reset
};

// Once per process, before the first tensor.
void InstallCpuAllocator();
AllocatorCounters CpuCounters();
int64_t CpuLiveBytes();  // without a lock
void ResetCpuPeak();
void EmptyCpuCache();

}  // namespace torchwright
