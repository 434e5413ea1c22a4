#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "demo/conversation.h"

namespace patchbay::demo {

/// One thing the scripted model does.
struct Step {
  enum class Kind { kSay, kRaw, kThink, kShell, kPatch, kSleep, kStall, kFail, kCut, kGarbage };
  Kind kind;
  std::string text;       ///< message, command, patch, status or error code
  std::string path = {};  ///< of a patch that touches one file
  std::chrono::milliseconds pause{0};

  /// After these the model waits for the outcome, or nothing follows any more.
  bool ends_response() const {
    return kind == Kind::kShell || kind == Kind::kPatch || kind == Kind::kStall || kind == Kind::kFail ||
           kind == Kind::kCut || kind == Kind::kGarbage;
  }
};

/// What a turn reports at its end; becomes the requested JSON object or a plain text.
struct Report {
  std::string summary, detailed_report, notes;
  std::vector<std::string> files_changed, commands_run, tests_run, next_steps, evidence, risks, open_questions;
};

struct Script {
  std::vector<Step> steps;
  Report report;  ///< `summary` is the last message of the steps, or a short default

  /// The steps of the answer number `index`, from 0; empty when the tools are all through and only the report
  /// is left.
  std::vector<Step> response(int index) const;
  /// True when the answer number `index` ends the turn.
  bool is_last(int index) const;
};

/// The markers of the prompt, or the built-in script when it has none.
Script script_for(const Conversation& conversation);

}  // namespace patchbay::demo
