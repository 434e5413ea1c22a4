#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "patchbay/base/cancel.h"
#include "patchbay/base/clock.h"
#include "patchbay/codex/models.h"
#include "patchbay/git/client.h"
#include "patchbay/jobs/jobs.h"
#include "patchbay/workers/replies.h"
#include "patchbay/workers/requests.h"
#include "patchbay/workspace/blocked_globs.h"
#include "patchbay/workspace/repo_lock.h"
#include "patchbay/workspace/roots.h"

namespace patchbay::workers {

/// Who asks, in the words of ownership (mcp.md 7.4). `scope_key` is already hashed.
struct Actor {
  std::string scope_key;
  std::string scope_kind;  ///< handle, conversation, session, process, credential
  std::string credential;  ///< name of the token, or "local"
  std::string client_ref;
  std::string label;
  /// Scope key the call came with, when a handle gave it a new identity on the way; else empty. An equal start under
  /// this key is the same start (mcp.md B8).
  std::string asked_as = {};
  bool may_write_shared = true;  ///< the credential's scope allows shared_write workers
};

/// The limits of one call.
struct CallContext {
  MonoTime deadline;
  CancelToken cancel;
  std::function<void(std::string_view)> progress = [](std::string_view) {};
  /// Asked before a wait; false: answer at once with the current state.
  std::function<bool()> may_wait = [] { return true; };
};

struct WorkersOptions {
  std::string home;           ///< PATCHBAY_HOME
  std::string codex_home;     ///< never shown; may be empty
  std::string worktree_root;  ///< external to every repository
  std::string journal_dir;    ///< integration journals
  std::string git_locks_dir;  ///< locks per git common directory
  std::string ownership_scope = "conversation";
  double ownership_idle_seconds = 3600;
  bool git_filters = false;
  std::int64_t max_integration_bytes = 50ll << 20;
  int snapshot_retention_days = 30;
  std::int64_t page_bytes = 8192;
  std::int64_t max_read_bytes = 200'000;
  std::int64_t max_diff_bytes = 200'000;
  double heartbeat_fresh_seconds = 120, heartbeat_quiet_seconds = 600;
  int status_minimum_poll_seconds = 20, status_recommended_poll_seconds = 30;
  double stop_artifact_wait_seconds = 2;
  double stop_confirmation_grace_seconds = 0;
  double preview_token_ttl_seconds = 86400;
  bool require_git_repo = false;
  bool shared_writers_serialized = true;
};

struct Core;

/// Named, durable workers: each is the jobs that carry its id, and nothing else (workers.md 5).
///
/// Ownership:  borrows everything it is constructed with.
/// Threads:    call from any thread.
/// Lifetime:   construct (registers with Jobs) -> Jobs::recover() -> recover() -> use.
/// Errors:     what the caller is expected to act on is a Refusal inside the reply; Errors are bad arguments, unknown
///             workers and failures of the machine.
class Workers {
 public:
  struct Parts {
    jobs::Jobs& jobs;
    git::Client& git;
    codex::ModelCatalog& models;
    workspace::Roots& roots;
    workspace::RepoLocks& locks;
    const workspace::BlockedGlobs& blocked;
    const Clock& clock;
    /// Whether a conversation with this scope key is in use (mcp.md 7.4).
    std::function<bool(const std::string& scope_key)> scope_live;
    std::string key;  ///< signs preview tokens and cursors
  };
  Workers(Parts parts, WorkersOptions options);
  ~Workers();

  /// Finishes what a crash interrupted: integration journals, half-made worktrees. After Jobs::recover().
  Status recover();
  /// Deletes the snapshots past their retention in every repository that a worker belongs to; returns how many.
  /// Hourly, on a thread that may wait for git.
  int prune_snapshots();

  Result<TurnReply> start(const Actor& actor, const CallContext& call, const StartArgs& args);
  Result<TurnReply> message(const Actor& actor, const CallContext& call, const MessageArgs& args);
  Result<ListReply> list(const Actor& actor, const ListArgs& args);
  Result<StatusReply> status(const Actor& actor, const CallContext& call, const StatusArgs& args);
  Result<StatusReply> wait(const Actor& actor, const CallContext& call, const WaitArgs& args);
  Result<InspectReply> inspect(const Actor& actor, const CallContext& call, const InspectArgs& args);
  Result<IntegrateReply> integrate(const Actor& actor, const CallContext& call, const IntegrateArgs& args);
  Result<StopReply> stop(const Actor& actor, const CallContext& call, const StopArgs& args);
  /// Re-creates the worktree of a discarded worker from its trash ref.
  Result<StopReply> restore(const Actor& actor, const CallContext& call, const std::string& worker,
                            const std::optional<std::string>& repo_path);

  /// Bounded summary for the resource patchbay://worker/{id}; kWorkerNotFound.
  Result<Json> summary(const Actor& actor, const std::string& worker_id);
  /// Up to 100 worker ids and names that begin with `prefix`, for completion.
  std::vector<std::string> complete(const std::string& prefix) const;
  /// Names of workers whose isolated worktree holds this file of the base (at most 5), for a hint.
  std::vector<std::string> holders_of(const std::string& repo_root, const std::string& file_path) const;
  /// Called with a worker's id after each of its state changes.
  void on_change(std::function<void(const std::string& worker_id)> callback);

 private:
  std::unique_ptr<Core> core_;
};

}  // namespace patchbay::workers
