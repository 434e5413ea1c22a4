#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "patchbay/mcp/limits.h"
#include "patchbay/mcp/rich_call.h"
#include "patchbay/mcp/tool.h"

namespace patchbay::mcp {

/// A tool that writes its own descriptor and CallToolResult, for servers that exercise the protocol itself.
struct RawTool {
  Json descriptor;  ///< as listed: name, description, inputSchema, ...
  std::function<Result<Json>(RichCall&, const Json& arguments)> run;
  /// ClientCapabilities without which the modern era refuses the call (N7); empty object: none.
  Json needs_capabilities = Json::object();
};

struct CatalogOptions {
  /// Names in listing order; tools not named follow in the order they were given.
  std::vector<std::string> order = {};
  std::set<Gate> open_gates = {};
  /// What to tell about a closed gate: the setting that opens it.
  std::map<Gate, std::string> gate_settings = {};
  Mode default_mode = Mode::kWorker;
  Mode max_mode = Mode::kFull;
  bool allow_switch = true;
  bool allow_url_switch = false;
  std::map<Mode, std::string> purposes = {};  ///< one sentence each, for the mode overview
  std::string card_uri = {};                  ///< empty: no card metadata
  std::string meta_prefix = {};               ///< results carry <prefix>/tool_name and <prefix>/tool_id
  std::string name_prefix = {};               ///< what tool_id leaves out of the name
  std::string switch_tool = {};               ///< the tool that changes the mode, named in refusals
  std::string handle_tool = {};               ///< the tool that gives out handles, named in refusals
  std::string refresh_note = {};              ///< what a host has to do before it shows another mode's tools
};

/// All tools of a server, and which of them a caller sees.
///
/// Built once, then constant; the serialised lists are cached. Threads: any.
class Catalog {
 public:
  /// kConfigRefused for a duplicate or invalid name (T1) or a schema that hosts choke on (T2).
  static Result<std::unique_ptr<Catalog>> build(std::vector<Tool> tools, CatalogOptions options,
                                                std::vector<RawTool> raw = {});

  struct Entry {
    std::string name;
    Tool tool;  ///< empty handler when `raw` is set
    std::shared_ptr<const RawTool> raw;
    Json descriptor;                                                 ///< as listed
    Json output_schema;                                              ///< null when there is none
    std::vector<std::pair<std::string, std::string>> header_params;  ///< argument path -> header (x-mcp-header)
  };

  const CatalogOptions& options() const { return options_; }
  const Entry* find(std::string_view name) const;
  const std::vector<Entry>& entries() const { return entries_; }
  /// True when the tool is part of what this mode and scope may use and its gate is open.
  bool visible(const Entry& entry, Mode mode, Scope scope) const;
  /// Why it is not (T13). The entry must not be visible.
  Error refusal(const Entry& entry, Mode mode, Scope scope) const;

  /// The listed entries of a page as JSON text "[{...},...]", `count` entries from `offset` (count 0: all).
  /// Whole lists come from the cache.
  std::shared_ptr<const std::string> list_text(Mode mode, Scope scope, std::size_t offset, std::size_t count) const;
  std::size_t size(Mode mode, Scope scope) const;
  std::vector<std::string> names(Mode mode, Scope scope) const;
  /// Changes when any descriptor changes: what clients compare after an upgrade.
  const std::string& version() const { return version_; }
  /// Bytes a model reads of one mode's list (T10): name, title, description, schemas, annotations.
  std::size_t model_bytes(Mode mode, Scope scope) const;

  /// A mode allowed by `max_mode`: the mode itself, or the default mode when it is wider.
  Mode capped(Mode mode) const;
  bool permits(Mode mode) const;

  /// The overview of modes: current_mode, default_mode, available_modes, modes[], recommended_default,
  /// persisted_to_config, chatgpt_refresh_note.
  Json mode_info(Mode current, Scope scope) const;

 private:
  Catalog() = default;

  CatalogOptions options_;
  std::vector<Entry> entries_;
  std::map<std::string, std::size_t, std::less<>> by_name_;
  std::string version_;
  mutable std::mutex cache_mutex_;
  mutable std::map<std::pair<Mode, Scope>, std::shared_ptr<const std::string>> cache_;
};

}  // namespace patchbay::mcp
