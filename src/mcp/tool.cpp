#include "patchbay/mcp/tool.h"

#include <fmt/format.h>

#include "patchbay/base/text.h"

namespace patchbay::mcp {
namespace {

template <class Enum, std::size_t N>
std::optional<Enum> by_name(std::string_view text, const std::string_view (&names)[N]) {
  const std::string wanted = to_lower_ascii(trim(text));
  for (std::size_t i = 0; i < N; ++i) {
    if (wanted == names[i]) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

constexpr std::string_view kModes[] = {"worker", "standard", "full", "minimal"};
constexpr std::string_view kScopes[] = {"read", "worker", "integrate", "power"};
constexpr std::string_view kKinds[] = {"handle", "conversation", "session", "process", "credential"};

}  // namespace

std::string_view name_of(Mode mode) { return kModes[static_cast<std::size_t>(mode)]; }
std::optional<Mode> parse_mode(std::string_view text) { return by_name<Mode>(text, kModes); }
std::string_view name_of(Scope scope) { return kScopes[static_cast<std::size_t>(scope)]; }
std::optional<Scope> parse_scope(std::string_view text) { return by_name<Scope>(text, kScopes); }
std::string_view name_of(ScopeKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

Error argument_error(const std::string& tool, const json::ParseReport& report) {
  Error e;
  e.code = report.problems.empty() ? ErrorCode::kInvalidArgument : report.problems.front().code;
  for (const json::Problem& problem : report.problems) {
    // Several kinds of problems at once have one code that covers them all.
    if (problem.code != e.code) e.code = ErrorCode::kInvalidArgument;
    if (!e.message.empty()) e.message += "; ";
    e.message += problem.path.empty() ? problem.message : problem.path + " " + problem.message;
  }
  e.message = fmt::format("Arguments of {}: {}.", tool, e.message);
  e.hint = "Correct the arguments and call again.";
  return e;
}

void report_clamped(const json::ParseReport& report, Json& structured) {
  if (!structured.is_object()) return;
  for (const auto& [name, value] : report.clamped) {
    const std::string member = name + "_applied";
    if (!structured.contains(member)) structured[member] = value;
  }
}

}  // namespace patchbay::mcp
