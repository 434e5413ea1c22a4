#pragma once

#include <chrono>
#include <string>

#include "patchbay/json/json.h"
#include "patchbay/os/fd.h"

namespace patchbay::cli {

/// How long a command waits for an owner that is just being started.
inline constexpr std::chrono::seconds kStartedWithin{15};

/// Calls tools of the owner of this home over its socket, as a chat client would. When none runs, one is started in
/// the background with the settings of the owner before it; kNotFound when there was none and no configuration file
/// says what to serve. One call at a time.
class OwnerClient {
 public:
  static Result<OwnerClient> connect();

  /// structuredContent of the answer. A failed call is an Error with the tool's code, message and hint.
  Result<Json> call(const std::string& tool, const Json& arguments, std::chrono::milliseconds timeout);

 private:
  os::Fd socket_;
  std::string rest_;
  int last_id_ = 0;
};

}  // namespace patchbay::cli
