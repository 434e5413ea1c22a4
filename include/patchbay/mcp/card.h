#pragma once

#include <string>
#include <string_view>

#include "patchbay/mcp/provider.h"

namespace patchbay::mcp {

/// URI of the card that hosts show beside a tool result; it changes with every change of its bytes.
std::string_view card_uri();
/// The page itself.
std::string_view card_html();

/// Serves the card as a resource: the current one listed, the older URI readable.
class CardResource final : public ResourceProvider {
 public:
  struct Options {
    bool enabled = true;
    std::string widget_domain = "https://web-sandbox.oaiusercontent.com";
  };
  explicit CardResource(Options options) : options_(std::move(options)) {}

  Json list(const Caller& caller) override;
  Json templates(const Caller& caller) override;
  std::optional<Result<ResourceReply>> read(RichCall& call, const std::string& uri) override;

 private:
  Json meta() const;
  const Options options_;
};

}  // namespace patchbay::mcp
