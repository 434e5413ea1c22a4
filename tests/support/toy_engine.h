#pragma once

#include "support/toy_interpreter.h"

namespace patchbay::runner {

/// An engine whose agent is a shell that runs the prompt as its script, for tests. The events are those of
/// ToyInterpreter.
class ToyEngine : public Engine {
 public:
  Result<Command> command(const TurnRequest& request, const std::string&) override {
    if (request.model == "refused") return Error{ErrorCode::kInvalidArgument, "no such model", {}, {}};
    Command c;
    c.argv = {"/bin/sh", "-s"};
    c.env = {{"PATH", "/usr/bin:/bin"}, {"RESUMED", request.resume_session}};
    c.cwd = request.cwd.empty() ? "/" : request.cwd;
    c.prompt_on_stdin = true;
    c.effective_sandbox = request.sandbox;
    return c;
  }
  std::unique_ptr<Interpreter> make_interpreter(const InterpreterOptions&) const override {
    return std::make_unique<ToyInterpreter>();
  }
};

}  // namespace patchbay::runner
