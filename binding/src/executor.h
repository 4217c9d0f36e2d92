// One worker thread per environment that runs queued work in order and settles promises.
//
// Threads: `Queue`, `WaitFor` and `RunAndWait` are called on the JavaScript thread only; a task's
// `work` runs on the executor's thread and touches no JavaScript value; its `result` runs on the
// JavaScript thread again. A task carries the caller's at::ThreadLocalState (grad mode, autocast).
//
// Callbacks: a task may need JavaScript (a gradient hook). `RunOnJavaScript` parks the thread that
// asks; the JavaScript thread serves it from the event loop, or from inside `WaitFor` or
// `RunAndWait` when it is waiting for that very task. Meanwhile the task counts as suspended:
// JavaScript waits for nothing, and what it would run on the executor runs on the parked thread.
//
// Order: a task may read and write anything that existed when it was queued. Sequence numbers make
// that checkable: a tensor that was born before task N was queued must not be touched by
// synchronous code until N is done (see Environment::Use).
#pragma once

#include <ATen/ThreadLocalState.h>

#include <atomic>
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

#include "anomaly.h"
#include "error.h"
#include "napi_setup.h"

namespace torchwright {

class Environment;

class Executor {
 public:
  using Work = std::function<void()>;
  // Makes the promise's value; gets the sequence number of its task.
  using Result = std::function<napi_value(uint64_t sequence)>;

  Executor(Environment& environment, int threads);
  ~Executor();

  // Work on the JavaScript thread; gets the number of the asking task's async context.
  using JavaScriptWork = std::function<void(uint32_t context)>;

  // Queues work and returns its promise. `context` is the caller's async context where the work may
  // call back, else 0.
  Napi::Value Queue(std::string operation, Work work, Result result, uint32_t context = 0);

  // Number of the last task queued; 0 before the first.
  uint64_t last_queued() const { return last_queued_; }
  // Whether everything queued has run, so that nothing that JavaScript does has to wait.
  bool Settled() const { return completed_ >= last_queued_; }
  // Blocks the JavaScript thread until task `sequence` has run.
  void WaitFor(uint64_t sequence);
  bool Idle();
  // Whether JavaScript runs in a callback of queued work. JavaScript thread only.
  bool serving() const { return !serving_.empty(); }
  // Runs work on the executor while the JavaScript thread waits: for large synchronous operators,
  // so that only one thread ever opens an OpenMP team.
  void RunAndWait(const Work& work, uint32_t context = 0);
  // Runs work on the JavaScript thread and waits for it; rethrows what it throws. From any thread
  // that works for a task.
  void RunOnJavaScript(JavaScriptWork work);

  // Drops what is queued, lets the running task end, joins. False when that took too long.
  bool Shutdown(int timeout_ms);

  int num_threads() const { return num_threads_; }
  void set_num_threads(int threads);

 private:
  // What work takes over from the thread that asked for it.
  struct Caller {
    explicit Caller(uint32_t number) : context(number), stack(CurrentCallStack()) {}
    at::ThreadLocalState state;
    uint32_t context;
    CallStack stack;
  };
  struct Task {
    explicit Task(uint32_t context) : caller(context) {}
    uint64_t sequence = 0;
    std::string operation;
    Work work;
    Result result;
    napi_deferred deferred = nullptr;
    Caller caller;
    std::optional<ErrorText> error;
  };
  // Work that JavaScript waits for; lives on its stack.
  struct Inline {
    Inline(const Work& wanted, uint32_t context) : work(wanted), caller(context) {}
    const Work& work;
    Caller caller;
    std::exception_ptr error;
    bool done = false;
  };
  // Work that a parked thread waits for. Shared with JavaScript's thread, because the other may
  // give up waiting when the environment ends.
  struct Upcall {
    Upcall(JavaScriptWork wanted, uint32_t number) : work(std::move(wanted)), caller(number) {}
    JavaScriptWork work;
    Caller caller;
    std::exception_ptr error;
    Inline* request = nullptr;
    bool done = false;
  };

  void Start();
  void RunInline(std::unique_lock<std::mutex>& lock, Inline& call);
  void Wake();
  void Serve(std::unique_lock<std::mutex>& lock);
  bool Join(int timeout_ms);
  void Loop();
  void Settle();
  static void OnSettle(napi_env env, napi_value, void* context, void*);

  Environment& environment_;
  int num_threads_;

  // JavaScript thread only.
  std::vector<std::shared_ptr<Upcall>> serving_;  // innermost last
  uint64_t last_queued_ = 0;
  uint64_t unsettled_ = 0;
  std::thread thread_;

  std::mutex mutex_;
  napi_threadsafe_function wake_javascript_ = nullptr;  // null again once Node closes it
  std::condition_variable has_work_;
  std::condition_variable has_finished_;
  std::deque<std::unique_ptr<Task>> waiting_;
  std::deque<std::unique_ptr<Task>> finished_;
  std::atomic<uint64_t> completed_ = 0;  // written under the lock
  std::condition_variable answered_;     // parked threads
  std::deque<std::shared_ptr<Upcall>> upcalls_;
  Inline* inline_ = nullptr;  // RunAndWait's
  uint32_t context_ = 0;      // of the running work
  bool stopping_ = false;
  bool running_ = false;
  bool stopped_ = false;
};

}  // namespace torchwright
