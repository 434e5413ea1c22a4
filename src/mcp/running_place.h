#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "mcp/server_impl.h"

namespace patchbay::mcp {

/// What a running call takes up: one place among all calls and one among those of its credential (11). A call
/// that waits gives both to others for as long as it waits.
///
/// Shared between the call and whoever waits inside it, who may keep it a little longer. Threads: any.
class RunningPlace : public std::enable_shared_from_this<RunningPlace> {
 public:
  RunningPlace(Server::Impl& server, std::string credential) : server_(server), credential_(std::move(credential)) {}

  /// Both places, or neither and false.
  bool take();
  /// The call is over: no place is taken any more, whoever still waits.
  void close();
  /// Gives the places up until the returned object is gone. Then they are taken again if they are free; when
  /// they are not, the call goes on without: it has been let in once.
  std::shared_ptr<void> lend();

 private:
  void release();  ///< mutex_ held
  void end_lending();
  bool take_locked();

  Server::Impl& server_;
  const std::string credential_;
  std::mutex mutex_;
  std::optional<Slots::Permit> among_all_;
  std::optional<Server::Impl::CredentialPermit> among_its_own_;
  int lent_ = 0;
  bool closed_ = false;
};

}  // namespace patchbay::mcp
