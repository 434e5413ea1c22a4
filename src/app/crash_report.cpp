#include "patchbay/app/crash_report.h"

#include "patchbay/base/clock.h"
#include "patchbay/base/log.h"
#include "patchbay/base/text.h"
#include "patchbay/os/file.h"

namespace patchbay::app {
namespace {

constexpr std::size_t kLargestNote = 64u << 10;

std::optional<CrashOnRecord> crash_in(const std::string& path, bool told) {
  const auto text = os::read_file(path, kLargestNote);
  if (!text) return std::nullopt;
  auto note = os::CrashNote::from_text(*text);
  if (!note) return std::nullopt;
  return CrashOnRecord{std::move(*note), path, told};
}

}  // namespace

std::optional<CrashOnRecord> crash_on_record(const config::Home& home) {
  if (auto fresh = crash_in(home.crash_note(), false)) return fresh;
  return crash_in(home.last_crash(), true);
}

std::string sentence(const CrashOnRecord& crash) {
  const os::CrashNote& note = crash.note;
  return fmt::format("An owner of version {} crashed ({}) at {} in thread {}; see {}", display_safe(note.version),
                     display_safe(note.signal), iso8601(from_epoch_seconds(static_cast<double>(note.unix_time))),
                     display_safe(note.thread), crash.path);
}

void tell_crash(const config::Home& home) {
  auto crash = crash_in(home.crash_note(), false);
  if (crash) {
    const auto text = os::read_file(home.crash_note(), kLargestNote);
    const bool kept = text && os::make_private_dirs(home.logs_dir()) && os::write_file_atomic(home.last_crash(), *text);
    if (kept) crash->path = home.last_crash();
    log::error("{}. Turns were not affected.", sentence(*crash));
    if (!kept) return;
  }
  // What is no note is the beginning of one at most.
  [[maybe_unused]] const Status gone = os::remove_file(home.crash_note());
}

}  // namespace patchbay::app
