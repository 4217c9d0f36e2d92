#include "heap.h"

#ifdef __GLIBC__
#include <dlfcn.h>
#include <malloc.h>
#endif

#include <algorithm>

namespace torchwright {

#ifdef __GLIBC__

namespace {

// mallinfo2's result. glibc has it since 2.33, later than libtorch asks for: it is looked up, and
// its type, which older headers lack, stands here.
struct HeapInformation {
  size_t arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost;
};

// mallinfo counts in 32 bits and wraps, so that only differences of less than 2 GB can be told:
// right while what is not counted is less.
int64_t WrappedBytesBeyond(int64_t counted) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  const struct mallinfo heap = mallinfo();
#pragma GCC diagnostic pop
  const uint32_t bytes = static_cast<uint32_t>(heap.uordblks) + static_cast<uint32_t>(heap.hblkhd);
  return static_cast<int32_t>(bytes - static_cast<uint32_t>(counted));
}

}  // namespace

int64_t HeapBytesBeyond(int64_t counted) {
  static auto* const information =
      reinterpret_cast<HeapInformation (*)()>(dlsym(RTLD_DEFAULT, "mallinfo2"));
  if (information == nullptr) return std::max<int64_t>(WrappedBytesBeyond(counted), 0);
  const HeapInformation heap = information();
  return std::max<int64_t>(static_cast<int64_t>(heap.uordblks + heap.hblkhd) - counted, 0);
}

#else

int64_t HeapBytesBeyond(int64_t /*counted*/) { return 0; }

#endif

}  // namespace torchwright
