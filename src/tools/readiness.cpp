#include "patchbay/tools/readiness.h"

#include <array>
#include <charconv>

#include "patchbay/base/error_text.h"
#include "patchbay/base/text.h"
#include "patchbay/os/file.h"
#include "patchbay/os/private_file.h"

namespace patchbay::tools {
namespace {

constexpr std::uint64_t kFreeBytes = 64ull << 20;
constexpr std::uint64_t kFreeInodes = 1000;
constexpr std::size_t kLongestUrl = 2000;
constexpr char kHiddenToken[] = "%3Credacted%3E";

Check pass(std::string name, std::string detail) { return {std::move(name), "pass", std::move(detail)}; }
Check warn(std::string name, std::string detail) { return {std::move(name), "warn", std::move(detail)}; }
Check fail(std::string name, std::string detail) { return {std::move(name), "fail", std::move(detail)}; }

std::string variable(const os::Environment& environment, const std::string& name) {
  const auto it = environment.find(name);
  return it == environment.end() ? std::string() : it->second;
}

/// A named token counts, though its text is not known here.
bool has_token(const config::AuthPolicy& auth) {
  const bool named = std::ranges::find(auth.reasons, config::AuthReason::kTokenConfigured) != auth.reasons.end();
  return named || !auth.token.value.empty();
}

Check build() {
#if defined(__clang__)
  constexpr char kCompiler[] = "clang " __clang_version__;
#else
  constexpr char kCompiler[] = "g++ " __VERSION__;
#endif
  return pass("build", fmt::format("patchbay {}, {}", PATCHBAY_VERSION, kCompiler));
}

Check codex_cli(const codex::CodexEngine& codex) {
  const auto program = codex.program();
  if (program.ok()) return pass("codex_cli", "Codex was found.");
  return warn("codex_cli", with_hint(program.error().message, program.error().hint));
}

/// "0.142.2" as numbers; what is no number counts as 0, what follows them does not count.
std::array<int, 3> version_numbers(std::string_view text) {
  std::array<int, 3> numbers{};
  for (int& number : numbers) {
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (fault != std::errc()) break;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (!text.starts_with('.')) break;
    text.remove_prefix(1);
  }
  return numbers;
}

Check codex_version(const codex::CodexEngine& codex) {
  const auto probe = codex.probe();
  if (!probe.ok()) return warn("codex_version", probe.error().message);
  if (probe->version == codex::kObservedVersion) return pass("codex_version", probe->version);
  if (version_numbers(probe->version) < version_numbers(codex::kMinimumVersion)) {
    return warn("codex_version", fmt::format("{} is too old: the minimum is {}, verified is {}. Update the Codex CLI.",
                                             probe->version, codex::kMinimumVersion, codex::kObservedVersion));
  }
  return warn("codex_version", fmt::format("{}; verified with {}", probe->version, codex::kObservedVersion));
}

Check codex_auth(const codex::CodexEngine& codex) {
  const codex::LoginStatus login = codex.login_status();
  if (login.state == codex::LoginStatus::State::kLoggedIn) return pass("codex_auth", login.summary);
  return warn("codex_auth", login.summary);
}

bool is_open(const config::Launch& launch) {
  return launch.exposed() || !config::is_loopback_host(launch.config.server.host);
}

Check host_binding(const config::Launch& launch) {
  const std::string& host = launch.config.server.host;
  if (config::is_loopback_host(host)) return pass("host_binding", "Listens on loopback only.");
  return has_token(launch.auth) ? warn("host_binding", "Reachable beyond loopback; a token is required.")
                                : fail("host_binding", "Reachable beyond loopback without a token.");
}

Check http_auth(const config::Launch& launch) {
  if (!launch.auth.required() && is_open(launch))
    return fail("http_auth", "Reachable beyond loopback, and no token is required; `patchbay token create` makes one.");
  if (!launch.auth.required()) return pass("http_auth", "Trusted loopback; no token is required.");
  return has_token(launch.auth)
             ? pass("http_auth", "A token is required.")
             : fail("http_auth", "A token is required but none is configured; `patchbay token create` makes one.");
}

Check default_sandbox(const config::Launch& launch) {
  const config::Sandbox sandbox = launch.config.security.default_sandbox;
  const std::string name(name_of(sandbox));
  return sandbox == config::Sandbox::kDangerFullAccess ? warn("default_sandbox", name) : pass("default_sandbox", name);
}

Check bash_mode(const config::Launch& launch) {
  const config::BashMode mode = launch.config.power_tools.bash_mode;
  const std::string name(name_of(mode));
  return mode == config::BashMode::kFull ? warn("bash_mode", name) : pass("bash_mode", name);
}

Check switched(const char* name, bool on, const char* when_on) {
  return on ? warn(name, when_on) : pass(name, "disabled");
}

Check allowed_roots(const config::Launch& launch) {
  const auto& roots = launch.config.repositories.allowed;
  if (roots.empty()) return fail("allowed_roots", "No allowed root is configured; start with --root.");
  const auto missing = std::ranges::count_if(roots, [](const std::string& r) { return !os::is_directory(r); });
  if (missing > 0)
    return fail("allowed_roots", fmt::format("{} of {} allowed roots are missing.", missing, roots.size()));
  return pass("allowed_roots", fmt::format("{} configured, all exist.", roots.size()));
}

Check program(const char* check, const char* name, const os::Environment& environment, const char* without) {
  const bool found = !os::find_program(name, variable(environment, "PATH")).empty();
  return found ? pass(check, fmt::format("{} was found.", name)) : warn(check, without);
}

Check git(const config::Launch& launch, const os::Environment& environment) {
  const bool found = !os::find_program("git", variable(environment, "PATH")).empty();
  if (found) return pass("git", "libgit2 is built in; the git program was found.");
  const char* without = "libgit2 is built in; the git program is missing, so agents cannot use it.";
  return launch.config.workers.git_filters ? fail("git", "workers.git_filters needs the git program.")
                                           : warn("git", without);
}

Check shell(const os::Environment& environment) {
  const std::string path = variable(environment, "PATH");
  if (!os::find_program("bash", path).empty()) return pass("shell", "bash was found.");
  return os::find_program("sh", path).empty() ? warn("shell", "No shell is on PATH; commands of agents will fail.")
                                              : pass("shell", "sh was found; bash is missing.");
}

Check state_dir(const config::Launch& launch) {
  const std::string& root = launch.home.root();
  const auto facts = os::file_facts(root);
  if (!facts.ok() || !facts->directory) return fail("state_dir", "The state directory does not exist.");
  if (facts->uid != os::current_uid() || (facts->mode & 0200) == 0) {
    return fail("state_dir", "The state directory is not writable.");
  }
  const auto space = os::free_space(root);
  if (!space.ok()) return warn("state_dir", "Writable; its free space is unknown.");
  if (space->bytes < kFreeBytes || space->inodes < kFreeInodes) {
    return warn("state_dir", "Writable, but almost full; new work is refused.");
  }
  return pass("state_dir", fmt::format("Writable, {} MiB free.", space->bytes >> 20));
}

Check token_strength(const config::Launch& launch) {
  if (launch.auth.token.value.empty()) return pass("token_strength", "No single token is configured.");
  std::vector<std::string> warnings;
  const Status strong = config::check_token_strength(launch.auth.token.value, warnings);
  if (!strong.ok()) return fail("token_strength", strong.error().message);
  return warnings.empty() ? pass("token_strength", "At least 24 bytes.")
                          : warn("token_strength", "Shorter than 24 bytes.");
}

Check roots_too_wide(const config::Launch& launch) {
  const std::string home = os::home_dir();
  for (const std::string& root : launch.config.repositories.allowed) {
    if (root == "/") return warn("roots_too_wide", "The allowed root / is the whole machine.");
    if (!home.empty() && os::is_within(root, home)) {
      return warn("roots_too_wide", "An allowed root holds the whole home directory.");
    }
    if (os::is_within(root, launch.home.root())) {
      return warn("roots_too_wide", "An allowed root holds PatchBay's own state.");
    }
  }
  return pass("roots_too_wide", "No allowed root is wider than a project folder.");
}

Check worktree_root(const config::Launch& launch) {
  const std::string& worktrees = launch.config.workers.worktree_root;
  for (std::string folder = worktrees; !folder.empty() && folder != "/"; folder = os::parent_of(folder)) {
    if (os::exists(os::join(folder, ".git"))) {
      return warn("worktree_root_external", "workers.worktree_root lies inside a repository.");
    }
  }
  return pass("worktree_root_external", "Worktrees lie outside of every repository.");
}

Check home_set(const os::Environment& environment) {
  const std::string home = variable(environment, "HOME");
  if (home.starts_with('/')) return pass("home_set", "HOME is set.");
  return warn("home_set", "HOME is not set to an absolute path; Codex and git may not find their settings.");
}

std::string base_url(const config::Launch& launch, int port) {
  std::string host = launch.config.server.host;
  if (host.find(':') != std::string::npos && !host.starts_with('[')) host = "[" + host + "]";
  return fmt::format("http://{}:{}", host, port > 0 ? port : launch.config.server.port);
}

std::string url_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain =
        std::isalnum(static_cast<unsigned char>(c)) != 0 || std::string_view("-._~").find(c) != std::string_view::npos;
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

Connection connection_of(const config::Launch& launch, const ReadinessOptions& options) {
  const config::Auth& auth = launch.config.auth;
  const std::string local = base_url(launch, options.port);
  Connection c;
  c.local_mcp_url = local + "/mcp";
  if (!options.public_base_url.empty()) c.public_base_url = options.public_base_url;
  c.server_url = (options.public_base_url.empty() ? local : options.public_base_url) + "/mcp";
  if ((launch.auth.required() || is_open(launch)) && !has_token(launch.auth)) {
    c.chatgpt_authentication =
        "A token is required and none exists yet: make one with `patchbay token create`, then ask for the Server URL "
        "again.";
  } else if (launch.auth.required() && auth.allow_query_token && !auth.query_token_names.empty()) {
    const bool shown = options.reveal_token && !launch.auth.token.value.empty();
    c.server_url += "?" + auth.query_token_names.front() + "=" +
                    (shown ? url_encoded(launch.auth.token.value.reveal()) : std::string(kHiddenToken));
    c.query_token_url_redacted = !shown;
    c.chatgpt_authentication = "Choose No Authentication in ChatGPT: the Server URL carries the token.";
  } else if (launch.auth.required()) {
    c.chatgpt_authentication = "A bearer token is required; ChatGPT cannot send one without query tokens.";
  } else {
    c.chatgpt_authentication = "Choose No Authentication; this server trusts its own machine.";
  }
  c.tool_mode = std::string(name_of(launch.config.tool_mode()));
  return c;
}

AuthView auth_of(const config::Launch& launch, const ReadinessOptions& options) {
  AuthView a;
  a.enabled = launch.auth.required();
  a.token_configured = has_token(launch.auth);
  a.query_token_supported = launch.config.auth.allow_query_token;
  a.query_token_names = launch.config.auth.query_token_names;
  for (const config::AuthReason reason : launch.auth.reasons) a.required_reasons.emplace_back(name_of(reason));
  a.token_returned = options.reveal_token && !launch.auth.token.value.empty();
  return a;
}

PowerToolsView power_tools_of(const config::Launch& launch) {
  const config::PowerTools& power = launch.config.power_tools;
  PowerToolsView p;
  p.direct_write = power.direct_write;
  p.bash_mode = std::string(name_of(power.bash_mode));
  p.bash_session_configured = !power.bash_session_id.empty();
  p.require_bash_session = power.require_bash_session;
  p.bash_transcript = power.bash_transcript;
  p.codex_session_read = power.codex_session_read;
  p.codex_home_configured = power.codex_home.has_value() && !power.codex_home->empty();
  return p;
}

}  // namespace

Result<std::string> check_public_base_url(const std::string& text) {
  const auto refuse = [](const char* why) {
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("public_base_url {}.", why),
                 "Give the address of the tunnel, such as https://example.org.",
                 {}};
  };
  const std::string url = config::without_endpoint(std::string(trim(text)));
  if (url.size() > kLongestUrl) return refuse("is too long");
  const std::size_t scheme = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
  if (scheme == 0 || url.size() == scheme || url[scheme] == '/')
    return refuse("must begin with https:// or http:// and name a host");
  for (const char c : url) {
    if (c <= ' ' || c == '?' || c == '#' || c == '@' || static_cast<unsigned char>(c) >= 0x7f) {
      return refuse("may hold only a host, a port and a path");
    }
  }
  return url;
}

Readiness check_readiness(const config::Launch& launch, const codex::CodexEngine& codex,
                          const os::Environment& environment, const ReadinessOptions& options) {
  const config::Config& config = launch.config;
  Readiness r;
  r.checks = {build(), codex_cli(codex)};
  if (options.run_codex) {
    r.checks.push_back(codex_version(codex));
    r.checks.push_back(codex_auth(codex));
  }
  for (Check& check : std::vector<Check>{
           host_binding(launch),
           http_auth(launch),
           switched("access_log", config.logging.access_log, "Enabled; request lines are logged."),
           switched("cors", config.server.enable_cors, "Enabled for the configured origins."),
           default_sandbox(launch),
           switched("direct_write", config.power_tools.direct_write, "Enabled; files can be written directly."),
           bash_mode(launch),
           allowed_roots(launch),
           git(launch, environment),
           shell(environment),
           program("ripgrep", "rg", environment, "rg is not on PATH; install ripgrep, or searches fail."),
           state_dir(launch),
           token_strength(launch),
           roots_too_wide(launch),
           worktree_root(launch),
           home_set(environment),
       }) {
    r.checks.push_back(std::move(check));
  }
  r.ready = std::ranges::none_of(r.checks, [](const Check& check) { return check.status == "fail"; });
  r.connection = connection_of(launch, options);
  r.auth = auth_of(launch, options);
  r.power_tools = power_tools_of(launch);
  return r;
}

std::string readiness_text(const Readiness& readiness) {
  std::string out = readiness.ready ? "PatchBay is ready." : "PatchBay is not ready.";
  for (const Check& check : readiness.checks)
    out += fmt::format("\n{:4} {}: {}", check.status, check.name, check.detail);
  return out;
}

}  // namespace patchbay::tools
