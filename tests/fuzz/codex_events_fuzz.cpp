// Feeds bytes to what reads Codex's output: cut into lines, parsed, interpreted. Whole and in pieces must lead to the
// same judgement, and nothing it keeps may grow with what was printed.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "patchbay/base/text.h"
#include "patchbay/codex/event_interpreter.h"
#include "runner/line_splitter.h"

namespace {

using patchbay::Json;
using patchbay::codex::EventInterpreter;
using patchbay::runner::LineSplitter;
using patchbay::runner::Outcome;
using patchbay::runner::Progress;
using patchbay::runner::TurnEnd;

constexpr std::size_t kLongestLine = 4096;
constexpr patchbay::json::ParseLimits kLimits{.max_depth = 64, .max_members = 10'000, .max_nodes = 200'000};

void require(bool condition) {
  if (!condition) std::abort();
}

struct Turn {
  explicit Turn(const std::string& expected)
      : interpreter(patchbay::runner::InterpreterOptions{.expected_session = expected}) {
    interpreter.on_start(1);
  }

  void line(std::string_view raw) {
    require(raw.size() <= kLongestLine);
    const auto event = patchbay::json::parse(patchbay::sanitize_utf8(raw), kLimits);
    if (!event || !event->is_object()) return;
    interpreter.on_event(*event, 2);
    check(interpreter.progress());
  }

  static void check(const Progress& progress) {
    require(progress.checkpoints.size() <= 8);
    for (const auto& checkpoint : progress.checkpoints) require(checkpoint.summary.size() <= 4 * 2000);
    require(progress.current_command.size() <= 4 * 200 && progress.last_command.size() <= 4 * 200);
    require(progress.session_id.empty() || progress.session_id.size() == 36);
  }

  EventInterpreter interpreter;
};

Json judge(std::string_view bytes, std::size_t piece, const std::string& expected, int exit_code) {
  Turn turn(expected);
  LineSplitter lines(kLongestLine);
  const auto on_line = [&](std::string_view line) { turn.line(line); };
  for (std::size_t at = 0; at < bytes.size(); at += piece) lines.feed(bytes.substr(at, piece), on_line);
  lines.finish(on_line);
  TurnEnd end;
  end.status.code = exit_code;
  const bool over = turn.interpreter.turn_over();
  const bool wrong = turn.interpreter.wrong_session();
  const Outcome outcome = turn.interpreter.finish(end);
  require(!wrong || outcome.state != Outcome::State::kCompleted);
  if (outcome.state != Outcome::State::kCompleted) require(!outcome.error.empty());
  require(outcome.result.is_object() && outcome.result.contains("result_source"));
  const Json told = outcome.to_json(), progress = turn.interpreter.progress().to_json();
  require(Outcome::from_json(told).to_json() == told);
  require(Progress::from_json(progress).to_json() == progress);
  return Json{{"outcome", told}, {"over", over}, {"wrong", wrong}, {"progress", progress}};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const std::string& expected : {std::string(), std::string("01a1fe6a-16e2-7f62-b776-34da5c921968")}) {
    const Json whole = judge(bytes, std::max<std::size_t>(1, size), expected, 0);
    require(whole == judge(bytes, 7, expected, 0));
    (void)judge(bytes, std::max<std::size_t>(1, size), expected, 1);
  }
  return 0;
}
