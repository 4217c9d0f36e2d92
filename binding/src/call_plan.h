// The hot path of operator calls. What can be decided from the kinds of the arguments alone (which
// overload, which conversion for each) is decided once and kept as a plan; a call then reads its
// arguments from a buffer that JavaScript writes and C++ reads (the frame), without an N-API call
// for each. JavaScript thread only.
//
// The frame, in doubles: the plan's number, then the arguments in order. A tensor is its handle, a
// number or boolean itself, undefined and null nothing, a list its length and elements. After the
// call its first cell is the result's handle, -1 where the result is the first argument, changed in
// place, 0 where it is no tensor.
#pragma once

#include <ATen/core/ivalue.h>

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "napi_setup.h"
#include "operator.h"

namespace torchwright {

class Environment;

// Kinds of arguments, four bits each in a signature after a leading 1. The same numbers stand in
// lib/tensor/invoke.ts.
enum class ArgCode : uint8_t {
  kTensor = 1,
  kInt,  // an integer that a double holds exactly
  kDouble,
  kBool,
  kUndefined,
  kNull,
  kEmptyList,
  kIntList,
  kDoubleList,
  kTensorList,
};

struct CallPlan {
  enum class Read : uint8_t {
    kTensor,
    kInt,
    kDouble,
    kBool,
    kIntList,
    kDoubleList,
    kTensorList,
    kOptionalTensorList,
    kRepeatedInt,
    kRepeatedDouble,
    kConstant,
  };
  struct Step {
    Read read;
    int32_t count = 0;     // of the repeated
    c10::IValue constant;  // a default, or the last list that was read
  };
  uint32_t operator_index = 0;
  const Overload* overload = nullptr;
  std::vector<ArgCode> codes;
  std::vector<Step> steps;
};

class CallPlans {
 public:
  static constexpr size_t kFrameSize = 512;
  using Frame = std::array<double, kFrameSize>;

  // Number of the plan for an operator and a signature; 0 where such calls take the general way:
  // no overload fits, or what fits cannot be told from the kinds alone.
  uint32_t Find(const OperatorTable& operators, uint32_t operator_index, uint32_t signature);
  CallPlan* Get(double number);
  Frame& frame() { return frame_; }

  // Kept between calls, since its memory costs as much as a small operator's arguments.
  torch::jit::Stack stack;

 private:
  uint32_t Make(const OperatorTable& operators, uint32_t operator_index,
                std::vector<ArgCode> codes);

  Frame frame_{};
  std::map<std::pair<uint32_t, uint32_t>, uint32_t> numbers_;
  std::deque<CallPlan> plans_;
};

}  // namespace torchwright
