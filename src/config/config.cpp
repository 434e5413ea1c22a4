#include "patchbay/config/config.h"

#include "config/words.h"

namespace patchbay::config {

std::string_view name_of(ToolMode v) { return word_of(v); }
std::string_view name_of(TunnelMode v) { return word_of(v); }
std::string_view name_of(BashMode v) { return word_of(v); }
std::string_view name_of(Sandbox v) { return word_of(v); }
std::string_view name_of(OwnershipScope v) { return word_of(v); }
std::string_view name_of(SharedWritePolicy v) { return word_of(v); }

std::optional<ToolMode> parse_tool_mode(std::string_view text) { return from_word<ToolMode>(text); }
std::optional<TunnelMode> parse_tunnel_mode(std::string_view text) { return from_word<TunnelMode>(text); }
std::optional<BashMode> parse_bash_mode(std::string_view text) { return from_word<BashMode>(text); }
std::optional<Sandbox> parse_sandbox(std::string_view text) { return from_word<Sandbox>(text); }

ToolMode Config::tool_mode() const {
  const ToolMode asked = app.tool_mode.value_or(mcp.tool_mode.value_or(server.tool_mode.value_or(ToolMode::kWorker)));
  // As the catalog of tools has it: full holds every mode, standard worker and minimal, and those two only themselves.
  const ToolMode most = app.max_tool_mode;
  const bool within =
      asked == most || most == ToolMode::kFull || (most == ToolMode::kStandard && asked != ToolMode::kFull);
  return within ? asked : most;
}

std::string_view name_of(Source s) {
  switch (s) {
    case Source::kBuiltIn: return "built in";
    case Source::kDocumented: return "documented";
    case Source::kFile: return "file";
    case Source::kProfile: return "profile";
    case Source::kEnvironment: return "environment";
    case Source::kFlag: return "flag";
    case Source::kExposed: return "exposed overlay";
  }
  return {};
}

const Config& documented() {
  static const Config config = [] {
    Config c;
    Provenance provenance;
    std::vector<std::string> warnings;
    const Status s = read_yaml(shipped_yaml(), "config.yaml", Source::kDocumented, c, provenance, warnings);
    // The file is compiled in and a test reads it; a fault here is a defect of the build.
    if (!s.ok() || !warnings.empty()) std::abort();
    return c;
  }();
  return config;
}

}  // namespace patchbay::config
