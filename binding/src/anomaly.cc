#include "anomaly.h"

#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/anomaly_mode.h>
#include <torch/csrc/autograd/engine.h>

#include <mutex>
#include <string_view>
#include <type_traits>
#include <utility>

#include "error.h"

namespace torchwright {
namespace {

// shared_ptr or intrusive_ptr, by libtorch's release.
using NodePointer = std::remove_cvref_t<decltype(std::declval<const at::Tensor&>().grad_fn())>;

thread_local CallStack call_stack;

class Birth final : public torch::autograd::AnomalyMetadata {
 public:
  void store_stack() override { stack_ = call_stack; }
  // The error carries the stack; nothing is printed.
  void print_stack(const std::string&) override {}
  const CallStack& stack() const { return stack_; }

 private:
  CallStack stack_;
};

struct Engine final : public torch::autograd::Engine {
  std::unique_ptr<torch::autograd::AnomalyMetadata> make_anomaly_metadata() override {
    return std::make_unique<Birth>();
  }

  // Device threads cast weights too, when a hook or a checkpoint runs forward code.
  void thread_init(int device, const std::shared_ptr<torch::autograd::ReadyQueue>& ready_queue,
                   bool should_increment) override {
    at::autocast::set_autocast_cache_enabled(false);
    torch::autograd::Engine::thread_init(device, ready_queue, should_increment);
  }

  void thread_on_exception(const std::shared_ptr<torch::autograd::GraphTask>& task,
                           const NodePointer& node, std::exception& error) override {
    const bool explain = torch::autograd::AnomalyMode::is_enabled() && node &&
                         dynamic_cast<const ThrownByJavaScript*>(&error) == nullptr;
    if (!explain) return torch::autograd::Engine::thread_on_exception(task, node, error);
    ErrorText text = Describe(std::current_exception(), "");
    if (text.message.find("returned nan values") != std::string::npos) text.code = "ERR_NON_FINITE";
    const CallStack& stack = static_cast<Birth*>(node->metadata())->stack();
    text.message.append("\n").append(node->name());
    if (stack) {
      text.message.append(" was made by this forward call:\n").append(*stack);
    } else {
      text.message.append(" was made while anomaly detection was off");
    }
    try {
      throw CodedError(text.code, text.message);
    } catch (CodedError& explained) {
      torch::autograd::Engine::thread_on_exception(task, node, explained);
    }
  }
};

// Never destroyed: its threads may outlive the process's statics.
torch::autograd::Engine& OurEngine() {
  static auto* engine = new Engine();
  return *engine;
}

}  // namespace

CallStack CurrentCallStack() { return call_stack; }

void SetCallStack(CallStack stack) { call_stack = std::move(stack); }

void InstallEngine() { torch::autograd::set_default_engine_stub(&OurEngine); }

void CountAnomalyScopes(int change, bool check_nan) {
  static std::mutex mutex;
  static int scopes = 0;
  const std::lock_guard lock(mutex);
  scopes += change;
  torch::autograd::AnomalyMode::set_enabled(scopes > 0, check_nan);
}

}  // namespace torchwright
