#include "bernoulli.h"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>

#include "vector_code.h"

namespace torchwright {
namespace {

constexpr int kState = at::MERSENNE_STATE_N;                       // 624 words
constexpr int kLag = at::MERSENNE_STATE_N - at::MERSENNE_STATE_M;  // word k needs word k - 227
constexpr int kBlocks = 8;                                         // drawn at a time: 20 KB
constexpr int kMantissa = 53;                                      // bits of a uniform double
constexpr uint32_t kHighMask = (1U << (kMantissa - 32)) - 1;

// The twister's state, followed by the words that it generates: word k + 624 comes from words k,
// k + 1 and k + 397, so that nothing wraps around and up to 227 words are independent.
using Words = std::array<uint32_t, static_cast<size_t>(kState) * (kBlocks + 1)>;

VECTOR_CODE void Generate(uint32_t* words, int count) {
  for (int done = 0; done < count; done += kLag) {
    const int end = std::min(done + kLag, count);
#pragma GCC ivdep
    for (int k = done; k < end; ++k) {
      const uint32_t mixed = (words[k] & at::UMASK) | (words[k + 1] & at::LMASK);
      const uint32_t odd = 0 - (words[k + 1] & 1);
      words[k + kState] = words[k + at::MERSENNE_STATE_M] ^ (mixed >> 1) ^ (odd & at::MATRIX_A);
    }
  }
}

inline uint32_t Temper(uint32_t word) {
  word ^= word >> 11;
  word ^= (word << 7) & 0x9d2c5680;
  word ^= (word << 15) & 0xefc60000;
  return word ^ (word >> 18);
}

// A uniform double is 53 bits of two words: the first word's 21 decide nearly always.
VECTOR_CODE void Compare(const uint32_t* words, uint64_t bound, uint8_t* out, int64_t size) {
  const auto high_bound = static_cast<uint32_t>(bound >> 32);
  uint32_t ties = 0;
  for (int64_t i = 0; i < size; ++i) {
    const uint32_t high = Temper(words[2 * i]) & kHighMask;
    out[i] = high < high_bound ? 1 : 0;
    ties |= high == high_bound ? 1 : 0;
  }
  if (ties == 0) return;
  for (int64_t i = 0; i < size; ++i) {
    const uint64_t high = Temper(words[2 * i]) & kHighMask;
    out[i] = ((high << 32) | Temper(words[2 * i + 1])) < bound ? 1 : 0;
  }
}

}  // namespace

bool BernoulliIsTwister() {
#if defined(__x86_64__) && defined(__GNUC__)
  static const bool intel = [] {
    __builtin_cpu_init();
    return __builtin_cpu_is("intel") != 0;
  }();
  return !intel;
#else
  return false;  // not known: libtorch draws
#endif
}

void DrawBernoulli(const at::Generator& generator, double p, uint8_t* out, int64_t size) {
  auto* twister = at::check_generator<at::CPUGeneratorImpl>(generator);
  // m / 2^53 < p, as libtorch asks, is m < p * 2^53, which is exact.
  const auto bound = static_cast<uint64_t>(std::ceil(std::ldexp(p, kMantissa)));
  const std::lock_guard lock(twister->mutex_);
  at::mt19937 engine = twister->engine();
  at::mt19937_data_pod data = engine.data();

  Words words;
  std::copy(data.state_.begin(), data.state_.end(), words.begin());
  int position = kState + 1 - data.left_;  // of the next word to be read
  while (size > 0) {
    const int64_t wanted =
        std::min<int64_t>(position + 2 * size, static_cast<int64_t>(words.size()));
    const auto end = static_cast<int>((wanted + kState - 1) / kState * kState);  // whole blocks
    Generate(words.data(), end - kState);
    const int64_t pairs = std::min<int64_t>(size, (end - position) / 2);
    Compare(words.data() + position, bound, out, pairs);
    out += pairs;
    size -= pairs;
    position += static_cast<int>(2 * pairs);
    // The block of the last word read, or the one whose last word still waits for its partner.
    const int block = size > 0 ? end / kState - 1 : (position - 1) / kState;
    if (block > 0) std::copy_n(words.begin() + block * kState, kState, words.begin());
    position -= block * kState;
  }
  std::copy_n(words.begin(), kState, data.state_.begin());
  data.next_ = static_cast<uint32_t>(position);
  data.left_ = kState + 1 - position;
  engine.set_data(data);
  twister->set_engine(engine);
}

}  // namespace torchwright
