#include "mcp/request_keys.h"

#include "patchbay/base/hash.h"

namespace patchbay::mcp {
namespace {

/// The same for arguments that mean the same: members in any order, null like absent.
std::string digest_of(const Json& arguments) {
  nlohmann::json sorted = nlohmann::json::object();
  for (const auto& [name, value] : arguments.items()) {
    if (!value.is_null()) {
      sorted[name] = nlohmann::json::parse(json::dump(value));
    }
  }
  return sha256_hex(sorted.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace

RequestKeys::Turn::~Turn() {
  if (owner_ == nullptr) return;
  std::lock_guard lock(owner_->mutex_);
  owner_->running_.erase(key_);
  owner_->freed_.notify_all();
}

Status RequestKeys::Turn::keep(const std::string& result) {
  return owner_->store_.put_result(key_, {digest_, result, owner_->clock_.wall()});
}

Result<RequestKeys::Claim> RequestKeys::claim(const std::string& scope_key, const std::string& tool,
                                              const std::string& request_key, const Json& arguments,
                                              const CancelToken& cancel, MonoTime deadline) {
  const std::string key = sha256_hex(scope_key + '\0' + tool + '\0' + request_key);
  const std::string digest = digest_of(arguments);
  std::unique_lock lock(mutex_);
  while (running_.contains(key)) {
    if (cancel.cancelled()) return Error{ErrorCode::kCancelled, "The request was cancelled.", {}, {}};
    if (clock_.mono() >= deadline) {
      return Error{ErrorCode::kTimeout,
                   "The first call with this request_key is still running.",
                   "Call again with the same request_key.",
                   {}};
    }
    freed_.wait_for(lock, std::chrono::milliseconds(100));
  }
  running_.insert(key);
  lock.unlock();  // the store may have to ask the disk
  Turn turn(this, key, digest);
  auto known = PB_TRY(store_.find_result(key));
  if (known && clock_.wall() - known->stored <= age_) {
    if (known->arguments_digest != digest) {
      return Error{ErrorCode::kRequestKeyConflict,
                   "This request_key was used with other arguments.",
                   "Use a new request_key for a new request.",
                   {}};
    }
    return Claim{std::nullopt, std::move(known->result)};
  }
  return Claim{std::move(turn), std::nullopt};
}

}  // namespace patchbay::mcp
