#include "patchbay/app/app.h"

namespace patchbay::app {
namespace {

Json auth_object(const config::Launch& launch) {
  Json reasons = Json::array();
  for (const config::AuthReason reason : launch.auth.reasons) reasons.push_back(config::name_of(reason));
  return Json{{"enabled", launch.auth.required()},
              {"token_configured", !launch.auth.token.value.empty()},
              {"query_token_supported", launch.config.auth.allow_query_token},
              {"query_token_names", launch.config.auth.query_token_names},
              {"required_reasons", std::move(reasons)},
              {"token_returned", false}};
}

struct JobCounts {
  int pending = 0, running = 0, completed = 0, failed = 0, cancelled = 0;
};

JobCounts count_jobs(const jobs::Jobs& jobs) {
  JobCounts counts;
  for (const jobs::JobPtr& job : jobs.all()) {
    switch (job->state) {
      case jobs::JobState::kPending: ++counts.pending; break;
      case jobs::JobState::kRunning: ++counts.running; break;
      case jobs::JobState::kCompleted: ++counts.completed; break;
      case jobs::JobState::kFailed: ++counts.failed; break;
      case jobs::JobState::kCancelled: ++counts.cancelled; break;
    }
  }
  return counts;
}

}  // namespace

Json root_page(const App& app) {
  return Json{{"name", "patchbay"},
              {"version", PATCHBAY_VERSION},
              {"transport", "streamable-http"},
              {"status", "running"},
              {"active_operations", active_turns(app)},
              {"active_sessions", app.server->session_count()},
              {"auth", auth_object(app.launch)},
              {"instance", app.instance}};
}

Json status_page(const App& app) {
  const JobCounts counts = count_jobs(*app.jobs);
  return Json{
      {"server", "healthy"},
      {"transport", "streamable-http"},
      {"auth", auth_object(app.launch)},
      {"jobs", Json{{"total", counts.pending + counts.running + counts.completed + counts.failed + counts.cancelled},
                    {"pending", counts.pending},
                    {"running", counts.running},
                    {"completed", counts.completed},
                    {"failed", counts.failed},
                    {"cancelled", counts.cancelled}}},
      {"sessions", app.server->session_count()}};
}

}  // namespace patchbay::app
