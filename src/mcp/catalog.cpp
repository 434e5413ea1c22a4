#include "patchbay/mcp/catalog.h"

#include <fmt/format.h>

#include <algorithm>

#include "mcp/descriptor.h"
#include "patchbay/base/hash.h"

namespace patchbay::mcp {
namespace {

constexpr Mode kModeOrder[] = {Mode::kWorker, Mode::kStandard, Mode::kFull, Mode::kMinimal};

/// Whether everything in `mode` is also in `cap`: full holds all, standard holds worker and minimal, and
/// those two hold only themselves (minimal has power tools that worker lacks).
bool fits_under(Mode mode, Mode cap) {
  return mode == cap || cap == Mode::kFull || (cap == Mode::kStandard && mode != Mode::kFull);
}

Error config_error(std::string message) { return {ErrorCode::kConfigRefused, std::move(message), {}, {}}; }

}  // namespace

Result<std::unique_ptr<Catalog>> Catalog::build(std::vector<Tool> tools, CatalogOptions options,
                                                std::vector<RawTool> raw) {
  std::unique_ptr<Catalog> catalog(new Catalog);
  catalog->options_ = std::move(options);
  CatalogOptions& o = catalog->options_;
  if (!fits_under(o.default_mode, o.max_mode)) o.default_mode = o.max_mode;

  std::vector<Entry> entries;
  for (Tool& tool : tools) {
    Entry entry{};
    entry.name = tool.declaration.name;
    entry.descriptor = describe_tool(tool, o.card_uri);
    if (auto problem = schema_trouble(tool)) return config_error(entry.name + ": " + *problem);
    entry.output_schema = tool.output_schema;
    entry.tool = std::move(tool);
    entries.push_back(std::move(entry));
  }
  for (RawTool& tool : raw) {
    Entry entry{};
    entry.name = json::get_string(tool.descriptor, "name");
    entry.descriptor = tool.descriptor;
    if (const Json* schema = json::find(tool.descriptor, "outputSchema")) entry.output_schema = *schema;
    entry.raw = std::make_shared<const RawTool>(std::move(tool));
    entries.push_back(std::move(entry));
  }

  const auto rank = [&](const Entry& entry) { return std::ranges::find(o.order, entry.name) - o.order.begin(); };
  std::ranges::stable_sort(entries, {}, rank);
  std::string everything;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    Entry& entry = entries[i];
    if (!valid_tool_name(entry.name)) return config_error("'" + entry.name + "' is not a valid tool name");
    if (!catalog->by_name_.emplace(entry.name, i).second) return config_error("two tools named " + entry.name);
    auto headers = header_parameters(entry.descriptor);
    if (!headers.ok()) return config_error(entry.name + ": " + headers.error().message);
    entry.header_params = std::move(headers).value();
    everything += json::dump(entry.descriptor);
  }
  catalog->entries_ = std::move(entries);
  catalog->version_ = sha256_hex(everything).substr(0, 12);
  return catalog;
}

const Catalog::Entry* Catalog::find(std::string_view name) const {
  const auto it = by_name_.find(name);
  return it == by_name_.end() ? nullptr : &entries_[it->second];
}

bool Catalog::visible(const Entry& entry, Mode mode, Scope scope) const {
  if (entry.raw) return true;
  const Declaration& d = entry.tool.declaration;
  const bool open = d.gate == Gate::kNone || options_.open_gates.contains(d.gate);
  return open && (d.modes & bit(mode)) != 0 && scope >= d.scope;
}

Error Catalog::refusal(const Entry& entry, Mode mode, Scope scope) const {
  const Declaration& d = entry.tool.declaration;
  if (scope < d.scope) {
    return {ErrorCode::kScopeDenied,
            fmt::format("{} needs a token with scope '{}'; this one has '{}'.", entry.name, name_of(d.scope),
                        name_of(scope)),
            "Ask the operator for a token with that scope.",
            {}};
  }
  if (d.gate != Gate::kNone && !options_.open_gates.contains(d.gate)) {
    const auto setting = options_.gate_settings.find(d.gate);
    return {ErrorCode::kToolUnavailable,
            fmt::format("{} is switched off on this server.", entry.name),
            setting == options_.gate_settings.end()
                ? std::string("Only the operator can switch it on.")
                : fmt::format("The operator can switch it on with {}.", setting->second),
            {}};
  }
  Error error{
      ErrorCode::kToolUnavailable, fmt::format("{} is not part of mode '{}'.", entry.name, name_of(mode)), {}, {}};
  const auto has = std::ranges::find_if(kModeOrder, [&](Mode m) { return (d.modes & bit(m)) != 0 && permits(m); });
  if (has == std::end(kModeOrder)) {
    error.hint = fmt::format("This server offers no mode that has it; its widest is '{}'.", name_of(options_.max_mode));
  } else if (options_.allow_switch && !options_.switch_tool.empty()) {
    error.hint =
        fmt::format("Call {} with mode '{}' and pass the returned handle.", options_.switch_tool, name_of(*has));
  } else {
    error.hint = fmt::format("Mode '{}' has it; only the operator can change the mode.", name_of(*has));
  }
  return error;
}

std::shared_ptr<const std::string> Catalog::list_text(Mode mode, Scope scope, std::size_t offset,
                                                      std::size_t count) const {
  const bool whole = offset == 0 && count == 0;
  const std::pair key{mode, scope};
  if (whole) {
    std::lock_guard lock(cache_mutex_);
    if (const auto it = cache_.find(key); it != cache_.end()) return it->second;
  }
  auto text = std::make_shared<std::string>("[");
  std::size_t position = 0;
  for (const Entry& entry : entries_) {
    if (!visible(entry, mode, scope)) continue;
    const std::size_t at = position++;
    if (at < offset || (count > 0 && at >= offset + count)) continue;
    if (text->size() > 1) *text += ',';
    *text += json::dump(entry.descriptor);
  }
  *text += ']';
  if (whole) {
    std::lock_guard lock(cache_mutex_);
    cache_[key] = text;
  }
  return text;
}

std::vector<std::string> Catalog::names(Mode mode, Scope scope) const {
  std::vector<std::string> out;
  for (const Entry& entry : entries_) {
    if (visible(entry, mode, scope)) out.push_back(entry.name);
  }
  return out;
}

std::size_t Catalog::size(Mode mode, Scope scope) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(entries_, [&](const Entry& entry) { return visible(entry, mode, scope); }));
}

std::size_t Catalog::model_bytes(Mode mode, Scope scope) const {
  std::size_t bytes = 0;
  for (const Entry& entry : entries_) {
    if (!visible(entry, mode, scope)) continue;
    Json shown = entry.descriptor;
    shown.erase("_meta");
    shown.erase("securitySchemes");
    bytes += json::dump(shown).size();
  }
  return bytes;
}

bool Catalog::permits(Mode mode) const { return fits_under(mode, options_.max_mode); }

Mode Catalog::capped(Mode mode) const { return permits(mode) ? mode : options_.default_mode; }

Json Catalog::mode_info(Mode current, Scope scope) const {
  Json available = Json::array();
  Json modes = Json::array();
  for (Mode mode : kModeOrder) {
    available.push_back(name_of(mode));
    const auto purpose = options_.purposes.find(mode);
    const std::vector<std::string> tools = names(mode, scope);
    modes.push_back({{"mode", name_of(mode)},
                     {"current", mode == current},
                     {"permitted", permits(mode)},
                     {"tool_count", tools.size()},
                     {"purpose", purpose == options_.purposes.end() ? "" : purpose->second},
                     {"tool_names", tools}});
  }
  return {{"current_mode", name_of(current)},
          {"default_mode", name_of(options_.default_mode)},
          {"max_mode", name_of(options_.max_mode)},
          {"available_modes", std::move(available)},
          {"modes", std::move(modes)},
          {"recommended_default", name_of(Mode::kWorker)},
          {"persisted_to_config", false},
          {"chatgpt_refresh_note", options_.refresh_note}};
}

}  // namespace patchbay::mcp
