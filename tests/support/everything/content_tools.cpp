#include <thread>

#include "support/everything/fixtures.h"

namespace everything {
namespace {

using std::chrono::milliseconds;

Json image_block() { return {{"type", "image"}, {"data", kImage}, {"mimeType", "image/png"}}; }
Json text_block(const std::string& text) { return {{"type", "text"}, {"text", text}}; }
Json embedded(const char* uri, const char* mime, const char* text) {
  return {{"type", "resource"}, {"resource", {{"uri", uri}, {"mimeType", mime}, {"text", text}}}};
}
Json content(Json blocks) { return {{"content", std::move(blocks)}}; }

void pause() { std::this_thread::sleep_for(milliseconds(50)); }

Result<Json> with_logging(mcp::RichCall& call, const Json&) {
  call.log("info", "Tool execution started", "");
  pause();
  call.log("info", "Tool processing data", "");
  pause();
  call.log("info", "Tool execution completed", "");
  return text_result("Three messages were logged.");
}

Result<Json> with_progress(mcp::RichCall& call, const Json&) {
  call.emit_progress(0, 100, "");
  pause();
  call.emit_progress(50, 100, "");
  pause();
  call.emit_progress(100, 100, "");
  return text_result("Progress went from 0 to 100.");
}

Result<Json> reconnection(mcp::RichCall& call, const Json&) {
  call.close_stream();
  std::this_thread::sleep_for(milliseconds(100));
  return text_result("The answer came after the stream was closed.");
}

Json schema_with_everything() {
  return Json::parse(R"({
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {"address": {"$anchor": "addressDef", "type": "object",
      "properties": {"street": {"type": "string"}, "city": {"type": "string"}}}},
    "properties": {
      "name": {"type": "string"}, "address": {"$ref": "#/$defs/address"},
      "contactMethod": {"type": "string", "enum": ["phone", "email"]},
      "phone": {"type": "string"}, "email": {"type": "string"}},
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]}, "else": {"required": ["email"]},
    "additionalProperties": false})");
}

}  // namespace

std::vector<mcp::RawTool> content_tools() {
  const auto fixed = [](Json result) {
    return [result](mcp::RichCall&, const Json&) -> Result<Json> { return result; };
  };
  std::vector<mcp::RawTool> tools;
  tools.push_back(tool("test_simple_text", "Returns one line of text.", object_schema(),
                       fixed(text_result("This is a simple text response for testing."))));
  tools.push_back(
      tool("test_image_content", "Returns an image.", object_schema(), fixed(content(Json::array({image_block()})))));
  tools.push_back(
      tool("test_audio_content", "Returns a recording.", object_schema(),
           fixed(content(Json::array({Json{{"type", "audio"}, {"data", kAudio}, {"mimeType", "audio/wav"}}})))));
  tools.push_back(tool("test_embedded_resource", "Returns an embedded resource.", object_schema(),
                       fixed(content(Json::array({embedded("test://embedded-resource", "text/plain",
                                                           "This is an embedded resource content.")})))));
  tools.push_back(tool("test_multiple_content_types", "Returns text, an image and a resource.", object_schema(),
                       fixed(content(Json::array({text_block("Multiple content types test:"), image_block(),
                                                  embedded("test://mixed-content-resource", "application/json",
                                                           R"({"test":"data","value":123})")})))));
  tools.push_back(
      tool("test_error_handling", "Always fails.", object_schema(),
           fixed({{"content", Json::array({text_block("This tool intentionally returns an error for testing")})},
                  {"isError", true}})));
  tools.push_back(tool("test_tool_with_logging", "Logs three messages.", object_schema(), with_logging));
  tools.push_back(tool("test_logging_tool", "Logs three messages.", object_schema(), with_logging));
  tools.push_back(tool("test_tool_with_progress", "Reports progress.", object_schema(), with_progress));
  tools.push_back(tool("test_reconnection", "Closes its stream before it answers.", object_schema(), reconnection));
  tools.push_back(tool("json_schema_2020_12_tool", "Tool with JSON Schema 2020-12 features", schema_with_everything(),
                       fixed(text_result("ok"))));
  Json region{{"type", "string"}, {"x-mcp-header", "Region"}};
  tools.push_back(tool("test_header_parameter", "Takes an argument that travels as a header too.",
                       object_schema({{"region", std::move(region)}}), fixed(text_result("ok"))));
  return tools;
}

}  // namespace everything
