#include "workers/directory.h"

#include "patchbay/base/text.h"
#include "patchbay/os/file.h"

namespace patchbay::workers {
namespace {

constexpr std::size_t kNamedPlaces = 5;

Error unknown(const std::string& text) {
  return Error{ErrorCode::kWorkerNotFound, "Unknown worker: " + display_safe(text),
               "Call codex_worker_list to see the workers and their names.", {}};
}

}  // namespace

Directory::Directory(jobs::Jobs& jobs) {
  jobs.observe([this](const jobs::JobPtr& job, jobs::Jobs::Change change) { take(job, change); });
}

void Directory::take(const jobs::JobPtr& job, jobs::Jobs::Change change) {
  const std::string id = job->worker_id();
  if (id.empty()) return;
  WorkerPtr now;
  {
    std::lock_guard lock(mutex_);
    std::vector<jobs::JobPtr> turns;
    if (const auto it = by_id_.find(id); it != by_id_.end()) {
      turns = it->second->turns();
      sorted_.erase({it->second->folded_name(), id});
      by_id_.erase(it);
    }
    std::erase_if(turns, [&](const jobs::JobPtr& t) { return t->job_id == job->job_id; });
    if (change == jobs::Jobs::Change::kUpdated) {
      turns.push_back(job);
      std::sort(turns.begin(), turns.end(),
                [](const jobs::JobPtr& a, const jobs::JobPtr& b) { return a->sequence < b->sequence; });
    }
    if (turns.empty()) {
      const auto it = id_by_digest_.find(job->option(key::kStartDigest));
      if (it != id_by_digest_.end() && it->second == id) id_by_digest_.erase(it);
    } else {
      now = listed(id, std::move(turns));
    }
  }
  for (const Observer& callback : callbacks_) callback(id, now);
}

WorkerPtr Directory::listed(const std::string& id, std::vector<jobs::JobPtr> turns) {
  if (const std::string digest = turns.front()->option(key::kStartDigest); !digest.empty()) {
    std::string& holder = id_by_digest_[digest];
    const auto other = by_id_.find(holder);
    if (other == by_id_.end() || other->second->created_at() <= turns.front()->created_at) holder = id;
  }
  WorkerPtr worker = std::make_shared<const Worker>(std::move(turns));
  by_id_[id] = worker;
  sorted_[{worker->folded_name(), id}] = worker;
  return worker;
}

void Directory::on_change(Observer callback) {
  callbacks_.push_back(std::move(callback));
}

WorkerPtr Directory::by_id(const std::string& id) const {
  std::lock_guard lock(mutex_);
  const auto it = by_id_.find(id);
  return it == by_id_.end() ? nullptr : it->second;
}

WorkerPtr Directory::by_name(const std::string& workspace_id, std::string_view name) const {
  const std::string folded = fold_case(collapse_whitespace(name));
  std::lock_guard lock(mutex_);
  for (auto it = sorted_.lower_bound({folded, ""}); it != sorted_.end() && it->first.first == folded; ++it) {
    if (it->second->workspace_id() == workspace_id) return it->second;
  }
  return nullptr;
}

WorkerPtr Directory::by_start_digest(const std::string& digest) const {
  std::lock_guard lock(mutex_);
  const auto it = id_by_digest_.find(digest);
  if (it == id_by_digest_.end()) return nullptr;
  const auto worker = by_id_.find(it->second);
  return worker == by_id_.end() ? nullptr : worker->second;
}

Result<WorkerPtr> Directory::resolve(const std::string& text, const std::optional<std::string>& workspace_id,
                                     const std::string& default_workspace_id) const {
  if (WorkerPtr exact = by_id(text)) return exact;
  if (WorkerPtr here = by_name(workspace_id ? *workspace_id : default_workspace_id, text)) return here;
  const std::string folded = fold_case(collapse_whitespace(text));
  std::vector<WorkerPtr> elsewhere;
  {
    std::lock_guard lock(mutex_);
    for (auto it = sorted_.lower_bound({folded, ""}); it != sorted_.end() && it->first.first == folded; ++it) {
      elsewhere.push_back(it->second);
    }
  }
  if (elsewhere.empty()) return unknown(text);
  if (!workspace_id && elsewhere.size() == 1) return elsewhere.front();
  std::string places;
  for (std::size_t i = 0; i < std::min(elsewhere.size(), kNamedPlaces); ++i) {
    places += fmt::format("{}{} in {} ({})", i == 0 ? "" : ", ", display_safe(elsewhere[i]->name()),
                          display_safe(os::base_name(elsewhere[i]->base_repo())), elsewhere[i]->id());
  }
  if (workspace_id) {
    Error e = unknown(text);
    e.hint = "A worker of that name works in another repository: " + places + ".";
    return e;
  }
  return Error{ErrorCode::kWorkerAmbiguous, "Worker name is ambiguous: " + places + ".",
               "Call again with the worker's id.", {}};
}

std::vector<WorkerPtr> Directory::all() const {
  std::lock_guard lock(mutex_);
  std::vector<WorkerPtr> list;
  list.reserve(sorted_.size());
  for (const auto& [k, worker] : sorted_) list.push_back(worker);
  return list;
}

std::size_t Directory::size() const {
  std::lock_guard lock(mutex_);
  return by_id_.size();
}

}  // namespace patchbay::workers
