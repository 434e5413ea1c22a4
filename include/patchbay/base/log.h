#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace patchbay::log {

enum class Level { kDebug, kInfo, kWarn, kError, kOff };

/// Messages go to standard error, or to `file` (0600, rotated by size) when it is not empty. Never to
/// standard output: that may carry a protocol. Call once, before other threads run.
void init(Level level, const std::string& file = {});

/// Parses "debug", "info", "warn" / "warning", "error", "off", any case. False for anything else.
bool parse_level(std::string_view text, Level* level);

void write(Level level, std::string_view message);
bool enabled(Level level);

template <class... Args>
void debug(fmt::format_string<Args...> f, Args&&... args) {
  if (enabled(Level::kDebug)) write(Level::kDebug, fmt::format(f, std::forward<Args>(args)...));
}
template <class... Args>
void info(fmt::format_string<Args...> f, Args&&... args) {
  if (enabled(Level::kInfo)) write(Level::kInfo, fmt::format(f, std::forward<Args>(args)...));
}
template <class... Args>
void warn(fmt::format_string<Args...> f, Args&&... args) {
  if (enabled(Level::kWarn)) write(Level::kWarn, fmt::format(f, std::forward<Args>(args)...));
}
template <class... Args>
void error(fmt::format_string<Args...> f, Args&&... args) {
  if (enabled(Level::kError)) write(Level::kError, fmt::format(f, std::forward<Args>(args)...));
}

}  // namespace patchbay::log
