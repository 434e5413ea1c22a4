#include "patchbay/workers/workers.h"

#include "patchbay/base/text.h"
#include "patchbay/os/file.h"
#include "workers/core.h"
#include "workers/liveness.h"
#include "workers/recovery.h"
#include "workers/view.h"

namespace patchbay::workers {
namespace {

constexpr std::size_t kMaxCompletions = 100;
constexpr std::size_t kMaxHolders = 5;

std::string with_note(std::string text, const Refusal& refusal) {
  if (refusal.error_code) text += "\nRefused (" + *refusal.error_code + ")";
  if (refusal.note) text += "\n" + *refusal.note;
  if (refusal.required_action) text += "\nNext: " + *refusal.required_action;
  return text;
}

std::string headline(const WorkerView& v) {
  return fmt::format("Worker '{}' ({}) is {}.", display_safe(v.name), v.worker_id, v.state);
}

std::string file_list(const std::vector<std::string>& files, int count) {
  std::string text;
  for (const std::string& f : files) text += "\n  " + f;
  if (count > static_cast<int>(files.size()))
    text += fmt::format("\n  and {} more", count - static_cast<int>(files.size()));
  return text;
}

std::string preview_text(const PreviewFields& p) {
  std::string text = fmt::format("\n{} changed files, apply check: {}, {}.", p.change_count, p.apply_check,
                                 p.applied     ? "applied"
                                 : p.can_apply ? "can be applied"
                                               : "cannot be applied");
  text += file_list(p.changed_files, p.change_count);
  if (p.conflict_summary) text += "\nConflicts:\n" + *p.conflict_summary;
  if (p.preview_token) text += "\nTo apply exactly this: codex_worker_integrate with preview_token " + *p.preview_token;
  return text;
}

}  // namespace

std::string TurnReply::text() const {
  std::string t = worker ? headline(*worker) : std::string("Not accepted.");
  if (next)
    t += fmt::format("\nNext: {} {} in about {} s.", next->tool, json::dump(next->arguments), next->after_ms / 1000);
  return with_note(std::move(t), refusal);
}

std::string InspectReply::text() const {
  std::string t = headline(worker) + "\n" + worker.status_line;
  if (view == "report") t += "\n\n" + worker.report;
  if (changes)
    t += fmt::format("\n{} changed files", changes->change_count) +
         file_list(changes->changed_files, changes->change_count);
  if (diff) t += "\n" + diff->diff;
  if (file) t += "\n" + file->text;
  if (preview) t += preview_text(*preview);
  return with_note(std::move(t), refusal);
}

std::string IntegrateReply::text() const { return with_note(headline(worker) + preview_text(preview), refusal); }

std::string StopReply::text() const {
  return with_note(headline(worker) + (workspace_cleaned ? " Its workspace was removed." : ""), refusal);
}

Workers::Workers(Parts parts, WorkersOptions options)
    : core_(std::make_unique<Core>(std::move(parts), std::move(options))) {
  // A folder that cannot be made is reported by the first call that needs a lock in it.
  (void)os::make_private_dirs(core_->options.git_locks_dir);
}

Workers::~Workers() {
  // Checkouts under way use our parts; each of them ends inside git's own deadline.
  std::unique_lock lock(core_->background_mutex);
  core_->background_done.wait(lock, [this] { return core_->background == 0; });
}

Status Workers::recover() {
  recover_integrations(*core_);
  recover_worktrees(*core_);
  return {};
}

int Workers::prune_snapshots() { return workers::prune_snapshots(*core_); }

Result<Json> Workers::summary(const Actor& actor, const std::string& worker_id) {
  const WorkerPtr worker = core_->directory.by_id(worker_id);
  if (!worker) return Error{ErrorCode::kWorkerNotFound, "Unknown worker: " + display_safe(worker_id), {}, {}};
  return json::to_json(make_view(*core_, actor, *worker, Detail::kBrief));
}

std::vector<std::string> Workers::complete(const std::string& prefix) const {
  std::vector<std::string> found;
  const std::string folded = fold_case(prefix);
  const WorkerList all = core_->directory.all();
  for (const WorkerPtr& w : *all) {
    if (found.size() >= kMaxCompletions) break;
    if (w->id().starts_with(prefix) && !prefix.empty()) {
      found.push_back(w->id());
    } else if (w->folded_name().starts_with(folded)) {
      found.push_back(w->name());
    }
  }
  return found;
}

std::vector<std::string> Workers::holders_of(const std::string& repo_root, const std::string& file_path) const {
  std::vector<std::string> names;
  const std::string workspace = workspace::workspace_id(repo_root);
  const WorkerList all = core_->directory.all();
  for (const WorkerPtr& w : *all) {
    if (names.size() == kMaxHolders) break;
    if (!w->isolated() || w->discarded() || w->workspace_id() != workspace) continue;
    if (os::exists(os::join(w->worktree(), file_path))) names.push_back(w->name());
  }
  return names;
}

void Workers::on_change(std::function<void(const std::string&)> callback) {
  core_->directory.on_change([callback = std::move(callback)](const WorkerPtr& before, const WorkerPtr& now) {
    const bool same = before && now && before->turns().size() == now->turns().size() &&
                      public_state(before->latest()) == public_state(now->latest());
    if (now && !same) callback(now->id());
  });
}

}  // namespace patchbay::workers
