#include "patchbay/codex/codex_engine.h"

#include <sys/stat.h>

#include <algorithm>

#include "codex/argv.h"
#include "codex/config_overrides.h"
#include "codex/environment.h"
#include "codex/executable.h"
#include "codex/grammar.h"
#include "codex/login.h"
#include "codex/startup_gate.h"
#include "codex/turn_options.h"
#include "patchbay/base/guarded.h"
#include "patchbay/base/ids.h"
#include "patchbay/base/text.h"
#include "patchbay/codex/event_interpreter.h"
#include "patchbay/codex/models.h"
#include "patchbay/codex/turn_result.h"
#include "patchbay/os/file.h"

namespace patchbay::codex {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostPromptCharacters = 1'048'576;
constexpr auto kAnswerAge = 60s;
constexpr std::size_t kProbeOutput = 64 * 1024;
constexpr char kDefaultPath[] = "/usr/local/bin:/usr/bin:/bin";

Error invalid(std::string message, std::string hint = {}) {
  return Error{ErrorCode::kInvalidArgument, std::move(message), std::move(hint), {}};
}

std::size_t count_characters(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

Status check_prompt(const runner::TurnRequest& request) {
  if (request.prompt.empty() && request.resume_session.empty()) {
    return Error{ErrorCode::kMissingArgument, "a new conversation needs a prompt", {}, {}};
  }
  if (!is_valid_utf8(request.prompt)) return invalid("the prompt is not valid UTF-8");
  if (count_characters(request.prompt) > kMostPromptCharacters) {
    return Error{ErrorCode::kContentTooLarge,
                 "the prompt is longer than the 1,048,576 characters Codex takes",
                 "Shorten the brief, or give less context.",
                 {}};
  }
  return {};
}

/// Grammar of everything that is neither an option nor a path (SEC:C2).
Status check_values(const runner::TurnRequest& request) {
  if (!request.model.empty() && !is_model_name(request.model)) return invalid("model is not a model name");
  if (!request.reasoning_effort.empty() && !is_effort_name(request.reasoning_effort)) {
    return invalid("reasoning_effort is not an effort name");
  }
  if (!request.sandbox.empty() && !is_sandbox_mode(request.sandbox)) {
    return invalid("sandbox must be read-only, workspace-write or danger-full-access");
  }
  if (!request.resume_session.empty() && !is_uuid(request.resume_session)) {
    return invalid("a conversation to resume is named by its UUID");
  }
  if (!request.cwd.starts_with('/') || !os::is_directory(request.cwd)) {
    return Error{ErrorCode::kWorkspaceMissing, "the folder to work in does not exist", {}, request.cwd};
  }
  return {};
}

enum class PathKind { kImage, kFolder };

Result<std::string> checked_path(const PathCheck& check, PathKind kind, const std::string& path,
                                 const std::string& cwd) {
  const char* option = kind == PathKind::kImage ? "images" : "add_dirs";
  if (!check) return Error{ErrorCode::kRootNotAllowed, fmt::format("{} may not be used here", option), {}, {}};
  auto checked = check(path.starts_with('/') ? path : os::join(cwd, path));
  if (!checked && checked.error().code == ErrorCode::kNotFound) {
    return Error{ErrorCode::kNotFound,
                 fmt::format("{} names {}, which does not exist.", option, display_safe(path)),
                 "Relative paths count from the workspace.",
                 {}};
  }
  std::string canonical = PB_TRY(std::move(checked));
  struct stat st {};
  const bool exists = ::stat(canonical.c_str(), &st) == 0;
  if (!canonical.starts_with('/') || !exists || has_control_character(canonical)) {
    return invalid(fmt::format("{} names something that cannot be used", option));
  }
  if (kind == PathKind::kFolder) {
    if (!S_ISDIR(st.st_mode)) return invalid("add_dirs takes folders only");
    return canonical;
  }
  if (!S_ISREG(st.st_mode)) return invalid("images takes regular files only");
  // Codex splits the value of --image at commas: "x,/etc/passwd" would attach a file nobody checked.
  if (canonical.find(',') != std::string::npos) return invalid("an image's path may not hold a comma");
  return canonical;
}

Result<std::vector<std::string>> checked_paths(const PathCheck& check, PathKind kind,
                                               const std::vector<std::string>& paths, const std::string& cwd) {
  std::vector<std::string> out;
  for (const std::string& path : paths) out.push_back(PB_TRY(checked_path(check, kind, path, cwd)));
  return out;
}

/// The override for `network`, empty when the sandbox already does what is asked; a refusal when it cannot.
Result<std::string> network_override(const TurnOptions& options, const std::string& sandbox) {
  if (!options.network) return std::string();
  const bool wanted = *options.network;
  if (sandbox == "workspace-write") {
    return fmt::format("sandbox_workspace_write.network_access={}", wanted);
  }
  const bool available = sandbox == "danger-full-access";
  if (wanted == available) return std::string();
  return invalid(fmt::format("network: {} is not possible in the sandbox {}", wanted, sandbox),
                 "Use the sandbox workspace-write with it.");
}

/// Every `-c`, the last of a key wins: our default, the request's own, then the options that were checked.
Result<std::vector<std::string>> all_overrides(const runner::TurnRequest& request, const TurnOptions& options,
                                               const std::string& sandbox) {
  std::vector<std::string> out;
  // /tmp is everybody's; a turn has a folder for temporary files of its own (SEC:W8). A request may say otherwise.
  if (sandbox == "workspace-write") out.push_back("sandbox_workspace_write.exclude_slash_tmp=true");
  out.insert(out.end(), options.config_overrides.begin(), options.config_overrides.end());
  if (!request.reasoning_effort.empty()) {
    out.push_back(fmt::format("model_reasoning_effort=\"{}\"", to_lower_ascii(request.reasoning_effort)));
  }
  if (options.search) {
    // 0.169.0 reads `web_search`; the other spelling is what earlier versions know.
    out.push_back(fmt::format("tools.web_search={}", *options.search));
    out.push_back(fmt::format("web_search=\"{}\"", *options.search ? "live" : "disabled"));
  }
  if (std::string network = PB_TRY(network_override(options, sandbox)); !network.empty()) {
    out.push_back(std::move(network));
  }
  return out;
}

std::string version_in(const std::string& output) {
  const std::string line(trim(std::string_view(output).substr(0, output.find('\n'))));
  const std::size_t space = line.rfind(' ');
  const std::string last = space == std::string::npos ? line : line.substr(space + 1);
  const bool numbered = !last.empty() && last[0] >= '0' && last[0] <= '9';
  return display_safe(utf8_prefix(numbered ? last : line, 80));
}

Result<Probe> judge_version(const Result<os::RunResult>& run, const std::string& path) {
  if (!run) return run.error();
  if (run->timed_out)
    return Error{ErrorCode::kTimeout, "codex --version did not answer in time", "Check the Codex installation.", path};
  if (run->status.signalled || run->status.code != 0)
    return Error{ErrorCode::kCodexCliMissing, "codex --version failed", "Install the Codex CLI again.", run->err};
  return Probe{path, version_in(run->out)};
}

}  // namespace

struct CodexEngine::State {
  struct Version {
    std::string stamp;
    MonoTime at{};
    Result<Probe> probe = Probe{};
  };
  struct Login {
    std::string stamp;
    MonoTime at{};
    LoginStatus status;
  };
  ExecutableFinder finder;
  Guarded<Version> version;
  Guarded<Login> login;
  std::mutex schema;
};

CodexEngine::CodexEngine(EngineOptions options) : options_(std::move(options)), state_(std::make_unique<State>()) {}

CodexEngine::~CodexEngine() = default;

os::Environment CodexEngine::environment() const {
  const os::Environment from = options_.environment ? *options_.environment : os::current_environment();
  std::vector<std::string> allowed = options_.allowed_env;
  for (std::string& name : login_variables(options_.codex_home, from)) allowed.push_back(std::move(name));
  os::Environment env = filter_environment(from, allowed, options_.secret_env);
  const auto meaningful = [&](const char* name, const std::string& otherwise) {
    if (const auto it = env.find(name); it != env.end() && !it->second.empty()) return;
    const auto it = from.find(name);
    env[name] = it != from.end() && !it->second.empty() ? it->second : otherwise;
  };
  meaningful("HOME", os::home_dir());
  meaningful("PATH", kDefaultPath);
  env["CODEX_HOME"] = options_.codex_home;
  return env;
}

Status CodexEngine::ensure_home() const {
  if (!options_.codex_home.starts_with('/')) {
    return Error{ErrorCode::kConfigRefused, "the Codex home is not an absolute path", {}, options_.codex_home};
  }
  // Codex refuses to start when CODEX_HOME names a folder that does not exist.
  return os::make_private_dirs(options_.codex_home);
}

Result<std::string> CodexEngine::schema_file() const {
  if (!options_.private_dir.starts_with('/')) {
    return Error{
        ErrorCode::kConfigRefused, "the folder for private files is not an absolute path", {}, options_.private_dir};
  }
  std::string path = os::join(options_.private_dir, "codex-output-schema.json");
  const std::string text = json::dump_pretty(output_schema()) + "\n";
  std::lock_guard lock(state_->schema);
  if (const auto present = os::read_file(path, 4 * text.size()); present && *present == text) return path;
  PB_TRY(os::make_private_dirs(options_.private_dir));
  PB_TRY(os::write_file_atomic(path, text));
  return path;
}

Result<Program> CodexEngine::program() const {
  return state_->finder.find(options_.executable, environment().at("PATH"));
}

Result<runner::Command> CodexEngine::command(const runner::TurnRequest& request, const std::string& job_dir) {
  PB_TRY(check_prompt(request));
  PB_TRY(check_values(request));
  const TurnOptions options = PB_TRY(parse_turn_options(request.options));
  if (options.dangerously_bypass && !options_.allow_dangerously_bypass) {
    return Error{ErrorCode::kModeNotPermitted,
                 "dangerously_bypass is disabled",
                 "Leave it out, or ask the operator for security.allow_dangerously_bypass.",
                 {}};
  }
  // No sandbox by another name; what the operator made the default needs no further permission.
  if (request.sandbox == "danger-full-access" && !options_.allow_dangerously_bypass &&
      options_.default_sandbox != request.sandbox) {
    return Error{ErrorCode::kModeNotPermitted,
                 "The sandbox danger-full-access is disabled",
                 "Use workspace-write, or ask the operator for security.allow_dangerously_bypass.",
                 {}};
  }
  PB_TRY(check_overrides(options.config_overrides, options_.allowed_config_override_prefixes,
                         options_.allow_dangerously_bypass));

  std::string sandbox = request.sandbox;
  if (sandbox.empty()) sandbox = options.full_auto ? "workspace-write" : options_.default_sandbox;
  const std::string inner = options.dangerously_bypass ? "danger-full-access" : sandbox;

  CommandLine line;
  line.program = PB_TRY(program()).path;
  line.bypass = options.dangerously_bypass;
  line.sandbox = sandbox;
  line.ignore_user_config = options.ignore_user_config || options_.ignore_user_config;
  if (request.pass_cwd) line.cd = request.cwd;
  if (request.structured_output) line.schema_file = PB_TRY(schema_file());
  line.json = options.json_events;
  line.model = request.model;
  line.images = PB_TRY(checked_paths(options_.check_path, PathKind::kImage, options.images, request.cwd));
  line.enable = options.enable;
  line.disable = options.disable;
  line.profile = options.profile;
  line.add_dirs = PB_TRY(checked_paths(options_.check_path, PathKind::kFolder, options.add_dirs, request.cwd));
  line.overrides = PB_TRY(all_overrides(request, options, inner));
  line.skip_git_repo_check = !request.in_git_repository;
  if (!job_dir.empty()) line.last_message_file = os::join(job_dir, "last-message.txt");
  line.resume_session = to_lower_ascii(request.resume_session);
  line.prompt_on_stdin = !request.prompt.empty();

  PB_TRY(ensure_home());
  runner::Command command;
  command.argv = build_argv(line);
  command.env = environment();
  command.cwd = request.cwd;
  command.prompt_on_stdin = line.prompt_on_stdin;
  command.effective_sandbox = widest_sandbox(inner, options.config_overrides);
  command.last_message_file = line.last_message_file;
  command.session_home = options_.codex_home;
  if (!job_dir.empty()) command.env["TMPDIR"] = command.temp_dir = os::join(job_dir, "tmp");
  if (options_.serialize_startup && !options_.gate_dir.empty() &&
      login_refreshes_tokens(options_.codex_home, command.env)) {
    PB_TRY(os::make_private_dirs(options_.gate_dir));
    command.startup_gate = startup_gate_file(options_.gate_dir, options_.codex_home);
  }
  return command;
}

std::unique_ptr<runner::Interpreter> CodexEngine::make_interpreter(const runner::InterpreterOptions& options) const {
  return std::make_unique<EventInterpreter>(options);
}

Result<os::RunResult> CodexEngine::run_helper(const std::vector<std::string>& arguments, std::chrono::seconds limit,
                                              std::size_t max_bytes) const {
  os::SpawnOptions spawn;
  spawn.argv.push_back(PB_TRY(program()).path);
  spawn.argv.insert(spawn.argv.end(), arguments.begin(), arguments.end());
  spawn.env = environment();
  spawn.cwd = "/";
  PB_TRY(ensure_home());
  return os::run(std::move(spawn), {}, std::chrono::steady_clock::now() + limit, max_bytes);
}

Result<Probe> CodexEngine::probe() const {
  const Program found = PB_TRY(program());
  const std::string stamp = file_stamp(found.path);
  auto version = state_->version.lock();
  const MonoTime now = std::chrono::steady_clock::now();
  const bool known = !stamp.empty() && version->stamp == stamp;
  if (known && (version->probe.ok() || now - version->at < kAnswerAge)) return version->probe;
  const auto run = run_helper({"--version"}, options_.answer_limit, kProbeOutput);
  *version = State::Version{stamp, now, judge_version(run, found.path)};
  return version->probe;
}

LoginStatus CodexEngine::login_status() const {
  const auto found = program();
  if (!found) return {LoginStatus::State::kUnknown, found.error().message + "."};
  const auto stamp_of = [&](const char* name) { return file_stamp(os::join(options_.codex_home, name)); };
  const std::string stamp = file_stamp(found->path) + stamp_of("auth.json") + stamp_of("config.toml");
  auto login = state_->login.lock();
  const MonoTime now = std::chrono::steady_clock::now();
  if (login->stamp == stamp && now - login->at < kAnswerAge) return login->status;
  const auto run = run_helper({"login", "status"}, options_.answer_limit, kProbeOutput);
  const LoginStatus status = run ? judge_login(*run, chosen_provider(options_.codex_home), environment())
                                 : LoginStatus{LoginStatus::State::kUnknown, run.error().message + "."};
  *login = State::Login{stamp, now, status};
  return status;
}

}  // namespace patchbay::codex
