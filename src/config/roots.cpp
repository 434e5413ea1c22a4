#include "config/roots.h"

#include "patchbay/os/file.h"
#include "patchbay/os/private_file.h"

namespace patchbay::config {
namespace {

std::string user_home(const os::Environment& env) {
  const auto it = env.find("HOME");
  std::string home = it != env.end() && it->second.starts_with('/') ? it->second : os::home_dir();
  auto real = os::real_path(home);
  return real.ok() ? std::move(real).value() : home;
}

std::string real_or_same(const std::string& path) {
  auto real = os::real_path(path);
  return real.ok() ? std::move(real).value() : path;
}

Error root_refused(const std::string& key, const std::string& path, const std::string& why) {
  return {ErrorCode::kConfigRefused,
          key + ": the allowed root " + path + " " + why,
          "Correct the path or leave it out.",
          {}};
}

/// Absolute, without links, and a directory that can be listed.
Result<std::string> usable_root(const std::string& path, const std::string& key, const os::Environment& env,
                                const std::string& cwd) {
  const std::string absolute = PB_TRY(absolute_path(path, key, env, cwd));
  auto real = os::real_path(absolute);
  if (!real.ok()) return root_refused(key, absolute, "does not exist");
  if (!os::is_directory(*real)) return root_refused(key, absolute, "is not a directory");
  if (!os::is_readable_directory(*real)) return root_refused(key, absolute, "cannot be read");
  return real;
}

void add_unique(std::vector<std::string>& list, std::string item) {
  if (std::find(list.begin(), list.end(), item) == list.end()) list.push_back(std::move(item));
}

/// The current folder as default root, unless that would open more than a workspace.
Result<std::string> default_from_cwd(const LaunchOptions& options, const os::Environment& env, const Home& home,
                                     std::vector<std::string>& warnings) {
  auto real = os::real_path(options.cwd);
  if (!real.ok()) return Error{ErrorCode::kUsage, "the current folder does not exist", "Give --root.", {}};
  if (const std::string why = too_wide(*real, env, home); !why.empty()) {
    if (options.diagnose) {
      warnings.push_back("there is no default workspace: the current folder " + *real + " " + why);
      return std::string();
    }
    return Error{ErrorCode::kUsage,
                 "the current folder cannot be the default workspace: " + *real + " " + why,
                 "Give --root with the repository to work on.",
                 {}};
  }
  return real;
}

bool inside_any(const std::vector<std::string>& roots, const std::string& path) {
  return std::any_of(roots.begin(), roots.end(), [&](const std::string& r) { return os::is_within(r, path); });
}

/// `$NAME` and `${NAME}`.
Result<std::string> expand_variables(const std::string& text, const std::string& what, const os::Environment& env) {
  const auto part = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] != '$') {
      out += text[i++];
      continue;
    }
    const bool braces = i + 1 < text.size() && text[i + 1] == '{';
    const std::size_t begin = i + (braces ? 2 : 1);
    std::size_t end = begin;
    while (end < text.size() && part(text[end])) ++end;
    const std::string name = text.substr(begin, end - begin);
    const auto value = env.find(name);
    if (name.empty() || (braces && (end >= text.size() || text[end] != '}')) || value == env.end()) {
      return Error{ErrorCode::kConfigRefused, what + ": the variable '$" + name + "' is not set", {}, {}};
    }
    out += value->second;
    i = end + (braces ? 1 : 0);
  }
  return out;
}

}  // namespace

std::string too_wide(const std::string& root, const os::Environment& env, const Home& home) {
  const std::string state = real_or_same(home.root());
  if (root == "/") return "is the whole machine";
  if (root == user_home(env)) return "is the home directory";
  if (os::is_within(root, state)) return "contains the state directory";
  if (os::is_within(state, root)) return "lies in the state directory";
  return {};
}

Result<std::string> absolute_path(const std::string& path, const std::string& what, const os::Environment& env,
                                  const std::string& cwd) {
  std::string out = PB_TRY(expand_variables(path, what, env));
  if (out == "~" || out.starts_with("~/")) out = user_home(env) + out.substr(1);
  return out.starts_with('/') ? out : os::join(cwd, out);
}

Status resolve_roots(const LaunchOptions& options, const os::Environment& env, const Home& home, Config& config,
                     Provenance& provenance, std::vector<std::string>& warnings) {
  Repositories& repos = config.repositories;
  const bool allowed_given = provenance.of("repositories.allowed") != Source::kBuiltIn;
  std::vector<std::string> allowed;
  if (options.root) {
    // A named root narrows: what the file allows counts no more.
    repos.default_root = PB_TRY(usable_root(*options.root, "--root", env, options.cwd));
    allowed.push_back(repos.default_root);
    provenance.set("repositories.default", Source::kFlag);
    provenance.set("repositories.allowed", Source::kFlag);
  } else {
    for (const std::string& path : repos.allowed) {
      add_unique(allowed, PB_TRY(usable_root(path, "repositories.allowed", env, options.cwd)));
    }
    if (!repos.default_root.empty()) {
      repos.default_root = PB_TRY(usable_root(repos.default_root, "repositories.default", env, options.cwd));
    } else if (!allowed.empty()) {
      repos.default_root = allowed.front();
    } else if (!allowed_given) {
      repos.default_root = PB_TRY(default_from_cwd(options, env, home, warnings));
    }
    if (!allowed_given && !repos.default_root.empty()) add_unique(allowed, repos.default_root);
  }
  for (const std::string& path : options.allow_root) {
    add_unique(allowed, PB_TRY(usable_root(path, "--allow-root", env, options.cwd)));
    provenance.set("repositories.allowed", Source::kFlag);
  }
  if (allowed.empty()) {
    warnings.push_back("repositories.allowed is empty: no tool can reach any workspace");
  } else if (!repos.default_root.empty() && !inside_any(allowed, repos.default_root)) {
    return Error{ErrorCode::kConfigRefused,
                 "repositories.default: " + repos.default_root + " is no allowed root",
                 "Add it to repositories.allowed.",
                 {}};
  }
  for (const std::string& root : allowed) {
    if (const std::string why = too_wide(root, env, home); !why.empty()) {
      warnings.push_back("the allowed root " + root + " " + why);
    }
  }
  repos.allowed = std::move(allowed);
  return {};
}

Status resolve_paths(const os::Environment& env, const std::string& cwd, const Home& home, Config& config) {
  struct Path {
    std::string* value;
    std::string fallback;
    const char* key;
  };
  Logging& log = config.logging;
  Tunnel& tunnel = config.tunnel;
  for (const Path& p :
       {Path{&log.audit_file, home.audit_log(), "logging.audit_file"},
        Path{&log.job_logs_dir, "", "logging.job_logs_dir"},
        Path{&log.job_state_dir, home.jobs_dir(), "logging.job_state_dir"},
        Path{&log.worktrees_dir, home.job_worktrees_dir(), "logging.worktrees_dir"},
        Path{&log.private_evidence_dir, "", "logging.private_evidence_dir"},
        Path{&config.workers.worktree_root, home.worktrees_dir(), "workers.worktree_root"},
        Path{&config.artifacts.root, home.artifacts_dir(), "artifacts.root"},
        Path{&config.locks.root, home.locks_dir(), "locks.root"}, Path{&config.auth.token_file, "", "auth.token_file"},
        Path{&tunnel.cloudflare_config, "", "tunnel.cloudflare_config"},
        Path{&tunnel.cloudflare_token_file, "", "tunnel.cloudflare_token_file"},
        Path{&tunnel.ngrok_config, "", "tunnel.ngrok_config"}}) {
    if (p.value->empty()) *p.value = p.fallback;
    if (!p.value->empty()) *p.value = PB_TRY(absolute_path(*p.value, p.key, env, cwd));
  }
  if (auto& home_of_codex = config.power_tools.codex_home; home_of_codex && !home_of_codex->empty()) {
    *home_of_codex = PB_TRY(absolute_path(*home_of_codex, "power_tools.codex_home", env, cwd));
  }
  for (std::string& root : config.repositories.discovery_roots) {
    root = PB_TRY(absolute_path(root, "repositories.discovery_roots", env, cwd));
  }
  for (std::string* program : {&config.codex.executable, &tunnel.cloudflared, &tunnel.ngrok, &tunnel.openai_client}) {
    // A bare name is looked up on PATH by whoever runs it; only a path is a path.
    if (program->find('/') != std::string::npos) *program = PB_TRY(absolute_path(*program, "a program", env, cwd));
  }
  return {};
}

}  // namespace patchbay::config
