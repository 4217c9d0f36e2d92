// One worker thread per environment that runs queued work in order and settles promises.
//
// Threads: `Queue`, `WaitFor` and `RunAndWait` are called on the JavaScript thread only; a task's
// `work` runs on the executor's thread and touches no JavaScript value; its `result` runs on the
// JavaScript thread again. A task carries the caller's at::ThreadLocalState (grad mode, autocast).
//
// Order: a task may read and write anything that existed when it was queued. Sequence numbers make
// that checkable: a tensor that was born before task N was queued must not be touched by
// synchronous code until N is done (see Environment::Use).
#pragma once

#include <ATen/ThreadLocalState.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "error.h"
#include "napi_setup.h"

namespace torchwright {

class Environment;

class Executor {
 public:
  using Work = std::function<void()>;
  // Makes the promise's value; gets the sequence number of its task.
  using Result = std::function<napi_value(uint64_t sequence)>;

  explicit Executor(Environment& environment);
  ~Executor();

  // Queues work and returns its promise.
  Napi::Value Queue(std::string operation, Work work, Result result);

  // Number of the last task queued; 0 before the first.
  uint64_t last_queued() const { return last_queued_; }
  // Blocks the JavaScript thread until task `sequence` has run.
  void WaitFor(uint64_t sequence);
  bool Idle();
  // Runs work on the executor while the JavaScript thread waits: for large synchronous operators,
  // so that only one thread ever opens an OpenMP team.
  void RunAndWait(const Work& work);

  // Drops what is queued, lets the running task end, joins. False when that took too long.
  bool Shutdown(int timeout_ms);

  int num_threads() const { return num_threads_; }
  void set_num_threads(int threads);

 private:
  struct Task {
    uint64_t sequence = 0;
    std::string operation;
    Work work;
    Result result;
    napi_deferred deferred = nullptr;
    std::optional<at::ThreadLocalState> state;
    std::optional<ErrorText> error;
  };

  void Start();
  bool Join(int timeout_ms);
  void Loop();
  void Settle();
  static void OnSettle(napi_env env, napi_value, void* context, void*);

  Environment& environment_;
  int num_threads_;

  // JavaScript thread only.
  uint64_t last_queued_ = 0;
  uint64_t unsettled_ = 0;
  std::thread thread_;

  std::mutex mutex_;
  napi_threadsafe_function wake_javascript_ = nullptr;  // null again once Node closes it
  std::condition_variable has_work_;
  std::condition_variable has_finished_;
  std::deque<std::unique_ptr<Task>> waiting_;
  std::deque<std::unique_ptr<Task>> finished_;
  uint64_t completed_ = 0;
  const Work* inline_work_ = nullptr;  // RunAndWait's, with its state and outcome
  const at::ThreadLocalState* inline_state_ = nullptr;
  std::exception_ptr inline_error_;
  bool stopping_ = false;
  bool running_ = false;
  bool stopped_ = false;
};

}  // namespace torchwright
