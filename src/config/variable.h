#pragma once

#include <string>

#include "patchbay/os/process.h"

namespace patchbay::config {

/// A variable of the environment that was handed in; empty when it is absent.
inline std::string variable(const os::Environment& env, const std::string& name) {
  const auto it = env.find(name);
  return it == env.end() ? std::string() : it->second;
}

}  // namespace patchbay::config
