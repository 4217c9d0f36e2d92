// What malloc has given out.
#pragma once

#include <cstdint>

namespace torchwright {

// Bytes of the C++ heap in use beyond `counted` of them; 0 where the system does not tell. Takes
// microseconds, or milliseconds where the heap is in many pieces.
int64_t HeapBytesBeyond(int64_t counted);

}  // namespace torchwright
