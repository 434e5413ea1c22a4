#pragma once

#include "patchbay/mcp/provider.h"

namespace patchbay::app {

/// Two ready-made openings for a chat: hand a task to a worker, and judge what a worker did (mcp.md 6.3).
class WorkPrompts final : public mcp::PromptProvider {
 public:
  Json list(const mcp::Caller& caller) override;
  std::optional<Result<Json>> get(mcp::RichCall& call, const std::string& name, const Json& arguments) override;
};

}  // namespace patchbay::app
