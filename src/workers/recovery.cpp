#include "workers/recovery.h"

#include "patchbay/base/log.h"
#include "patchbay/os/file.h"
#include "workers/never_ran.h"

namespace patchbay::workers {
namespace {

void settle(Core& self, const Worker& worker, const std::string& job_id, bool arrived) {
  const Status saved = self.parts.jobs.update(job_id, [&](jobs::JobRecord& r) {
    if (arrived) {
      mark_integrated(r, epoch_seconds(self.parts.clock.wall()));
    } else {
      r.options.erase(key::kIntegrating);
      r.options.erase(key::kOutcomeUnknown);
    }
    return true;
  });
  if (!saved.ok()) log::error("worker {}: integration could not be settled: {}", worker.id(), saved.error().message);
}

}  // namespace

bool recover_integration(Core& self, const Worker& worker) {
  const jobs::JobRecord* job = worker.newest_with(key::kIntegrating);
  if (job == nullptr) return false;
  const Json& intent = job->options[key::kIntegrating];
  const auto recovery = self.parts.git.recover(journal_path(self, worker.id()));
  if (!recovery || recovery->outcome == git::RecoveryOutcome::kUndecided) {
    log::warn("worker {}: it cannot be told what of an interrupted integration arrived", worker.id());
    (void)self.parts.jobs.update(job->job_id, [](jobs::JobRecord& r) {
      r.options[key::kOutcomeUnknown] = true;
      return true;
    });
    return true;
  }
  if (recovery->outcome != git::RecoveryOutcome::kNothing) {
    settle(self, worker, job->job_id, recovery->outcome == git::RecoveryOutcome::kRolledForward);
    return true;
  }
  // No journal: it had not begun, or it was complete and only its record is missing. The checkout itself tells.
  git::IntegrationSpec spec;
  spec.baseline = json::get_string(intent, "baseline");
  spec.snapshot = json::get_string(intent, "tree");
  spec.base_revision = worker.base_revision();
  spec.start = worker.start_tree();
  const auto plan = self.parts.git.plan(self.base_target(worker.base_repo()), spec);
  settle(self, worker, job->job_id, plan && plan->clean() && plan->writes.empty());
  return true;
}

std::string journal_path(const Core& self, const std::string& worker_id) {
  return os::join(self.options.journal_dir, worker_id + ".journal");
}

void mark_integrated(jobs::JobRecord& record, double now) {
  const Json intent = record.options.contains(key::kIntegrating) ? record.options[key::kIntegrating] : Json::object();
  record.options[key::kIntegratedAt] = now;
  record.options[key::kIntegratedTree] = json::get_string(intent, "tree");
  record.options[key::kIntegratedSha] = json::get_string(intent, "patch_sha256");
  if (const Json* files = json::find(intent, "files")) record.options[key::kIntegratedFiles] = *files;
  record.options.erase(key::kIntegratedMerged);
  if (const Json* merged = json::find(intent, "merged"); merged != nullptr && !merged->empty()) {
    record.options[key::kIntegratedMerged] = *merged;
  }
  record.options.erase(key::kIntegratedToken);
  if (const std::string token = json::get_string(intent, "token"); !token.empty()) {
    record.options[key::kIntegratedToken] = token;
  }
  record.options.erase(key::kIntegrating);
  record.options.erase(key::kOutcomeUnknown);
}

void recover_integrations(Core& self) {
  const WorkerList all = self.directory.all();
  for (const WorkerPtr& worker : *all) recover_integration(self, *worker);
}

void recover_worktrees(Core& self) {
  const WorkerList all = self.directory.all();
  for (const WorkerPtr& worker : *all) {
    // Only a start that never reached its runner left a worktree in which nobody has worked.
    const jobs::JobRecord& only = worker->latest();
    const bool unused = worker->turns().size() == 1 && never_ran(only, self.parts.jobs.job_dir(only.job_id));
    if (!unused || !worker->isolated() || worker->discarded()) continue;
    const git::Target base = self.base_target(worker->base_repo());
    const auto layout = self.parts.git.discover(base);
    if (layout) {
      (void)self.parts.git.remove_worktree(base, {worker->worktree(), worker->branch(), self.git_lock_path(*layout)});
    }
    (void)self.parts.jobs.update(only.job_id, [](jobs::JobRecord& r) {
      r.options[key::kDiscarded] = true;
      return true;
    });
  }
}

namespace {

/// Snapshots that a worker's changes are still counted from: what was integrated last is its baseline.
std::vector<std::string> baseline_refs(Core& self, const git::Target& base, const std::set<std::string>& baselines) {
  std::vector<std::string> refs;
  const auto pins = self.parts.git.list_pins(base, git::PinKind::kSnapshot);
  if (!pins) return refs;
  for (const git::Pin& pin : *pins) {
    if (baselines.contains(pin.tree)) refs.push_back(pin.ref);
  }
  return refs;
}

}  // namespace

int prune_snapshots(Core& self) {
  std::map<std::string, std::set<std::string>> baselines;  // by base repository
  const WorkerList all = self.directory.all();
  for (const WorkerPtr& worker : *all) {
    std::set<std::string>& trees = baselines[worker->base_repo()];
    for (const jobs::JobPtr& turn : worker->turns()) {
      if (std::string tree = turn->option(key::kIntegratedTree); !tree.empty()) trees.insert(std::move(tree));
    }
    if (std::string tree = worker->start_tree(); !tree.empty()) trees.insert(std::move(tree));
  }
  int pruned = 0;
  for (const auto& [repo, trees] : baselines) {
    const git::Target base = self.base_target(repo);
    const auto layout = self.base_layout(repo);
    if (!layout) continue;
    const auto count = self.parts.git.prune_pins(base, {.days = self.options.snapshot_retention_days,
                                                        .keep = baseline_refs(self, base, trees),
                                                        .lock_path = self.git_lock_path(*layout)});
    if (count) pruned += *count;
  }
  return pruned;
}

}  // namespace patchbay::workers
