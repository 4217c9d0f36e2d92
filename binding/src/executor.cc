#include "executor.h"

#include <ATen/Parallel.h>

#include <chrono>
#include <utility>

#include "environment.h"

namespace torchwright {

// The thread-safe function is made here, before the environment's cleanup hook is added: hooks run
// last-in first-out, so ours joins the thread before Node's own closes the function under it.
Executor::Executor(Environment& environment)
    : environment_(environment), num_threads_(at::get_num_threads()) {
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

Napi::Value Executor::Queue(std::string operation, Work work, Result result) {
  if (stopped_) Fail("ERR_SHUT_DOWN", operation + ": this environment is ending");
  Start();
  const Napi::Env env = environment_.env();
  auto task = std::make_unique<Task>();
  task->operation = std::move(operation);
  task->work = std::move(work);
  task->result = std::move(result);
  task->state.emplace();
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
  std::unique_lock lock(mutex_);
  has_finished_.wait(lock, [&] { return completed_ >= sequence || stopping_; });
}

bool Executor::Idle() {
  const std::lock_guard lock(mutex_);
  return waiting_.empty() && !running_;
}

void Executor::RunAndWait(const Work& work) {
  if (stopped_) Fail("ERR_SHUT_DOWN", "this environment is ending");
  Start();
  const at::ThreadLocalState state;
  std::unique_lock lock(mutex_);
  inline_work_ = &work;
  inline_state_ = &state;
  has_work_.notify_one();
  has_finished_.wait(lock, [&] { return inline_work_ == nullptr; });
  if (inline_error_) std::rethrow_exception(std::exchange(inline_error_, nullptr));
}

void Executor::Loop() {
  at::set_num_threads(num_threads_);
  int threads = num_threads_;
  std::unique_lock lock(mutex_);
  while (true) {
    has_work_.wait(lock, [&] { return stopping_ || inline_work_ || !waiting_.empty(); });
    if (stopping_) return;
    running_ = true;
    if (threads != num_threads_) at::set_num_threads(threads = num_threads_);
    if (waiting_.empty()) {
      const Work& work = *inline_work_;
      const at::ThreadLocalState& state = *inline_state_;
      lock.unlock();
      std::exception_ptr error;
      try {
        const at::ThreadLocalStateGuard guard(state);
        work();
      } catch (...) {
        error = std::current_exception();
      }
      lock.lock();
      inline_error_ = error;
      inline_work_ = nullptr;
    } else {
      std::unique_ptr<Task> task = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      try {
        const at::ThreadLocalStateGuard guard(*task->state);
        task->work();
      } catch (...) {
        task->error = Describe(std::current_exception(), task->operation);
      }
      task->work = nullptr;  // inputs are let go here, not when JavaScript finds the time
      lock.lock();
      completed_ = task->sequence;
      finished_.push_back(std::move(task));
      // Under the lock: Shutdown may release the function once it has seen `running_` false.
      // Once Node says that the function closes it must not be touched again.
      if (wake_javascript_ != nullptr &&
          napi_call_threadsafe_function(wake_javascript_, nullptr, napi_tsfn_nonblocking) ==
              napi_closing) {
        wake_javascript_ = nullptr;
      }
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
  while (true) {
    std::unique_ptr<Task> task;
    {
      const std::lock_guard lock(mutex_);
      if (finished_.empty()) break;
      task = std::move(finished_.front());
      finished_.pop_front();
    }
    const Napi::HandleScope scope(env);
    if (!task->error) {
      try {
        napi_resolve_deferred(env, task->deferred, task->result(task->sequence));
      } catch (...) {
        task->error = Describe(std::current_exception(), task->operation);
      }
    }
    if (task->error) {
      napi_reject_deferred(env, task->deferred, MakeError(environment_, *task->error).Value());
    }
    if (--unsettled_ == 0) napi_unref_threadsafe_function(env, wake_javascript_);
  }
  environment_.ReportMemory();
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
