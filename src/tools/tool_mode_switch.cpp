#include "tools/mode_view.h"
#include "tools/registry.h"

namespace patchbay::tools::tool_mode_switch {
namespace {

struct Args {
  std::string mode;
  std::string reason;
  std::string scope = "conversation";

  template <class V>
  static void describe(V& v) {
    v.required("mode", &Args::mode, "", json::Choice{{"worker", "standard", "full", "minimal"}});
    v.optional("reason", &Args::reason, "", json::MaxLength{500});
    v.optional("scope", &Args::scope, "url: everybody on it, for an hour.", json::Choice{{"conversation", "url"}});
  }
};

struct Reply {
  ModeView view;
  std::string previous_mode;
  bool changed = false;
  std::string reason, switch_scope;
  std::optional<std::string> handle;
  std::string note;

  template <class V>
  static void describe(V& v) {
    v.field("previous_mode", &Reply::previous_mode);
    v.field("changed", &Reply::changed);
    v.field("reason", &Reply::reason);
    v.field("switch_scope", &Reply::switch_scope);
    v.field("handle", &Reply::handle);
    v.field("note", &Reply::note);
    v.members(&Reply::view);
  }
  std::string text() const {
    return fmt::format("Mode: {} (was {}). {}{}\n{}", view.current_mode, previous_mode, note,
                       handle ? "\nhandle: " + *handle : "", view.chatgpt_refresh_note);
  }
};

Result<Reply> tool_mode_switch(Services& services, mcp::Call& call, const Args& args) {
  mcp::ModeChange change;
  change.mode = *mcp::parse_mode(args.mode);  // the schema admits known names only
  change.reason = args.reason;
  change.for_url = args.scope == "url";
  const Json outcome = PB_TRY(services.server->change_mode(call, change));
  Reply reply;
  json::parse_args(outcome, reply);
  return reply;
}

mcp::Declaration declaration() {
  return {
      .name = "codex_tool_mode_switch",
      .title = "Codex Tool Mode Switch",
      .description =
          "Change which tools this conversation may call, within what the operator allows. Pass the returned "
          "handle on later calls.",
      .effect = mcp::Effect::kWrites,
      .world = mcp::World::kClosed,
      .repeat = mcp::Repeat::kEachTimeAgain,
      .modes = mcp::kAllModes,
      .gate = mcp::Gate::kNone,
      .scope = mcp::Scope::kRead,
      .invoking = "Changing mode",
      .invoked = "Mode changed",
      .takes_handle = true,
      .takes_request_key = true,
  };
}

const Register kTool{
    &declaration,
    &tool_mode_switch,
    {"previous_mode", "current_mode", "changed", "persisted_to_config", "chatgpt_refresh_note", "modes", "handle"}};

}  // namespace
}  // namespace patchbay::tools::tool_mode_switch
