#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "patchbay/base/result.h"
#include "patchbay/json/json.h"

/// A stand-in for the model provider, so that the real Codex CLI can work without a network or a login.
namespace patchbay::demo {

/// What one request told about itself; proves which prompt, model and effort really arrived.
struct ModelRequest {
  int number = 0;      ///< from 1, over the server's life
  std::string kind;    ///< "turn" or "compaction"
  std::string prompt;  ///< the last message a person wrote
  std::string model, effort, thread_id;
  std::string sandbox;      ///< "read-only", "workspace-write" ...
  int step = 0;             ///< which answer of the turn it asks for, from 0
  bool structured = false;  ///< a JSON schema was asked for
};

/// Speaks the part of the Responses API that Codex uses, on 127.0.0.1.
///
/// What it answers is scripted in the prompt by markers, in order; other text is ignored:
///
///     [[say TEXT]]    a message; the last one is the turn's answer, wrapped into the requested JSON schema
///     [[raw TEXT]]    the same without wrapping          [[think TEXT]]  a line of reasoning
///     [[shell CMD]]   runs a command, and waits for it   [[big N]]       a message of N bytes
///     [[write path=P content=C]]   creates or replaces a file; `\n` in C is a line end
///     [[delete path=P]]            [[patch TEXT]]        an apply_patch body, with or without its frame
///     [[sleep MS]]    waits before going on              [[stall]]       starts to answer and never ends
///     [[fail 429]]    that HTTP status                   [[fail CODE]]   a failed response with that error
///     code
///     [[cut]]         breaks the connection off          [[garbage]]     an event that is no JSON
///
/// A prompt without markers gets the built-in script of the demo: look around, add a file, mention it in the
/// README, report; with a read-only sandbox it only looks and reports.
///
/// It keeps nothing between requests (the step follows from the conversation that Codex sends each time), so
/// any number of conversations may run at once. Threads: every method from any thread.
class ModelServer {
 public:
  struct Options {
    int port = 0;                       ///< 0: any free one
    std::string log_file = {};          ///< one JSON line per request; empty: none
    std::chrono::milliseconds pace{0};  ///< before each answer, so that a person can follow
  };

  static Result<std::unique_ptr<ModelServer>> start(Options options);
  ~ModelServer();  ///< ends stalled answers too

  int port() const;
  std::vector<ModelRequest> requests() const;

 private:
  struct Impl;
  explicit ModelServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Makes `dir` a CODEX_HOME whose only model provider is the server on `port`, with everything switched off
/// that would reach for the network. An existing configuration file is replaced.
Status write_codex_home(const std::string& dir, int port);

}  // namespace patchbay::demo
