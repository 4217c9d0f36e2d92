#include "reclaim.h"

#include <algorithm>

#include "environment.h"
#include "memory.h"

namespace torchwright {
namespace {

// What one turn may make without being watched: a batch's activations, say.
constexpr int64_t kUnwatched = 64LL << 20;
// The same in tensors: small ones hold a kilobyte each, their node in a graph included, that no
// allocator of tensors counts.
constexpr uint32_t kUnwatchedTensors = 1U << 16;
// Growth that is worth a collection (some milliseconds); more where more is in use.
constexpr int64_t kCollectStep = 256LL << 20;
// From turn to turn V8 collects by itself, as it is told of the growth; more than this only where
// it is late, or where training begins.
constexpr int64_t kLastingStep = 384LL << 20;
// The same in tensors, from turn to turn. V8 counts only what it can see, some hundred bytes each,
// and would let a hundred times as many lie: to free them then would block the loop for a second,
// and their memory would have left the processor's caches.
constexpr size_t kCollectTensors = 1U << 15;
// Beyond every limit of V8's on external memory, so that it collects now. Taken back at once.
constexpr int64_t kBeyondLimit = 1LL << 40;
// More than may come between two collections before V8 starts to mark, which it does on threads of
// its own, to collect in one of the loop's next turns: for half the price.
constexpr int64_t kBeyondSoftLimit = (64LL << 20) + 1;

}  // namespace

void Reclaimer::Turned() {
  // What was freed meanwhile needs no watching; the rest stays watched, because a GPU whose memory
  // is full of garbage of earlier turns cannot wait for finalizers either.
  const auto freed = [this](const Watched& watched) {
    if (environment_.tensors().IsLive(watched.handle)) return false;
    napi_delete_reference(environment_.env(), watched.reference);
    return true;
  };
  watched_.erase(std::remove_if(watched_.begin(), watched_.end(), freed), watched_.end());
  at_turn_ = at_collection_ = CountedBytes();
  made_at_collection_ = 0;
  const size_t live = environment_.tensors().live();
  kept_tensors_ = std::min(kept_tensors_, live);
  if (live - kept_tensors_ < std::max(kCollectTensors, kept_tensors_)) return;
  kept_tensors_ = live;
  Press(kBeyondSoftLimit);
}

void Reclaimer::Lasting(int64_t bytes) {
  kept_bytes_ = std::min(kept_bytes_, bytes);
  if (bytes - kept_bytes_ < std::max(kLastingStep, kept_bytes_ / 2)) return;
  kept_bytes_ = bytes;
  Collect();
}

bool Reclaimer::Pressed(uint32_t made) {
  const int64_t now = CountedBytes();
  // What was freed since makes room again.
  at_turn_ = std::min(at_turn_, now);
  at_collection_ = std::min(at_collection_, now);
  if (now - at_turn_ < kUnwatched && made < kUnwatchedTensors) return false;
  // As collectors do: the next one is due when as much again was made as the last one left.
  if (now - at_collection_ >= std::max(kCollectStep, at_collection_ - at_turn_) ||
      made - made_at_collection_ >= std::max<size_t>(kUnwatchedTensors, left_at_collection_)) {
    Collect();
    made_at_collection_ = made;
  }
  return true;
}

void Reclaimer::Watch(napi_value object, double handle) {
  napi_ref reference = nullptr;
  if (napi_create_reference(environment_.env(), object, 0, &reference) != napi_ok) {
    Fail("ERR_INVALID_ARG", "watch: expected an object");
  }
  watched_.push_back({reference, handle});
}

void Reclaimer::Collect() {
  // In a callback a native call further out may hold bare handles of tensors whose objects are
  // gone.
  if (environment_.executor().serving()) return;
  const Napi::Env env = environment_.env();
  const auto gone = [&](const Watched& watched) {
    const Napi::HandleScope scope(env);
    napi_value object = nullptr;
    if (napi_get_reference_value(env, watched.reference, &object) != napi_ok || object) {
      return false;
    }
    napi_delete_reference(env, watched.reference);
    environment_.tensors().Release(watched.handle);
    return true;
  };
  const int64_t before = CountedBytes();
  // Twice where the first only ends a marking that was under way: that has taken younger garbage
  // for alive. Without watched tensors there is no telling.
  const int rounds = watched_.empty() ? 1 : 2;
  for (int round = 0; round < rounds && CountedBytes() == before; ++round) {
    Press(kBeyondLimit);
    watched_.erase(std::remove_if(watched_.begin(), watched_.end(), gone), watched_.end());
  }
  ReadHeap();
  at_collection_ = CountedBytes();
  left_at_collection_ = environment_.tensors().live();
}

void Reclaimer::Press(int64_t bytes) {
  int64_t total = 0;
  napi_adjust_external_memory(environment_.env(), bytes, &total);
  napi_adjust_external_memory(environment_.env(), -bytes, &total);
}

namespace {

Napi::Value Turned(Environment& environment, const Napi::CallbackInfo& info) {
  environment.reclaimer().Turned();
  return info.Env().Undefined();
}

Napi::Value Pressed(Environment& environment, const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(),
                            environment.reclaimer().Pressed(ReadNumber(info[0], "pressed")));
}

Napi::Value Watch(Environment& environment, const Napi::CallbackInfo& info) {
  if (!info[0].IsObject() || !info[1].IsNumber()) {
    Fail("ERR_INVALID_ARG", "watch: expected an object and a handle");
  }
  environment.reclaimer().Watch(info[0], info[1].As<Napi::Number>().DoubleValue());
  return info.Env().Undefined();
}

}  // namespace

void RegisterReclaimer(Environment& environment, Napi::Object exports) {
  Register<Turned>(environment, exports, "turned");
  Register<Pressed>(environment, exports, "pressed");
  Register<Watch>(environment, exports, "watch");
}

}  // namespace torchwright
