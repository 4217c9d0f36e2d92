// Frees tensors whose JavaScript objects are gone while the event loop does not turn.
//
// JavaScript's own finalizers run only between macrotasks: a loop that never awaits, or awaits only
// promises that are settled already, would keep every tensor that it ever made. A weak reference,
// unlike a finalizer, is cleared by the collection itself, so it can be asked at any time.
// Watching costs about a microsecond a tensor; TypeScript watches only when a long turn of the loop
// makes much native memory (lib/tensor/reclaim.ts). JavaScript thread only.
#pragma once

#include <cstdint>
#include <vector>

#include "napi_setup.h"

namespace torchwright {

class Environment;

class Reclaimer {
 public:
  explicit Reclaimer(Environment& environment) : environment_(environment) {}

  // The event loop turned: what it frees is left to the finalizers, and growth counts from here.
  // Where many tensors have come over several turns, has V8 start a collection.
  void Turned();
  // Native bytes that have stayed for a while, garbage or not. V8 is told of them, but may take its
  // time, and the allocator then keeps what was once needed for the garbage: where they have grown
  // by much, collects.
  void Lasting(int64_t bytes);
  // Whether this turn has made so much native memory, or so many tensors (`made`), that they should
  // be watched. Where it has made still more, collects.
  bool Pressed(uint32_t made);
  // `handle` is to be released when `object` is gone.
  void Watch(napi_value object, double handle);
  // Runs a full garbage collection and releases what it found dead.
  void Collect();

 private:
  struct Watched {
    napi_ref reference;
    double handle;
  };

  // Tells V8 for a moment that so many bytes more are in use.
  void Press(int64_t bytes);

  Environment& environment_;
  std::vector<Watched> watched_;
  int64_t at_turn_ = 0;        // native bytes when the loop last turned
  int64_t at_collection_ = 0;  // and after the last collection since
  uint32_t made_at_collection_ = 0;
  size_t left_at_collection_ = 0;  // live tensors
  // When a collection was last asked for across turns, or the least since.
  size_t kept_tensors_ = 0;
  int64_t kept_bytes_ = 0;
};

}  // namespace torchwright
