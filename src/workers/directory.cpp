#include "workers/directory.h"

#include "patchbay/base/text.h"
#include "patchbay/os/file.h"
#include "patchbay/workspace/roots.h"

namespace patchbay::workers {
namespace {

constexpr std::size_t kNamedPlaces = 5;

Error unknown(const std::string& text) {
  return Error{ErrorCode::kWorkerNotFound,
               "Unknown worker: " + display_safe(text),
               "Call codex_worker_list to see the workers and their names.",
               {}};
}

}  // namespace

Directory::Directory(jobs::Jobs& jobs) {
  jobs.observe([this](const jobs::JobPtr& job, jobs::Jobs::Change change) { take(job, change); });
}

void Directory::take(const jobs::JobPtr& job, jobs::Jobs::Change change) {
  const std::string id = job->worker_id();
  if (id.empty()) return;
  WorkerPtr before, now;
  {
    std::lock_guard lock(mutex_);
    all_.reset();
    std::vector<jobs::JobPtr> turns;
    if (const auto it = by_id_.find(id); it != by_id_.end()) {
      before = *it;
      turns = before->turns();
      forget(before);
    }
    std::erase_if(turns, [&](const jobs::JobPtr& t) { return t->job_id == job->job_id; });
    if (change == jobs::Jobs::Change::kUpdated) {
      turns.push_back(job);
      std::sort(turns.begin(), turns.end(),
                [](const jobs::JobPtr& a, const jobs::JobPtr& b) { return a->sequence < b->sequence; });
    }
    if (!turns.empty()) {
      auto place = place_of(*turns.back());
      now = std::make_shared<const Worker>(std::move(turns), std::move(place));
      by_id_.insert(now);
      sorted_.insert(now);
      remember_start(now);
    }
  }
  for (const Observer& callback : callbacks_) callback(before, now);
}

std::shared_ptr<const Place> Directory::place_of(const jobs::JobRecord& job) {
  std::string repo = base_repo_of(job);
  std::shared_ptr<const Place>& place = places_[repo];
  if (!place) {
    std::string id = workspace::workspace_id(repo);
    place = std::make_shared<const Place>(Place{std::move(repo), std::move(id)});
  }
  return place;
}

void Directory::remember_start(const WorkerPtr& worker) {
  const std::string_view digest = worker->start_digest();
  if (digest.empty()) return;
  const auto it = by_start_digest_.find(digest);
  if (it != by_start_digest_.end()) {
    if (it->second->created_at() > worker->created_at()) return;
    by_start_digest_.erase(it);  // its key is the other worker's text
  }
  by_start_digest_.emplace(digest, worker);
}

void Directory::forget(const WorkerPtr& worker) {
  const auto it = by_start_digest_.find(worker->start_digest());
  if (it != by_start_digest_.end() && it->second == worker) by_start_digest_.erase(it);
  sorted_.erase(worker);
  by_id_.erase(worker);
}

void Directory::on_change(Observer callback) { callbacks_.push_back(std::move(callback)); }

WorkerPtr Directory::by_id(const std::string& id) const {
  std::lock_guard lock(mutex_);
  const auto it = by_id_.find(id);
  return it == by_id_.end() ? nullptr : *it;
}

std::vector<WorkerPtr> Directory::of_name(const std::string& folded_name) const {
  std::vector<WorkerPtr> found;
  std::lock_guard lock(mutex_);
  for (auto it = sorted_.lower_bound(NameAndId{folded_name, ""});
       it != sorted_.end() && (*it)->folded_name() == folded_name; ++it) {
    found.push_back(*it);
  }
  return found;
}

WorkerPtr Directory::by_name(const std::string& workspace_id, std::string_view name) const {
  for (const WorkerPtr& worker : of_name(fold_case(collapse_whitespace(name)))) {
    if (worker->workspace_id() == workspace_id) return worker;
  }
  return nullptr;
}

WorkerPtr Directory::by_start_digest(const std::string& digest) const {
  std::lock_guard lock(mutex_);
  const auto it = by_start_digest_.find(digest);
  return it == by_start_digest_.end() ? nullptr : it->second;
}

Result<WorkerPtr> Directory::resolve(const std::string& text, const std::optional<std::string>& workspace_id,
                                     const std::string& default_workspace_id) const {
  if (WorkerPtr exact = by_id(text)) return exact;
  if (WorkerPtr here = by_name(workspace_id ? *workspace_id : default_workspace_id, text)) return here;
  const std::vector<WorkerPtr> elsewhere = of_name(fold_case(collapse_whitespace(text)));
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
  return Error{
      ErrorCode::kWorkerAmbiguous, "Worker name is ambiguous: " + places + ".", "Call again with the worker's id.", {}};
}

WorkerList Directory::all() const {
  std::lock_guard lock(mutex_);
  if (!all_) all_ = std::make_shared<const std::vector<WorkerPtr>>(sorted_.begin(), sorted_.end());
  return all_;
}

std::size_t Directory::size() const {
  std::lock_guard lock(mutex_);
  return by_id_.size();
}

}  // namespace patchbay::workers
