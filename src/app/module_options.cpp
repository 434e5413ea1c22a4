#include "app/module_options.h"

#include <cmath>

#include "patchbay/os/file.h"
#include "patchbay/os/private_file.h"

namespace patchbay::app {
namespace {

std::string variable(const os::Environment& env, const std::string& name) {
  const auto it = env.find(name);
  return it == env.end() ? std::string() : it->second;
}

/// For locks that all PatchBay homes of one user share.
std::string per_user_dir(const os::Environment& env) {
  const std::string runtime = variable(env, "XDG_RUNTIME_DIR");
  if (!runtime.empty() && runtime.front() == '/') return os::join(runtime, "patchbay");
  return "/tmp/patchbay-" + std::to_string(os::current_uid());
}

std::string codex_home(const config::Config& config, const os::Environment& env) {
  if (config.power_tools.codex_home && !config.power_tools.codex_home->empty()) {
    return os::expand_home(*config.power_tools.codex_home);
  }
  const std::string from_env = variable(env, "CODEX_HOME");
  return from_env.empty() ? os::join(os::home_dir(), ".codex") : from_env;
}

std::chrono::seconds minutes(double m) { return std::chrono::seconds(std::llround(m * 60)); }

/// PatchBay's own files (SEC:P5). The home protects by its name what lies below it; a file that could get a
/// second name elsewhere is listed itself.
std::vector<std::string> own_files(const config::Launch& launch) {
  const config::Home& home = launch.home;
  const config::Config& config = launch.config;
  std::vector<std::string> files = {home.root(),     home.token_file(),        home.ref_salt(),
                                    home.state_db(), home.state_db() + "-wal", config.logging.audit_file};
  for (const std::string& file : {launch.config_file, config.auth.token_file, home.config_file()}) {
    if (!file.empty()) files.push_back(file);
  }
  for (const std::string& folder : {config.logging.job_state_dir, config.locks.root}) {
    if (!folder.empty() && !os::is_within(home.root(), folder)) files.push_back(folder);
  }
  return files;
}

}  // namespace

workspace::RootsOptions roots_options(const config::Launch& launch) {
  const config::Config& config = launch.config;
  workspace::RootsOptions o;
  o.protected_paths = own_files(launch);
  o.blocked = config.security.blocked_globs ? workspace::BlockedGlobs(*config.security.blocked_globs)
                                            : workspace::BlockedGlobs::built_in();
  o.allowed = config.repositories.allowed;
  o.default_root = config.repositories.default_root;
  for (const auto& a : config.repositories.aliases) o.aliases.push_back({a.canonical, a.local, a.description});
  o.discovery_roots = config.repositories.discovery_roots;
  o.max_discovery_depth = static_cast<int>(config.repositories.max_discovery_depth);
  o.max_discovery_results = static_cast<int>(config.repositories.max_discovery_results);
  return o;
}

codex::EngineOptions engine_options(const config::Launch& launch, const os::Environment& env) {
  const config::Config& config = launch.config;
  codex::EngineOptions o;
  o.executable = config.codex.executable;
  o.codex_home = codex_home(config, env);
  o.allowed_env = config.security.allowed_env_keys;
  o.secret_env = {"PATCHBAY_HTTP_TOKEN", "PATCHBAY_TOKEN", "PATCHBAY_SESSION_REF_SALT", "TUNNEL_TOKEN",
                  "NGROK_AUTHTOKEN"};
  if (!config.auth.token_env.empty()) o.secret_env.push_back(config.auth.token_env);
  if (!config.tunnel.cloudflare_token_env.empty()) o.secret_env.push_back(config.tunnel.cloudflare_token_env);
  o.default_sandbox = config::name_of(config.security.default_sandbox);
  o.allow_dangerously_bypass = config.security.allow_dangerously_bypass;
  o.allowed_config_override_prefixes = config.security.allowed_config_override_prefixes;
  o.ignore_user_config = config.workers.ignore_user_config;
  o.private_dir = os::join(launch.home.runtime_dir(), "codex");
  o.gate_dir = per_user_dir(env);
  o.serialize_startup = config.server.codex_startup_serialization_enabled;
  o.environment = env;
  return o;
}

jobs::JobsOptions jobs_options(const config::Config& config, std::vector<std::string> runner_argv) {
  jobs::JobsOptions o;
  o.runner_argv = std::move(runner_argv);
  o.max_concurrent = static_cast<int>(config.server.max_concurrent_jobs);
  o.queue_enabled = config.server.queue_enabled;
  o.logs_dir = config.logging.job_logs_dir;
  o.work_dirs = {config.workers.worktree_root, config.logging.worktrees_dir};
  o.limits.timeout_seconds = config.server.job_timeout_seconds;
  o.limits.session_start_timeout_seconds = config.server.codex_session_start_timeout_seconds;
  o.limits.completion_grace_seconds = config.server.codex_post_completion_exit_grace_seconds;
  o.limits.sweep_seconds = config.server.codex_post_completion_cleanup_timeout_seconds;
  o.limits.capture_max_bytes = config.logging.process_capture_max_bytes;
  o.limits.line_max_bytes = config.logging.process_event_line_max_bytes;
  o.limits.log_max_bytes = config.logging.job_log_max_bytes;
  o.limits.raw_logs = config.logging.write_raw_job_logs;
  return o;
}

workers::WorkersOptions workers_options(const config::Launch& launch) {
  const config::Config& config = launch.config;
  workers::WorkersOptions o;
  o.home = launch.home.root();
  o.codex_home = codex_home(config, os::current_environment());
  o.worktree_root = config.workers.worktree_root;
  o.journal_dir = os::join(launch.home.runtime_dir(), "integrations");
  o.git_locks_dir = os::join(config.locks.root, "git");
  o.ownership_scope = config::name_of(config.ownership.scope);
  o.ownership_idle_seconds = config.ownership.idle_minutes * 60;
  o.git_filters = config.workers.git_filters;
  o.max_integration_bytes = config.workers.max_integration_bytes;
  o.snapshot_retention_days = static_cast<int>(config.workers.snapshot_retention_days);
  o.page_bytes = config.mcp.page_bytes;
  o.max_read_bytes = config.security.max_read_bytes;
  o.max_diff_bytes = config.security.max_diff_bytes;
  o.heartbeat_fresh_seconds = config.workers.heartbeat_fresh_seconds;
  o.heartbeat_quiet_seconds = config.workers.heartbeat_quiet_seconds;
  o.status_minimum_poll_seconds = static_cast<int>(config.workers.status_minimum_poll_seconds);
  o.status_recommended_poll_seconds = static_cast<int>(config.workers.status_recommended_poll_seconds);
  o.stop_artifact_wait_seconds = config.workers.stop_artifact_wait_seconds;
  o.stop_confirmation_grace_seconds = config.workers.stop_confirmation_grace_seconds;
  o.preview_token_ttl_seconds = config.workers.integration_preview_token_ttl_seconds;
  o.require_git_repo = config.security.require_git_repo;
  o.shared_writers_serialized = config.workers.shared_write_policy == config::SharedWritePolicy::kSerialized;
  return o;
}

workers::PlainJobsOptions plain_jobs_options(const config::Launch& launch) {
  workers::PlainJobsOptions o;
  o.worktrees_dir = launch.config.logging.worktrees_dir;
  o.git_locks_dir = os::join(launch.config.locks.root, "git");
  o.require_git_repo = launch.config.security.require_git_repo;
  o.git_filters = launch.config.workers.git_filters;
  return o;
}

mcp::Limits protocol_limits(const config::Config& config) {
  mcp::Limits limits;
  limits.result_text_bytes = static_cast<std::size_t>(config.mcp.max_result_bytes);
  limits.max_call = std::chrono::milliseconds(config.mcp.max_call_ms);
  limits.running_calls = static_cast<int>(config.server.max_running_calls);
  limits.running_calls_per_credential = static_cast<int>(config.server.max_running_calls_per_credential);
  limits.waiting_calls = static_cast<int>(config.server.max_waiting_calls);
  limits.streams = static_cast<int>(config.server.max_streams);
  limits.sessions = static_cast<int>(config.server.max_sessions);
  limits.session_idle = minutes(config.server.session_idle_minutes);
  return limits;
}

transport::HttpOptions http_options(const config::Launch& launch) {
  const config::Config& config = launch.config;
  transport::HttpOptions o;
  o.auth_required = launch.auth.required();
  o.strict_peer_uid = config.security.strict_peer_uid;
  o.allow_query_token = config.auth.allow_query_token;
  o.query_token_names = config.auth.query_token_names;
  o.realm = "patchbay";
  if (config::is_loopback_host(config.server.host)) o.loopback_host = config.server.host;
  o.allowed_hosts = config.server.allowed_hosts;
  o.allowed_origins = config.server.allowed_origins;
  o.cors = config.server.enable_cors;
  o.requests_per_minute = static_cast<int>(config.server.requests_per_minute);
  o.stream_after = std::chrono::milliseconds(config.mcp.stream_after_ms);
  o.max_request_bytes = static_cast<std::size_t>(config.server.max_request_bytes);
  return o;
}

http::Limits http_limits(const config::Config& config) {
  http::Limits limits;
  limits.body_bytes = static_cast<std::size_t>(config.server.max_request_bytes);
  limits.max_threads = static_cast<int>(config.server.max_threads);
  limits.max_connections = static_cast<int>(config.server.max_connections);
  return limits;
}

}  // namespace patchbay::app
