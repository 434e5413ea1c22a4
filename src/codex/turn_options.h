#pragma once

#include <optional>
#include <string>
#include <vector>

#include "patchbay/base/result.h"
#include "patchbay/json/json.h"

namespace patchbay::codex {

/// The documented options of job tools, read from a request. Names and shapes are checked; paths and
/// overrides are not.
struct TurnOptions {
  bool dangerously_bypass = false;
  bool ignore_user_config = false;
  bool full_auto = false;
  bool json_events = true;
  std::optional<bool> network;
  std::optional<bool> search;
  std::string profile;
  std::vector<std::string> images;
  std::vector<std::string> add_dirs;
  std::vector<std::string> enable, disable;  ///< sorted, without duplicates
  std::vector<std::string> config_overrides;
};

/// Absent and null mean the same. Members beginning with `_` are records of other layers and passed over, as
/// are the names that a turn request has members of its own for (model, sandbox, structured_output,
/// resume_session_id). kInvalidArgument naming the option; kUnknownArgument for any other name.
Result<TurnOptions> parse_turn_options(const Json& options);

}  // namespace patchbay::codex
