#include "patchbay/base/redact.h"
#include "patchbay/base/text.h"
#include "patchbay/codex/codex_engine.h"
#include "patchbay/codex/session_files.h"
#include "patchbay/codex/turn_result.h"

namespace patchbay::codex {

std::optional<runner::Outcome> CodexEngine::recover(const std::string& session_id, double started_at) const {
  if (started_at <= 0) return std::nullopt;
  const auto file = find_session_file(options_.codex_home, session_id);
  if (!file) return std::nullopt;
  const auto end = last_task_complete(file->path, 0, started_at);
  if (!end || !end->has_value()) return std::nullopt;

  runner::Outcome outcome;
  outcome.state = runner::Outcome::State::kCompleted;
  outcome.terminal_source = "session_task_complete";
  const std::string text = redact(sanitize_utf8((*end)->last_agent_message));
  outcome.result = trim(text).empty() ? report_from_stdout({}, false)
                                      : report_from_text(text, ResultSource::kSessionTaskComplete, true, false);
  return outcome;
}

}  // namespace patchbay::codex
