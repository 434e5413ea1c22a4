#include "demo/response_writer.h"

namespace patchbay::demo {
namespace {

std::string frame(std::string_view type, Json body) {
  body["type"] = type;
  return "event: " + std::string(type) + "\ndata: " + json::dump(body) + "\n\n";
}

Json usage() {
  return {{"input_tokens", 120},
          {"input_tokens_details", {{"cached_tokens", 20}}},
          {"output_tokens", 30},
          {"output_tokens_details", {{"reasoning_tokens", 5}}},
          {"total_tokens", 150}};
}

}  // namespace

ResponseWriter::ResponseWriter(http::Exchange& exchange, int unique)
    : id_("resp_" + std::to_string(unique)),
      stream_(exchange.open_stream(200, {{"Content-Type", "text/event-stream"}},
                                   frame("response.created", {{"response", {{"id", id_}}}}))) {}

void ResponseWriter::event(std::string_view type, Json body) { stream_.write(frame(type, std::move(body))); }

void ResponseWriter::item(Json item) {
  item["id"] = "item_" + id_ + "_" + std::to_string(items_);
  event("response.output_item.added", {{"output_index", items_}, {"item", item}});
  event("response.output_item.done", {{"output_index", items_}, {"item", std::move(item)}});
  ++items_;
}

void ResponseWriter::message(std::string_view text) {
  const Json part = {{"type", "output_text"}, {"text", text}, {"annotations", Json::array()}};
  item({{"type", "message"}, {"role", "assistant"}, {"content", Json::array({part})}});
}

void ResponseWriter::reasoning(std::string_view text) {
  const Json part = {{"type", "summary_text"}, {"text", text}};
  item({{"type", "reasoning"}, {"summary", Json::array({part})}, {"encrypted_content", "none"}});
}

void ResponseWriter::function_call(const std::string& call_id, std::string_view name, const Json& arguments) {
  item({{"type", "function_call"}, {"call_id", call_id}, {"name", name}, {"arguments", json::dump(arguments)}});
}

void ResponseWriter::custom_call(const std::string& call_id, std::string_view name, std::string_view input) {
  item({{"type", "custom_tool_call"}, {"call_id", call_id}, {"name", name}, {"input", input}});
}

void ResponseWriter::failed(std::string_view code, std::string_view text) {
  event("response.failed", {{"response", {{"id", id_}, {"error", {{"code", code}, {"message", text}}}}}});
}

void ResponseWriter::garbage() { stream_.write("event: response.output_item.done\ndata: {\"type\":\n\n"); }

void ResponseWriter::completed() { event("response.completed", {{"response", {{"id", id_}, {"usage", usage()}}}}); }

}  // namespace patchbay::demo
