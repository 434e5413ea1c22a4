#pragma once

#include <string>

#include "patchbay/demo/model_server.h"
#include "patchbay/http/server.h"
#include "patchbay/json/json.h"

namespace patchbay::demo {

/// What a request to the Responses API says about the turn it belongs to.
struct Conversation {
  std::string prompt;
  std::string model, effort, sandbox, thread_id;
  bool compaction = false;
  bool code_mode = false;       ///< the model acts through one tool that takes JavaScript
  int answered = -1;            ///< number of the last answer whose tool call has an outcome
  std::string running_session;  ///< a command of ours is still running under this id
  Json schema;                  ///< null without text.format

  int step() const { return answered + 1; }
  bool read_only() const { return sandbox == "read-only"; }
};

/// Reads the last real user message and what happened after it.
Conversation read_conversation(const http::Request& request, const Json& body);

/// Call ids carry the number of the answer they belong to, which is how a later request tells where its turn
/// stands.
std::string make_call_id(int answer, int unique);

}  // namespace patchbay::demo
