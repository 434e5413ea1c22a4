#include "patchbay/mcp/jsonrpc.h"

#include "mcp/characters.h"

namespace patchbay::mcp {
namespace {

constexpr std::size_t kMaxIdCharacters = 256;
constexpr std::size_t kMaxMethodCharacters = 128;

RpcError bad_shape(std::string message) {
  return {.code = rpc::kInvalidRequest, .message = std::move(message), .http_status = 400};
}

bool good_id(const Json& id) {
  if (id.is_string()) return !is_longer_than(id.get_ref<const std::string&>(), kMaxIdCharacters);
  return id.is_number_integer();
}

}  // namespace

std::variant<Message, RpcError> read_message(Json value, Json* id_out) {
  if (!value.is_object()) return bad_shape("A message must be a JSON object");
  Message m;
  const auto id = value.find("id");
  const bool has_id = id != value.end();
  if (has_id && !good_id(*id)) return bad_shape("id must be a string of at most 256 characters or an integer");
  if (has_id) m.id = *id;
  if (id_out != nullptr) *id_out = m.id;
  const Json* version = json::find(value, "jsonrpc");
  if (version == nullptr || *version != "2.0") return bad_shape("jsonrpc must be \"2.0\"");

  const auto method = value.find("method");
  if (method == value.end()) {
    if (!value.contains("result") && !value.contains("error")) return bad_shape("method is missing");
    m.kind = Message::Kind::kResponse;
    m.response = std::move(value);
    return m;
  }
  if (!method->is_string()) return bad_shape("method must be a string");
  m.method = std::move(method->get_ref<std::string&>());
  if (is_longer_than(m.method, kMaxMethodCharacters)) return bad_shape("method is longer than 128 characters");
  m.kind = has_id ? Message::Kind::kRequest : Message::Kind::kNotification;
  if (const auto params = value.find("params"); params != value.end()) {
    if (!params->is_object()) return bad_shape("params must be an object");
    m.params = std::move(*params);
  }
  return m;
}

std::string result_text(const Json& id, std::string result) {
  // In place: a large result is not copied once more.
  result.insert(0, R"({"jsonrpc":"2.0","id":)" + json::dump(id) + R"(,"result":)");
  result += '}';
  return result;
}

std::string error_text(const Json& id, const RpcError& error) {
  Json body{{"jsonrpc", "2.0"}};
  if (!id.is_null()) body["id"] = id;
  Json& e = body["error"];
  e["code"] = error.code;
  e["message"] = error.message;
  if (!error.data.is_null()) e["data"] = error.data;
  return json::dump(body);
}

std::string notification_text(std::string_view method, const Json& params) {
  Json body{{"jsonrpc", "2.0"}, {"method", method}};
  if (!params.is_null() && !params.empty()) body["params"] = params;
  return json::dump(body);
}

std::string request_text(const Json& id, std::string_view method, const Json& params) {
  return json::dump(Json{{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}});
}

}  // namespace patchbay::mcp
