#pragma once

#include "patchbay/os/file.h"
#include "patchbay/runner/engine.h"

namespace patchbay::runner {

/// A tiny event language for tests: {"thread":"<id>"}, {"say":"text"}, {"done":true}, {"again":true}, and
/// {"watch":"<file>"}, a file whose existence says that the turn is over.
class ToyInterpreter : public Interpreter {
 public:
  Keep on_event(const Json& event, double) override {
    ++progress_.event_count;
    if (auto id = json::find_string(event, "thread")) progress_.session_id = *id;
    if (auto text = json::find_string(event, "say")) said_ = *text;
    if (json::get_bool(event, "done")) over_ = true;
    if (json::get_bool(event, "again")) over_ = false;
    if (auto file = json::find_string(event, "watch")) watched_ = *file;
    return json::find(event, "noise") != nullptr ? Keep::kWhileRoom : Keep::kAlways;
  }
  void on_stderr(const std::string&) override {}
  const Progress& progress() const override { return progress_; }
  Progress& progress() override { return progress_; }
  bool session_started() const override { return !progress_.session_id.empty(); }
  bool turn_over() const override { return over_; }
  void look_for_end() override { over_ = over_ || (!watched_.empty() && os::exists(watched_)); }
  bool wrong_session() const override { return progress_.session_id == "wrong"; }

  Outcome finish(const TurnEnd& end) override {
    Outcome o;
    o.state = over_                                           ? Outcome::State::kCompleted
              : end.reason == TurnEnd::Reason::kCancelled     ? Outcome::State::kCancelled
              : !end.status.signalled && end.status.code == 0 ? Outcome::State::kCompleted
                                                              : Outcome::State::kFailed;
    o.result = {{"summary", said_}, {"stderr", end.stderr_tail}};
    return o;
  }

 private:
  Progress progress_;
  std::string said_, watched_;
  bool over_ = false;
};

}  // namespace patchbay::runner
