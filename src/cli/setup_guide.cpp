#include "cli/setup_guide.h"

#include <cstdio>

namespace patchbay::cli {
namespace {

std::vector<std::string> chatgpt_steps(const tools::Connection& connection) {
  return {
      "Open the settings of ChatGPT, then the section for apps and connectors.",
      "Turn Developer mode on and leave the enforcement of content security policies on.",
      "Create a connector and name it PatchBay.",
      "Paste the Server URL: " + connection.server_url,
      connection.chatgpt_authentication,
      "Open a new chat, add the connector PatchBay, and let it begin with codex_self_test and "
      "codex_open_workspace. "
      "Describe the goal and let named workers do the work: the chat is their manager.",
  };
}

std::vector<std::string> operator_commands() {
  return {"patchbay doctor", "patchbay worker list", "patchbay worker inspect NAME", "patchbay stop"};
}

std::vector<std::string> controls() {
  return {"Ctrl-C ends PatchBay; running turns go on and are taken up by the next start.",
          "patchbay stop --turns ends the running turns too."};
}

std::vector<std::string> warnings(const config::Launch& launch, const tools::Readiness& readiness) {
  std::vector<std::string> lines;
  lines.push_back(readiness.connection.query_token_url_redacted
                      ? "The Server URL above hides the token; --reveal-token prints the whole."
                      : "Use the Server URL as it is shown.");
  lines.push_back("A URL that others can reach must be protected by a token.");
  lines.push_back("Addresses of quick tunnels change with every start.");
  lines.push_back("Programs such as tunnels are only installed when you ask for it.");
  lines.insert(lines.end(), launch.warnings.begin(), launch.warnings.end());
  return lines;
}

std::string tunnel_mode(const config::Launch& launch) { return std::string(name_of(launch.config.auth.tunnel_mode)); }

Json profile_json(const config::Launch& launch) {
  const auto or_null = [](const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); };
  return Json{{"used", !launch.profile.empty()},
              {"saved", launch.profile_saved},
              {"profile_path", or_null(launch.profile)},
              {"public_base_url", or_null(launch.public_base_url)}};
}

}  // namespace

Json setup_guide(const config::Launch& launch, const tools::Readiness& readiness) {
  const tools::Connection& c = readiness.connection;
  Json guide;
  guide["purpose"] = "Connect a chat client to PatchBay on this machine.";
  guide["server_url"] = c.server_url;
  guide["local_mcp_url"] = c.local_mcp_url;
  guide["authentication"] = c.chatgpt_authentication;
  guide["tool_mode"] = c.tool_mode;
  guide["tunnel_mode"] = tunnel_mode(launch);
  guide["default_root"] = launch.config.repositories.default_root;
  guide["allowed_roots"] = launch.config.repositories.allowed;
  guide["profile"] = profile_json(launch);
  guide["chatgpt_steps"] = chatgpt_steps(c);
  guide["operator_commands"] = operator_commands();
  guide["controls"] = controls();
  guide["warnings"] = warnings(launch, readiness);
  guide["runtime"] = Json{{"ready", readiness.ready},
                          {"checks", json::to_json(readiness)["checks"]},
                          {"auth_enabled", readiness.auth.enabled},
                          {"query_token_url_redacted", c.query_token_url_redacted},
                          {"hostname", launch.config.tunnel.hostname}};
  return guide;
}

std::string setup_guide_text(const config::Launch& launch, const tools::Readiness& readiness) {
  const tools::Connection& c = readiness.connection;
  std::string text = "ChatGPT setup\n";
  text += fmt::format("  Server URL: {}\n  Authentication: {}\n  Tool mode: {}\n  Tunnel mode: {}\n\n", c.server_url,
                      c.chatgpt_authentication, c.tool_mode, tunnel_mode(launch));
  int number = 0;
  for (const std::string& step : chatgpt_steps(c)) text += fmt::format("  {}. {}\n", ++number, step);
  text += "\nUseful commands\n";
  for (const std::string& command : operator_commands()) text += "  " + command + "\n";
  text += "\nNotes\n";
  for (const std::string& line : controls()) text += "  - " + line + "\n";
  for (const std::string& line : warnings(launch, readiness)) text += "  - " + line + "\n";
  return text;
}

Json readiness_json(const tools::Readiness& readiness) {
  Json report{{"name", "patchbay"}};
  const Json body = json::to_json(readiness);
  for (const auto& [name, value] : body.items()) report[name] = value;
  return report;
}

std::string doctor_text(const config::Launch& launch, const tools::Readiness& readiness) {
  std::string text = "PatchBay " PATCHBAY_VERSION "\n";
  for (const tools::Check& check : readiness.checks)
    text += fmt::format("[{}] {}: {}\n", check.status, check.name, check.detail);
  for (const std::string& warning : launch.warnings) text += "[warn] " + warning + "\n";
  text += fmt::format("\nReady: {}\nLocal URL: {}\nServer URL: {}\nAuthentication: {}\n\n",
                      readiness.ready ? "yes" : "no", readiness.connection.local_mcp_url,
                      readiness.connection.server_url, readiness.connection.chatgpt_authentication);
  for (const std::string& line : config::posture_lines(launch)) text += line + "\n";
  text += readiness.ready ? "\nNext: patchbay start --root /path/to/repository\n"
                          : "\nNext: repair what is marked [fail] and ask again.\n";
  return text;
}

void warn_of_revealed_token(const tools::Readiness& readiness) {
  if (!readiness.auth.token_returned) return;
  std::fputs("WARNING: printing a private tokenized URL; whoever sees it can use this server.\n", stderr);
}

}  // namespace patchbay::cli
