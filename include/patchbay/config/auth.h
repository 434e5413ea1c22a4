#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "patchbay/base/secret.h"
#include "patchbay/config/config.h"
#include "patchbay/config/home.h"

/// Who has to show a token, and which one (cli.md 7.1).
namespace patchbay::config {

/// Why authentication is on. The names are public (doctor: `required_reasons`).
enum class AuthReason { kEnabled, kRequireHttpToken, kTokenConfigured, kNonLoopbackBind, kTunnelMode };
std::string_view name_of(AuthReason reason);  ///< "auth.enabled", "env.require_http_token", ...

struct Token {
  Secret value;        ///< empty: none
  std::string source;  ///< "$PATCHBAY_HTTP_TOKEN", "auth.token_file", "<home>/token"; empty: none
};

struct AuthPolicy {
  std::vector<AuthReason> reasons;
  Token token;
  bool required() const { return !reasons.empty(); }
};

/// `localhost`, 127.0.0.0/8 and ::1, brackets allowed. Any other text counts as reachable from outside.
bool is_loopback_host(std::string_view host);

/// First non-empty of $<auth.token_env>, PATCHBAY_HTTP_TOKEN, PATCHBAY_TOKEN, auth.token_file, <home>/token.
/// kConfigRefused for a token file that others may have written (SEC:F5), or a named one that is missing.
Result<Token> find_token(const Config& config, const Home& home, const os::Environment& env);

/// Reads <home>/token, making it first when absent: 256 random bits, URL-safe, 0600 (SEC:A5).
Result<Token> generate_token(const Home& home);

/// `named_tokens`: whether the state database holds a valid named token; one counts as a configured token.
/// kConfigRefused when PATCHBAY_REQUIRE_HTTP_TOKEN is neither a true nor a false word.
Result<AuthPolicy> auth_policy(const Config& config, Token token, bool named_tokens, const os::Environment& env);

/// SEC:F2: kConfigRefused below 16 bytes, with white space or control characters, or for the placeholder of
/// the documentation. A token below 24 bytes passes with a line in `warnings`.
Status check_token_strength(const Secret& token, std::vector<std::string>& warnings);

}  // namespace patchbay::config
