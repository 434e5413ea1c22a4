#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "patchbay/base/cancel.h"
#include "patchbay/base/clock.h"
#include "patchbay/base/pointer_order.h"
#include "patchbay/jobs/record.h"
#include "patchbay/os/file.h"
#include "patchbay/runner/launcher.h"
#include "patchbay/runner/turn.h"
#include "patchbay/store/record_store.h"

namespace patchbay::jobs {

struct JobsOptions {
  std::vector<std::string> runner_argv;  ///< {"/path/patchbay", "run-turn"}
  runner::TurnLimits limits;
  int max_concurrent = 10;     ///< 0: unlimited
  bool queue_enabled = false;  ///< above the limit turns wait visibly instead of being refused
  int queue_limit = 50;
  std::string logs_dir = {};  ///< holds a folder with the logs of each job; empty: they are in the job's own
  /// Folders, besides that of the records, whose file systems must have room for new work; they need not exist yet.
  std::vector<std::string> work_dirs = {};
  std::function<Result<os::FreeSpace>(const std::string& path)> free_space = os::free_space;
};

/// Below either of these no new work is taken on (SEC:D7).
inline constexpr std::uint64_t kFreeBytesFloor = 64u << 20;
inline constexpr std::uint64_t kFreeInodesFloor = 1'000;

/// What is known about a job before it runs.
struct NewJob {
  JobMode mode;
  std::string repo_path;
  Json options = Json::object();
  std::string worktree_path = {}, branch_name = {};
  std::string resume_session = {};
  std::string phase = "launching";  ///< "creating_worktree" while its workspace is being made
};

struct CancelReply {
  bool found = false;
  bool cancelled = false;
  JobState state = JobState::kCancelled;
  std::string reason;  ///< why not, when `cancelled` is false
  bool process_signalled = false;
  bool cleanup_pending = false;  ///< processes are not proven gone yet
};

/// All jobs of one home: their records, their admission, the runners that execute them.
///
/// Ownership:  runners are independent processes; destroying Jobs detaches them and they go on.
/// Threads:    call from any thread. Observers run on the thread that made the change, in order per job.
/// Lifetime:   construct -> observe() -> recover() once -> use -> stop_following() before what observers use goes.
/// Errors:     timeouts, failures and cancellations of a turn are outcomes in its record, not errors here.
/// Durability: a snapshot that readers see is on stable storage, except for its `progress`.
class Jobs {
 public:
  Jobs(store::RecordStore& records, runner::Engine& engine, const Clock& clock, JobsOptions options);
  ~Jobs();
  Jobs(const Jobs&) = delete;
  Jobs& operator=(const Jobs&) = delete;

  enum class Change { kUpdated, kRemoved };
  /// Called with every new snapshot, also during recover(). Register before recover().
  using Observer = std::function<void(const JobPtr&, Change)>;
  void observe(Observer observer);

  /// Loads all records and goes on where the last owner stopped: living runners are followed, finished ones are
  /// committed, lost ones are failed after their processes are gone.
  Status recover();
  /// Ends the following of runners, which go on by themselves. No observer is called because of them afterwards.
  void stop_following();

  /// Admits a job and makes its pending record durable. `precondition` runs inside the same critical section, so that a
  /// name can be checked and taken in one step; `job` is read after it. kJobLimit when no slot is free, kDiskFull when
  /// there is too little room on disk, or the precondition's error.
  Result<JobPtr> reserve(const NewJob& job, const std::function<Status()>& precondition = {});
  /// Starts the turn of a reserved job. On failure the job is failed with the same error. `repo_locks` are inherited by
  /// the runner; with any of them a turn is never queued: kJobLimit when it would have to be.
  Status launch(const std::string& job_id, const runner::TurnRequest& request, const std::vector<int>& repo_locks);
  /// Ends a reserved job that could not be launched.
  void abandon(const std::string& job_id, const Error& why);

  /// Removes a job that has ended, with its folder. kInvalidState while its processes may exist.
  Status remove(const std::string& job_id);

  /// Stops a job. The decision is durable before a signal is sent; a turn that had already ended keeps its outcome
  /// (`reason` "already_completed") and only its processes are ended. Waits up to `wait` for the proof that nothing is
  /// left, also for a job that ended before.
  CancelReply cancel(const std::string& job_id, const std::string& reason, std::chrono::milliseconds wait);

  JobPtr find(const std::string& job_id) const;  ///< null when unknown
  std::vector<JobPtr> all() const;               ///< in creation order
  int active_count() const;
  int queue_position(const std::string& job_id) const;  ///< 1 = next; 0 = not queued

  /// Changes options or other members durably. `change` gets a copy and returns false to leave it as it is.
  Status update(const std::string& job_id, const std::function<bool(JobRecord&)>& change);
  /// Shows a new phase of a job that is not yet running (not durable).
  void set_phase(const std::string& job_id, const std::string& phase);

  /// The whole result.json of a finished job: the report in full. Null when there is none.
  Json full_result(const std::string& job_id) const;
  std::string job_dir(const std::string& job_id) const;

  /// Blocks until `done` is true, the deadline passed or `cancel` fired; `done` is asked after every change, on the
  /// calling thread and without any lock, so it may block. Returns the last answer of `done`.
  bool wait(const std::function<bool()>& done, MonoTime deadline, const CancelToken& cancel) const;

  const JobsOptions& options() const { return options_; }

 private:
  friend class Monitor;

  // Called by the monitor thread.
  void apply_progress(const std::string& job_id, const runner::Progress& progress);
  /// What became of a job whose runner has ended or has told its result. Anything but kDone is asked again later.
  enum class Settled {
    kNotRecorded,  ///< the record could not be written
    kCleaningUp,   ///< decided as far as that was possible, but processes may still exist
    kDone,
  };
  Settled finalize(const std::string& job_id);
  void grant_slots();
  Status check_room_on_disk() const;
  bool must_wait(const JobRecord& job) const;

  void adopt(const JobPtr& job);
  TerminalDecision decide(const JobRecord& job, const std::optional<runner::Progress>& progress) const;
  /// What the agent's own files say about the end of a job, even while its process lives.
  std::optional<runner::Outcome> told_by_engine(const JobRecord& job,
                                                const std::optional<runner::Progress>& progress) const;
  std::optional<TerminalDecision> already_over(const JobRecord& job) const;
  bool prove_gone(const std::string& job_id, std::chrono::milliseconds wait_for);
  template <auto Key>
  using Index = std::set<JobPtr, OrderedBy<Key>>;

  Status commit(JobRecord record);  ///< durable, then visible
  void publish(JobRecord record);
  void take_in(const JobPtr& snapshot);  ///< without waking those who wait
  void wake_waiters() const;
  std::mutex& stripe(const std::string& job_id) const;
  bool queued(const JobRecord& record) const;

  store::RecordStore& records_;
  runner::Engine& engine_;
  const Clock& clock_;
  const JobsOptions options_;
  std::vector<Observer> observers_;

  mutable std::array<std::mutex, 64> stripes_;  ///< serialise read-modify-write of one record, held over its fsync
  std::mutex admission_;                        ///< capacity and name checks together with the record's creation

  mutable std::mutex mutex_;  ///< guards the members below; never held over I/O
  Index<&JobRecord::job_id> jobs_, active_jobs_;

  mutable std::mutex wait_mutex_;  ///< guards changes_; nothing else happens under it
  mutable std::uint64_t changes_ = 0;
  mutable std::condition_variable changed_;

  runner::Launcher launcher_;
  std::unique_ptr<class Monitor> monitor_;  ///< last: its thread uses everything above
};

}  // namespace patchbay::jobs
