#include "workers/changes.h"

#include "patchbay/base/text.h"
#include "patchbay/workers/public_text.h"

namespace patchbay::workers {

Result<git::ObjectId> baseline_of(Core& self, const Worker& worker) {
  if (const jobs::JobRecord* job = worker.newest_with(key::kIntegratedTree)) return job->option(key::kIntegratedTree);
  if (std::string start = worker.start_tree(); !start.empty()) return start;
  return self.parts.git.tree_of(self.base_target(worker.base_repo()), worker.base_revision());
}

Result<WorkerChanges> worker_changes(Core& self, const Worker& worker) {
  if (!worker.isolated()) {
    return Error{ErrorCode::kNotIsolated, "Only isolated writing workers have changes of their own.", {}, {}};
  }
  if (!self.workspace_available(worker)) {
    return Error{ErrorCode::kWorkspaceUnavailable,
                 "The worker's workspace is gone.",
                 "Start a new worker; a discarded workspace can be restored by the operator.",
                 {}};
  }
  const git::Layout layout = PB_TRY(self.base_layout(worker.base_repo()));
  const git::Target base = self.base_target(worker.base_repo());
  git::SnapshotSpec spec;
  spec.directory = worker.worktree();
  spec.worker_id = worker.id();
  spec.lock_path = self.git_lock_path(layout);
  WorkerChanges out;
  out.snapshot = PB_TRY(self.parts.git.snapshot(base, spec));
  out.baseline = PB_TRY(baseline_of(self, worker));
  out.changes = PB_TRY(self.parts.git.changes(base, out.baseline, out.snapshot.tree));
  return out;
}

Result<git::Diff> worker_diff(Core& self, const Worker& worker, const WorkerChanges& changes,
                              const std::string& file_path, const git::PatchPage& page) {
  return self.parts.git.tree_diff(self.base_target(worker.base_repo()), changes.baseline, changes.snapshot.tree,
                                  file_path, page);
}

std::string named(const std::vector<git::SpecialFile>& files) {
  constexpr std::size_t kMaxNamed = 5;
  std::vector<std::string> shown;
  for (std::size_t i = 0; i < std::min(files.size(), kMaxNamed); ++i) {
    shown.push_back(fmt::format("{} ({})", display_safe(files[i].path), git::name_of(files[i].type)));
  }
  return name_some(shown, files.size());
}

Json change_json(const git::Change& change) {
  Json j = {{"path", display_safe(change.path)}, {"status", std::string(1, change.status)}};
  if (change.old_path) j["old_path"] = display_safe(*change.old_path);
  j["binary"] = change.binary;
  if (change.mode_change()) {
    j["mode_change"] = fmt::format("{:06o} -> {:06o}", change.old_mode, change.new_mode);
  }
  j["additions"] = change.additions;
  j["deletions"] = change.deletions;
  return j;
}

}  // namespace patchbay::workers
