#pragma once

#include <ATen/core/Generator.h>

#include <cstdint>

namespace torchwright {

// Whether libtorch itself draws `bernoulli_` from the generator's Mersenne Twister, number by
// number. On Intel's processors it asks MKL, whose streams nobody else can continue.
bool BernoulliIsTwister();

// Writes 1 with probability `p` (above 0, at most 1), else 0, into each of `size` bytes: bit for
// bit what libtorch's `bernoulli_(p)` would have drawn, and leaves `generator` as that would have.
// libtorch asks for two words an element; here the twister runs over whole blocks of its state,
// which compilers turn into vector code, at about a sixth of the time.
void DrawBernoulli(const at::Generator& generator, double p, uint8_t* out, int64_t size);

}  // namespace torchwright
