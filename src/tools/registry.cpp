#include "tools/registry.h"

#include <algorithm>
#include <cassert>

#include "tools/order.h"

namespace patchbay::tools {
namespace {

/// From here on a number is there to stop nonsense; the operator's setting below it is what counts.
constexpr std::int64_t kTellingMaximum = 4096;

std::vector<Registered>& all_registered() {
  static std::vector<Registered> all;
  return all;
}

/// What goes without saying stays out: false and 0 as defaults, counting from 0 or 1, limits that nobody
/// meets. The reference page has them, and the parser knows them all.
void leave_out_boilerplate(Json& input) {
  for (auto& [name, property] : input["properties"].items()) {
    const auto value = property.find("default");
    if (value != property.end() && (*value == Json(false) || *value == Json(0))) property.erase("default");
    property.erase("maxLength");
    if (json::get_int(property, "minimum") <= 1) property.erase("minimum");
    if (json::get_int(property, "maximum") >= kTellingMaximum) property.erase("maximum");
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

const std::vector<Registered>& registered() { return all_registered(); }

void detail::add(Registered tool) { all_registered().push_back(std::move(tool)); }

std::vector<mcp::Tool> all_tools(Services& services) { return make(&services, Schemas::kListed); }

std::vector<mcp::Tool> described_tools(Schemas schemas) { return make(nullptr, schemas); }

}  // namespace patchbay::tools
