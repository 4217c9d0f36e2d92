// Events on an accelerator's stream, by number as modules are. A number is never reused, so a stale
// one is an error. Touched on the JavaScript thread only; tasks hold events of their own.
#pragma once

#include <c10/core/Event.h>

#include <cstdint>
#include <memory>
#include <unordered_map>

namespace torchwright {

class EventTable {
 public:
  uint32_t Add(std::shared_ptr<c10::Event> event) {
    events_.emplace(++last_, std::move(event));
    return last_;
  }
  std::shared_ptr<c10::Event> Get(uint32_t number) const;
  void Release(uint32_t number) { events_.erase(number); }

 private:
  uint32_t last_ = 0;
  std::unordered_map<uint32_t, std::shared_ptr<c10::Event>> events_;
};

}  // namespace torchwright
