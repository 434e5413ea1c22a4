#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "patchbay/base/clock.h"
#include "patchbay/base/secret.h"
#include "patchbay/config/auth.h"
#include "patchbay/config/launch.h"
#include "patchbay/store/state_db.h"
#include "patchbay/transport/credentials.h"

namespace patchbay::app {

/// The tokens that open the HTTP port: the operator's own (environment, token file, generated) with every
/// right, and the named ones of the state database with the scope they were made with.
///
/// Threads: any. A change of the named tokens by another process is seen within a second (SEC:A6).
class TokenCredentials final : public transport::Credentials {
 public:
  /// Reads the operator's token again, wherever the configuration says it is.
  using ReadToken = std::function<Result<config::Token>()>;

  TokenCredentials(store::StateDb& db, std::string database_path, const Clock& clock, ReadToken read_token);

  std::optional<mcp::Credential> check(std::string_view token) const override;
  bool valid(const mcp::Credential& credential) const override;

  /// Takes up every token as it is now. Keeps the old ones when they cannot be read.
  Status reload();
  /// Called by a reload that found tokens: from then on they are asked for, also by a server that was started
  /// without any (SEC:A6). Set before the first reload on another thread.
  void on_tokens(std::function<void()> callback) { on_tokens_ = std::move(callback); }

  static constexpr char kOperator[] = "operator";

 private:
  struct Known {
    std::string digest;  ///< SHA-256, hex
    mcp::Credential credential;
    std::optional<WallTime> expires;
  };
  struct Table {
    std::vector<Known> tokens;
    std::int64_t generation = -1;
  };
  std::shared_ptr<const Table> table() const;
  void look_for_changes() const;
  Result<std::vector<Known>> named_tokens() const;

  /// Looks at the file as long as there is none: another process may make the first named token.
  bool database_exists() const;

  store::StateDb& db_;
  const std::string database_path_;
  const Clock& clock_;
  const ReadToken read_token_;
  std::function<void()> on_tokens_;
  mutable std::atomic<bool> seen_database_{false};
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const Table> table_;  // guarded by mutex_
  mutable MonoTime looked_at_{};                // guarded by mutex_
};

}  // namespace patchbay::app
