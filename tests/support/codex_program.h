#pragma once

#include <cstdlib>
#include <string>

#include "patchbay/os/file.h"
#include "patchbay/os/process.h"

namespace patchbay::testing_support {

/// Path of the real Codex CLI's native program: PATCHBAY_TEST_CODEX, or where the project's scripts install
/// it. Empty when there is none.
inline std::string find_codex() {
  if (const char* named = std::getenv("PATCHBAY_TEST_CODEX")) return named;
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const std::string tools =
      os::join(cache != nullptr ? cache : os::join(os::home_dir(), ".cache"), "patchbay/tools/node_modules/@openai");
  for (const char* relative : {"codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex",
                               "codex-linux-arm64/vendor/aarch64-unknown-linux-musl/bin/codex"}) {
    std::string candidate = os::join(tools, relative);
    if (os::exists(candidate)) return candidate;
  }
  return {};
}

inline constexpr const char* kNoCodex =
    "the Codex CLI is not installed: run scripts/demo once, or set PATCHBAY_TEST_CODEX";

}  // namespace patchbay::testing_support
