#include "store/state_impl.h"

// A request that runs is known in memory only; its row appears together with its result. So a crash in
// between leaves nothing behind that could refuse the retry.

namespace patchbay::store {

RequestClaim::RequestClaim(RequestClaim&& o) noexcept
    : db_(std::exchange(o.db_, nullptr)), kind_(o.kind_), key_(std::move(o.key_)), result_(std::move(o.result_)) {}

RequestClaim::~RequestClaim() {
  if (db_ != nullptr && kind_ == Kind::kFresh) db_->release(key_);
}

Status RequestClaim::complete(std::string_view result) {
  if (db_ == nullptr || kind_ != Kind::kFresh) {
    return Error{ErrorCode::kInternal, "this claim cannot be completed", {}, {}};
  }
  PB_TRY(db_->store_result(key_, result));
  std::exchange(db_, nullptr)->release(key_);
  return {};
}

Result<RequestClaim> StateDb::claim_request(const RequestKey& key, MonoTime deadline) {
  const Impl::RunningKey name{key.scope, key.tool, key.key};
  {
    std::unique_lock lock(impl_->running_mutex);
    for (auto it = impl_->running.find(name); it != impl_->running.end(); it = impl_->running.find(name)) {
      if (it->second != key.arguments_sha256) return RequestClaim(this, RequestClaim::Kind::kConflict, key);
      const auto waited = impl_->running_changed.wait_until(lock, deadline);
      if (waited == std::cv_status::timeout && impl_->running.contains(name)) {
        return RequestClaim(this, RequestClaim::Kind::kBusy, key);
      }
    }
    impl_->running.emplace(name, key.arguments_sha256);
  }
  // From here the key is ours; the claim gives it back however this ends.
  RequestClaim claim(this, RequestClaim::Kind::kFresh, key);
  bool stored = false;
  std::string arguments, result;
  {
    auto db = PB_TRY(impl_->reader());
    PB_TRY(db->each(
        "SELECT arguments, result FROM requests WHERE scope=?1 AND tool=?2 AND key=?3 AND created>?4",
        [&](const sqlite::Row& row) {
          stored = true;
          arguments = row.text(0);
          result = row.text(1);
        },
        key.scope, key.tool, key.key, impl_->now() - ms(kRequestKeyLife)));
  }
  if (!stored) return claim;
  const bool same = arguments == key.arguments_sha256;
  RequestClaim answer(this, same ? RequestClaim::Kind::kReplay : RequestClaim::Kind::kConflict, key);
  if (same) answer.result_ = std::move(result);
  return answer;
}

Status StateDb::store_result(const RequestKey& key, std::string_view result) {
  auto db = PB_TRY(impl_->writer());
  return db->run("INSERT OR REPLACE INTO requests VALUES(?1, ?2, ?3, ?4, ?5, ?6)", key.scope, key.tool, key.key,
                 key.arguments_sha256, result, impl_->now());
}

void StateDb::release(const RequestKey& key) {
  {
    std::lock_guard lock(impl_->running_mutex);
    impl_->running.erase({key.scope, key.tool, key.key});
  }
  impl_->running_changed.notify_all();
}

}  // namespace patchbay::store
