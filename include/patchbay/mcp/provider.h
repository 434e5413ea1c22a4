#pragma once

#include <optional>
#include <string>
#include <vector>

#include "patchbay/mcp/rich_call.h"

/// What a server offers besides tools. Implementations are called from many threads at once.
namespace patchbay::mcp {

/// Contents of one resource and how long a client may keep them (M8).
struct ResourceReply {
  Json contents = Json::array();  ///< TextResourceContents and BlobResourceContents objects
  int ttl_ms = 0;
  bool shared_cache = false;  ///< cacheScope "public"
};

class ResourceProvider {
 public:
  virtual ~ResourceProvider() = default;
  /// Array of Resource objects; the order is the order in `resources/list`.
  virtual Json list(const Caller& caller) = 0;
  /// Array of ResourceTemplate objects.
  virtual Json templates(const Caller& caller) = 0;
  /// Absent: not a resource of this provider.
  virtual std::optional<Result<ResourceReply>> read(RichCall& call, const std::string& uri) = 0;
};

class PromptProvider {
 public:
  virtual ~PromptProvider() = default;
  /// Array of Prompt objects.
  virtual Json list(const Caller& caller) = 0;
  /// A GetPromptResult; absent: no prompt of this provider has that name.
  virtual std::optional<Result<Json>> get(RichCall& call, const std::string& name, const Json& arguments) = 0;
};

/// What completion/complete asks for.
struct CompletionQuery {
  bool is_prompt = true;
  std::string name;  ///< prompt name or resource template
  std::string argument;
  std::string value;              ///< typed so far
  Json context = Json::object();  ///< arguments already chosen
};

class CompletionProvider {
 public:
  virtual ~CompletionProvider() = default;
  /// Candidates, best first; an unknown name gives none. At most 100 are sent.
  virtual std::vector<std::string> complete(const Caller& caller, const CompletionQuery& query) = 0;
};

}  // namespace patchbay::mcp
