#include "executor.h"

#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>

#include <chrono>
#include <utility>

#include "environment.h"

namespace torchwright {

// The thread-safe function is made here, before the environment's cleanup hook is added: hooks run
// last-in first-out, so ours joins the thread before Node's own closes the function under it.
Executor::Executor(Environment& environment, int threads)
    : environment_(environment), num_threads_(threads) {
  const Napi::Env env = environment_.env();
  napi_value name = Napi::String::New(env, "torchwright executor");
  const napi_status status =
      napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this,
                                      &Executor::OnSettle, &wake_javascript_);
  if (status != napi_ok) Fail("ERR_NATIVE", "executor: no thread-safe function could be made");
  // Only unsettled promises keep the process alive; see Queue and Settle.
  napi_unref_threadsafe_function(env, wake_javascript_);
}

Executor::~Executor() { Shutdown(-1); }

void Executor::Start() {
  if (!thread_.joinable()) thread_ = std::thread([this] { Loop(); });
}

Napi::Value Executor::Queue(std::string operation, Work work, Result result, uint32_t context) {
  if (stopped_) Fail("ERR_SHUT_DOWN", operation + ": this environment is ending");
  Start();
  const Napi::Env env = environment_.env();
  auto task = std::make_unique<Task>(context);
  task->operation = std::move(operation);
  task->work = std::move(work);
  task->result = std::move(result);
  napi_value promise = nullptr;
  if (napi_create_promise(env, &task->deferred, &promise) != napi_ok) {
    Fail("ERR_NATIVE", "executor: no promise could be made");
  }
  task->sequence = ++last_queued_;
  if (unsettled_++ == 0) napi_ref_threadsafe_function(env, wake_javascript_);
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(task));
  }
  has_work_.notify_one();
  return Napi::Value(env, promise);
}

void Executor::WaitFor(uint64_t sequence) {
  // Inside a callback the executor is parked: there is nothing to wait for, and it would be for
  // ever.
  if (!serving_.empty()) return;
  if (completed_ >= sequence) return;  // the usual case, without the lock
  std::unique_lock lock(mutex_);
  while (completed_ < sequence && !stopping_) {
    has_finished_.wait(lock,
                       [&] { return completed_ >= sequence || stopping_ || !upcalls_.empty(); });
    Serve(lock);
  }
}

bool Executor::Idle() {
  if (!serving_.empty()) return true;
  const std::lock_guard lock(mutex_);
  return waiting_.empty() && !running_;
}

void Executor::RunAndWait(const Work& work, uint32_t context) {
  if (stopped_) Fail("ERR_SHUT_DOWN", "this environment is ending");
  Start();
  Inline call(work, context);
  std::unique_lock lock(mutex_);
  if (serving_.empty()) {
    inline_ = &call;
    has_work_.notify_one();
  } else {
    serving_.back()->request = &call;
    answered_.notify_all();
  }
  while (!call.done) {
    has_finished_.wait(lock, [&] { return call.done || !upcalls_.empty(); });
    Serve(lock);
  }
  if (call.error) std::rethrow_exception(call.error);
}

void Executor::RunOnJavaScript(JavaScriptWork work) {
  std::unique_lock lock(mutex_);
  const auto call = std::make_shared<Upcall>(std::move(work), context_);
  upcalls_.push_back(call);
  Wake();
  has_finished_.notify_all();
  while (!call->done) {
    answered_.wait(lock, [&] { return call->done || call->request != nullptr || stopping_; });
    if (call->request != nullptr) {
      RunInline(lock, *std::exchange(call->request, nullptr));
    } else if (stopping_ && !call->done) {
      std::erase(upcalls_, call);
      Fail("ERR_SHUT_DOWN", "callback: this environment is ending");
    }
  }
  if (call->error) std::rethrow_exception(call->error);
}

// Takes over what the caller set for its thread, for as long as its work runs here.
class CallerGuard {
 public:
  CallerGuard(const at::ThreadLocalState& state, const CallStack& stack)
      : guard_(state), outer_(CurrentCallStack()) {
    SetCallStack(stack);
  }
  ~CallerGuard() { SetCallStack(std::move(outer_)); }
  CallerGuard(const CallerGuard&) = delete;
  CallerGuard& operator=(const CallerGuard&) = delete;

 private:
  const at::ThreadLocalStateGuard guard_;
  CallStack outer_;
};

// JavaScript thread: runs what parked threads ask for.
void Executor::Serve(std::unique_lock<std::mutex>& lock) {
  while (!upcalls_.empty()) {
    const std::shared_ptr<Upcall> call = std::move(upcalls_.front());
    upcalls_.pop_front();
    serving_.push_back(call);
    lock.unlock();
    std::exception_ptr error;
    try {
      const CallerGuard guard(call->caller.state, call->caller.stack);
      call->work(call->caller.context);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    serving_.pop_back();
    call->error = error;
    call->done = true;
    answered_.notify_all();
  }
}

void Executor::RunInline(std::unique_lock<std::mutex>& lock, Inline& call) {
  const uint32_t outer = std::exchange(context_, call.caller.context);
  lock.unlock();
  std::exception_ptr error;
  try {
    const CallerGuard guard(call.caller.state, call.caller.stack);
    call.work();
  } catch (...) {
    error = std::current_exception();
  }
  lock.lock();
  context_ = outer;
  call.error = error;
  call.done = true;
  has_finished_.notify_all();
}

// Under the lock: Shutdown may release the function once it has seen `running_` false. Once Node
// says that the function closes it must not be touched again.
void Executor::Wake() {
  if (wake_javascript_ != nullptr &&
      napi_call_threadsafe_function(wake_javascript_, nullptr, napi_tsfn_nonblocking) ==
          napi_closing) {
    wake_javascript_ = nullptr;
  }
}

void Executor::Loop() {
  // A thread takes the process's number of threads when it first asks: another environment's may
  // stand there.
  at::get_num_threads();
  at::set_num_threads(num_threads_);
  at::autocast::set_autocast_cache_enabled(false);
  int threads = num_threads_;
  std::unique_lock lock(mutex_);
  while (true) {
    has_work_.wait(lock, [&] { return stopping_ || inline_ != nullptr || !waiting_.empty(); });
    if (stopping_) return;
    running_ = true;
    if (threads != num_threads_) at::set_num_threads(threads = num_threads_);
    if (waiting_.empty()) {
      RunInline(lock, *std::exchange(inline_, nullptr));
    } else {
      std::unique_ptr<Task> task = std::move(waiting_.front());
      waiting_.pop_front();
      context_ = task->caller.context;
      lock.unlock();
      try {
        const CallerGuard guard(task->caller.state, task->caller.stack);
        task->work();
      } catch (...) {
        task->error = Describe(std::current_exception(), task->operation);
      }
      task->work = nullptr;  // inputs are let go here, not when JavaScript finds the time
      lock.lock();
      context_ = 0;
      completed_ = task->sequence;
      finished_.push_back(std::move(task));
      Wake();
    }
    running_ = false;
    has_finished_.notify_all();
  }
}

void Executor::OnSettle(napi_env env, napi_value, void* context, void*) {
  if (env == nullptr) return;
  try {
    static_cast<Executor*>(context)->Settle();
  } catch (...) {
    // JavaScript cannot run any more: the worker is being terminated, and nobody waits for
    // promises.
  }
}

void Executor::Settle() {
  const Napi::Env env = environment_.env();
  {
    std::unique_lock lock(mutex_);
    Serve(lock);
  }
  while (true) {
    std::unique_ptr<Task> task;
    {
      const std::lock_guard lock(mutex_);
      if (finished_.empty()) break;
      task = std::move(finished_.front());
      finished_.pop_front();
    }
    const Napi::HandleScope scope(env);
    if (--unsettled_ == 0) napi_unref_threadsafe_function(env, wake_javascript_);
    if (!task->error) {
      try {
        if (napi_resolve_deferred(env, task->deferred, task->result(task->sequence)) == napi_ok) {
          continue;
        }
        task->error = {"ERR_NATIVE", task->operation + ": the result has no JavaScript form"};
      } catch (...) {
        task->error = Describe(std::current_exception(), task->operation);
      }
    }
    napi_reject_deferred(env, task->deferred, MakeError(environment_, *task->error).Value());
  }
  if (unsettled_ == 0) environment_.ForgetThrown();
  environment_.TidyUp(Environment::Moment::kTurn);
}

void Executor::set_num_threads(int threads) {
  const std::lock_guard lock(mutex_);
  num_threads_ = threads;
}

bool Executor::Shutdown(int timeout_ms) {
  stopped_ = true;
  if (thread_.joinable() && !Join(timeout_ms)) return false;
  if (wake_javascript_ != nullptr) {
    napi_release_threadsafe_function(std::exchange(wake_javascript_, nullptr), napi_tsfn_abort);
  }
  return true;
}

bool Executor::Join(int timeout_ms) {
  {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    waiting_.clear();
    has_work_.notify_one();
    has_finished_.notify_all();
    answered_.notify_all();
    const auto ended = [&] { return !running_; };
    if (timeout_ms < 0) {
      has_finished_.wait(lock, ended);
    } else if (!has_finished_.wait_for(lock, std::chrono::milliseconds(timeout_ms), ended)) {
      return false;
    }
  }
  thread_.join();
  return true;
}

}  // namespace torchwright
