#include "workers/filter.h"

#include <ctime>

namespace patchbay::workers {
namespace {

constexpr double kRecentSeconds = 24 * 3600;
constexpr double kCurrentSeconds = 3600;

Result<double> parse_utc(const std::string& text) {
  std::tm tm{};
  const char* end = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &tm);
  if (end == nullptr || (*end != '\0' && std::string_view(end) != "Z")) {
    return Error{ErrorCode::kInvalidArgument, "created_after is not a UTC time such as 2026-01-31T08:00:00Z.", {}, {}};
  }
  return static_cast<double>(::timegm(&tm));
}

bool troubled(const Worker& w) { return w.active() || w.unresolved() || w.state() == jobs::JobState::kFailed; }

}  // namespace

Json Selection::hidden_json() const {
  if (hidden + hidden_stopped == 0) return {{"count", 0}, {"reason", nullptr}, {"how_to_show", nullptr}};
  const std::string beyond = fmt::format("{} outside of the scope '{}'", hidden, scope);
  const std::string stopped = fmt::format("{} stopped", hidden_stopped);
  return {{"count", hidden + hidden_stopped},
          {"reason", hidden == 0           ? stopped
                     : hidden_stopped == 0 ? beyond
                                           : beyond + ", " + stopped},
          {"how_to_show", hidden == 0           ? "Call again with include_stopped."
                          : hidden_stopped == 0 ? "Call again with scope history."
                                                : "Call again with scope history and include_stopped."}};
}

Result<Selection> select(const Core& self, const Actor& actor, const FilterArgs& args, const std::string& default_scope,
                         bool include_stopped_by_default) {
  Selection s;
  s.scope = args.scope.value_or(default_scope);
  std::string workspace;
  if (args.repo_path && !args.repo_path->empty()) {
    workspace = workspace::workspace_id(PB_TRY(self.choose_root(args.repo_path)));
  }
  double after = 0;
  if (!args.created_after.empty()) after = PB_TRY(parse_utc(args.created_after));
  const bool stopped = args.include_stopped.value_or(include_stopped_by_default);
  const double now = epoch_seconds(self.parts.clock.wall());

  std::vector<const Worker*> idle;
  s.all = self.directory.all();
  for (const WorkerPtr& pointer : *s.all) {
    const Worker* w = pointer.get();
    if (!workspace.empty() && w->workspace_id() != workspace) continue;
    if (args.active_only && !w->active()) continue;
    if (after > 0 && w->created_at() < after) continue;
    const bool mine =
        !args.owned_only && s.scope != "conversation" ? true : self.ownership.view(actor, *w).owned.value_or(false);
    if (args.owned_only && !mine) continue;
    const double age = now - w->last_activity();
    const bool out_of_scope = (s.scope == "conversation" && !mine) || (s.scope == "recent" && age > kRecentSeconds) ||
                              (s.scope == "current" && age > kCurrentSeconds);
    // Those that only the default leaves out are counted, so that nobody thinks they are gone.
    if (!stopped && w->state() == jobs::JobState::kCancelled && !w->unresolved()) {
      if (!args.include_stopped) ++s.hidden_stopped;
      continue;
    }
    // What lives or needs attention is never hidden (lesson 17).
    if (out_of_scope && !troubled(*w)) {
      ++s.hidden;
      continue;
    }
    (w->active() ? s.workers : idle).push_back(w);
  }
  s.workers.insert(s.workers.end(), idle.begin(), idle.end());
  return s;
}

}  // namespace patchbay::workers
