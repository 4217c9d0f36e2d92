#include "lending.h"

#include <utility>

namespace torchwright {

struct Lender::Loan {
  std::shared_ptr<Ledger> ledger;
  c10::Storage storage;
  const char* address;
  size_t bytes;
  napi_ref buffer = nullptr;  // weak

  static void End(napi_env env, void*, void* hint) {
    const std::unique_ptr<Loan> loan(static_cast<Loan*>(hint));
    if (loan->buffer != nullptr) napi_delete_reference(env, loan->buffer);
    const auto [first, last] = loan->ledger->loans.equal_range(loan->address);
    for (auto entry = first; entry != last; ++entry) {
      if (entry->second != loan.get()) continue;
      loan->ledger->loans.erase(entry);
      break;
    }
    loan->ledger->bytes -= static_cast<int64_t>(loan->bytes);
  }
};

bool Lender::Affords(size_t bytes) const {
  return bytes >= kSmallest && ledger_->bytes + static_cast<int64_t>(bytes) <= kMost;
}

napi_value Lender::Lend(napi_env env, const at::Tensor& tensor) {
  const c10::Storage& storage = tensor.storage();
  // Not const: what shares its memory with others only until someone writes must part from them.
  auto* address = static_cast<char*>(storage.mutable_data());
  const auto [first, last] = ledger_->loans.equal_range(address);
  for (auto entry = first; entry != last; ++entry) {
    napi_value known = nullptr;
    if (entry->second->buffer == nullptr) continue;
    napi_get_reference_value(env, entry->second->buffer, &known);
    if (known != nullptr) return known;
  }
  // V8's largest typed array.
  constexpr size_t kLargest = (size_t{1} << 32) - 1;
  if (address == nullptr || storage.nbytes() > kLargest) return nullptr;
  auto loan = std::unique_ptr<Loan>(new Loan{ledger_, storage, address, storage.nbytes()});
  napi_value buffer = nullptr;
  const napi_status status =
      napi_create_external_arraybuffer(env, address, loan->bytes, &Loan::End, loan.get(), &buffer);
  if (status != napi_ok) return nullptr;
  Loan* lent = loan.release();  // its finalizer's from here
  // Growing it would move the memory from under the buffer.
  lent->storage.unsafeGetStorageImpl()->set_resizable(false);
  ledger_->loans.emplace(lent->address, lent);
  ledger_->bytes += static_cast<int64_t>(lent->bytes);
  napi_create_reference(env, buffer, 0, &lent->buffer);
  return buffer;
}

const c10::Storage* Lender::Find(const void* data) const {
  const auto* address = static_cast<const char*>(data);
  auto after = ledger_->loans.upper_bound(address);
  if (after == ledger_->loans.begin()) return nullptr;
  const Loan& loan = *std::prev(after)->second;
  return address < loan.address + loan.bytes ? &loan.storage : nullptr;
}

}  // namespace torchwright
