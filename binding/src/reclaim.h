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
  void Turned();
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

  Environment& environment_;
  std::vector<Watched> watched_;
  int64_t at_turn_ = 0;        // native bytes when the loop last turned
  int64_t at_collection_ = 0;  // and after the last collection since
  uint32_t made_at_collection_ = 0;
  size_t left_at_collection_ = 0;  // live tensors
};

}  // namespace torchwright
