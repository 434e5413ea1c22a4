#include "config/fields.h"

#include "config/words.h"
#include "patchbay/base/text.h"

namespace patchbay::config {
namespace {

constexpr Range kCount{0, 1'000'000};
constexpr Range kAtLeastOne{1, 1'000'000};
constexpr Range kBytes{1, 1 << 30};
constexpr Range kBytesOrNone{0, 1e13};
constexpr Range kSeconds{0, 1e8};
constexpr Range kMilliseconds{1, 86'400'000};
constexpr Rules kNoEffect{.no_effect = true};
constexpr std::string_view kWriting = "no tool writes files";
constexpr std::string_view kCommands = "no tool runs commands";
constexpr std::string_view kTranscripts = "no tool reads transcripts";
constexpr std::string_view kHandoff = "no tool writes handoff files";
constexpr std::string_view kSkills = "no tool loads skills";
constexpr std::string_view kArtifacts = "there is no artifact inbox";
constexpr std::string_view kTunnels = "no command opens a tunnel";

template <class E>
EnumRef words(E& member) {
  return {word_list<E>(), [&member] { return std::string(word_of(member)); },
          [&member](std::string_view text) {
            const auto v = from_word<E>(text);
            if (v) member = *v;
            return v.has_value();
          }};
}
template <class E>
EnumRef words(std::optional<E>& member) {
  return {word_list<E>(), [&member] { return member ? std::string(word_of(*member)) : std::string(); },
          [&member](std::string_view text) {
            const auto v = from_word<E>(text);
            if (v) member = *v;
            return v.has_value();
          }};
}

std::string check_session_id(std::string_view text) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  if (text.empty()) return {};
  const bool good = text.size() <= 64 && plain(text[0]) && std::all_of(text.begin(), text.end(), [&](char c) {
                      return plain(c) || c == '.' || c == '_' || c == '-';
                    });
  return good ? "" : "must be 1 to 64 letters, digits, dots, underscores and hyphens";
}

std::string check_parameter_name(std::string_view text) {
  const auto plain = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.'; };
  const bool good = !text.empty() && text.size() <= 64 && std::ranges::all_of(text, plain);
  return good ? "" : "must be 1 to 64 letters, digits, dots, underscores and hyphens";
}

std::string check_https_origin(std::string_view text) {
  constexpr std::string_view kScheme = "https://";
  const bool good = text.starts_with(kScheme) && text.size() > kScheme.size() &&
                    text.find_first_of("/?#@ \t", kScheme.size()) == std::string_view::npos;
  return good ? "" : "must be an https origin without path, for example https://example.org";
}

std::string check_environment_name(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto part = [&](char c) { return letter(c) || (c >= '0' && c <= '9'); };
  if (text.empty()) return {};
  return letter(text[0]) && std::all_of(text.begin(), text.end(), part)
             ? ""
             : "must be the name of an environment variable, never a token itself";
}

std::string check_relative_folder(std::string_view text) {
  if (text.starts_with('/')) return "must be relative to the workspace";
  for (const std::string_view part : split(text, '/')) {
    if (part == "..") return "must stay inside the workspace";
  }
  return {};
}

using Out = std::vector<Field>;

void add_server(Server& s, Out& out) {
  const auto f = [&](std::string_view key, ValueRef v, std::string_view about, Rules r = {}) {
    out.push_back({"server", key, std::move(v), about, r});
  };
  f("host", &s.host, "Address to listen on. Anything but loopback counts as exposed and needs a token.",
    {.not_blank = true});
  f("port", &s.port, "TCP port of the HTTP endpoint; 0 takes any free one.", {.range = Range{0, 65535}});
  f("max_concurrent_jobs", &s.max_concurrent_jobs, "Jobs at once; further ones are refused. 0: no limit.",
    {.range = Range{0, 10'000}});
  f("job_timeout_seconds", &s.job_timeout_seconds, "Longest turn. 0, none or never: no limit.",
    {.range = kSeconds, .off_words = true});
  f("stale_running_job_grace_seconds", &s.stale_running_job_grace_seconds,
    "How long a running job may be without any sign of its process before it is failed.",
    {.range = kSeconds, .no_effect = true});
  f("job_cleanup_after_hours", &s.job_cleanup_after_hours, "Age at which finished jobs without a worker go.",
    {.range = kSeconds});
  f("max_request_bytes", &s.max_request_bytes, "Largest HTTP body and stdio line.", {.range = kBytes});
  f("enable_cors", &s.enable_cors, "Answer cross-origin requests of allowed_origins.");
  f("allowed_origins", &s.allowed_origins, "Browser origins that may call, besides loopback ones.");
  f("allowed_hosts", &s.allowed_hosts, "Further names accepted in the Host header; required for a non-loopback bind.");
  f("tool_mode", words(s.tool_mode), "Used when neither app nor mcp names a tool mode.");
  f("queue_enabled", &s.queue_enabled, "Queue jobs above the limit instead of refusing them.");
  f("codex_session_start_timeout_seconds", &s.codex_session_start_timeout_seconds,
    "Longest wait for a turn's session to begin. 0: no limit.", {.range = kSeconds});
  f("codex_startup_serialization_enabled", &s.codex_startup_serialization_enabled,
    "Start turns one after another while the login may refresh its tokens.");
  f("codex_post_completion_exit_grace_seconds", &s.codex_post_completion_exit_grace_seconds,
    "Time Codex gets to exit after its last event.", {.range = kSeconds});
  f("codex_post_completion_cleanup_timeout_seconds", &s.codex_post_completion_cleanup_timeout_seconds,
    "Time to end what a finished turn left running.", {.range = kSeconds});
  f("max_threads", &s.max_threads, "Threads of the HTTP server.", {.range = Range{4, 10'000}});
  f("max_connections", &s.max_connections, "Connections to the HTTP server at once.", {.range = Range{4, 10'000}});
  f("max_streams", &s.max_streams, "Event streams at once.", {.range = Range{1, 10'000}});
  f("max_waiting_calls", &s.max_waiting_calls, "Calls that wait for a state change at once.",
    {.range = Range{1, 10'000}});
  f("max_running_calls", &s.max_running_calls, "Tool calls at once.", {.range = Range{1, 10'000}});
  f("max_running_calls_per_credential", &s.max_running_calls_per_credential, "Tool calls at once of one token.",
    {.range = Range{1, 10'000}});
  f("requests_per_minute", &s.requests_per_minute, "Rate limit per token. 0: off; an exposed start uses 600.",
    {.range = kCount});
  f("max_sessions", &s.max_sessions, "MCP sessions kept.", {.range = Range{1, 100'000}});
  f("session_idle_minutes", &s.session_idle_minutes, "Idle time after which an MCP session ends.",
    {.range = Range{1, 100'000}});
  f("owner_idle_minutes", &s.owner_idle_minutes, "Idle time after which a background owner without HTTP leaves.",
    {.range = Range{0.01, 100'000}});
}

void add_app(App& a, Out& out) {
  const auto f = [&](std::string_view key, ValueRef v, std::string_view about, Rules r = {}) {
    out.push_back({"app", key, std::move(v), about, r});
  };
  f("tool_mode", words(a.tool_mode), "Which tools are listed. Absent everywhere: worker.");
  f("max_tool_mode", words(a.max_tool_mode), "Widest mode that a client may switch to.");
  f("allow_tool_mode_switch", &a.allow_tool_mode_switch, "Let a client change its own mode.");
  f("allow_url_mode_switch", &a.allow_url_mode_switch, "Let a client change the mode of its whole URL for an hour.");
  f("tool_cards", &a.tool_cards, "Offer the card resource that shows results in chat apps.");
  f("widget_domain", &a.widget_domain, "Origin in which a chat app shows the card.", {.check = &check_https_origin});
  f("work_run_idle_seconds", &a.work_run_idle_seconds, "Idle time after which a run of work counts as ended.",
    {.range = Range{60, 1e8}, .no_effect = true});
}

void add_mcp(Mcp& m, Out& out) {
  const auto f = [&](std::string_view key, ValueRef v, std::string_view about, Rules r = {}) {
    out.push_back({"mcp", key, std::move(v), about, r});
  };
  f("tool_mode", words(m.tool_mode), "Used when app names no tool mode.");
  f("page_bytes", &m.page_bytes, "Page of a reading tool when the call names no size.", {.range = Range{256, 4 << 20}});
  f("max_result_bytes", &m.max_result_bytes, "Longest text of one result.", {.range = Range{1024, 4 << 20}});
  f("stream_after_ms", &m.stream_after_ms, "Time after which a call answers as an event stream.",
    {.range = kMilliseconds});
  f("max_call_ms", &m.max_call_ms, "No tool works longer before it answers; 25000 behind the openai tunnel.",
    {.range = Range{3000, 600'000}});
  f("sessionless_legacy", &m.sessionless_legacy, "Serve old-revision requests that carry no session id.");
}

void add_auth(Auth& a, Out& out) {
  const auto f = [&](std::string_view key, ValueRef v, std::string_view about, Rules r = {}) {
    out.push_back({"auth", key, std::move(v), about, r});
  };
  f("enabled", &a.enabled, "Require a token also on loopback.");
  f("token_env", &a.token_env, "Variable asked for the token before PATCHBAY_HTTP_TOKEN and PATCHBAY_TOKEN.",
    {.check = &check_environment_name});
  f("allow_query_token", &a.allow_query_token, "Accept the token in the URL, for chat apps that cannot set a header.");
  f("query_token_names", &a.query_token_names, "URL parameters that may carry it; the first is used in printed URLs.",
    {.check = &check_parameter_name});
  f("token_file", &a.token_file, "File with the token, asked after the variables.");
  f("require_for_non_loopback", &a.require_for_non_loopback, "A non-loopback bind is a reason for a token.");
  f("require_for_tunnel", &a.require_for_tunnel, "A tunnel is a reason for a token.");
  f("tunnel_mode", words(a.tunnel_mode), "How the endpoint is published.");
}

void add_tunnel(Tunnel& t, Out& out) {
  const auto f = [&](std::string_view key, ValueRef v, std::string_view about, Rules r = {}) {
    out.push_back({"tunnel", key, std::move(v), about, r});
  };
  f("hostname", &t.hostname, "Stable public host name.");
  f("tunnel_name", &t.tunnel_name, "Name of a named Cloudflare tunnel.", {.waits_for = kTunnels});
  f("cloudflared", &t.cloudflared, "The cloudflared program: a name or a path.", {.waits_for = kTunnels});
  f("ngrok", &t.ngrok, "The ngrok program: a name or a path.", {.waits_for = kTunnels});
  f("cloudflare_config", &t.cloudflare_config, "Configuration file handed to cloudflared.", {.waits_for = kTunnels});
  f("cloudflare_token_file", &t.cloudflare_token_file, "File with the token of a named tunnel.",
    {.waits_for = kTunnels});
  f("cloudflare_token_env", &t.cloudflare_token_env, "Variable with the token of a named tunnel.",
    {.check = &check_environment_name});
  f("ngrok_config", &t.ngrok_config, "Configuration file handed to ngrok.", {.waits_for = kTunnels});
  f("timeout_seconds", &t.timeout_seconds, "Longest wait for the tunnel to come up.",
    {.range = Range{1, 300}, .waits_for = kTunnels});
  f("openai_client", &t.openai_client, "The operator's tunnel-client program for the mode openai.",
    {.waits_for = kTunnels});
}

void add_repositories(Repositories& r, Out& out) {
  const auto f = [&](std::string_view key, ValueRef v, std::string_view about, Rules rules = {}) {
    out.push_back({"repositories", key, std::move(v), about, rules});
  };
  f("default", &r.default_root,
    "Workspace of a call that names none. Absent: the current folder, or the first allowed.");
  f("allowed", &r.allowed, "Folders that tools may reach. Absent: the default alone. Empty: no tool reaches any.");
  f("aliases", &r.aliases,
    "Other spellings of a repository: canonical, local, description; or a map of canonical to local.");
  f("discovery_roots", &r.discovery_roots, "Folders searched for repositories to list.");
  f("max_discovery_depth", &r.max_discovery_depth, "How deep that search goes.", {.range = Range{0, 32}});
  f("max_discovery_results", &r.max_discovery_results, "How many it lists.", {.range = Range{1, 10'000}});
}

void add_security(Security& s, Out& out) {
  const auto f = [&](std::string_view key, ValueRef v, std::string_view about, Rules r = {}) {
    out.push_back({"security", key, std::move(v), about, r});
  };
  f("require_git_repo", &s.require_git_repo, "Refuse new workers and jobs in a workspace that is no git repository.");
  f("default_sandbox", words(s.default_sandbox), "Sandbox of a plan or interactive job that names none.");
  f("allow_dangerously_bypass", &s.allow_dangerously_bypass, "Let a call ask Codex to skip sandbox and approvals.");
  f("allowed_env_keys", &s.allowed_env_keys,
    "Variables that children inherit; a name may end in *. PATCHBAY_* and tunnel tokens never pass.");
  f("allowed_config_override_prefixes", &s.allowed_config_override_prefixes,
    "Codex settings a call may override, by prefix. A blank prefix allows every one.");
  f("context_dir", &s.context_dir, "Folder in a workspace for handoff files.",
    {.check = &check_relative_folder, .waits_for = kHandoff});
  f("max_read_bytes", &s.max_read_bytes, "Largest read of one file.", {.range = kBytes});
  f("max_write_bytes", &s.max_write_bytes, "Largest write of one file.", {.range = kBytes, .waits_for = kWriting});
  f("max_diff_bytes", &s.max_diff_bytes, "Largest diff shown.", {.range = kBytes});
  f("max_search_results", &s.max_search_results, "Hits of one search.", {.range = kAtLeastOne});
  f("max_tree_entries", &s.max_tree_entries, "Entries of one tree listing.", {.range = kAtLeastOne});
  f("max_skill_count", &s.max_skill_count, "Skills listed.", {.range = kAtLeastOne});
  f("max_skill_bytes", &s.max_skill_bytes, "Largest skill loaded.", {.range = kBytes, .waits_for = kSkills});
  f("blocked_globs", &s.blocked_globs,
    "Paths that workspace tools refuse. Absent: the built-in list. An empty list blocks nothing.");
  f("search_timeout_ms", &s.search_timeout_ms, "Time of one search.", {.range = kMilliseconds});
  f("max_search_timeout_ms", &s.max_search_timeout_ms, "Longest time a call may ask for.", {.range = kMilliseconds});
  f("strict_peer_uid", &s.strict_peer_uid,
    "Without a token: refuse a loopback peer whose user the kernel cannot tell.");
  f("allow_secret_writes", &s.allow_secret_writes, "Let tools write text that looks like a secret.",
    {.waits_for = kWriting});
}

void add_power_tools(PowerTools& p, Out& out) {
  const auto f = [&](std::string_view key, ValueRef v, std::string_view about, Rules r = {}) {
    out.push_back({"power_tools", key, std::move(v), about, r});
  };
  f("direct_write", &p.direct_write, "Offer codex_write_file and codex_edit_file.", {.waits_for = kWriting});
  f("bash_mode", words(p.bash_mode), "off hides codex_run_command, safe runs a list of commands, full runs any.",
    {.waits_for = kCommands});
  f("bash_transcript", &p.bash_transcript, "How chats are asked to show commands; reported, never acted on.",
    {.waits_for = kCommands});
  f("bash_session_id", &p.bash_session_id, "Label that a command call must repeat.",
    {.check = &check_session_id, .waits_for = kCommands});
  f("require_bash_session", &p.require_bash_session, "Refuse command calls without the label.",
    {.waits_for = kCommands});
  f("bash_timeout_ms", &p.bash_timeout_ms, "Time of a command when the call names none.",
    {.range = Range{1000, 86'400'000}, .waits_for = kCommands});
  f("bash_max_timeout_ms", &p.bash_max_timeout_ms, "Longest time a call may ask for.",
    {.range = Range{1000, 86'400'000}, .waits_for = kCommands});
  f("bash_max_output_bytes", &p.bash_max_output_bytes, "Output kept per stream.",
    {.range = Range{1000, 500'000}, .waits_for = kCommands});
  f("login_shell", &p.login_shell, "Start the shell of full mode as a login shell.", {.waits_for = kCommands});
  f("safe_commands", &p.safe_commands, "Further commands for safe mode.", {.waits_for = kCommands});
  f("codex_session_read", &p.codex_session_read, "Offer codex_read_session.", {.waits_for = kTranscripts});
  f("codex_home", &p.codex_home,
    "Codex's folder. Absent: CODEX_HOME, else ~/.codex. Blank: its sessions are not listed.");
  f("codex_session_max_messages", &p.codex_session_max_messages, "Messages of one transcript page.",
    {.range = kAtLeastOne, .waits_for = kTranscripts});
  f("codex_session_max_bytes", &p.codex_session_max_bytes, "Bytes of one transcript page.",
    {.range = kBytes, .waits_for = kTranscripts});
  f("codex_session_max_file_bytes", &p.codex_session_max_file_bytes, "Largest transcript opened.",
    {.range = kBytes, .waits_for = kTranscripts});
  f("codex_session_max_scan_files", &p.codex_session_max_scan_files, "Transcripts looked at per listing.",
    {.range = kAtLeastOne, .waits_for = kTranscripts});
  f("codex_session_max_scan_depth", &p.codex_session_max_scan_depth, "Folder levels looked at.",
    {.range = Range{1, 32}, .waits_for = kTranscripts});
}

void add_workers(Workers& w, Out& out) {
  const auto f = [&](std::string_view key, ValueRef v, std::string_view about, Rules r = {}) {
    out.push_back({"workers", key, std::move(v), about, r});
  };
  f("worktree_root", &w.worktree_root, "Folder for the worktrees of workers. Blank: <home>/worktrees.",
    {.other_name = "worktrees_dir"});
  f("ignore_user_config", &w.ignore_user_config, "Start Codex without the user's own configuration.");
  f("heartbeat_fresh_seconds", &w.heartbeat_fresh_seconds, "A worker heard of within this time is active.",
    {.range = kSeconds});
  f("heartbeat_quiet_seconds", &w.heartbeat_quiet_seconds, "One not heard of for this time may be stuck.",
    {.range = kSeconds});
  f("status_minimum_poll_seconds", &w.status_minimum_poll_seconds, "Shortest pause asked of a polling client.",
    {.range = kCount});
  f("status_recommended_poll_seconds", &w.status_recommended_poll_seconds, "Pause recommended to it.",
    {.range = kCount});
  f("stop_artifact_wait_seconds", &w.stop_artifact_wait_seconds, "Wait for the last output when a worker is stopped.",
    {.range = kSeconds, .no_effect = true});
  f("stop_confirmation_grace_seconds", &w.stop_confirmation_grace_seconds,
    "Time in which the first stop of a busy worker asks back. 0: it stops at once.", {.range = kSeconds});
  f("integration_preview_token_ttl_seconds", &w.integration_preview_token_ttl_seconds,
    "How long a preview can be accepted.", {.range = Range{1, 1e8}});
  f("git_filters", &w.git_filters, "Check out with the git program, so that filters such as LFS run.");
  f("snapshot_retention_days", &w.snapshot_retention_days, "How long snapshots of workers are kept.",
    {.range = Range{1, 36'500}});
  f("max_integration_bytes", &w.max_integration_bytes, "Largest change that can be integrated.",
    {.range = Range{1, 1e12}});
  f("shared_write_policy", words(w.shared_write_policy), "Whether workers in the base checkout take turns.");
}

void add_artifacts(Artifacts& a, Out& out) {
  const auto f = [&](std::string_view key, ValueRef v, std::string_view about, Rules r = {}) {
    out.push_back({"artifacts", key, std::move(v), about, r});
  };
  f("enabled", &a.enabled, "Offer the artifact inbox.", {.waits_for = kArtifacts});
  // Not waits_for: the settings that a start writes down name this folder though nobody chose it.
  f("root", &a.root,
    "Folder of the inbox. Blank: <home>/runtime/artifacts. Has no effect yet: there is no artifact inbox.");
  f("allowed_download_schemes", &a.allowed_download_schemes, "URL schemes that may be fetched.",
    {.waits_for = kArtifacts});
  f("download_timeout_seconds", &a.download_timeout_seconds, "Time of one download.",
    {.range = Range{1, 3600}, .waits_for = kArtifacts});
  f("max_archive_bytes", &a.max_archive_bytes, "Largest download. 0: no limit.",
    {.range = kBytesOrNone, .waits_for = kArtifacts});
  f("max_unpacked_bytes", &a.max_unpacked_bytes, "Bytes of an unpacked archive. 0: no limit.",
    {.range = kBytesOrNone, .waits_for = kArtifacts});
  f("max_file_count", &a.max_file_count, "Files in an archive. 0: no limit.",
    {.range = kBytesOrNone, .waits_for = kArtifacts});
  f("max_single_file_bytes", &a.max_single_file_bytes, "Largest file in an archive. 0: no limit.",
    {.range = kBytesOrNone, .waits_for = kArtifacts});
  f("allow_private_hosts", &a.allow_private_hosts, "Hosts that may be fetched although their address is private.",
    {.waits_for = kArtifacts});
  f("retention_days", &a.retention_days, "Age at which artifacts go. 0: never.",
    {.range = Range{0, 36'500}, .waits_for = kArtifacts});
}

void add_logging(Logging& l, Out& out) {
  const auto f = [&](std::string_view key, ValueRef v, std::string_view about, Rules r = {}) {
    out.push_back({"logging", key, std::move(v), about, r});
  };
  f("level", words(l.level), "What the program's own log holds.");
  f("audit_file", &l.audit_file, "The audit log. Blank: <home>/runtime/logs/audit.log.");
  f("job_logs_dir", &l.job_logs_dir, "Folder for output of jobs. Blank: each job's own folder.", kNoEffect);
  f("job_state_dir", &l.job_state_dir, "Folder of the job folders. Blank: <home>/runtime/jobs.");
  f("worktrees_dir", &l.worktrees_dir, "Folder for worktrees of apply jobs. Blank: <home>/runtime/worktrees/jobs.");
  f("job_log_max_bytes", &l.job_log_max_bytes, "Output kept per job and stream.", {.range = kBytes});
  f("write_raw_job_logs", &l.write_raw_job_logs, "Keep output as it came: not redacted, not cut.");
  f("access_log", &l.access_log, "Log every HTTP request.");
  f("log_prompt_bodies", &l.log_prompt_bodies, "Write prompts to the audit log.", kNoEffect);
  f("log_response_bodies", &l.log_response_bodies, "Write whole results to the audit log.", kNoEffect);
  f("private_evidence_dir", &l.private_evidence_dir, "Folder for the three switches below.", kNoEffect);
  f("private_evidence_log", &l.private_evidence_log, "Keep a full event log there.", kNoEffect);
  f("store_job_prompts", &l.store_job_prompts, "Keep prompts there.", kNoEffect);
  f("store_mcp_transcripts", &l.store_mcp_transcripts, "Keep what went over the wire there.", kNoEffect);
  f("process_capture_max_bytes", &l.process_capture_max_bytes, "Output of a turn that is read and kept per stream.",
    {.range = Range{1000, 64'000'000}});
  f("process_event_line_max_bytes", &l.process_event_line_max_bytes, "Longest event line that is parsed.",
    {.range = Range{1000, 64'000'000}});
}

void add_small_sections(Config& c, Out& out) {
  out.push_back({"locks", "root", &c.locks.root, "Folder of the repository locks. Blank: <home>/runtime/locks."});
  out.push_back({"ownership", "scope", words(c.ownership.scope), "Who counts as the owner of a worker."});
  out.push_back({"ownership",
                 "idle_minutes",
                 &c.ownership.idle_minutes,
                 "A conversation not seen for this long owns nothing that others cannot go on with.",
                 {.range = Range{0, 1e7}}});
  out.push_back({"codex", "executable", &c.codex.executable, "The Codex program. Blank: codex on PATH."});
  out.push_back({"context",
                 "gitignore",
                 &c.context.gitignore,
                 "Give the folder of handoff files a .gitignore of its own.",
                 {.waits_for = kHandoff}});
}

}  // namespace

const std::vector<Section>& sections() {
  static const std::vector<Section> all = {
      {"server", "The HTTP endpoint, job capacity and limits.", false},
      {"app", "What a client sees.", false},
      {"mcp", "Sizes and times on the wire.", false},
      {"auth", "Who has to show a token.", true},
      {"tunnel", "Programs that publish the endpoint.", false},
      {"repositories", "Where tools may go.", true},
      {"security", "What tools and children may do.", true},
      {"power_tools", "Tools that write, run and read transcripts.", false},
      {"workers", "Named workers.", false},
      {"artifacts", "The artifact inbox.", false},
      {"locks", "Locks of the base checkouts.", false},
      {"ownership", "Who may change a worker.", false},
      {"logging", "Logs and what they hold.", false},
      {"codex", "The Codex program.", false},
      {"context", "Handoff files.", false},
  };
  return all;
}

std::vector<Field> fields_of(Config& c) {
  std::vector<Field> out;
  out.reserve(160);
  add_server(c.server, out);
  add_app(c.app, out);
  add_mcp(c.mcp, out);
  add_auth(c.auth, out);
  add_tunnel(c.tunnel, out);
  add_repositories(c.repositories, out);
  add_security(c.security, out);
  add_power_tools(c.power_tools, out);
  add_workers(c.workers, out);
  add_artifacts(c.artifacts, out);
  add_logging(c.logging, out);
  add_small_sections(c, out);
  return out;
}

bool is_retired(std::string_view path) { return path == "repositories.projects_base"; }

}  // namespace patchbay::config
