#include "patchbay/config/auth.h"

#include <charconv>

#include "config/variable.h"
#include "config/words.h"
#include "patchbay/base/ids.h"
#include "patchbay/base/text.h"
#include "patchbay/os/file.h"
#include "patchbay/os/private_file.h"

namespace patchbay::config {
namespace {

constexpr std::size_t kShortestToken = 16;
constexpr std::size_t kShortestGoodToken = 24;
constexpr std::size_t kTokenRandomBytes = 32;
constexpr std::size_t kTokenFileLimit = 4096;

/// The file's first line without the line feed. Empty text counts as no token.
Result<Secret> read_token_file(const std::string& path) {
  auto text = os::read_trusted_file(path, kTokenFileLimit, os::Owner::kUsOrRoot);
  if (!text.ok()) {
    Error e = std::move(text).error();
    if (e.code == ErrorCode::kNotFound) return e;
    return Error{ErrorCode::kConfigRefused, "the token file " + path + " cannot be used: " + e.message,
                 "Make it a regular file of your own with mode 0600.", e.detail};
  }
  std::string value = std::move(text).value();
  Secret token{std::string(trim(value))};
  Secret::wipe(value);
  return token;
}

bool is_loopback_v4(std::string_view host) {
  const auto parts = split(host, '.');
  if (parts.size() != 4) return false;
  for (const std::string_view part : parts) {
    unsigned n = 0;
    const auto [end, err] = std::from_chars(part.data(), part.data() + part.size(), n);
    const bool leading_zero = part.size() > 1 && part[0] == '0';  // octal to some, decimal to others
    if (err != std::errc() || end != part.data() + part.size() || n > 255 || leading_zero) return false;
  }
  return parts[0] == "127";
}

bool is_loopback_v6(std::string_view host) {
  if (host == "::1") return true;
  const auto parts = split(host, ':');
  if (parts.size() != 8) return false;
  const auto is = [](std::string_view part, char last) {
    return !part.empty() && part.size() <= 4 && part.back() == last && part.find_first_not_of('0') >= part.size() - 1;
  };
  return std::all_of(parts.begin(), parts.end() - 1, [&](std::string_view p) { return is(p, '0'); }) &&
         is(parts.back(), '1');
}

}  // namespace

std::string_view name_of(AuthReason reason) {
  switch (reason) {
    case AuthReason::kEnabled: return "auth.enabled";
    case AuthReason::kRequireHttpToken: return "env.require_http_token";
    case AuthReason::kTokenConfigured: return "token_configured";
    case AuthReason::kNonLoopbackBind: return "non_loopback_bind";
    case AuthReason::kTunnelMode: return "tunnel_mode";
  }
  return {};
}

bool is_loopback_host(std::string_view host) {
  host = trim(host);
  if (host.starts_with('[') && host.ends_with(']')) return is_loopback_v6(host.substr(1, host.size() - 2));
  return iequals_ascii(host, "localhost") || is_loopback_v4(host) || is_loopback_v6(host);
}

Result<Token> find_token(const Config& config, const Home& home, const os::Environment& env) {
  for (const std::string& name :
       {config.auth.token_env, std::string("PATCHBAY_HTTP_TOKEN"), std::string("PATCHBAY_TOKEN")}) {
    if (name.empty()) continue;
    if (std::string value = variable(env, name); !value.empty()) {
      return Token{Secret(std::move(value)), "$" + name};
    }
  }
  if (!config.auth.token_file.empty()) {
    auto token = read_token_file(config.auth.token_file);
    if (!token.ok()) {
      Error e = std::move(token).error();
      if (e.code != ErrorCode::kNotFound) return e;
      return Error{ErrorCode::kConfigRefused, "auth.token_file: there is no file " + config.auth.token_file, {}, {}};
    }
    if (!token->empty()) return Token{std::move(token).value(), "auth.token_file"};
  }
  auto token = read_token_file(home.token_file());
  if (!token.ok()) {
    if (token.error().code == ErrorCode::kNotFound) return Token{};
    return std::move(token).error();
  }
  if (token->empty()) return Token{};
  return Token{std::move(token).value(), "<home>/token"};
}

Result<Token> generate_token(const Home& home) {
  std::string text = base64url_encode(random_bytes(kTokenRandomBytes)) + "\n";
  const Status made = os::create_file_once(home.token_file(), text);
  Secret::wipe(text);
  if (!made.ok() && made.error().code != ErrorCode::kAlreadyExists) return made.error();
  Secret token = PB_TRY(read_token_file(home.token_file()));
  if (token.empty()) {
    return Error{ErrorCode::kConfigRefused,
                 "the token file " + home.token_file() + " is empty",
                 "Remove it and start again.",
                 {}};
  }
  return Token{std::move(token), "<home>/token"};
}

Result<AuthPolicy> auth_policy(const Config& config, Token token, bool named_tokens, const os::Environment& env) {
  AuthPolicy policy;
  const auto because = [&](bool holds, AuthReason reason) {
    if (holds) policy.reasons.push_back(reason);
  };
  const auto forced = bool_word(variable(env, "PATCHBAY_REQUIRE_HTTP_TOKEN"));
  if (!forced) {
    // Taking an unknown word for "no" would switch a lock off by a typing error.
    return Error{ErrorCode::kConfigRefused, "PATCHBAY_REQUIRE_HTTP_TOKEN must be true or false", {}, {}};
  }
  const auto env_mode = parse_tunnel_mode(variable(env, "PATCHBAY_TUNNEL_MODE"));
  if (!env_mode) return Error{ErrorCode::kConfigRefused, "PATCHBAY_TUNNEL_MODE names no tunnel mode", {}, {}};
  const auto outward = [](TunnelMode m) { return m != TunnelMode::kNone && m != TunnelMode::kLocal; };
  because(config.auth.enabled, AuthReason::kEnabled);
  because(*forced, AuthReason::kRequireHttpToken);
  because(!token.value.empty() || named_tokens, AuthReason::kTokenConfigured);
  because(config.auth.require_for_non_loopback && !is_loopback_host(config.server.host), AuthReason::kNonLoopbackBind);
  because(config.auth.require_for_tunnel && (outward(config.auth.tunnel_mode) || outward(*env_mode)),
          AuthReason::kTunnelMode);
  policy.token = std::move(token);
  return policy;
}

Status check_token_strength(const Secret& token, std::vector<std::string>& warnings) {
  const std::string_view text = token.reveal();
  const auto refuse = [](std::string_view why) {
    return Error{ErrorCode::kConfigRefused,
                 "the HTTP token " + std::string(why),
                 "Make one with `patchbay token create` or `--generate-token`.",
                 {}};
  };
  for (const std::string_view placeholder : {"<long-random-token>", "long-random-token"}) {
    if (iequals_ascii(text, placeholder)) return refuse("is the placeholder of the documentation");
  }
  const auto printable = [](unsigned char c) { return c > 0x20 && c != 0x7f; };
  if (!std::all_of(text.begin(), text.end(), printable)) return refuse("holds white space or control characters");
  if (text.size() < kShortestToken) return refuse("is shorter than 16 bytes");
  if (text.size() < kShortestGoodToken) warnings.push_back("token_strength: the HTTP token is shorter than 24 bytes");
  return {};
}

}  // namespace patchbay::config
