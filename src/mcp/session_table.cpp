#include "mcp/session_table.h"

#include <algorithm>

#include "mcp/capabilities.h"
#include "patchbay/base/hash.h"

namespace patchbay::mcp {
namespace {

/// A session's last use is written down at most this often, so that a restart knows which ids still live.
constexpr std::chrono::seconds kRememberEvery{60};

}  // namespace

std::shared_ptr<Session> SessionTable::make(std::string id, Handshake handshake) {
  Session::Identity identity;
  identity.scope_key = signer_.scope_key(ScopeKind::kSession, id);
  identity.id = std::move(id);
  identity.credential = std::move(handshake.credential);
  identity.label = std::move(handshake.label);
  identity.base_mode = handshake.base_mode;
  identity.version = handshake.version;
  identity.capabilities = std::move(handshake.capabilities);
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
  std::string id = mint_session_id(signer_, content, handshake.credential);
  sweep();
  std::lock_guard lock(mutex_);
  if (!make_room()) return nullptr;
  remembered_[id] = content.minted;
  auto session = make(id, std::move(handshake));
  sessions_[id] = session;
  return session;
}

std::shared_ptr<Session> SessionTable::find(const std::string& id, const std::string& credential,
                                            Mode base_mode) {
  {
    std::lock_guard lock(mutex_);
    if (const auto it = sessions_.find(id); it != sessions_.end()) {
      std::shared_ptr<Session> session = it->second;
      if (session->identity().credential != credential) return nullptr;
      if (clock_.mono() - session->last_used() <= limits_.session_idle || session->busy()) {
        session->touch(clock_.mono());
        remember(*session);
        return session;
      }
    }
  }
  sweep();
  const auto content = read_session_id(signer_, id, credential);
  if (!content || store_.has_tombstone(sha256_hex(id))) return nullptr;
  Handshake handshake{
      credential, content->version, capabilities_from_bits(content->capabilities), {}, base_mode};
  WallTime seen = content->minted;
  if (const auto record = store_.find_scope(signer_.scope_key(ScopeKind::kSession, id))) {
    seen = std::max(seen, record->seen);
    handshake.label = record->label;
  }
  if (clock_.wall() - seen > limits_.session_idle) return nullptr;
  std::lock_guard lock(mutex_);
  if (const auto it = sessions_.find(id); it != sessions_.end()) return it->second;
  if (!make_room()) return nullptr;
  remembered_[id] = seen;
  auto session = make(id, std::move(handshake));
  sessions_[id] = session;
  remember(*session);
  return session;
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

bool SessionTable::end(const std::string& id, const std::string& credential) {
  const std::shared_ptr<Session> session = find(id, credential, Mode::kWorker);
  if (!session) return false;
  [[maybe_unused]] const Status stored =
      store_.add_tombstone(sha256_hex(id), clock_.wall() + limits_.session_idle);
  {
    std::lock_guard lock(mutex_);
    sessions_.erase(id);
    remembered_.erase(id);
  }
  session->end();
  return true;
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
  for (const auto& session : gone) session->end();
}

void SessionTable::end_all() {
  for (const auto& session : all()) session->end();
}

}  // namespace patchbay::mcp
