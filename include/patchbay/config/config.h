#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "patchbay/base/log.h"
#include "patchbay/base/result.h"

/// The effective settings of one running program: a plain tree, one member per documented key.
///
/// The initialisers below are the built-in values, the posture `narrow`. The file `config.yaml` at the top of
/// the project holds the posture `documented`; it applies only when somebody names it (launch.h).
///
/// To add a key: a member here with its built-in value, and one row in `src/config/fields.cpp`. Loading,
/// validation, the dump, and the reference page follow from that row.
namespace patchbay::config {

enum class ToolMode { kWorker, kStandard, kFull, kMinimal };
enum class TunnelMode { kNone, kLocal, kCustom, kCloudflare, kCloudflareNamed, kNgrok, kOpenai };
enum class BashMode { kOff, kSafe, kFull };
enum class Sandbox { kReadOnly, kWorkspaceWrite, kDangerFullAccess };
enum class OwnershipScope { kConversation, kToken, kServer, kTransportSession };
enum class SharedWritePolicy { kSerialized, kManagerControlled };

std::string_view name_of(ToolMode v);
std::string_view name_of(TunnelMode v);
std::string_view name_of(BashMode v);
std::string_view name_of(Sandbox v);
std::string_view name_of(OwnershipScope v);
std::string_view name_of(SharedWritePolicy v);

/// Trimmed, any case. The tunnel mode also knows the words of old files for "none": blank, false, 0.
std::optional<ToolMode> parse_tool_mode(std::string_view text);
std::optional<TunnelMode> parse_tunnel_mode(std::string_view text);
std::optional<BashMode> parse_bash_mode(std::string_view text);
std::optional<Sandbox> parse_sandbox(std::string_view text);

struct Server {
  std::string host = "127.0.0.1";
  std::int64_t port = 8000;
  std::int64_t max_concurrent_jobs = 10;  ///< 0: no limit
  double job_timeout_seconds = 14400;     ///< 0: no limit
  double stale_running_job_grace_seconds = 600;
  double job_cleanup_after_hours = 24;
  std::int64_t max_request_bytes = 1'048'576;
  bool enable_cors = false;
  std::vector<std::string> allowed_origins = {"http://127.0.0.1:3000", "http://localhost:3000"};
  std::vector<std::string> allowed_hosts = {};
  std::optional<ToolMode> tool_mode = {};
  bool queue_enabled = false;
  double codex_session_start_timeout_seconds = 180;
  bool codex_startup_serialization_enabled = true;
  double codex_post_completion_exit_grace_seconds = 2;
  double codex_post_completion_cleanup_timeout_seconds = 3;
  std::int64_t max_threads = 512;
  std::int64_t max_connections = 512;
  std::int64_t max_streams = 256;
  std::int64_t max_waiting_calls = 128;
  std::int64_t max_running_calls = 128;
  std::int64_t max_running_calls_per_credential = 64;
  std::int64_t requests_per_minute = 0;  ///< per credential; 0: off
  std::int64_t max_sessions = 256;
  double session_idle_minutes = 60;
  double owner_idle_minutes = 10;
  bool operator==(const Server&) const = default;
};

struct App {
  std::optional<ToolMode> tool_mode = {};  ///< see Config::tool_mode()
  ToolMode max_tool_mode = ToolMode::kFull;
  bool allow_tool_mode_switch = true;
  bool allow_url_mode_switch = false;
  bool tool_cards = true;
  std::string widget_domain = "https://web-sandbox.oaiusercontent.com";
  double work_run_idle_seconds = 900;
  bool operator==(const App&) const = default;
};

struct Mcp {
  std::optional<ToolMode> tool_mode = {};
  std::int64_t page_bytes = 8192;
  std::int64_t max_result_bytes = 65536;
  std::int64_t stream_after_ms = 5000;
  std::int64_t max_call_ms = 45000;
  bool sessionless_legacy = true;
  bool operator==(const Mcp&) const = default;
};

struct Auth {
  bool enabled = false;
  std::string token_env = {};  ///< name of a variable that is asked before the well-known ones
  bool allow_query_token = true;
  std::vector<std::string> query_token_names = {"patchbay_token"};
  std::string token_file = {};
  bool require_for_non_loopback = true;
  bool require_for_tunnel = true;
  TunnelMode tunnel_mode = TunnelMode::kNone;
  bool operator==(const Auth&) const = default;
};

struct Tunnel {
  std::string hostname = {};
  std::string tunnel_name = {};
  std::string cloudflared = "cloudflared";
  std::string ngrok = "ngrok";
  std::string cloudflare_config = {};
  std::string cloudflare_token_file = {};
  std::string cloudflare_token_env = "CLOUDFLARE_TUNNEL_TOKEN";
  std::string ngrok_config = {};
  std::int64_t timeout_seconds = 45;
  std::string openai_client = {};
  bool operator==(const Tunnel&) const = default;
};

/// Another spelling of a repository's path, as a chat may know it.
struct RepositoryAlias {
  std::string canonical, local, description;
  bool operator==(const RepositoryAlias&) const = default;
};

struct Repositories {
  std::string default_root = {};          ///< key `default`; absolute after compose()
  std::vector<std::string> allowed = {};  ///< absolute after compose()
  std::vector<RepositoryAlias> aliases = {};
  std::vector<std::string> discovery_roots = {};
  std::int64_t max_discovery_depth = 3;
  std::int64_t max_discovery_results = 50;
  bool operator==(const Repositories&) const = default;
};

struct Security {
  bool require_git_repo = false;
  Sandbox default_sandbox = Sandbox::kReadOnly;  ///< of plan and interactive jobs that name none
  bool allow_dangerously_bypass = false;
  /// Names and prefixes ending in `*` that a child may inherit. PATCHBAY_*, tunnel tokens and the like are
  /// withheld from every child whatever stands here (whoever builds the environment sees to it).
  std::vector<std::string> allowed_env_keys = {"PATH", "HOME", "USER",  "LOGNAME", "LANG",  "LC_*",
                                               "TZ",   "TERM", "SHELL", "TMPDIR",  "XDG_*", "CODEX_HOME"};
  std::vector<std::string> allowed_config_override_prefixes = {"model", "model_reasoning_effort"};
  std::string context_dir = ".ai-bridge";
  std::int64_t max_read_bytes = 200'000;
  std::int64_t max_write_bytes = 500'000;
  std::int64_t max_diff_bytes = 200'000;
  std::int64_t max_search_results = 100;
  std::int64_t max_tree_entries = 500;
  std::int64_t max_skill_count = 120;
  std::int64_t max_skill_bytes = 40'000;
  /// Absent: the built-in list of workspace/. A list, also an empty one, replaces it.
  std::optional<std::vector<std::string>> blocked_globs = {};
  std::int64_t search_timeout_ms = 10'000;
  std::int64_t max_search_timeout_ms = 40'000;
  bool strict_peer_uid = false;
  bool allow_secret_writes = false;
  bool operator==(const Security&) const = default;
};

struct PowerTools {
  bool direct_write = false;
  BashMode bash_mode = BashMode::kSafe;
  std::string bash_transcript = "compact";
  std::string bash_session_id = {};
  bool require_bash_session = false;
  std::int64_t bash_timeout_ms = 30'000;
  std::int64_t bash_max_timeout_ms = 600'000;
  std::int64_t bash_max_output_bytes = 60'000;
  bool login_shell = false;
  std::vector<std::string> safe_commands = {};
  bool codex_session_read = false;
  /// Absent: CODEX_HOME, else ~/.codex. Blank: the same for reading, and sessions there are not listed.
  std::optional<std::string> codex_home = {};
  std::int64_t codex_session_max_messages = 80;
  std::int64_t codex_session_max_bytes = 80'000;
  std::int64_t codex_session_max_file_bytes = 20'000'000;
  std::int64_t codex_session_max_scan_files = 3000;
  std::int64_t codex_session_max_scan_depth = 6;
  bool operator==(const PowerTools&) const = default;
};

struct Workers {
  std::string worktree_root = {};  ///< absolute after compose()
  bool ignore_user_config = false;
  double heartbeat_fresh_seconds = 120;
  double heartbeat_quiet_seconds = 600;
  std::int64_t status_minimum_poll_seconds = 20;
  std::int64_t status_recommended_poll_seconds = 30;
  double stop_artifact_wait_seconds = 2;
  double stop_confirmation_grace_seconds = 0;
  double integration_preview_token_ttl_seconds = 86400;
  bool git_filters = false;
  std::int64_t snapshot_retention_days = 30;
  std::int64_t max_integration_bytes = 50LL << 20;
  SharedWritePolicy shared_write_policy = SharedWritePolicy::kSerialized;
  bool operator==(const Workers&) const = default;
};

/// For the four limits 0 means none, by explicit choice.
struct Artifacts {
  bool enabled = true;
  std::string root = {};  ///< absolute after compose()
  std::vector<std::string> allowed_download_schemes = {"https"};
  double download_timeout_seconds = 30;
  std::int64_t max_archive_bytes = 25LL << 20;
  std::int64_t max_unpacked_bytes = 500LL << 20;
  std::int64_t max_file_count = 10'000;
  std::int64_t max_single_file_bytes = 100LL << 20;
  std::vector<std::string> allow_private_hosts = {};
  std::int64_t retention_days = 0;  ///< 0: for ever
  bool operator==(const Artifacts&) const = default;
};

struct Locks {
  std::string root = {};  ///< absolute after compose()
  bool operator==(const Locks&) const = default;
};

struct Ownership {
  OwnershipScope scope = OwnershipScope::kConversation;
  double idle_minutes = 60;
  bool operator==(const Ownership&) const = default;
};

struct Logging {
  log::Level level = log::Level::kInfo;
  std::string audit_file = {};     ///< absolute after compose()
  std::string job_logs_dir = {};   ///< blank: the job's own folder
  std::string job_state_dir = {};  ///< absolute after compose()
  std::string worktrees_dir = {};  ///< absolute after compose()
  std::int64_t job_log_max_bytes = 200'000;
  bool write_raw_job_logs = false;
  bool access_log = false;
  bool log_prompt_bodies = false;
  bool log_response_bodies = false;
  std::string private_evidence_dir = {};
  bool private_evidence_log = false;
  bool store_job_prompts = false;
  bool store_mcp_transcripts = false;
  std::int64_t process_capture_max_bytes = 4'000'000;
  std::int64_t process_event_line_max_bytes = 8'000'000;
  bool operator==(const Logging&) const = default;
};

struct Codex {
  std::string executable = {};  ///< blank: `codex` on PATH
  bool operator==(const Codex&) const = default;
};

struct Context {
  bool gitignore = true;
  bool operator==(const Context&) const = default;
};

struct Config {
  Server server;
  App app;
  Mcp mcp;
  Auth auth;
  Tunnel tunnel;
  Repositories repositories;
  Security security;
  PowerTools power_tools;
  Workers workers;
  Artifacts artifacts;
  Locks locks;
  Ownership ownership;
  Logging logging;
  Codex codex;
  Context context;

  /// The base tool mode: app, else mcp, else server, else worker; app.max_tool_mode when that does not hold it.
  ToolMode tool_mode() const;

  bool operator==(const Config&) const = default;
};

/// Where a value came from, weakest first.
enum class Source { kBuiltIn, kDocumented, kFile, kProfile, kEnvironment, kFlag, kExposed };
std::string_view name_of(
    Source s);  ///< "built in", "documented", "file", "profile", "environment", "flag", "exposed overlay"

/// Source of each key that is not built in, by "section.key".
class Provenance {
 public:
  void set(const std::string& key, Source s) { sources_[key] = s; }
  Source of(const std::string& key) const {
    const auto it = sources_.find(key);
    return it == sources_.end() ? Source::kBuiltIn : it->second;
  }
  const std::map<std::string, Source>& all() const { return sources_; }

 private:
  std::map<std::string, Source> sources_;
};

/// Reads YAML text over `config`: only keys that the text has are changed, each is marked with `source`.
///
/// Strict: no tags, anchors, aliases, merge keys, duplicate keys or second document; at most 256 KiB and 32
/// levels; yes/no/on/off are booleans (SEC:J10). Any fault is kConfigRefused and its message names
/// `file_name`, the line and the key; an unknown key under auth, security or repositories is a fault,
/// elsewhere a line in `warnings` (SEC:F4). On a fault `config` may have been changed in part; throw it away.
Status read_yaml(std::string_view text, const std::string& file_name, Source source, Config& config,
                 Provenance& provenance, std::vector<std::string>& warnings);

/// The text of the shipped config.yaml, compiled in.
std::string_view shipped_yaml();
/// The posture `documented`: the shipped file over the built-in values.
const Config& documented();

/// The effective settings as YAML that read_yaml takes back, each key with its source as a comment. It holds
/// no secret: tokens are not settings.
std::string dump_yaml(const Config& config, const Provenance& provenance);

/// Text of one value, as the dump shows it; empty when there is no such key.
std::string value_text(const Config& config, const std::string& key);

/// The page docs/reference/configuration.md: every key with type, built-in value, shipped value and meaning.
std::string reference_page();

}  // namespace patchbay::config
