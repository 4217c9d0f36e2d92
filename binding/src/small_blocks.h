// Memory of small tensors, cut from slabs of 64 KiB.
//
// malloc is slow where an address must be aligned as a tensor's data must be: it splits a larger
// chunk at both ends, and after a garbage collection that freed a hundred thousand tensors it
// searches and merges for longer than an operator runs. Here a block is the first of its slab's
// list, and neighbours are used one after the other.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>

namespace torchwright {

// A slab that is empty again goes back to malloc, but one of each size. Any thread may take and
// give.
class SmallBlocks {
 public:
  static constexpr size_t kLargest = 1024;

  // `size` bytes (1 to kLargest), aligned to a cache line. Throws std::bad_alloc.
  void* Take(size_t size);
  void Give(void* block);

 private:
  static constexpr size_t kStep = 64;  // sizes are multiples of it
  static constexpr size_t kSlabBytes = 64 * 1024;
  static constexpr std::align_val_t kSlabAlignment{kSlabBytes};

  struct FreeBlock {
    FreeBlock* next;
  };

  // Stands at the start of its memory, which is aligned to its length, so that a block finds it.
  struct alignas(kStep) Slab {
    Slab* previous;
    Slab* next;
    FreeBlock* free;
    char* fresh;  // where memory begins that no block has used yet
    uint32_t used;
    uint32_t size_class;
  };

  // Slabs with a block to give, doubly linked; full ones are known by their blocks alone.
  struct SizeClass {
    std::mutex mutex;
    Slab* first = nullptr;
  };

  static size_t BlockBytes(uint32_t size_class) { return (size_class + 1) * kStep; }
  static bool IsFull(const Slab& slab);
  static void Link(SizeClass& list, Slab& slab);
  static void Unlink(SizeClass& list, Slab& slab);
  static Slab* NewSlab(uint32_t size_class);

  std::array<SizeClass, kLargest / kStep> classes_;
};

}  // namespace torchwright
