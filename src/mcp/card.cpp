#include "patchbay/mcp/card.h"

#include "mcp/card_html.h"

namespace patchbay::mcp {
namespace {

constexpr std::string_view kCurrent = "ui://widget/patchbay-tool-card-v2.html";
constexpr std::string_view kOlder = "ui://widget/patchbay-tool-card-v1.html";
constexpr std::string_view kMimeType = "text/html;profile=mcp-app";
constexpr int kTtl = 3'600'000;  // the URI is versioned, so the page never changes under it

}  // namespace

std::string_view card_uri() { return kCurrent; }
std::string_view card_html() { return kCardHtml; }

Json CardResource::meta() const {
  const Json none = Json::array();
  return {{"ui",
           {{"prefersBorder", true},
            {"csp", {{"connectDomains", none}, {"resourceDomains", none}, {"frameDomains", none}}}}},
          {"openai/widgetDescription", "Shows the result of one tool call as a small receipt with foldable details."},
          {"openai/widgetPrefersBorder", true},
          {"openai/widgetDomain", options_.widget_domain},
          {"openai/widgetCSP", {{"connect_domains", none}, {"resource_domains", none}}}};
}

Json CardResource::list(const Caller&) {
  if (!options_.enabled) return Json::array();
  return Json::array({Json{{"uri", kCurrent},
                           {"name", "patchbay-tool-card"},
                           {"title", "PatchBay Tool Card"},
                           {"description", "Passive card for tool results; it loads nothing and calls nothing."},
                           {"mimeType", kMimeType},
                           {"_meta", meta()}}});
}

Json CardResource::templates(const Caller&) { return Json::array(); }

std::optional<Result<ResourceReply>> CardResource::read(RichCall&, const std::string& uri) {
  if (uri != kCurrent && uri != kOlder) return std::nullopt;
  if (!options_.enabled) {
    return Error{ErrorCode::kNotFound, "Cards are switched off on this server (cards_disabled).", {}, {}};
  }
  ResourceReply reply;
  reply.contents.push_back({{"uri", uri}, {"mimeType", kMimeType}, {"text", kCardHtml}, {"_meta", meta()}});
  reply.ttl_ms = kTtl;
  reply.shared_cache = true;
  return reply;
}

}  // namespace patchbay::mcp
