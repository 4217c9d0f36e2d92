// How much native memory there is in use, on every device; and what an out-of-memory error says.
#pragma once

#include <cstdint>
#include <string>

#include "napi_setup.h"

namespace torchwright {

class Environment;

// Bytes that the allocators of the CPU and of every accelerator in use have handed out, in the
// whole process. Opens no device: one that was never used has none.
int64_t CountedBytes();

// The same and what no allocator of tensors counts, above all the nodes of autograd's graphs: 100
// kB behind the loss of a small model. Of these the last reading of the C++ heap, now and then a
// new one.
int64_t NativeBytes();

// Reads the heap now.
void ReadHeap();

// Gives back to the system what the caching allocators keep for reuse.
void EmptyCaches();

// The figures of an out-of-memory error as a JavaScript object: device, bytes requested, free and
// live, the largest live tensors. `message` is the allocator's, the only place that says how much
// was asked for. JavaScript thread only.
Napi::Object DescribeShortage(Environment& environment, const std::string& message);

}  // namespace torchwright
