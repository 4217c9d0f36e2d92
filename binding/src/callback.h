// JavaScript functions that native code may call from any thread: gradient hooks and the backward
// of custom functions.
//
// Ownership: JavaScript keeps the functions in a table of its own (lib/native/callbacks.ts); C++
// holds numbers. So no reference to a JavaScript value is ever touched, or dropped, on another
// thread: the last owner of a Callback, often a node of a graph that dies wherever it dies, only
// notes its number, and the JavaScript thread forgets the function when it comes by.
#pragma once

#include <ATen/core/TensorBody.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "napi_setup.h"

namespace torchwright {

class Environment;
class Executor;

// Outlives the environment where a graph does.
class CallbackTable {
 public:
  // JavaScript thread only: `call(number, context, gradEnabled, handles)` gives
  // `{ results, temporary }`, `forget(numbers)` drops functions.
  void Initialize(Napi::Function call, Napi::Function forget);
  // Calls a function now, on the JavaScript thread. An error that it throws is kept as it is.
  std::vector<at::Tensor> Call(Environment& environment, uint32_t number, uint32_t context,
                               const std::vector<at::Tensor>& arguments);
  // Lets go of JavaScript; nothing but Drop may come after.
  void Close();
  // Tells JavaScript which functions nobody can call any more.
  void ForgetDropped(Environment& environment);

  // Any thread.
  void Drop(uint32_t number);

 private:
  Napi::FunctionReference call_;
  Napi::FunctionReference forget_;
  std::mutex mutex_;
  std::vector<uint32_t> dropped_;
  std::atomic<bool> has_dropped_ = false;
};

class Callback {
 public:
  Callback(Environment& environment, uint32_t number);
  ~Callback();
  Callback(const Callback&) = delete;
  Callback& operator=(const Callback&) = delete;

  // From any thread of a task that the executor runs: waits for the JavaScript thread, which may be
  // waiting for this task. Undefined tensors stand for `undefined`, both ways.
  std::vector<at::Tensor> Call(std::vector<at::Tensor> arguments) const;

 private:
  Environment& environment_;  // only passed on: calls come from any thread
  Executor& executor_;
  std::shared_ptr<CallbackTable> table_;
  uint32_t number_;
};

}  // namespace torchwright
