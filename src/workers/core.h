#pragma once

#include <array>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "patchbay/base/guarded.h"
#include "patchbay/workers/workers.h"
#include "workers/directory.h"
#include "workers/ownership.h"
#include "workers/status_memory.h"

namespace patchbay::workers {

/// What the operations share. Each operation is one .cpp: start, message, list, status, inspect, integrate, stop.
struct Core {
  Core(Workers::Parts p, WorkersOptions o)
      : parts(std::move(p)),
        options(std::move(o)),
        directory(parts.jobs),
        ownership(options.ownership_scope, options.ownership_idle_seconds, parts.scope_live, parts.clock) {}

  Workers::Parts parts;
  WorkersOptions options;
  Directory directory;
  Ownership ownership;
  StatusMemory status_memory;

  /// Last preview each caller saw of each worker, for `patch_changed` (SEC:W3).
  struct SeenPreview {
    std::string patch_sha256;
    MonoTime at;
  };
  std::mutex previews_mutex;
  std::map<std::pair<std::string, std::string>, SeenPreview> previews;  ///< (scope key, worker id)

  /// Checkouts that go on after their start call has answered.
  std::mutex background_mutex;
  std::condition_variable background_done;
  int background = 0;

  /// Workers whose turn is being stopped: nobody waits for a stop with a mutex in hand, and no turn begins meanwhile.
  Guarded<std::multiset<std::string>> stopping;

  /// One of these is held by whatever changes a worker, but never while a turn is waited for. Taken before a repository
  /// lock, never after one (SEC:L7).
  std::array<std::timed_mutex, 64> worker_mutexes;

  // ---- finding ----
  Result<WorkerPtr> resolve(const std::string& worker, const std::optional<std::string>& repo_path) const;
  /// A worker that message, stop, integrate and restore are kept from until this is gone.
  struct HeldWorker {
    std::unique_lock<std::timed_mutex> lock;
    WorkerPtr worker;  ///< as it is under the lock
  };
  /// Waits inside the call's deadline for other operations on the worker. What resolve() says; kTimeout; what Roots
  /// says when the worker's repository is not allowed any more.
  Result<HeldWorker> hold(const std::string& worker, const std::optional<std::string>& repo_path,
                          const CallContext& call);
  /// Resolved root of a request's repository.
  Result<std::string> choose_root(const std::optional<std::string>& repo_path) const;
  /// What is blocked in a worker of `base_repo`, and in that repository itself.
  workspace::BlockedGlobs blocked_in(const std::string& base_repo) const {
    return parts.roots.blocked_in(base_repo, parts.blocked);
  }
  git::Target base_target(const std::string& base_repo) const;
  git::Target worktree_target(const Worker& worker) const;
  std::string git_lock_path(const git::Layout& layout) const;
  Result<git::Layout> base_layout(const std::string& base_repo) const;
  bool workspace_available(const Worker& worker) const;

  // ---- refusals ----
  static Refusal refuse(ErrorCode code, std::string note);
  static Refusal refuse_takeover(const OwnershipView& owner, const TakeoverArgs& args);
  Refusal refuse_job_limit(const Error& error) const;
  /// Errors that mean "not now" or "not so" become a Refusal of an ordinary reply.
  std::optional<Refusal> as_refusal(const Error& error, const std::string& operation) const;
  /// Nothing when the caller may change the worker; performs a takeover when asked to.
  struct Claim {
    std::optional<Refusal> refusal;
    bool taken_over = false;
    bool inherited = false;  ///< the owner is gone; the caller goes on with the worker
    /// Adds what the reply has to say about it.
    void tell(Refusal& reply) const;
  };
  Claim claim(const Actor& actor, const Worker& worker, const TakeoverArgs& args) const;
  /// Writes the caller as owner, and a takeover with its reason, into the options of a job.
  void stamp_owner(const Actor& actor, const Claim& claim, const TakeoverArgs& args, Json& stamped) const;
  /// Stores the caller as owner of the worker's latest turn.
  Status record_owner(const Actor& actor, const Worker& worker, const Claim& claim, const TakeoverArgs& args);

  /// Waits until the worker's latest turn has ended.
  void wait_for_end(const std::string& worker_id, int seconds, const CallContext& call) const;
};

}  // namespace patchbay::workers
