#pragma once

#include <string>
#include <vector>

#include "patchbay/codex/codex_engine.h"
#include "patchbay/config/launch.h"
#include "patchbay/json/describe.h"

/// Is this installation fit to work? Told by `codex_self_test` and by the operator's `doctor` from the same
/// checks.
namespace patchbay::tools {

struct Check {
  std::string name;
  std::string status;  ///< "pass", "warn", "fail"
  std::string detail;

  template <class V>
  static void describe(V& v) {
    v.field("name", &Check::name);
    v.field("status", &Check::status);
    v.field("detail", &Check::detail);
  }
};

struct Connection {
  std::string local_mcp_url, server_url;
  std::optional<std::string> public_base_url;
  std::string chatgpt_authentication;
  bool query_token_url_redacted = false;
  std::string tool_mode;

  template <class V>
  static void describe(V& v) {
    v.field("local_mcp_url", &Connection::local_mcp_url);
    v.field("server_url", &Connection::server_url);
    v.field("public_base_url", &Connection::public_base_url);
    v.field("chatgpt_authentication", &Connection::chatgpt_authentication);
    v.field("query_token_url_redacted", &Connection::query_token_url_redacted);
    v.field("tool_mode", &Connection::tool_mode);
  }
};

struct AuthView {
  bool enabled = false, token_configured = false, query_token_supported = false;
  std::vector<std::string> query_token_names, required_reasons;
  bool token_returned = false;

  template <class V>
  static void describe(V& v) {
    v.field("enabled", &AuthView::enabled);
    v.field("token_configured", &AuthView::token_configured);
    v.field("query_token_supported", &AuthView::query_token_supported);
    v.field("query_token_names", &AuthView::query_token_names);
    v.field("required_reasons", &AuthView::required_reasons);
    v.field("token_returned", &AuthView::token_returned);
  }
};

/// Which power tools are open. The configured command session is told only as present or absent.
struct PowerToolsView {
  bool direct_write = false;
  std::string bash_mode;
  std::optional<std::string> bash_session_id;  ///< always null: a guard that is told guards nothing
  bool bash_session_configured = false, require_bash_session = false;
  std::string bash_transcript;
  bool codex_session_read = false, codex_home_configured = false;

  template <class V>
  static void describe(V& v) {
    v.field("direct_write", &PowerToolsView::direct_write);
    v.field("bash_mode", &PowerToolsView::bash_mode);
    v.field("bash_session_id", &PowerToolsView::bash_session_id);
    v.field("bash_session_configured", &PowerToolsView::bash_session_configured);
    v.field("require_bash_session", &PowerToolsView::require_bash_session);
    v.field("bash_transcript", &PowerToolsView::bash_transcript);
    v.field("codex_session_read", &PowerToolsView::codex_session_read);
    v.field("codex_home_configured", &PowerToolsView::codex_home_configured);
  }
};

struct Readiness {
  bool ready = false;  ///< no check failed
  std::vector<Check> checks;
  Connection connection;
  AuthView auth;
  PowerToolsView power_tools;

  template <class V>
  static void describe(V& v) {
    v.field("ready", &Readiness::ready);
    v.field("checks", &Readiness::checks);
    v.field("connection", &Readiness::connection);
    v.field("auth", &Readiness::auth);
    v.field("power_tools", &Readiness::power_tools);
  }
};

struct ReadinessOptions {
  std::string public_base_url = {};  ///< without a trailing slash; empty: none
  int port = 0;                      ///< really listened on; 0: the configured one
  bool run_codex = false;            ///< also ask Codex for its version and login
  bool reveal_token = false;         ///< put the token into server_url
};

/// kInvalidArgument unless `text` is an http or https URL of host and optional path. Gives it without
/// trailing slashes.
Result<std::string> check_public_base_url(const std::string& text);

/// Looks, and changes nothing. `environment` is that of the program.
Readiness check_readiness(const config::Launch& launch, const codex::CodexEngine& codex,
                          const os::Environment& environment, const ReadinessOptions& options);

/// One line per check for people.
std::string readiness_text(const Readiness& readiness);

}  // namespace patchbay::tools
