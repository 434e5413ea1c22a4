#pragma once

#include <map>
#include <string>
#include <vector>

#include "patchbay/json/json.h"

/// Conversations as text files: what a client sends and what must come back.
///
///     > POST /mcp                      a request: target, headers, blank line, body
///     > Mcp-Session-Id: {session}
///     >
///     > {"jsonrpc":"2.0", ...}
///     < 200                            its answer: status, headers that must be there, blank line, body
///     < mcp-session-id: {session}
///     <
///     < {"jsonrpc":"2.0","id":1,"result":"*"}
///
/// `{name}` in an expected header takes the value; elsewhere it stands for it. In expected JSON "*" fits
/// anything, and an object whose last member is "...": "*" may have more members. A body of several JSON
/// lines is an event stream.
/// `< (nothing)` stands for an empty body. In files for lines (`# lines`) a `>` line is sent and each `<`
/// line must come back, in order.
namespace patchbay::testing_support {

struct Exchange {
  std::vector<std::string> sent, expected;
  int line = 0;  ///< where it begins in the file
};

struct Transcript {
  bool lines = false;
  std::vector<Exchange> exchanges;
};

Transcript read_transcript(const std::string& path);

/// Where `actual` differs from `expected`; empty when it fits.
std::string difference(const Json& expected, const Json& actual, const std::string& path = "");

using Variables = std::map<std::string, std::string>;
std::string fill(std::string text, const Variables& variables);

}  // namespace patchbay::testing_support
