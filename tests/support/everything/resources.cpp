#include "support/everything/fixtures.h"

namespace everything {
namespace {

constexpr std::string_view kTemplateHead = "test://template/";
constexpr std::string_view kTemplateTail = "/data";

}  // namespace

const char* const kImage =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
const char* const kAudio = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=";

Json text_result(const std::string& text) {
  return {{"content", Json::array({Json{{"type", "text"}, {"text", text}}})}};
}

Json object_schema(Json properties, std::vector<std::string> required) {
  Json schema{{"type", "object"}, {"properties", std::move(properties)}};
  if (!required.empty()) schema["required"] = required;
  return schema;
}

mcp::RawTool tool(std::string name, std::string description, Json schema,
                  std::function<Result<Json>(mcp::RichCall&, const Json&)> run) {
  return {.descriptor = {{"name", std::move(name)},
                         {"description", std::move(description)},
                         {"inputSchema", std::move(schema)}},
          .run = std::move(run)};
}

Json Resources::list(const mcp::Caller&) {
  return Json::array({
      Json{{"uri", "test://static-text"}, {"name", "static-text"}, {"mimeType", "text/plain"}},
      Json{{"uri", "test://static-binary"}, {"name", "static-binary"}, {"mimeType", "image/png"}},
      Json{{"uri", "test://watched-resource"}, {"name", "watched-resource"}, {"mimeType", "text/plain"}},
  });
}

Json Resources::templates(const mcp::Caller&) {
  return Json::array(
      {Json{{"uriTemplate", "test://template/{id}/data"}, {"name", "template"}, {"mimeType", "application/json"}}});
}

std::optional<Result<mcp::ResourceReply>> Resources::read(mcp::RichCall&, const std::string& uri) {
  Json item{{"uri", uri}};
  const std::string_view view = uri;
  if (uri == "test://static-text") {
    item["mimeType"] = "text/plain";
    item["text"] = "This is the content of the static text resource.";
  } else if (uri == "test://static-binary") {
    item["mimeType"] = "image/png";
    item["blob"] = kImage;
  } else if (uri == "test://watched-resource") {
    item["mimeType"] = "text/plain";
    item["text"] = "Watched.";
  } else if (view.starts_with(kTemplateHead) && view.ends_with(kTemplateTail) &&
             view.size() > kTemplateHead.size() + kTemplateTail.size()) {
    const std::string id(view.substr(kTemplateHead.size(), view.size() - kTemplateHead.size() - kTemplateTail.size()));
    item["mimeType"] = "application/json";
    item["text"] = json::dump(Json{{"id", id}, {"templateTest", true}, {"data", "Data for ID: " + id}});
  } else {
    return std::nullopt;
  }
  mcp::ResourceReply reply;
  reply.contents.push_back(std::move(item));
  return reply;
}

}  // namespace everything
