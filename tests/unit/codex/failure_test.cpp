#include "codex/failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "patchbay/codex/report.h"

namespace patchbay::codex {
namespace {

using testing::HasSubstr;
using testing::Not;

Failure of_turn(const std::string& message) { return classify({.turn_failed = message, .exit_code = 1}); }

TEST(Failure, CategoriesOfTheProgramsOwnMessages) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"unexpected status 401 Unauthorized: nope, url: https://x/v1, request id: r", "codex_auth_refresh_failed"},
      {"Your access token could not be refreshed because your refresh token was already used.",
       "codex_auth_refresh_failed"},
      {"Quota exceeded. Check your plan and billing details.", "codex_usage_limit"},
      {"You've hit your usage limit. Try again in 2 hours 5 minutes.", "codex_usage_limit"},
      {"exceeded retry limit, last status: 429 Too Many Requests, request id: x", "codex_usage_limit"},
      {"rate limit exceeded: Please try again in 20s.", "codex_usage_limit"},
      {"Not inside a trusted directory and --skip-git-repo-check was not specified.", "codex_workspace_trust_failed"},
      {"The model `gpt-x` does not exist or you do not have access to it.", "codex_model_unavailable"},
      {R"({"error":{"message":"The 'x' model is not supported when using Codex","code":"bad"}})",
       "codex_model_unavailable"},
      {"Codex ran out of room in the model's context window. Start a new thread.", "codex_context_window_exceeded"},
      {"stream disconnected before completion: stream closed", "codex_provider_unavailable"},
      {"thread 01 already has an active writer", "codex_session_busy"},
      {"Input exceeds the maximum length of 1048576 characters.", "codex_input_too_large"},
      {"something nobody has seen", "codex_turn_failed"},
  };
  for (const auto& [message, category] : rows) EXPECT_EQ(of_turn(message).category, category) << message;
}

TEST(Failure, EveryKindHasTheCodeThatSaysTheSameOfANewTry) {  // K 9.2
  const std::vector<std::pair<std::string, ErrorCode>> rows = {
      {"401 Unauthorized", ErrorCode::kInvalidState},
      {"usage limit", ErrorCode::kJobLimit},
      {"not inside a trusted directory", ErrorCode::kRepoUntrusted},
      {"already has an active writer", ErrorCode::kSessionBusy},
      {"no rollout found for thread", ErrorCode::kSessionNotFound},
      {"input exceeds the maximum length", ErrorCode::kContentTooLarge},
      {"context window", ErrorCode::kContentTooLarge},
      {"unknown model x", ErrorCode::kInvalidArgument},
      {"stream disconnected", ErrorCode::kTimeout},
      {"unexpected argument", ErrorCode::kInvalidArgument},
  };
  for (const auto& [message, code] : rows) {
    const Failure failure = of_turn(message);
    EXPECT_EQ(failure.code, code) << message;
    EXPECT_FALSE(next_step({{"failure_diagnostic", to_diagnostic(failure, {})}}).empty()) << message;
    // What needs the operator is not told to be tried again, and the other way round.
    EXPECT_TRUE(failure.retry_without_operator_action || !is_retryable(code)) << message;
  }
}

TEST(Failure, TheNextStepNamesWhoDoesItAndWhen) {
  const auto step = [](const std::string& message) {
    return next_step({{"failure_diagnostic", to_diagnostic(of_turn(message), {})}});
  };
  EXPECT_THAT(step("401 Unauthorized"), HasSubstr("For the operator: Run `codex login`"));
  EXPECT_THAT(step("usage limit. Try again in 5 minutes"), HasSubstr("ends in 5 minutes."));
  EXPECT_EQ(next_step({{"summary", "done"}}), "");
}

TEST(Failure, SaysWhetherATryCanHelp) {
  EXPECT_FALSE(of_turn("401 Unauthorized").retry_without_operator_action);
  EXPECT_THAT(of_turn("401 Unauthorized").operator_action, HasSubstr("codex login"));
  EXPECT_TRUE(of_turn("unknown model x").retry_without_operator_action);
  EXPECT_EQ(of_turn("already has an active writer").code, ErrorCode::kSessionBusy);
}

TEST(Failure, ReadsWhenAUsageLimitEnds) {
  Failure failure = of_turn("You've hit your usage limit. Try again in 1 day, 2 hours and 5 minutes. See the site.");
  EXPECT_EQ(failure.retry_hint, "in 1 day, 2 hours and 5 minutes");
  EXPECT_EQ(failure.retry_after_seconds, 86'400 + 2 * 3600 + 5 * 60);
  failure = of_turn("rate limit exceeded: Please try again in 20s.");
  EXPECT_EQ(failure.retry_after_seconds, 20);
  failure = of_turn("You've hit your usage limit. Try again at 3:05 PM.");
  EXPECT_EQ(failure.retry_hint, "at 3:05 PM");
  EXPECT_FALSE(failure.retry_after_seconds.has_value());
  EXPECT_EQ(of_turn("usage limit; try again in 99999999999999999999 days").retry_after_seconds, std::nullopt);
}

TEST(Failure, EventsAreBelievedBeforeStandardError) {
  FailureEvidence evidence;
  evidence.turn_failed = "something odd";
  evidence.stderr_tail = "Error: refresh token was reused\n";
  EXPECT_EQ(classify(evidence).category, "codex_turn_failed");
}

TEST(Failure, NotesOnStandardErrorAreNoEvidence) {
  FailureEvidence evidence;
  evidence.exit_code = 1;
  evidence.stderr_tail = "warning: usage limit is near\nhint: codex login\n";
  const Failure failure = classify(evidence);
  EXPECT_EQ(failure.category, "codex_turn_failed");
  EXPECT_EQ(failure.public_message, "Codex process failed with exit code 1.");
}

TEST(Failure, TheProgramsLastWordOutranksItsLog) {
  FailureEvidence evidence;
  evidence.exit_code = 1;
  evidence.stderr_tail =
      "2026-11-21T10:00:00Z ERROR rmcp::auth: 401 Unauthorized\nError: Unknown feature flag: nosuch\n\nStack "
      "backtrace:\n";
  const Failure failure = classify(evidence);
  EXPECT_EQ(failure.category, "codex_usage_error");
  EXPECT_EQ(failure.public_message, "Codex process failed with exit code 1: Unknown feature flag: nosuch");
}

TEST(Failure, ASignalIsNamed) {
  FailureEvidence evidence;
  evidence.signal = 9;
  EXPECT_EQ(classify(evidence).public_message, "Codex process was ended by signal 9.");
}

TEST(Failure, TheDiagnosticHasEveryMember) {
  const Json diagnostic = to_diagnostic(of_turn("usage limit. Try again in 5 minutes"), {.exit_code = 1});
  for (const char* name : {"category", "exit_code", "public_message", "manager_guidance", "operator_action",
                           "retry_without_operator_action", "retry_hint", "retry_after_seconds"}) {
    EXPECT_TRUE(diagnostic.contains(name)) << name;
  }
}

}  // namespace
}  // namespace patchbay::codex
