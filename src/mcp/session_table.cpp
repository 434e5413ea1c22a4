#include "mcp/session_table.h"

#include <algorithm>

#include "mcp/capabilities.h"
#include "patchbay/base/hash.h"
#include "patchbay/base/log.h"

namespace patchbay::mcp {
namespace {

/// A session's last use is written down at most this often, so that a restart knows which ids still live.
constexpr std::chrono::seconds kRememberEvery{60};

/// Whose session it is, as its id is signed for (G11, G12): of one secret, not only of one name.
std::string signed_for(const Credential& credential) {
  return credential.generation.empty() ? credential.name : credential.name + '\0' + credential.generation;
}

}  // namespace

std::shared_ptr<Session> SessionTable::make(std::string id, Handshake handshake, std::uint64_t before) {
  Session::Identity identity;
  identity.scope_key = signer_.scope_key(ScopeKind::kSession, id);
  identity.id = std::move(id);
  identity.credential = std::move(handshake.credential.name);
  identity.generation = std::move(handshake.credential.generation);
  identity.label = std::move(handshake.label);
  identity.base_mode = handshake.base_mode;
  identity.version = handshake.version;
  identity.capabilities = std::move(handshake.capabilities);
  identity.before = before;
  return std::make_shared<Session>(std::move(identity), limits_, clock_);
}

bool SessionTable::make_room() {
  if (sessions_.size() < static_cast<std::size_t>(limits_.sessions)) return true;
  auto oldest = sessions_.end();
  for (auto it = sessions_.begin(); it != sessions_.end(); ++it) {
    if (it->second->busy()) continue;
    if (oldest == sessions_.end() || it->second->last_used() < oldest->second->last_used()) oldest = it;
  }
  if (oldest == sessions_.end()) return false;
  oldest->second->end();
  remembered_.erase(oldest->first);
  sessions_.erase(oldest);
  return true;
}

std::shared_ptr<Session> SessionTable::create(Handshake handshake) {
  const SessionId content{clock_.wall(), handshake.version, capability_bits(handshake.capabilities)};
  std::string id = mint_session_id(signer_, content, signed_for(handshake.credential));
  sweep();
  std::lock_guard lock(mutex_);
  if (!make_room()) return nullptr;
  remembered_[id] = content.minted;
  auto session = make(id, std::move(handshake), 0);
  sessions_[id] = session;
  return session;
}

SessionTable::Found SessionTable::find(const std::string& id, const Credential& credential, Mode base_mode) {
  {
    std::lock_guard lock(mutex_);
    if (const auto it = sessions_.find(id); it != sessions_.end()) {
      std::shared_ptr<Session> session = it->second;
      const Session::Identity& owner = session->identity();
      if (owner.credential != credential.name || owner.generation != credential.generation) return {};
      if (clock_.mono() - session->last_used() <= limits_.session_idle || session->busy()) {
        session->touch(clock_.mono());
        remember(*session);
        return {session};
      }
    }
  }
  sweep();
  const auto content = read_session_id(signer_, id, signed_for(credential));
  if (!content || store_.has_tombstone(sha256_hex(id))) return {};
  Handshake handshake{credential, content->version, capabilities_from_bits(content->capabilities), {}, base_mode};
  WallTime seen = content->minted;
  if (const auto record = store_.find_scope(signer_.scope_key(ScopeKind::kSession, id))) {
    seen = std::max(seen, record->seen);
    handshake.label = record->label;
  }
  if (clock_.wall() - seen > limits_.session_idle) return {};
  std::lock_guard lock(mutex_);
  if (const auto it = sessions_.find(id); it != sessions_.end()) return {it->second};
  // It may have been ended since: what ends a session buries it first and takes it out under this lock.
  if (store_.has_tombstone(sha256_hex(id))) return {};
  if (!make_room()) return {nullptr, true};
  remembered_[id] = seen;
  // Milliseconds grow faster than events, so no number of an earlier life is given again.
  const auto before = static_cast<std::uint64_t>(std::max(0.0, epoch_seconds(clock_.wall()) * 1000));
  auto session = make(id, std::move(handshake), before);
  sessions_[id] = session;
  remember(*session);
  return {session};
}

void SessionTable::touch(const std::shared_ptr<Session>& session) {
  std::lock_guard lock(mutex_);
  const auto it = sessions_.find(session->identity().id);
  if (it == sessions_.end() || it->second != session) return;
  session->touch(clock_.mono());
  remember(*session);
}

void SessionTable::remember(Session& session) {
  const WallTime now = clock_.wall();
  WallTime& last = remembered_[session.identity().id];
  if (now - last < kRememberEvery) return;
  last = now;
  ScopeRecord record = store_.find_scope(session.identity().scope_key).value_or(ScopeRecord{});
  record.seen = now;
  record.label = session.identity().label;
  // A failure costs only the silent return after a restart.
  [[maybe_unused]] const Status stored = store_.put_scope(session.identity().scope_key, record);
}

SessionTable::Ended SessionTable::end(const std::string& id, const Credential& credential) {
  const Found found = find(id, credential, Mode::kWorker);
  const std::shared_ptr<Session>& session = found.session;
  if (!session && !found.no_room) return Ended::kUnknown;
  const Status stored = store_.add_tombstone(sha256_hex(id), clock_.wall() + limits_.session_idle);
  if (!stored.ok()) {
    log::error("a session could not be ended: {} {}", stored.error().message, stored.error().detail);
    return Ended::kNotStored;
  }
  if (!session) return Ended::kDone;
  {
    std::lock_guard lock(mutex_);
    sessions_.erase(id);
    remembered_.erase(id);
  }
  session->end();
  return Ended::kDone;
}

void SessionTable::add_line(const std::shared_ptr<Session>& session) {
  std::lock_guard lock(mutex_);
  std::erase_if(lines_, [](const auto& weak) { return weak.expired(); });
  lines_.push_back(session);
}

std::vector<std::shared_ptr<Session>> SessionTable::all() const {
  std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Session>> out;
  for (const auto& [id, session] : sessions_) out.push_back(session);
  for (const auto& weak : lines_) {
    if (auto session = weak.lock()) out.push_back(std::move(session));
  }
  return out;
}

int SessionTable::size() const {
  int live = 0;
  for (const auto& session : all()) live += session->ended().cancelled() ? 0 : 1;
  return live;
}

void SessionTable::sweep() {
  std::vector<std::shared_ptr<Session>> gone;
  {
    std::lock_guard lock(mutex_);
    const MonoTime now = clock_.mono();
    for (auto it = sessions_.begin(); it != sessions_.end();) {
      if (now - it->second->last_used() > limits_.session_idle && !it->second->busy()) {
        gone.push_back(it->second);
        remembered_.erase(it->first);
        it = sessions_.erase(it);
      } else {
        ++it;
      }
    }
  }
  for (const auto& session : gone) {
    session->end();
    expired_(session->identity().scope_key);
  }
}

void SessionTable::sweep_streams() {
  for (const auto& session : all()) session->sweep();
}

void SessionTable::end_all() {
  for (const auto& session : all()) session->end();
}

}  // namespace patchbay::mcp
