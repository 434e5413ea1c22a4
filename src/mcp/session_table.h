#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "mcp/signer.h"
#include "patchbay/mcp/limits.h"
#include "patchbay/mcp/server.h"
#include "patchbay/mcp/session.h"
#include "patchbay/mcp/state_store.h"

namespace patchbay::mcp {

/// All legacy sessions that live, over HTTP and over lines (4.3).
///
/// Threads: any.
class SessionTable {
 public:
  /// `expired` hears the scope key of every session that was idle for too long.
  using Expired = std::function<void(const std::string& scope_key)>;
  SessionTable(const Signer& signer, StateStore& store, const Limits& limits, const Clock& clock, Expired expired)
      : signer_(signer), store_(store), limits_(limits), clock_(clock), expired_(std::move(expired)) {}

  /// What a handshake settled.
  struct Handshake {
    Credential credential;
    const Version* version = nullptr;
    Json capabilities = Json::object();
    std::string label;
    Mode base_mode = Mode::kWorker;
  };
  /// A new HTTP session; null when every place is taken by a busy one (G10).
  std::shared_ptr<Session> create(Handshake handshake);
  struct Found {
    std::shared_ptr<Session> session;
    bool no_room = false;  ///< a good id, but every place is taken by a busy session
  };
  /// The live session of an id, or one re-created from a good id after a restart (G11); null otherwise.
  Found find(const std::string& id, const Credential& credential, Mode base_mode);
  /// The session is in use.
  void touch(const std::shared_ptr<Session>& session);
  enum class Ended { kDone, kUnknown, kNotStored };
  /// Ends it for good (G8, G9). `kNotStored`: it goes on, because a restart would have brought it back.
  Ended end(const std::string& id, const Credential& credential);

  /// Line sessions take part in announcements but are not in the table's limits.
  void add_line(const std::shared_ptr<Session>& session);

  /// Every session that lives.
  std::vector<std::shared_ptr<Session>> all() const;
  int size() const;
  /// Ends what was idle for too long.
  void sweep();
  /// Forgets the streams that nobody can resume any more.
  void sweep_streams();
  void end_all();

 private:
  std::shared_ptr<Session> make(std::string id, Handshake handshake, std::uint64_t before);
  bool make_room();  ///< mutex_ held
  void remember(Session& session);

  const Signer& signer_;
  StateStore& store_;
  const Limits& limits_;
  const Clock& clock_;
  const Expired expired_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Session>> sessions_;
  std::map<std::string, WallTime> remembered_;  ///< when a session's last use was last written down
  std::vector<std::weak_ptr<Session>> lines_;
};

}  // namespace patchbay::mcp
