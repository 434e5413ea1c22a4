#pragma once

#include <string>

#include "patchbay/codex/codex_engine.h"
#include "patchbay/os/process.h"

namespace patchbay::codex {

/// What the model provider that config.toml chooses asks for.
struct ChosenProvider {
  std::string name;         ///< empty: none is chosen, so the built-in one
  std::string env_key;      ///< the variable that holds its key; empty: none is named
  bool needs_login = true;  ///< it takes the login that Codex has stored
};

ChosenProvider chosen_provider(const std::string& codex_home);

/// What `codex login status` said, seen together with the provider: it knows of stored logins only. `environment` is
/// what a Codex process gets.
LoginStatus judge_login(const os::RunResult& run, const ChosenProvider& provider, const os::Environment& environment);

}  // namespace patchbay::codex
