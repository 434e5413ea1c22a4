#include "tools/registry.h"

#include <algorithm>
#include <cassert>

#include "tools/order.h"

namespace patchbay::tools {
namespace {

/// From here on a limit is there to stop nonsense, or the operator's setting below it is what counts.
constexpr std::int64_t kTellingLimit = 4096;

std::vector<Registered>& all_registered() {
  static std::vector<Registered> all;
  return all;
}

/// What every argument of its kind has goes without saying: false as the default, limits that nobody meets.
void leave_out_boilerplate(Json& input) {
  for (auto& [name, property] : input["properties"].items()) {
    if (property.contains("default") && property["default"] == Json(false)) property.erase("default");
    if (json::get_int(property, "maxLength") >= kTellingLimit || name == "cursor")
      property.erase("maxLength");
    if (json::get_int(property, "maximum") >= kTellingLimit) {
      property.erase("maximum");
      property.erase("minimum");
    }
  }
}

void keep_shown(Json& output, const std::vector<std::string>& shown) {
  if (shown.empty()) return;
  Json kept = Json::object();
  for (const std::string& name : shown) {
    assert(output["properties"].contains(name));
    kept[name] = output["properties"][name];
  }
  output["properties"] = std::move(kept);
}

std::vector<mcp::Tool> make(Services* services, Schemas schemas) {
  std::vector<mcp::Tool> tools;
  for (const Registered& registered : registered()) {
    mcp::Tool tool = registered.make(services);
    if (schemas == Schemas::kListed) {
      leave_out_boilerplate(tool.input_schema);
      keep_shown(tool.output_schema, registered.shown);
    }
    tools.push_back(std::move(tool));
  }
  std::ranges::sort(tools, {}, [](const mcp::Tool& tool) { return position_of(tool.declaration.name); });
  assert(tools.empty() || position_of(tools.back().declaration.name) < listing_order().size());
  return tools;
}

}  // namespace

const std::vector<Registered>& registered() {
  return all_registered();
}

void detail::add(Registered tool) {
  all_registered().push_back(std::move(tool));
}

std::vector<mcp::Tool> all_tools(Services& services) {
  return make(&services, Schemas::kListed);
}

std::vector<mcp::Tool> described_tools(Schemas schemas) {
  return make(nullptr, schemas);
}

}  // namespace patchbay::tools
