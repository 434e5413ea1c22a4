#pragma once

#include <string>
#include <vector>

#include "patchbay/tools/services.h"

/// How a tool gets into the catalogue: its file, whose names live in a namespace of the same name, holds one
/// `const Register` object, and `order.cpp` names it.
namespace patchbay::tools {

/// A registered tool.
struct Registered {
  /// With its handler bound when services are given; schemas complete.
  std::function<mcp::Tool(Services*)> make;
  /// Members that the listed output schema names; empty: all.
  std::vector<std::string> shown;
};

/// All registered tools in link order, which is no order at all.
const std::vector<Registered>& registered();

namespace detail {
void add(Registered tool);
}

/// Registers one tool while the program is loaded. A model pays for every byte of the listed schemas with
/// each conversation, so `shown` names the members of the reply that it should know of beforehand; replies
/// have all.
class Register {
 public:
  template <class Args, class Reply>
  Register(mcp::Declaration (*declaration)(), Result<Reply> (*handler)(Services&, mcp::Call&, const Args&),
           std::vector<std::string> shown = {}) {
    const auto make = [declaration, handler](Services* services) {
      if (services != nullptr) return mcp::bind<Args, Reply>(declaration(), handler, *services);
      mcp::Tool tool;
      tool.declaration = declaration();
      tool.input_schema = json::schema_of<Args>(json::SchemaStyle::kInput);
      tool.output_schema = json::schema_of<Reply>(json::SchemaStyle::kOutputBrief);
      return tool;
    };
    detail::add({make, std::move(shown)});
  }
};

}  // namespace patchbay::tools
