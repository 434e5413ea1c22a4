#include "tools/registry.h"

#include <algorithm>
#include <cassert>

#include "tools/brief_schema.h"
#include "tools/order.h"

namespace patchbay::tools {
namespace {

std::vector<Factory>& factories() {
  static std::vector<Factory> all;
  return all;
}

std::vector<mcp::Tool> make(Services* services) {
  std::vector<mcp::Tool> tools;
  for (const Factory& factory : registered()) tools.push_back(factory(services));
  for (mcp::Tool& tool : tools) keep_deciding_members(tool.output_schema);
  std::ranges::sort(tools, {}, [](const mcp::Tool& tool) { return position_of(tool.declaration.name); });
  assert(tools.empty() || position_of(tools.back().declaration.name) < listing_order().size());
  return tools;
}

}  // namespace

const std::vector<Factory>& registered() {
  return factories();
}

void detail::add_factory(Factory factory) {
  factories().push_back(std::move(factory));
}

std::vector<mcp::Tool> all_tools(Services& services) {
  return make(&services);
}

std::vector<mcp::Tool> described_tools() {
  return make(nullptr);
}

}  // namespace patchbay::tools
