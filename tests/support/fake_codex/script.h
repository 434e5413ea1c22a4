#pragma once

#include <string>
#include <vector>

#include "patchbay/json/json.h"

namespace patchbay::support {

/// What one start of the fake program was given.
struct Call {
  std::vector<std::string> argv;  ///< without the program
  std::string codex_home;
  std::string resume_id;
  std::string last_message_file;
  std::string record_file;
  Json record = Json::object();

  void save() const;
};

/// Follows the script; returns the exit code.
int play(const std::string& script, Call& call);

}  // namespace patchbay::support
