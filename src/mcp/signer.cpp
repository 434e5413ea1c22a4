#include "mcp/signer.h"

#include "patchbay/base/hash.h"
#include "patchbay/base/ids.h"

namespace patchbay::mcp {
namespace {

constexpr std::size_t kShortTag = 16;
constexpr std::size_t kFullTag = 32;
constexpr std::string_view kIdPrefix = "v1.";
constexpr std::size_t kIdPayload = 8 + 4 + 1 + 16;

void put_number(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xff);
}

std::uint64_t get_number(std::string_view bytes) {
  std::uint64_t value = 0;
  for (unsigned char c : bytes) value = value << 8 | c;
  return value;
}

/// 20251125 for "2025-11-25": stays the same when rows are added to the table.
std::uint32_t number_of(const Version& version) {
  std::uint32_t n = 0;
  for (char c : version.name) {
    if (c != '-') n = n * 10 + static_cast<std::uint32_t>(c - '0');
  }
  return n;
}

}  // namespace

std::string Signer::tag(std::string_view domain, std::string_view message) const {
  std::string text(domain);
  text += '\0';
  text += message;
  return hmac_sha256(key_, text);
}

std::string Signer::scope_key(ScopeKind kind, std::string_view value) const {
  return to_hex(tag("scope", std::string(name_of(kind)) + '\0' + std::string(value)));
}

std::string Signer::cursor(std::string_view context, std::size_t offset) const {
  std::string payload;
  put_number(payload, offset, 4);
  return base64url_encode(payload + tag("cursor", std::string(context) + '\0' + payload).substr(0, kShortTag));
}

std::optional<std::size_t> Signer::read_cursor(std::string_view context, std::string_view cursor) const {
  std::string bytes;
  if (!base64url_decode(cursor, &bytes) || bytes.size() != 4 + kShortTag) return std::nullopt;
  const std::string payload = bytes.substr(0, 4);
  const std::string wanted = tag("cursor", std::string(context) + '\0' + payload).substr(0, kShortTag);
  if (!equal_constant_time(wanted, bytes.substr(4))) return std::nullopt;
  return static_cast<std::size_t>(get_number(payload));
}

std::string Signer::seal(std::string_view context, const Json& value) const {
  const std::string payload = json::dump(value);
  return base64url_encode(payload) + "." + base64url_encode(tag("state", std::string(context) + '\0' + payload));
}

std::optional<Json> Signer::unseal(std::string_view context, std::string_view sealed) const {
  const std::size_t dot = sealed.find('.');
  std::string payload, given;
  if (dot == std::string_view::npos || !base64url_decode(sealed.substr(0, dot), &payload) ||
      !base64url_decode(sealed.substr(dot + 1), &given)) {
    return std::nullopt;
  }
  if (!equal_constant_time(tag("state", std::string(context) + '\0' + payload), given)) return std::nullopt;
  auto value = json::parse(payload);
  if (!value.ok()) return std::nullopt;
  return std::move(value).value();
}

std::string client_ref_of(std::string_view scope_key) { return "client_" + std::string(scope_key.substr(0, 12)); }

std::string mint_session_id(const Signer& signer, const SessionId& content, std::string_view credential) {
  std::string payload;
  put_number(payload, static_cast<std::uint64_t>(epoch_seconds(content.minted)), 8);
  put_number(payload, number_of(*content.version), 4);
  put_number(payload, content.capabilities, 1);
  payload += random_bytes(16);
  const std::string tag = signer.tag("session", std::string(credential) + '\0' + payload);
  return std::string(kIdPrefix) + base64url_encode(payload + tag);
}

std::optional<SessionId> read_session_id(const Signer& signer, std::string_view id, std::string_view credential) {
  std::string bytes;
  if (!id.starts_with(kIdPrefix) || !base64url_decode(id.substr(kIdPrefix.size()), &bytes) ||
      bytes.size() != kIdPayload + kFullTag) {
    return std::nullopt;
  }
  const std::string payload = bytes.substr(0, kIdPayload);
  const std::string tag = signer.tag("session", std::string(credential) + '\0' + payload);
  if (!equal_constant_time(tag, bytes.substr(kIdPayload))) return std::nullopt;
  SessionId content;
  const std::string_view view = payload;
  content.minted = from_epoch_seconds(static_cast<double>(get_number(view.substr(0, 8))));
  const auto number = static_cast<std::uint32_t>(get_number(view.substr(8, 4)));
  for (const Version& version : versions()) {
    if (version.era == Era::kLegacy && number_of(version) == number) content.version = &version;
  }
  if (content.version == nullptr) return std::nullopt;
  content.capabilities = static_cast<unsigned char>(view[12]);
  return content;
}

}  // namespace patchbay::mcp
