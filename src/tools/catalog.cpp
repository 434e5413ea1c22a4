#include "patchbay/tools/catalog.h"

#include "tools/order.h"

namespace patchbay::tools {

mcp::Mode mode_of(config::ToolMode mode) {
  switch (mode) {
    case config::ToolMode::kWorker: return mcp::Mode::kWorker;
    case config::ToolMode::kStandard: return mcp::Mode::kStandard;
    case config::ToolMode::kFull: return mcp::Mode::kFull;
    case config::ToolMode::kMinimal: return mcp::Mode::kMinimal;
  }
  return mcp::Mode::kWorker;
}

mcp::CatalogOptions catalog_options(const config::Config& config, std::string card_uri) {
  mcp::CatalogOptions o;
  for (const std::string_view name : listing_order()) o.order.emplace_back(name);

  if (config.power_tools.direct_write) o.open_gates.insert(mcp::Gate::kDirectWrite);
  if (config.power_tools.bash_mode != config::BashMode::kOff) o.open_gates.insert(mcp::Gate::kCommands);
  if (config.power_tools.codex_session_read) o.open_gates.insert(mcp::Gate::kSessionRead);
  o.gate_settings = {{mcp::Gate::kDirectWrite, "power_tools.direct_write: true"},
                     {mcp::Gate::kCommands, "power_tools.bash_mode: safe"},
                     {mcp::Gate::kSessionRead, "power_tools.codex_session_read: true"}};

  o.default_mode = mode_of(config.tool_mode());
  o.max_mode = mode_of(config.app.max_tool_mode);
  o.allow_switch = config.app.allow_tool_mode_switch;
  o.allow_url_switch = config.app.allow_url_mode_switch;
  o.purposes = {
      {mcp::Mode::kWorker, "Brief named Codex workers, read their reports and bring accepted work into the checkout."},
      {mcp::Mode::kStandard, "Everything of worker mode, and single plan and apply jobs, handoff and context packs."},
      {mcp::Mode::kFull, "Every tool, with Codex sessions, reviews and the power tools that the operator opened."},
      {mcp::Mode::kMinimal, "Look at a repository and, where the operator opened them, edit it directly."}};

  o.card_uri = std::move(card_uri);
  o.meta_prefix = "patchbay";
  o.name_prefix = "codex_";
  o.switch_tool = "codex_tool_mode_switch";
  o.handle_tool = "codex_self_test";
  o.refresh_note =
      "This server lists the tools of the new mode at once. A chat host that keeps its own copy of the list, "
      "such as "
      "ChatGPT, shows them only after Refresh in the settings of the connector and in a new chat.";
  return o;
}

}  // namespace patchbay::tools
