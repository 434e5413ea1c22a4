#include "jobs/decision.h"

#include <algorithm>

#include "patchbay/base/text.h"

namespace patchbay::jobs {
namespace {

constexpr std::size_t kBriefSummaryBytes = 2000;
constexpr std::size_t kBriefListItems = 50;

/// What of a result stays in the record; the rest is in result.json.
Json brief_result(const Json& result) {
  Json brief = Json::object();
  for (const auto& [key, value] : result.items()) {
    if (key.starts_with('_')) continue;
    if (value.is_boolean() || value.is_number()) {
      brief[key] = value;
    } else if (value.is_string() && (key == "summary" || key == "status" || key == "result_source")) {
      brief[key] = std::string(utf8_prefix(value.get_ref<const std::string&>(), kBriefSummaryBytes));
    } else if (key == "files_changed" && value.is_array()) {
      Json& list = brief[key] = Json::array();
      for (std::size_t i = 0; i < std::min(value.size(), kBriefListItems); ++i) list.push_back(value[i]);
    } else if (key == "failure_diagnostic" || key == "next_steps") {
      brief[key] = value;
    }
  }
  return brief;
}

JobState state_of(runner::Outcome::State state) {
  switch (state) {
    case runner::Outcome::State::kCompleted: return JobState::kCompleted;
    case runner::Outcome::State::kCancelled: return JobState::kCancelled;
    case runner::Outcome::State::kFailed: break;
  }
  return JobState::kFailed;
}

}  // namespace

TerminalDecision decision_of(const runner::Outcome& outcome) {
  TerminalDecision decision;
  decision.state = state_of(outcome.state);
  decision.source = outcome.terminal_source;
  decision.error = outcome.error;
  if (decision.state == JobState::kFailed) {
    decision.error_code = std::string(name_of(outcome.error_code));
    if (decision.error.empty()) decision.error = "The turn failed.";
  }
  decision.result = brief_result(outcome.result);
  return decision;
}

TerminalDecision lost_decision() {
  constexpr char kMessage[] = "The turn's runner ended without a result, so what became of the turn is unknown.";
  constexpr char kGuidance[] = "Look at what was changed so far, then start the work again.";
  TerminalDecision decision;
  decision.state = JobState::kFailed;
  decision.source = "restart";
  decision.error = kMessage;
  decision.error_code = std::string(name_of(ErrorCode::kJobLost));
  decision.result = {{"failure_diagnostic",
                      {{"category", "patchbay_runtime_tracking_lost"},
                       {"public_message", kMessage},
                       {"manager_guidance", kGuidance},
                       {"retry_without_operator_action", true}}}};
  return decision;
}

}  // namespace patchbay::jobs
