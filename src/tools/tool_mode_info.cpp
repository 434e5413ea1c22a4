#include "tools/mode_view.h"
#include "tools/registry.h"

namespace patchbay::tools::tool_mode_info {
namespace {

struct Args {
  template <class V>
  static void describe(V&) {}
};

Result<ModeView> tool_mode_info(Services& services, mcp::Call& call, const Args&) {
  ModeView view;
  json::parse_args(services.server->mode_info(call), view);
  return view;
}

mcp::Declaration declaration() {
  return {
      .name = "codex_tool_mode_info",
      .title = "Codex Tool Mode Info",
      .description = "Compare the tool modes. Use when a tool you expect is missing.",
      .effect = mcp::Effect::kReads,
      .world = mcp::World::kClosed,
      .repeat = mcp::Repeat::kIdempotent,
      .modes = mcp::kAllModes,
      .gate = mcp::Gate::kNone,
      .scope = mcp::Scope::kRead,
      .invoking = "Comparing modes",
      .invoked = "Modes compared",
      .takes_handle = true,
      .takes_request_key = false,
  };
}

const Register kTool{
    &declaration, &tool_mode_info, {"current_mode", "available_modes", "modes", "chatgpt_refresh_note"}};

}  // namespace
}  // namespace patchbay::tools::tool_mode_info
