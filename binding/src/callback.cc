#include "callback.h"

#include <ATen/core/grad_mode.h>

#include <utility>

#include "environment.h"

namespace torchwright {

void CallbackTable::Initialize(Napi::Function call, Napi::Function forget) {
  call_ = Napi::Persistent(call);
  forget_ = Napi::Persistent(forget);
}

std::vector<at::Tensor> CallbackTable::Call(Environment& environment, uint32_t number,
                                            uint32_t context,
                                            const std::vector<at::Tensor>& arguments) {
  const Napi::Env env = environment.env();
  const Napi::HandleScope scope(env);
  try {
    Napi::Array handles = Napi::Array::New(env, arguments.size());
    for (uint32_t i = 0; i < arguments.size(); ++i) {
      handles.Set(i, arguments[i].defined() ? Napi::Value(env, environment.Wrap(arguments[i]))
                                            : env.Undefined());
    }
    const Napi::Object answer =
        ReadObject(call_.Call({Napi::Number::New(env, number), Napi::Number::New(env, context),
                               Napi::Boolean::New(env, at::GradMode::is_enabled()), handles}),
                   "callback");
    std::vector<at::Tensor> results;
    for (const Napi::Value& handle : ReadArray(answer.Get("results"), "callback: results")) {
      results.push_back(handle.IsUndefined() ? at::Tensor() : environment.Peek(handle));
    }
    // What the function made goes only now, when its results are held here.
    for (const Napi::Value& handle : ReadArray(answer.Get("temporary"), "callback: temporary")) {
      if (handle.IsNumber()) environment.tensors().Release(handle.As<Napi::Number>().DoubleValue());
    }
    return results;
  } catch (const Napi::Error& error) {
    throw ThrownByJavaScript(environment.KeepThrown(error));
  }
}

void CallbackTable::Close() {
  call_.Reset();
  forget_.Reset();
}

void CallbackTable::Drop(uint32_t number) {
  const std::lock_guard lock(mutex_);
  dropped_.push_back(number);
  has_dropped_ = true;
}

void CallbackTable::ForgetDropped(Environment& environment) {
  if (!has_dropped_ || forget_.IsEmpty()) return;
  std::vector<uint32_t> numbers;
  {
    const std::lock_guard lock(mutex_);
    numbers.swap(dropped_);
    has_dropped_ = false;
  }
  const Napi::Env env = environment.env();
  const Napi::HandleScope scope(env);
  Napi::Array list = Napi::Array::New(env, numbers.size());
  for (uint32_t i = 0; i < numbers.size(); ++i) list.Set(i, numbers[i]);
  forget_.Call({list});
}

Callback::Callback(Environment& environment, uint32_t number)
    : environment_(environment),
      executor_(environment.executor()),
      table_(environment.callbacks()),
      number_(number) {}

Callback::~Callback() { table_->Drop(number_); }

std::vector<at::Tensor> Callback::Call(std::vector<at::Tensor> arguments) const {
  // Shared, because a thread that gives up waiting at the process's end leaves them behind.
  auto given = std::make_shared<const std::vector<at::Tensor>>(std::move(arguments));
  auto results = std::make_shared<std::vector<at::Tensor>>();
  executor_.RunOnJavaScript([environment = &environment_, table = table_, number = number_, given,
                             results](uint32_t context) {
    *results = table->Call(*environment, number, context, *given);
  });
  return std::move(*results);
}

}  // namespace torchwright
