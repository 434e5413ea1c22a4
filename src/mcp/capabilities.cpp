#include "mcp/capabilities.h"

namespace patchbay::mcp {
namespace {

constexpr std::string_view kRemembered[] = {"elicitation", "elicitation.url", "sampling", "roots"};

}  // namespace

bool declares(const Json& capabilities, std::string_view capability) {
  const std::size_t dot = capability.find('.');
  const Json* top = json::find(capabilities, capability.substr(0, dot));
  if (top == nullptr || !top->is_object()) return false;
  const std::string_view sub = dot == std::string_view::npos ? std::string_view() : capability.substr(dot + 1);
  if (capability == "elicitation") return top->empty() || top->contains("form") || !top->contains("url");
  return sub.empty() || json::find(*top, sub) != nullptr;
}

unsigned capability_bits(const Json& capabilities) {
  unsigned bits = 0;
  for (unsigned i = 0; i < std::size(kRemembered); ++i) {
    if (declares(capabilities, kRemembered[i])) bits |= 1u << i;
  }
  return bits;
}

Json capabilities_from_bits(unsigned bits) {
  Json out = Json::object();
  for (unsigned i = 0; i < std::size(kRemembered); ++i) {
    if ((bits & 1u << i) == 0) continue;
    if (kRemembered[i] == "elicitation") {
      out["elicitation"]["form"] = Json::object();
    } else {
      out.merge_patch(capability_object(kRemembered[i]));
    }
  }
  return out;
}

std::string needed_for(std::string_view method, const Json& params) {
  if (method == "elicitation/create") {
    return json::get_string(params, "mode") == "url" ? "elicitation.url" : "elicitation";
  }
  if (method == "sampling/createMessage") return "sampling";
  if (method == "roots/list") return "roots";
  return {};
}

Json capability_object(std::string_view capability) {
  Json out;
  const std::size_t dot = capability.find('.');
  Json& top = out[std::string(capability.substr(0, dot))] = Json::object();
  if (dot != std::string_view::npos) top[std::string(capability.substr(dot + 1))] = Json::object();
  return out;
}

Json missing_capabilities(const Json& wanted, const Json& declared) {
  Json out = Json::object();
  for (const auto& [name, value] : wanted.items()) {
    const Json* has = json::find(declared, name);
    if (has == nullptr || !has->is_object()) {
      out[name] = value;
    } else if (name != "elicitation" && value.is_object() && !value.empty()) {
      Json inner = missing_capabilities(value, *has);
      if (!inner.empty()) out[name] = std::move(inner);
    } else if (name == "elicitation" && !declares(declared, value.contains("url") ? "elicitation.url" : name)) {
      out[name] = value;
    }
  }
  return out;
}

}  // namespace patchbay::mcp
