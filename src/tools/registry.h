#pragma once

#include <vector>

#include "patchbay/tools/services.h"

/// How a tool gets into the catalogue: its file holds one `const Register` object, and `order.cpp` names it.
namespace patchbay::tools {

/// What was registered: a tool, with its handler bound when services are given.
using Factory = std::function<mcp::Tool(Services*)>;

/// All factories in link order, which is no order at all.
const std::vector<Factory>& registered();

namespace detail {
void add_factory(Factory factory);
}

/// Registers one tool while the program is loaded.
class Register {
 public:
  template <class Args, class Reply>
  Register(mcp::Declaration (*declaration)(), Result<Reply> (*handler)(Services&, mcp::Call&, const Args&)) {
    detail::add_factory([declaration, handler](Services* services) {
      if (services != nullptr) return mcp::bind<Args, Reply>(declaration(), handler, *services);
      mcp::Tool tool;
      tool.declaration = declaration();
      tool.input_schema = json::schema_of<Args>(json::SchemaStyle::kInput);
      tool.output_schema = json::schema_of<Reply>(json::SchemaStyle::kOutputBrief);
      return tool;
    });
  }
};

}  // namespace patchbay::tools
