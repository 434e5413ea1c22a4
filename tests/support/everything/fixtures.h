#pragma once

#include <vector>

#include "patchbay/mcp/catalog.h"
#include "patchbay/mcp/provider.h"
#include "patchbay/mcp/server.h"

/// What the conformance suite expects a server to offer besides the protocol itself.
namespace everything {

using patchbay::Error;
using patchbay::ErrorCode;
using patchbay::Json;
using patchbay::Result;
namespace json = patchbay::json;
namespace mcp = patchbay::mcp;

/// A 1x1 red PNG and the header of an empty WAV file, in base64.
extern const char* const kImage;
extern const char* const kAudio;

Json text_result(const std::string& text);
Json object_schema(Json properties = Json::object(), std::vector<std::string> required = {});
mcp::RawTool tool(std::string name, std::string description, Json schema,
                  std::function<Result<Json>(mcp::RichCall&, const Json&)> run);

/// Tools that return fixed content, report progress, log, ask the client; `server` is where changes are
/// announced and may be set after the tools were made.
std::vector<mcp::RawTool> content_tools();
std::vector<mcp::RawTool> question_tools();
std::vector<mcp::RawTool> round_trip_tools();
std::vector<mcp::RawTool> change_tools(mcp::Server*& server);

class Resources final : public mcp::ResourceProvider {
 public:
  Json list(const mcp::Caller&) override;
  Json templates(const mcp::Caller&) override;
  std::optional<Result<mcp::ResourceReply>> read(mcp::RichCall&, const std::string& uri) override;
};

class Prompts final : public mcp::PromptProvider, public mcp::CompletionProvider {
 public:
  Json list(const mcp::Caller&) override;
  std::optional<Result<Json>> get(mcp::RichCall& call, const std::string& name, const Json& arguments) override;
  std::vector<std::string> complete(const mcp::Caller&, const mcp::CompletionQuery& query) override;
};

}  // namespace everything
