#include "small_blocks.h"

#include <new>

namespace torchwright {

bool SmallBlocks::IsFull(const Slab& slab) {
  return slab.free == nullptr && slab.fresh + BlockBytes(slab.size_class) >
                                     reinterpret_cast<const char*>(&slab) + kSlabBytes;
}

void SmallBlocks::Link(SizeClass& list, Slab& slab) {
  slab.previous = nullptr;
  slab.next = list.first;
  if (slab.next != nullptr) slab.next->previous = &slab;
  list.first = &slab;
}

void SmallBlocks::Unlink(SizeClass& list, Slab& slab) {
  (slab.previous != nullptr ? slab.previous->next : list.first) = slab.next;
  if (slab.next != nullptr) slab.next->previous = slab.previous;
}

SmallBlocks::Slab* SmallBlocks::NewSlab(uint32_t size_class) {
  void* memory = ::operator new(kSlabBytes, kSlabAlignment);
  char* fresh = static_cast<char*>(memory) + sizeof(Slab);
  return new (memory) Slab{nullptr, nullptr, nullptr, fresh, 0, size_class};
}

void* SmallBlocks::Take(size_t size) {
  const auto size_class = static_cast<uint32_t>((size - 1) / kStep);
  SizeClass& list = classes_[size_class];
  const std::lock_guard lock(list.mutex);
  if (list.first == nullptr) Link(list, *NewSlab(size_class));
  Slab& slab = *list.first;
  void* block = slab.free;
  if (block != nullptr) {
    slab.free = slab.free->next;
  } else {
    block = slab.fresh;
    slab.fresh += BlockBytes(size_class);
  }
  ++slab.used;
  if (IsFull(slab)) Unlink(list, slab);
  return block;
}

void SmallBlocks::Give(void* block) {
  const auto address = reinterpret_cast<uintptr_t>(block);
  auto& slab = *reinterpret_cast<Slab*>(address & ~(uintptr_t{kSlabBytes} - 1));
  SizeClass& list = classes_[slab.size_class];
  {
    const std::lock_guard lock(list.mutex);
    const bool was_full = IsFull(slab);
    slab.free = new (block) FreeBlock{slab.free};
    --slab.used;
    if (was_full) Link(list, slab);
    const bool only = slab.previous == nullptr && slab.next == nullptr;
    if (slab.used > 0 || only) return;
    Unlink(list, slab);
  }
  ::operator delete(&slab, kSlabAlignment);
}

}  // namespace torchwright
