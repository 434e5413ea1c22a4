#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "patchbay/base/error.h"
#include "patchbay/json/json.h"

namespace patchbay::codex {

/// Why a turn failed, and what may be done about it.
struct Failure {
  std::string category;
  ErrorCode code = ErrorCode::kInternal;
  std::string public_message;
  std::string manager_guidance;  ///< for the client that manages the worker
  std::string operator_action;   ///< empty when there is nothing for the operator to do
  bool retry_without_operator_action = false;
  std::string retry_hint;  ///< "in 2 hours 5 minutes", "at 3:05 PM"; empty when none was said
  std::optional<long long> retry_after_seconds;
};

/// What is known about the failure. Texts are redacted.
struct FailureEvidence {
  std::string turn_failed{};          ///< message of the newest turn.failed
  std::vector<std::string> errors{};  ///< messages of error events, newest last
  std::string stderr_tail{};
  std::optional<int> exit_code{};
  std::optional<int> signal{};
};

/// Classifies by the program's own events; standard error counts only when no event said anything, and then
/// only its error lines, because it carries notes of successful turns too.
Failure classify(const FailureEvidence& evidence);

Failure session_start_timeout();
Failure turn_timeout();
Failure wrong_session();
/// `message`: the public sentence of the spawn error.
Failure spawn_failure(const std::string& message);

/// The value of `failure_diagnostic`.
Json to_diagnostic(const Failure& failure, const FailureEvidence& evidence);

}  // namespace patchbay::codex
