#include "app/token_credentials.h"

#include <algorithm>

#include "patchbay/app/named_tokens.h"
#include "patchbay/base/hash.h"
#include "patchbay/base/log.h"
#include "patchbay/base/redact.h"
#include "patchbay/os/file.h"

namespace patchbay::app {
namespace {

constexpr auto kLookEvery = std::chrono::milliseconds(500);
constexpr std::size_t kGenerationDigits = 16;

/// Another token under the same name is another generation.
std::string generation_of(const std::string& digest) { return digest.substr(0, kGenerationDigits); }

}  // namespace

TokenCredentials::TokenCredentials(store::StateDb& db, std::string database_path, const Clock& clock,
                                   ReadToken read_token)
    : db_(db),
      database_path_(std::move(database_path)),
      clock_(clock),
      read_token_(std::move(read_token)),
      table_(std::make_shared<Table>()) {}

bool TokenCredentials::database_exists() const {
  if (!seen_database_ && os::exists(database_path_)) seen_database_ = true;
  return seen_database_;
}

std::shared_ptr<const TokenCredentials::Table> TokenCredentials::table() const {
  std::lock_guard lock(mutex_);
  return table_;
}

std::optional<mcp::Credential> TokenCredentials::check(std::string_view token) const {
  look_for_changes();
  const std::string digest = sha256_hex(token);
  const WallTime now = clock_.wall();
  std::optional<mcp::Credential> found;
  // Every known token is compared, so that the time says nothing about which one came close.
  for (const Known& known : table()->tokens) {
    const bool equal = equal_constant_time(digest, known.digest);
    if (equal && (!known.expires || now < *known.expires)) found = known.credential;
  }
  return found;
}

bool TokenCredentials::valid(const mcp::Credential& credential) const {
  look_for_changes();
  const WallTime now = clock_.wall();
  for (const Known& known : table()->tokens) {
    const bool same = known.credential.name == credential.name && known.credential.generation == credential.generation;
    if (same && (!known.expires || now < *known.expires)) return true;
  }
  return false;
}

Result<std::vector<TokenCredentials::Known>> TokenCredentials::named_tokens() const {
  std::vector<Known> known;
  if (!database_exists()) return known;
  for (const store::NamedToken& token : PB_TRY(db_.tokens())) {
    const auto scope = mcp::parse_scope(token.scope);
    if (!token.valid_at(clock_.wall()) || !scope) continue;
    known.push_back(
        {token.sha256_hex, {"token/" + token.name, *scope, generation_of(token.sha256_hex)}, token.expires});
  }
  return known;
}

Status TokenCredentials::reload() {
  const config::Token token = PB_TRY(read_token_());
  auto fresh = std::make_shared<Table>();
  if (database_exists()) fresh->generation = PB_TRY(db_.token_generation());
  fresh->tokens = PB_TRY(named_tokens());
  if (!token.value.empty()) {
    register_secret_literal(token.value.reveal());
    const std::string digest = sha256_hex(token.value.reveal());
    fresh->tokens.push_back({digest, {kOperator, mcp::Scope::kPower, generation_of(digest)}, std::nullopt});
  }
  const bool any = !fresh->tokens.empty();
  {
    std::lock_guard lock(mutex_);
    table_ = std::move(fresh);
  }
  if (any && on_tokens_) on_tokens_();
  return {};
}

void TokenCredentials::look_for_changes() const {
  std::int64_t known_generation = 0;
  {
    std::lock_guard lock(mutex_);
    const MonoTime now = clock_.mono();
    if (now - looked_at_ < kLookEvery) return;
    looked_at_ = now;
    known_generation = table_->generation;
  }
  if (!database_exists()) return;
  const auto generation = db_.token_generation();
  if (!generation || *generation == known_generation) return;
  auto named = named_tokens();
  if (!named) {
    log::warn("The named tokens cannot be read: {}", named.error().message);
    return;
  }
  std::lock_guard lock(mutex_);
  auto fresh = std::make_shared<Table>();
  fresh->generation = *generation;
  fresh->tokens = std::move(*named);
  for (const Known& old : table_->tokens) {
    if (old.credential.name == kOperator) fresh->tokens.push_back(old);
  }
  table_ = std::move(fresh);
}

Result<bool> has_named_token(const config::Home& home, const Clock& clock) {
  auto tokens = store::look_at_tokens(home.state_db());
  if (!tokens) {
    // Not knowing the tokens must not mean that there are none: the start would be open to everybody.
    Error error = std::move(tokens).error();
    if (error.code == ErrorCode::kStateCorrupt) {
      error.code = ErrorCode::kConfigRefused;
      error.hint = "Move <home>/runtime/state.db away to begin anew; every named token in it is void then.";
    }
    return error;
  }
  return std::ranges::any_of(*tokens, [&](const store::NamedToken& token) { return token.valid_at(clock.wall()); });
}

}  // namespace patchbay::app
