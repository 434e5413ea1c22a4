#include "patchbay/base/log.h"

#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "patchbay/base/redact.h"
#include "patchbay/base/text.h"

namespace patchbay::log {
namespace {

spdlog::level::level_enum map_level(Level level) {
  switch (level) {
    case Level::kDebug: return spdlog::level::debug;
    case Level::kInfo: return spdlog::level::info;
    case Level::kWarn: return spdlog::level::warn;
    case Level::kError: return spdlog::level::err;
    case Level::kOff: return spdlog::level::off;
  }
  return spdlog::level::info;
}

std::shared_ptr<spdlog::logger>& logger() {
  static std::shared_ptr<spdlog::logger> instance = [] {
    auto l = std::make_shared<spdlog::logger>("patchbay", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    l->set_level(spdlog::level::warn);
    return l;
  }();
  return instance;
}

}  // namespace

void init(Level level, const std::string& file) {
  constexpr std::size_t kMaxBytes = 5u << 20;
  constexpr std::size_t kFiles = 3;
  try {
    std::shared_ptr<spdlog::sinks::sink> sink;
    if (file.empty()) {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    } else {
      sink = std::make_shared<spdlog::sinks::rotating_file_sink_mt>(file, kMaxBytes, kFiles);
    }
    logger() = std::make_shared<spdlog::logger>("patchbay", std::move(sink));
  } catch (const spdlog::spdlog_ex&) {
    // Logging to standard error goes on when the file cannot be opened.
  }
  logger()->set_level(map_level(level));
  logger()->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
  logger()->flush_on(spdlog::level::info);
}

bool parse_level(std::string_view text, Level* level) {
  const std::string t = to_lower_ascii(text);
  if (t == "debug")
    *level = Level::kDebug;
  else if (t == "info")
    *level = Level::kInfo;
  else if (t == "warn" || t == "warning")
    *level = Level::kWarn;
  else if (t == "error")
    *level = Level::kError;
  else if (t == "off")
    *level = Level::kOff;
  else
    return false;
  return true;
}

bool enabled(Level level) { return logger()->should_log(map_level(level)); }

void write(Level level, std::string_view message) {
  // One event per line, no control characters, no secret: the last line of defence (SEC:R1, R2).
  logger()->log(map_level(level), display_safe(redact(message)));
}

}  // namespace patchbay::log
