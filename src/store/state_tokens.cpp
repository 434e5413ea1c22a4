#include <cstdlib>

#include "patchbay/os/file.h"
#include "store/state_impl.h"

namespace patchbay::store {

namespace {

constexpr const char* kTokenGeneration = "token_generation";

Error no_token(const std::string& name) {
  return {ErrorCode::kNotFound, "there is no valid token '" + name + "'", "`patchbay token list` shows them.", {}};
}

/// Told apart by every process that keeps the list in memory. Inside the caller's transaction.
Status bump_generation(sqlite::Connection& db) {
  return db.run("INSERT INTO vals VALUES(?1, '1') ON CONFLICT(name) DO UPDATE SET value=CAST(value+1 AS TEXT)",
                std::string_view(kTokenGeneration));
}

NamedToken token_from(const sqlite::Row& row) {
  NamedToken t{row.text(0), row.text(1), row.text(2), from_ms(row.number(3)), {}, {}};
  if (!row.is_null(4)) t.expires = from_ms(row.number(4));
  if (!row.is_null(5)) t.revoked = from_ms(row.number(5));
  return t;
}

Result<std::vector<NamedToken>> all_tokens(sqlite::Connection& db) {
  std::vector<NamedToken> out;
  PB_TRY(
      db.each("SELECT * FROM tokens ORDER BY name", [&](const sqlite::Row& row) { out.push_back(token_from(row)); }));
  return out;
}

}  // namespace

Result<std::vector<NamedToken>> look_at_tokens(const std::string& path) {
  if (!os::exists(path)) return std::vector<NamedToken>();
  sqlite::Connection db = PB_TRY(sqlite::Connection::open(path, sqlite::Connection::Use::kLook));
  const std::int64_t version = PB_TRY(schema_version(db));
  if (version > kStateSchema) return state_too_new(path);
  // Version 0: whoever made the file has not come to its tables yet.
  return version == 0 ? std::vector<NamedToken>() : all_tokens(db);
}

Status StateDb::create_token(const NamedToken& token) {
  auto db = PB_TRY(impl_->writer());
  sqlite::Transaction t = PB_TRY(sqlite::Transaction::begin(*db));
  bool taken = false;
  PB_TRY(db->each(
      "SELECT * FROM tokens WHERE name=?1",
      [&](const sqlite::Row& row) { taken = token_from(row).valid_at(impl_->clock.wall()); }, token.name));
  if (taken) {
    return Error{ErrorCode::kAlreadyExists, "a token of that name exists", "Rotate or revoke it first.", {}};
  }
  const auto expires = token.expires ? std::optional(to_ms(*token.expires)) : std::nullopt;
  const auto revoked = token.revoked ? std::optional(to_ms(*token.revoked)) : std::nullopt;
  PB_TRY(db->run("INSERT OR REPLACE INTO tokens VALUES(?1, ?2, ?3, ?4, ?5, ?6)", token.name, token.sha256_hex,
                 token.scope, to_ms(token.created), expires, revoked));
  PB_TRY(bump_generation(*db));
  return t.commit();
}

Status StateDb::rotate_token(const std::string& name, const std::string& sha256_hex) {
  auto db = PB_TRY(impl_->writer());
  sqlite::Transaction t = PB_TRY(sqlite::Transaction::begin(*db));
  PB_TRY(db->run("UPDATE tokens SET sha256=?3 WHERE name=?1 AND revoked IS NULL AND (expires IS NULL OR expires>?2)",
                 name, impl_->now(), sha256_hex));
  if (db->changes() == 0) return no_token(name);
  PB_TRY(bump_generation(*db));
  return t.commit();
}

Status StateDb::revoke_token(const std::string& name) {
  auto db = PB_TRY(impl_->writer());
  sqlite::Transaction t = PB_TRY(sqlite::Transaction::begin(*db));
  PB_TRY(db->run("UPDATE tokens SET revoked=?2 WHERE name=?1 AND revoked IS NULL AND (expires IS NULL OR expires>?2)",
                 name, impl_->now()));
  if (db->changes() == 0) return no_token(name);
  PB_TRY(bump_generation(*db));
  return t.commit();
}

Result<std::vector<NamedToken>> StateDb::tokens() {
  auto db = PB_TRY(impl_->reader());
  return all_tokens(*db);
}

Result<std::int64_t> StateDb::token_generation() {
  const auto text = PB_TRY(value(kTokenGeneration));
  return text ? static_cast<std::int64_t>(std::strtoll(text->c_str(), nullptr, 10)) : 0;
}

}  // namespace patchbay::store
