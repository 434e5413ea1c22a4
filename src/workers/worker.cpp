#include "workers/worker.h"

#include "patchbay/base/text.h"

namespace patchbay::workers {

using jobs::JobRecord;

std::string_view name_of(WorkspaceMode mode) {
  static constexpr std::string_view kNames[] = {"isolated_write", "read_only", "shared_write"};
  return kNames[static_cast<int>(mode)];
}

std::optional<WorkspaceMode> parse_workspace_mode(std::string_view text) {
  if (text == "isolated_write" || text == "isolated" || text == "write") return WorkspaceMode::kIsolatedWrite;
  if (text == "read_only" || text == "read-only" || text == "readonly") return WorkspaceMode::kReadOnly;
  if (text == "shared_write" || text == "shared") return WorkspaceMode::kSharedWrite;
  return std::nullopt;
}

namespace {

const std::string& option_of(const JobRecord& job, const char* option) {
  static const std::string none;
  const Json* v = json::find(job.options, option);
  return v != nullptr && v->is_string() ? v->get_ref<const std::string&>() : none;
}

}  // namespace

std::string base_repo_of(const JobRecord& job) {
  const std::string& base = option_of(job, key::kBase);
  return base.empty() ? job.repo_path : base;
}

Worker::Worker(std::vector<jobs::JobPtr> turns, std::shared_ptr<const Place> place)
    : turns_(std::move(turns)), place_(std::move(place)) {
  const JobRecord& last = latest();
  id_ = &option_of(last, key::kId);
  name_ = &option_of(last, key::kName);
  folded_name_ = fold_case(*name_);
  state_ = last.state;
  unresolved_ = std::any_of(turns_.begin(), turns_.end(), [](const auto& t) { return t->unresolved(); });
  created_at_ = turns_.front()->created_at;
  last_activity_ = std::max({last.created_at, last.started_at, last.completed_at, last.progress.heartbeat_at});
  mode_ = parse_workspace_mode(last.option(key::kMode)).value_or(WorkspaceMode::kIsolatedWrite);
}

bool Worker::discarded() const { return json::get_bool(latest().options, key::kDiscarded); }

std::string_view Worker::start_digest() const { return option_of(*turns_.front(), key::kStartDigest); }

std::string Worker::session() const {
  for (auto it = turns_.rbegin(); it != turns_.rend(); ++it) {
    if (!(*it)->session_id.empty()) return (*it)->session_id;
  }
  return latest().option("resume_session_id");
}

const JobRecord* Worker::newest_with(const char* option) const {
  for (auto it = turns_.rbegin(); it != turns_.rend(); ++it) {
    const Json* v = json::find((*it)->options, option);
    if (v != nullptr && !v->is_null()) return it->get();
  }
  return nullptr;
}

std::string Worker::model() const {
  const JobRecord* job = newest_with(key::kModel);
  return job == nullptr ? std::string() : job->option(key::kModel);
}

std::string Worker::reasoning_effort() const {
  const JobRecord* job = newest_with(key::kEffort);
  return job == nullptr ? std::string() : job->option(key::kEffort);
}

const JobRecord* Worker::previous_completed() const {
  for (auto it = turns_.rbegin(); it != turns_.rend(); ++it) {
    if (it != turns_.rbegin() && (*it)->state == jobs::JobState::kCompleted) return it->get();
  }
  return nullptr;
}

}  // namespace patchbay::workers
