#include "patchbay/jobs/jobs.h"

#include <signal.h>

#include "jobs/monitor.h"
#include "patchbay/base/hash.h"
#include "patchbay/base/ids.h"
#include "patchbay/base/log.h"
#include "patchbay/base/text.h"
#include "patchbay/os/file.h"

namespace patchbay::jobs {
Jobs::Jobs(store::RecordStore& records, runner::Engine& engine, const Clock& clock, JobsOptions options)
    : records_(records),
      engine_(engine),
      clock_(clock),
      options_(std::move(options)),
      launcher_(options_.runner_argv),
      monitor_(std::make_unique<Monitor>(*this)) {}

Jobs::~Jobs() { monitor_.reset(); }

void Jobs::stop_following() { monitor_->stop(); }

void Jobs::observe(Observer observer) { observers_.push_back(std::move(observer)); }

std::mutex& Jobs::stripe(const std::string& job_id) const {
  return stripes_[std::hash<std::string>{}(job_id) % stripes_.size()];
}

std::string Jobs::job_dir(const std::string& job_id) const { return records_.folder(job_id); }

bool Jobs::queued(const JobRecord& record) const {
  return record.state == JobState::kPending && record.progress.phase == "queued";
}

// ---- snapshots --------------------------------------------------------------------------------------

Status Jobs::commit(JobRecord record) {
  const store::RecordOrder order = PB_TRY(records_.put(record.job_id, record.to_json()));
  record.sequence = order.created;
  publish(std::move(record));
  return {};
}

void Jobs::publish(JobRecord record) {
  take_in(std::make_shared<const JobRecord>(std::move(record)));
  wake_waiters();
}

void Jobs::take_in(const JobPtr& snapshot) {
  {
    std::lock_guard lock(mutex_);
    insert_or_replace(jobs_, snapshot);
    if (snapshot->active()) {
      insert_or_replace(active_jobs_, snapshot);
    } else if (const auto it = active_jobs_.find(snapshot); it != active_jobs_.end()) {
      active_jobs_.erase(it);
    }
  }
  for (const Observer& observer : observers_) observer(snapshot, Change::kUpdated);
}

void Jobs::wake_waiters() const {
  {
    std::lock_guard lock(wait_mutex_);
    ++changes_;
  }
  changed_.notify_all();
}

JobPtr Jobs::find(const std::string& job_id) const {
  std::lock_guard lock(mutex_);
  const auto it = jobs_.find(job_id);
  return it == jobs_.end() ? nullptr : *it;
}

std::vector<JobPtr> Jobs::all() const {
  std::vector<JobPtr> list;
  {
    std::lock_guard lock(mutex_);
    list.assign(jobs_.begin(), jobs_.end());
  }
  std::sort(list.begin(), list.end(), [](const JobPtr& a, const JobPtr& b) { return a->sequence < b->sequence; });
  return list;
}

int Jobs::active_count() const {
  std::lock_guard lock(mutex_);
  return static_cast<int>(active_jobs_.size());
}

int Jobs::queue_position(const std::string& job_id) const {
  const JobPtr self = find(job_id);
  if (!self || !queued(*self)) return 0;
  int position = 1;
  std::lock_guard lock(mutex_);
  for (const JobPtr& job : active_jobs_) position += queued(*job) && job->sequence < self->sequence ? 1 : 0;
  return position;
}

Json Jobs::full_result(const std::string& job_id) const {
  auto outcome = runner::read_outcome(job_dir(job_id));
  if (!outcome) outcome = runner::read_evidence(job_dir(job_id));
  return outcome ? outcome->result : Json(nullptr);
}

bool Jobs::wait(const std::function<bool()>& done, MonoTime deadline, const CancelToken& cancel) const {
  const auto wake = cancel.on_cancel([this] { wake_waiters(); });
  for (;;) {
    std::uint64_t seen = 0;
    {
      std::lock_guard lock(wait_mutex_);
      seen = changes_;
    }
    // Asked without the lock: it may take as long as a slow client takes to read.
    if (done()) return true;
    const MonoTime now = clock_.mono();
    if (cancel.cancelled() || now >= deadline) return false;
    std::unique_lock lock(wait_mutex_);
    changed_.wait_for(lock, std::min<MonoTime::duration>(deadline - now, std::chrono::seconds(1)),
                      [&] { return changes_ != seen; });
  }
}

Status Jobs::update(const std::string& job_id, const std::function<bool(JobRecord&)>& change) {
  std::lock_guard lock(stripe(job_id));
  const JobPtr current = find(job_id);
  if (!current) return Error{ErrorCode::kJobNotFound, "There is no such job.", {}, job_id};
  JobRecord copy = *current;
  if (!change(copy)) return {};
  return commit(std::move(copy));
}

void Jobs::set_phase(const std::string& job_id, const std::string& phase) {
  std::lock_guard lock(stripe(job_id));
  const JobPtr current = find(job_id);
  if (!current || !current->active()) return;
  JobRecord copy = *current;
  copy.progress.phase = phase;
  copy.progress.heartbeat_at = epoch_seconds(clock_.wall());
  publish(std::move(copy));
}

// ---- starting ---------------------------------------------------------------------------------------

Result<JobPtr> Jobs::reserve(const NewJob& job, const std::function<Status()>& precondition) {
  std::lock_guard admission(admission_);
  const int active = active_count();
  const int room = options_.max_concurrent + (options_.queue_enabled ? options_.queue_limit : 0);
  if (options_.max_concurrent > 0 && active >= room) {
    return Error{ErrorCode::kJobLimit,
                 fmt::format("Maximum active jobs ({}) reached", options_.max_concurrent),
                 "Wait for a running turn to end, or stop one, then call again.",
                 {}};
  }
  PB_TRY(check_room_on_disk());
  if (precondition) PB_TRY(precondition());

  JobRecord record;
  record.job_id = new_uuid();
  record.mode = job.mode;
  record.repo_path = job.repo_path;
  record.options = job.options;
  record.worktree_path = job.worktree_path;
  record.branch_name = job.branch_name;
  record.session_id = job.resume_session;
  if (!job.resume_session.empty()) record.options["resume_session_id"] = job.resume_session;
  record.created_at = epoch_seconds(clock_.wall());
  record.marker = random_hex(32);
  record.progress.phase = job.phase;
  record.progress.heartbeat_at = record.created_at;
  const std::string id = record.job_id;
  if (Status saved = commit(std::move(record)); !saved.ok()) {
    (void)records_.remove(id);
    return std::move(saved).error();
  }
  return find(id);
}

Status Jobs::check_room_on_disk() const {
  std::vector<std::string> dirs = options_.work_dirs;
  dirs.push_back(records_.folder(""));
  for (std::string& dir : dirs) {
    while (dir.size() > 1 && !os::is_directory(dir)) dir = os::parent_of(dir);
    const auto space = options_.free_space(dir);
    if (!space.ok() || (space->bytes >= kFreeBytesFloor && space->inodes >= kFreeInodesFloor)) continue;
    return Error{ErrorCode::kDiskFull, "The disk is almost full; no new work is started.",
                 "Ask the operator to make room on the machine, then call again.", dir};
  }
  return {};
}

Status Jobs::launch(const std::string& job_id, const runner::TurnRequest& request, const std::vector<int>& repo_locks) {
  const JobPtr job = find(job_id);
  if (!job || job->state != JobState::kPending) {
    return Error{ErrorCode::kInvalidState, "The job was stopped before it could start.", {}, job_id};
  }
  runner::TurnOrder order;
  order.job_id = job_id;
  order.job_dir = job_dir(job_id);
  if (!options_.logs_dir.empty()) order.log_dir = os::join(options_.logs_dir, job_id);
  order.prompt = request.prompt;
  order.marker = job->marker;
  order.limits = options_.limits;
  order.interpreter.expected_session = request.resume_session;
  order.interpreter.structured_output = request.structured_output;
  order.interpreter.json_events = json::get_bool(request.options, "json_events", true);
  order.wait_for_slot = must_wait(*job);
  if (order.wait_for_slot && !repo_locks.empty()) {
    // Others must be able to write while a turn only waits for its slot (workers.md 1.7).
    Error full{ErrorCode::kJobLimit,
               "A turn that can write the checkout is not queued, and every slot is taken.",
               "Wait for a running turn to end, or stop one, then call again.",
               {}};
    abandon(job_id, full);
    return full;
  }

  auto command = engine_.command(request, order.job_dir);
  if (!command) {
    abandon(job_id, command.error());
    return std::move(command).error();
  }
  order.command = std::move(*command);
  auto child = launcher_.start(order, repo_locks);
  if (!child) {
    abandon(job_id, child.error());
    return std::move(child).error();
  }

  const pid_t pid = child->pid();
  const auto identity = os::identify(pid);
  bool stopped = false;
  const Status saved = update(job_id, [&](JobRecord& r) {
    r.prompt_sha256 = sha256_hex(request.prompt);
    r.prompt_bytes = static_cast<std::int64_t>(request.prompt.size());
    r.process_pid = pid;
    if (identity) r.process_identity = identity->to_string();
    stopped = is_terminal(r.state);
    if (stopped) {
      // The cancel came while the runner was being started, and found nothing to signal.
      r.cleanup = "cleanup_pending";
    } else if (order.wait_for_slot) {
      r.progress.phase = "queued";
    } else {
      r.state = JobState::kRunning;
      r.started_at = epoch_seconds(clock_.wall());
    }
    return true;
  });
  if (stopped || !saved.ok()) (void)child->signal(SIGTERM);
  monitor_->follow(job_id, order.job_dir, std::move(*child));
  // The slot this job saw taken may have been given back before anybody could see it queued.
  if (order.wait_for_slot) grant_slots();
  return saved;
}

/// Whether a job that is about to start has to queue. Each job counts those that were reserved before it, and of the
/// later ones those that have a runner: of two that start together exactly one counts the other.
bool Jobs::must_wait(const JobRecord& job) const {
  if (!options_.queue_enabled || options_.max_concurrent <= 0) return false;
  std::lock_guard lock(mutex_);
  int ahead = 0;
  for (const JobPtr& other : active_jobs_) {
    if (other->job_id == job.job_id) continue;
    const bool earlier = other->sequence < job.sequence;
    if (earlier && queued(*other)) return true;  // nobody overtakes
    ahead += !queued(*other) && (earlier || other->process_pid != 0) ? 1 : 0;
  }
  return ahead >= options_.max_concurrent;
}

void Jobs::abandon(const std::string& job_id, const Error& why) {
  const Status saved = update(job_id, [&](JobRecord& r) {
    return transition_terminal(r,
                               {.state = JobState::kFailed,
                                .source = "launch_failed",
                                .error = why.message,
                                .error_code = std::string(name_of(why.code)),
                                .exit_code = {},
                                .result = {}},
                               epoch_seconds(clock_.wall()));
  });
  if (!saved.ok()) log::error("job {}: its failed start could not be recorded: {}", job_id, saved.error().message);
  grant_slots();
}

Status Jobs::remove(const std::string& job_id) {
  std::lock_guard lock(stripe(job_id));
  const JobPtr job = find(job_id);
  if (!job) return {};
  if (job->unresolved()) {
    return Error{ErrorCode::kInvalidState, "The job has not ended.", "Cancel it first.", job_id};
  }
  if (!options_.logs_dir.empty()) (void)os::remove_tree(os::join(options_.logs_dir, job_id));
  PB_TRY(records_.remove(job_id));
  {
    std::lock_guard guard(mutex_);
    jobs_.erase(job);
  }
  for (const Observer& observer : observers_) observer(job, Change::kRemoved);
  wake_waiters();
  return {};
}

void Jobs::grant_slots() {
  // Also without a queue of our own: the last owner may have left one.
  for (;;) {
    JobPtr next;
    int running = 0;
    {
      std::lock_guard lock(mutex_);
      for (const JobPtr& job : active_jobs_) {
        if (!queued(*job)) {
          ++running;
        } else if (!next || job->sequence < next->sequence) {
          next = job;
        }
      }
    }
    if (!next || (options_.max_concurrent > 0 && running >= options_.max_concurrent)) return;
    if (!runner::grant_slot(job_dir(next->job_id)).ok()) return;
    const Status saved = update(next->job_id, [&](JobRecord& r) {
      if (!queued(r)) return false;
      r.state = JobState::kRunning;
      r.started_at = epoch_seconds(clock_.wall());
      r.progress.phase = "launching";
      return true;
    });
    if (!saved.ok()) return;
  }
}

}  // namespace patchbay::jobs
