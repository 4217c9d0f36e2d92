// Memory of tensors lent to JavaScript as buffers, without a copy. JavaScript thread only.
//
// Ownership: a loan holds a reference to the storage until V8 has let the buffer go and its
// finalizer has run, which happens on a turn of the event loop. So neither side pulls memory from
// under the other, whichever ends first. The way round, lending JavaScript's own memory to
// libtorch, is not offered: a script can take a buffer away (transfer) while an operator reads it,
// and N-API cannot hold it.
#pragma once

#include <ATen/core/TensorBody.h>

#include <cstdint>
#include <map>
#include <memory>

#include "napi_setup.h"

namespace torchwright {

class Lender {
 public:
  // Smaller ones are cheaper to copy into memory of V8's own.
  static constexpr size_t kSmallest = size_t{1} << 20;
  // A loop that never lets the event loop turn gets no memory back. Beyond this, copies go into
  // memory of V8's own, which it frees at once.
  static constexpr int64_t kMost = int64_t{512} << 20;

  // Whether a copy of this size should be lent.
  bool Affords(size_t bytes) const;
  // A buffer over a tensor's whole storage, on the CPU; null where the host forbids such buffers.
  // The same buffer as before while JavaScript still has it.
  napi_value Lend(napi_env env, const at::Tensor& tensor);
  // The storage that lies behind an address in a lent buffer, or null.
  const c10::Storage* Find(const void* data) const;

  // Bytes on loan: V8 counts them itself.
  int64_t lent_bytes() const { return ledger_->bytes; }

 private:
  struct Loan;
  // Outlives the environment where a finalizer comes late.
  struct Ledger {
    std::multimap<const char*, Loan*> loans;  // by address
    int64_t bytes = 0;
  };

  std::shared_ptr<Ledger> ledger_ = std::make_shared<Ledger>();
};

}  // namespace torchwright
