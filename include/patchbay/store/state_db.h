#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "patchbay/base/clock.h"
#include "patchbay/base/result.h"

namespace patchbay::store {

/// A token that has a name. The token itself is never stored, only its SHA-256 (SEC:A5).
struct NamedToken {
  std::string name;
  std::string sha256_hex;
  std::string scope;  ///< "read", "worker", "integrate", "power"
  WallTime created{};
  std::optional<WallTime> expires;
  std::optional<WallTime> revoked;

  bool valid_at(WallTime now) const { return !revoked && (!expires || now < *expires); }
};

/// The named tokens of a database that this process does not own, also ended ones. Nothing is made, mended or set
/// aside. Empty when there is no file. kStateTooNew when a newer version wrote it; kStateCorrupt, kIoError.
Result<std::vector<NamedToken>> look_at_tokens(const std::string& path);

/// What names a request for replay: the same key of another scope or tool is another request (mcp.md B7).
struct RequestKey {
  std::string scope;  ///< scope key of the caller
  std::string tool;
  std::string key;
  std::string arguments_sha256;
};

class StateDb;

/// The right to carry one request out. Destroyed without complete() the key is free again, as after a crash:
/// the caller may retry.
class RequestClaim {
 public:
  enum class Kind {
    kFresh,     ///< carry it out, then complete()
    kReplay,    ///< `result()` is what the first call answered
    kConflict,  ///< the key was used with other arguments
    kBusy,      ///< the first call still runs and did not end before the deadline
  };
  RequestClaim(RequestClaim&&) noexcept;
  RequestClaim& operator=(RequestClaim&&) = delete;
  ~RequestClaim();

  Kind kind() const { return kind_; }
  const std::string& result() const { return result_; }
  /// Stores claim and result in one transaction; when it returns both are on stable storage. Only for kFresh.
  Status complete(std::string_view result);

 private:
  friend class StateDb;
  RequestClaim(StateDb* db, Kind kind, RequestKey key) : db_(db), kind_(kind), key_(std::move(key)) {}
  StateDb* db_;
  Kind kind_;
  RequestKey key_;
  std::string result_;
};

/// The small state of one home (SQLite, WAL, synchronous=FULL): handles, request keys, tool modes, ended
/// sessions, named tokens, single values.
///
/// Threads:    any thread; one connection behind one mutex, held for the statement only.
/// Lifetime:   construct (touches no file) -> the first call opens -> destructor writes pending last-seen
/// times. Durability: a method that changes something returns after the commit is on stable storage.
/// Last-seen times are
///             the exception: they are written together, at most once a minute.
/// Errors:     kDiskFull, kIoError, kStateCorrupt; kStateTooNew when a newer version wrote the file. A file
/// that is
///             damaged when it is opened is moved to the corrupt folder and a new one begun: every credential
///             in it is then void (see set_aside()).
class StateDb {
 public:
  static constexpr std::chrono::hours kHandleIdle{24};
  static constexpr std::chrono::hours kHandleLife{24 * 7};
  static constexpr std::size_t kMaxHandles = 1000;
  static constexpr std::chrono::hours kRequestKeyLife{24};
  static constexpr std::chrono::hours kModeIdle{24};
  static constexpr std::chrono::seconds kSeenEvery{60};

  StateDb(std::string path, std::string corrupt_dir, const Clock& clock);
  ~StateDb();
  StateDb(const StateDb&) = delete;
  StateDb& operator=(const StateDb&) = delete;

  /// Opens now instead of at the first use.
  Status open();
  /// Where a damaged file was moved when this object opened; empty when none was.
  std::string set_aside() const;

  // ---- handles (mcp.md Q1-Q5): proof of identity as an argument; only their SHA-256 is stored -------------

  /// A fresh `pbh_` + 26 characters for this credential, stored before it returns. Above kMaxHandles the
  /// least recently used one goes.
  Result<std::string> mint_handle(const std::string& credential);
  /// Ok, and the handle counts as seen, when this credential minted it and it is neither idle nor old;
  /// kHandleUnknown otherwise, the same for every reason. Writes nothing in the common case.
  Status check_handle(std::string_view handle, const std::string& credential);
  Result<std::size_t> handle_count();

  // ---- request keys (mcp.md B7) ---------------------------------------------------------------------------

  /// Waits until `deadline` for an equal request that still runs.
  Result<RequestClaim> claim_request(const RequestKey& key, MonoTime deadline);

  // ---- tool modes, by scope key ---------------------------------------------------------------------------

  /// Kept until it was not looked up for kModeIdle; with `until` it ends then, used or not.
  Status set_mode(const std::string& scope_key, const std::string& mode, std::optional<WallTime> until = {});
  Result<std::optional<std::string>> find_mode(const std::string& scope_key);
  Status clear_mode(const std::string& scope_key);

  // ---- ended sessions (mcp.md G11) ------------------------------------------------------------------------

  Status bury_session(const std::string& session_hash, WallTime until);
  Result<bool> is_buried(const std::string& session_hash);

  // ---- named tokens ---------------------------------------------------------------------------------------

  /// kAlreadyExists while a token of that name is valid; a revoked or expired one is replaced.
  Status create_token(const NamedToken& token);
  /// Replaces the secret of a valid token. kNotFound.
  Status rotate_token(const std::string& name, const std::string& sha256_hex);
  /// kNotFound when there is none that is valid.
  Status revoke_token(const std::string& name);
  /// All of them, also ended ones, by name.
  Result<std::vector<NamedToken>> tokens();
  /// Grows with every change of a token, by whatever process; compare it to know whether tokens() is stale.
  Result<std::int64_t> token_generation();

  // ---- single values --------------------------------------------------------------------------------------

  Status put_value(const std::string& name, const std::string& value);
  Result<std::optional<std::string>> value(const std::string& name);
  Status erase_value(const std::string& name);
  /// Name and the first `max_bytes` bytes of every value whose name begins with `prefix` (ASCII, not empty), by name.
  using NamedValue = std::pair<std::string, std::string>;
  Result<std::vector<NamedValue>> values(const std::string& prefix, std::size_t max_bytes = 1u << 30);
  /// All or none.
  Status put_values(const std::vector<NamedValue>& values);
  Status erase_values(const std::vector<std::string>& names);

  /// Deletes what has expired. Hourly.
  Status remove_expired();

 private:
  friend class RequestClaim;
  Status store_result(const RequestKey& key, std::string_view result);
  void release(const RequestKey& key);

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace patchbay::store
