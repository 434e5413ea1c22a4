#include "mcp/headers.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "patchbay/base/hash.h"
#include "patchbay/base/text.h"

namespace patchbay::mcp {
namespace {

RpcError mismatch(std::string_view header, std::string message) {
  return {
      .code = rpc::kHeaderMismatch, .message = std::move(message), .http_status = 400, .data = {{"header", header}}};
}

std::string_view drop_blanks(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

const Json* at_path(const Json& arguments, std::string_view path) {
  const Json* here = &arguments;
  for (std::string_view part : split(path, '/')) {
    here = json::find(*here, part);
    if (here == nullptr) return nullptr;
  }
  return here->is_null() ? nullptr : here;
}

bool same_number(const Json& argument, std::string_view text) {
  if (text.empty()) return false;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  std::int64_t whole = 0;
  const auto [int_end, int_error] = std::from_chars(text.data(), text.data() + text.size(), whole);
  if (int_error == std::errc() && int_end == text.data() + text.size() && argument.is_number_integer()) {
    return argument == whole;
  }
  return argument.get<double>() == value;
}

bool agrees(const Json& argument, std::string_view text) {
  if (argument.is_string()) return argument.get_ref<const std::string&>() == text;
  if (argument.is_boolean()) return text == (argument.get<bool>() ? "true" : "false");
  return argument.is_number() && same_number(argument, text);
}

}  // namespace

HeaderValue header_value(const HeaderList& headers, std::string_view name) {
  HeaderValue found;
  for (const auto& [key, value] : headers) {
    if (!iequals_ascii(key, name)) continue;
    const std::string_view text = drop_blanks(value);
    if (found.value && *found.value != text) found.conflicting = true;
    found.value = std::string(text);
  }
  return found;
}

std::optional<std::string> decode_header_value(std::string_view raw) {
  constexpr std::string_view kOpen = "=?base64?";
  constexpr std::string_view kClose = "?=";
  const bool plain = std::ranges::all_of(raw, [](unsigned char c) { return c >= 0x20 && c < 0x7f; });
  if (!plain) return std::nullopt;
  if (raw.size() < kOpen.size() + kClose.size() || !raw.starts_with(kOpen) || !raw.ends_with(kClose)) {
    return std::string(raw);
  }
  raw.remove_prefix(kOpen.size());
  raw.remove_suffix(kClose.size());
  std::string decoded;
  if (!base64_decode(raw, &decoded) || !is_valid_utf8(decoded)) return std::nullopt;
  return decoded;
}

std::optional<RpcError> check_version_header(const HeaderList& headers, std::string_view claim) {
  const HeaderValue v = header_value(headers, "MCP-Protocol-Version");
  if (v.value && !v.conflicting && *v.value == claim) return std::nullopt;
  RpcError error =
      mismatch("MCP-Protocol-Version", v.value ? "MCP-Protocol-Version and the body name different versions"
                                               : "The MCP-Protocol-Version header is missing");
  error.data = {{"header", v.value ? Json(display_safe(*v.value)) : Json(nullptr)}, {"body", claim}};
  return error;
}

std::optional<RpcError> check_method_header(const HeaderList& headers, std::string_view method) {
  const HeaderValue v = header_value(headers, "Mcp-Method");
  if (!v.value) return mismatch("Mcp-Method", "The Mcp-Method header is missing");
  if (v.conflicting || *v.value != method) {
    return mismatch("Mcp-Method", fmt::format("Mcp-Method is '{}' but the body calls '{}'", display_safe(*v.value),
                                              display_safe(method)));
  }
  return std::nullopt;
}

std::optional<RpcError> check_name_header(const HeaderList& headers, std::string_view member, const Json& params) {
  const HeaderValue v = header_value(headers, "Mcp-Name");
  if (!v.value) return mismatch("Mcp-Name", "The Mcp-Name header is missing");
  const auto name = v.conflicting ? std::nullopt : decode_header_value(*v.value);
  if (!name) return mismatch("Mcp-Name", "The Mcp-Name header is malformed");
  const auto wanted = json::find_string(params, member);
  if (wanted && *wanted == *name) return std::nullopt;
  return mismatch("Mcp-Name", fmt::format("Mcp-Name is '{}' but the body calls '{}'", display_safe(*name),
                                          display_safe(wanted.value_or(""))));
}

std::optional<RpcError> check_param_headers(const HeaderList& headers, const Catalog::Entry& entry,
                                            const Json& arguments) {
  for (const auto& [path, mark] : entry.header_params) {
    const std::string name = "Mcp-Param-" + mark;
    const HeaderValue v = header_value(headers, name);
    const Json* argument = at_path(arguments, path);
    if (argument == nullptr && !v.value) continue;
    if (argument == nullptr) return mismatch(name, fmt::format("{} was sent but the argument {} was not", name, path));
    if (!v.value) return mismatch(name, fmt::format("The {} header is missing", name));
    const auto text = v.conflicting ? std::nullopt : decode_header_value(*v.value);
    if (!text) return mismatch(name, fmt::format("The {} header is malformed", name));
    if (!agrees(*argument, *text)) {
      return mismatch(name, fmt::format("{} differs from the argument {}", name, path));
    }
  }
  return std::nullopt;
}

}  // namespace patchbay::mcp
