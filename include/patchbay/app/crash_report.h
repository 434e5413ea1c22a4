#pragma once

#include <optional>
#include <string>

#include "patchbay/config/home.h"
#include "patchbay/os/crash.h"

/// A crash of an owner, as the next start and `doctor` tell it (SEC:S14).
namespace patchbay::app {

struct CrashOnRecord {
  os::CrashNote note;
  std::string path;
  bool told = false;  ///< a start has told it already
};

/// The last crash of an owner of this home, if any is on record. Changes nothing.
std::optional<CrashOnRecord> crash_on_record(const config::Home& home);

/// "The owner of version 1.2 crashed (SIGSEGV) at 2026-01-01T00:00:00Z in thread x; see <path>."
std::string sentence(const CrashOnRecord& crash);

/// Logs a crash that no start has told yet, and keeps its note where told ones lie. The caller owns the home.
void tell_crash(const config::Home& home);

}  // namespace patchbay::app
