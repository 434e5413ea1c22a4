#include "codex/failure.h"

#include <array>
#include <charconv>

#include "patchbay/base/text.h"
#include "patchbay/codex/report.h"
#include "patchbay/codex/turn_result.h"

namespace patchbay::codex {
namespace {

/// One kind of failure. The catalogue has no codes for what goes wrong between Codex and its provider; each kind has
/// the one that says the same of a new try: never without the operator, later, or with other arguments. Found when
/// every word of one of its phrases occurs (a phrase's words are separated by '&').
struct Kind {
  std::string_view category;
  ErrorCode code;
  std::string_view phrases;  ///< separated by '|', lower case
  std::string_view guidance;
  std::string_view operator_action;
  bool retry;
};

constexpr std::string_view kTellUser = "Tell the user what the operator has to do; a new try fails the same way.";

// Order matters: the first kind that fits wins.
constexpr std::array kKinds = {
    Kind{"codex_auth_refresh_failed", ErrorCode::kInvalidState,
         "refresh token|refresh_token|could not refresh|token could not be refreshed|access token & expired|"
         "token has expired|token is expired|token_expired|sign in again|log in again|please log in|not "
         "logged in|"
         "401 unauthorized|invalid api key|invalid_api_key|incorrect api key|missing bearer",
         kTellUser, "Run `codex login` on this machine, then send the turn again.", false},
    Kind{"codex_usage_limit", ErrorCode::kJobLimit,
         "usage limit|usage_limit|quota exceeded|insufficient_quota|exceeded your current quota|rate limit "
         "exceeded|"
         "rate_limit|429 too many requests|out of credits",
         "Wait until the limit resets, then send the turn again; do not change the model or the account on "
         "your own.",
         "Check the plan and its usage when the limit does not reset.", true},
    Kind{"codex_workspace_trust_failed", ErrorCode::kRepoUntrusted,
         "not inside a trusted directory|skip-git-repo-check|untrusted directory|directory is not trusted|"
         "project is not trusted",
         kTellUser, "Make the folder a git repository, or trust it in Codex.", false},
    Kind{"codex_session_busy", ErrorCode::kSessionBusy, "already has an active writer",
         "Another process still writes this conversation; wait a little, then send the turn again.", "", true},
    Kind{"codex_session_not_found", ErrorCode::kSessionNotFound,
         "no rollout found for thread|session & archived|thread & is archived|codex unarchive",
         "The conversation no longer exists on this machine; start a new worker with the context it needs.", "", false},
    Kind{"codex_input_too_large", ErrorCode::kContentTooLarge, "input exceeds the maximum length",
         "Send a shorter message, or less context.", "", true},
    Kind{"codex_context_window_exceeded", ErrorCode::kContentTooLarge, "context window|context_length_exceeded",
         "This conversation is full; start a new worker and hand over what matters.", "", false},
    Kind{"codex_model_unavailable", ErrorCode::kInvalidArgument,
         "model_not_found|unknown model|invalid model|unsupported model|model & does not exist|model & not "
         "found|"
         "model & not supported|model & is not available|model & not have access",
         "Choose another model from the worker options, then send the turn again.", "", true},
    Kind{"codex_provider_unavailable", ErrorCode::kTimeout,
         "stream disconnected|high demand|unexpected status 5|connection refused|error sending request|timed "
         "out|"
         "incomplete response|reconnecting",
         "The provider did not answer; send the turn again later.",
         "Check the network and the provider's status when it goes on.", true},
    Kind{"codex_usage_error", ErrorCode::kInvalidArgument,
         "unknown feature flag|unexpected argument|invalid value & for|error parsing -c overrides|"
         "error loading config",
         "An option of this turn is not known to the installed Codex; leave it out.",
         "Check the Codex version and its config.toml.", false},
};

constexpr Kind kUnknown{"codex_turn_failed",
                        ErrorCode::kInternal,
                        "",
                        "Read the message; when it names nothing you can change, try once more, then ask the user.",
                        "",
                        true};

bool has_phrase(const std::string& lower, std::string_view phrase) {
  for (const std::string_view word : split(phrase, '&')) {
    if (lower.find(trim(word)) == std::string::npos) return false;
  }
  return true;
}

const Kind* kind_of(const std::string& text) {
  const std::string lower = to_lower_ascii(text);
  for (const Kind& kind : kKinds) {
    for (const std::string_view phrase : split(kind.phrases, '|')) {
      if (has_phrase(lower, phrase)) return &kind;
    }
  }
  return nullptr;
}

bool is_last_word(std::string_view line) {
  for (const std::string_view beginning :
       {"Error", "error:", "Not inside a trusted directory", "Input exceeds the maximum length", "No prompt provided",
        "Output schema file"}) {
    if (line.starts_with(beginning)) return true;
  }
  return false;
}

/// What the program said before it gave up ("Error: ..." and a few bare sentences), newest last; without any
/// of that its log lines of level ERROR, which may also be about something that did not matter in the end.
std::vector<std::string> error_lines(const std::string& stderr_tail) {
  std::vector<std::string> last_words, logged;
  for (const std::string_view raw : split(stderr_tail, '\n')) {
    const std::string_view line = trim(raw);
    if (is_last_word(line)) {
      last_words.emplace_back(line);
    } else if (line.find(" ERROR ") != std::string_view::npos) {
      logged.emplace_back(line);
    }
  }
  return last_words.empty() ? logged : last_words;
}

std::string without_log_prefix(const std::string& line) {
  for (const std::string_view prefix : {"Error: ", "error: "}) {
    if (line.starts_with(prefix)) return line.substr(prefix.size());
  }
  if (const std::size_t at = line.find(" ERROR "); at != std::string::npos) {
    const std::size_t colon = line.find(": ", at);
    return colon == std::string::npos ? line.substr(at + 7) : line.substr(colon + 2);
  }
  return line;
}

long long unit_seconds(std::string_view unit) {
  if (unit.starts_with("second") || unit == "s") return 1;
  if (unit.starts_with("minute") || unit.starts_with("min") || unit == "m") return 60;
  if (unit.starts_with("hour") || unit == "h") return 3600;
  if (unit.starts_with("day") || unit == "d") return 86'400;
  return 0;
}

/// Seconds of "2 hours 5 minutes"; nothing when it has another shape.
std::optional<long long> duration_of(std::string_view text) {
  long long total = 0;
  long long number = -1;
  for (std::string_view word : split(text, ' ')) {
    while (!word.empty() && (word.back() == ',' || word.back() == '.')) word.remove_suffix(1);
    if (word.empty() || word == "and") continue;
    if (number < 0) {
      const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
      if (error != std::errc() || number < 0 || number > 1'000'000) return std::nullopt;
      word.remove_prefix(static_cast<std::size_t>(end - word.data()));
      if (word.empty()) continue;
    }
    const long long unit = unit_seconds(word);
    if (unit == 0) return std::nullopt;
    total += number * unit;
    number = -1;
  }
  return total > 0 && number < 0 ? std::optional(total) : std::nullopt;
}

void read_retry_time(const std::string& text, Failure& failure) {
  constexpr std::string_view kMarker = "try again ";
  const std::string lower = to_lower_ascii(text);
  const std::size_t at = lower.find(kMarker);
  if (at == std::string::npos) return;
  const std::string rest = text.substr(at + kMarker.size());
  if (!rest.starts_with("in ") && !rest.starts_with("at ")) return;
  std::size_t end = rest.find_first_of("\n;");
  if (const std::size_t stop = rest.find(". "); stop < end) end = stop;
  failure.retry_hint = public_message(utf8_prefix(std::string_view(rest).substr(0, end), 60));
  while (failure.retry_hint.ends_with('.')) failure.retry_hint.pop_back();
  if (rest.starts_with("in ")) failure.retry_after_seconds = duration_of(failure.retry_hint.substr(3));
}

std::string ending(const FailureEvidence& evidence) {
  if (evidence.signal) return fmt::format("Codex process was ended by signal {}", *evidence.signal);
  return fmt::format("Codex process failed with exit code {}", evidence.exit_code.value_or(-1));
}

Failure make(const Kind& kind, std::string public_message_text) {
  Failure failure;
  failure.category = kind.category;
  failure.code = kind.code;
  failure.public_message = std::move(public_message_text);
  failure.manager_guidance = kind.guidance;
  failure.operator_action = kind.operator_action;
  failure.retry_without_operator_action = kind.retry;
  return failure;
}

}  // namespace

Failure classify(const FailureEvidence& evidence) {
  // The sentence to show is the newest one that says most: the turn's own failure, else the last error.
  std::string event_message = evidence.turn_failed;
  if (trim(event_message).empty() && !evidence.errors.empty()) event_message = evidence.errors.back();
  if (!trim(event_message).empty()) {
    const Kind* kind = kind_of(event_message);
    for (auto it = evidence.errors.rbegin(); kind == nullptr && it != evidence.errors.rend(); ++it) kind = kind_of(*it);
    Failure failure =
        make(kind != nullptr ? *kind : kUnknown, "The Codex turn failed: " + public_message(event_message));
    if (failure.category == "codex_usage_limit") read_retry_time(event_message, failure);
    return failure;
  }
  const std::vector<std::string> lines = error_lines(evidence.stderr_tail);
  for (auto it = lines.rbegin(); it != lines.rend(); ++it) {
    if (const Kind* kind = kind_of(*it)) {
      Failure failure = make(*kind, ending(evidence) + ": " + public_message(without_log_prefix(*it)));
      if (failure.category == "codex_usage_limit") read_retry_time(*it, failure);
      return failure;
    }
  }
  std::string message = ending(evidence);
  if (!lines.empty()) message += ": " + public_message(without_log_prefix(lines.back()));
  return make(kUnknown, lines.empty() ? message + "." : message);
}

Failure session_start_timeout() {
  return make({"codex_session_start_timeout", ErrorCode::kTimeout, "",
               "Codex did not announce a conversation in time; send the turn again.",
               "Check `codex login status` and the network when it happens again.", true},
              "Codex did not start a conversation in time, and was ended.");
}

Failure turn_timeout() {
  return make({"codex_turn_timeout", ErrorCode::kTimeout, "",
               "The time limit ended the turn; what it did so far is kept. Continue with a smaller step.", "", true},
              "Job timed out: the turn reached its time limit.");
}

Failure wrong_session() {
  return make(
      {"codex_session_not_found", ErrorCode::kSessionNotFound, "",
       "The conversation to continue no longer exists; start a new worker with the context it needs.", "", false},
      "Codex opened another conversation than the one asked for, and was stopped.");
}

Failure spawn_failure(const std::string& message) {
  const bool missing = to_lower_ascii(message).find("not found") != std::string::npos;
  if (missing) {
    return make({"codex_cli_missing", ErrorCode::kCodexCliMissing, "", kTellUser,
                 "Install the Codex CLI, or correct the PATH of the server.", false},
                public_message(message));
  }
  return make({"codex_spawn_failed", ErrorCode::kSpawnFailed, "", "Send the turn again a little later.",
               "Check the process and memory limits of this machine when it happens again.", true},
              public_message(message));
}

std::string next_step(const Json& result) {
  const Json* diagnostic = json::find(result, "failure_diagnostic");
  if (diagnostic == nullptr || !diagnostic->is_object()) return {};
  std::string text = json::get_string(*diagnostic, "manager_guidance");
  if (const std::string when = json::get_string(*diagnostic, "retry_hint"); !when.empty()) {
    text += " The limit ends " + when + ".";
  }
  if (const std::string action = json::get_string(*diagnostic, "operator_action"); !action.empty()) {
    text += " For the operator: " + action;
  }
  return text;
}

Json to_diagnostic(const Failure& failure, const FailureEvidence& evidence) {
  Json out = Json::object();
  out["category"] = failure.category;
  out["exit_code"] = evidence.exit_code ? Json(*evidence.exit_code) : Json(nullptr);
  out["public_message"] = failure.public_message;
  out["manager_guidance"] = failure.manager_guidance;
  out["operator_action"] = failure.operator_action;
  out["retry_without_operator_action"] = failure.retry_without_operator_action;
  if (!failure.retry_hint.empty()) out["retry_hint"] = failure.retry_hint;
  if (failure.retry_after_seconds) out["retry_after_seconds"] = *failure.retry_after_seconds;
  return out;
}

}  // namespace patchbay::codex
