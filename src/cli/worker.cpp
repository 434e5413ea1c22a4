#include <set>

#include "cli/actions.h"
#include "cli/launch_flags.h"
#include "cli/owner_client.h"
#include "patchbay/app/owner_link.h"
#include "patchbay/base/text.h"
#include "patchbay/os/file.h"

namespace patchbay::cli {
namespace {

constexpr char kWorker[] = "worker";
constexpr int kRefused = 1;
constexpr int kWaitPiece = 25;
constexpr auto kCallWithin = std::chrono::seconds(150);
/// What only looks, or waits for kWaitPiece at most, is answered long before that by an owner that is well.
constexpr auto kLookWithin = std::chrono::seconds(60);

struct WorkerFlags {
  std::string worker;
  std::optional<std::string> repo_path, file_path, cursor, scope, preview_token, takeover_reason, reason;
  std::string view = "report";
  std::vector<std::string> accepted_dirty_base;
  std::optional<int> wait_seconds, start_line, end_line, max_bytes;
  std::optional<int> timeout;
  bool json = false, active_only = false, owned_only = false, include_stopped = false;
  bool takeover = false, cleanup_workspace = false, force = false, discard = false, allow_dirty_base = false;
};

template <class T>
void put(Json& arguments, const char* name, const std::optional<T>& value) {
  if (value) arguments[name] = *value;
}
void put(Json& arguments, const char* name, bool value) {
  if (value) arguments[name] = true;
}

Result<std::string> named_folder(const std::string& path) {
  auto resolved = os::real_path(os::expand_home(path));
  if (resolved || resolved.error().code != ErrorCode::kNotFound) return resolved;
  return Error{ErrorCode::kNotFound, "--repo: there is no folder " + display_safe(path), {}, {}};
}

/// A relative path means this directory, not the owner's.
Result<Json> common_arguments(const WorkerFlags& flags) {
  Json arguments = Json::object();
  if (flags.repo_path) arguments["repo_path"] = PB_TRY(named_folder(*flags.repo_path));
  if (!flags.worker.empty()) arguments["worker"] = flags.worker;
  put(arguments, "takeover", flags.takeover);
  put(arguments, "takeover_reason", flags.takeover_reason);
  return arguments;
}

bool is_active(const Json& worker) {
  const std::string state = json::get_string(worker, "state");
  return state == "starting" || state == "working";
}

std::string list_text(const Json& reply) {
  const Json* workers = json::find(reply, "workers");
  if (workers == nullptr || workers->empty()) return "No workers.\n";
  std::string text = fmt::format("{:<24} {:<10} {:<16} {:<28} {}\n", "NAME", "STATE", "MODE", "ID", "WORKSPACE");
  for (const Json& w : *workers) {
    text += fmt::format("{:<24} {:<10} {:<16} {:<28} {}\n", display_safe(json::get_string(w, "name")),
                        json::get_string(w, "state"), json::get_string(w, "workspace_mode"),
                        json::get_string(w, "worker_id"), display_safe(json::get_string(w, "workspace_name")));
  }
  if (const auto cursor = json::find_string(reply, "next_cursor")) text += "More: --cursor " + *cursor + "\n";
  return text;
}

std::string change_lines(const Json& reply) {
  std::string text;
  if (const Json* files = json::find(reply, "changed_files"); files != nullptr && files->is_array()) {
    for (const Json& file : *files) text += "  " + display_safe(file.is_string() ? file.get<std::string>() : "") + "\n";
  }
  return text;
}

/// Text meant for a chat client, which asks its user and has arguments where this command has flags.
bool speaks_to_a_chat(std::string_view text) { return text.find("takeover=true") != std::string_view::npos; }

/// What a person wants to know of a reply about one worker.
std::string worker_text(const Json& reply) {
  std::string text = fmt::format("{} ({}): {}\n", display_safe(json::get_string(reply, "name")),
                                 json::get_string(reply, "worker_id"), json::get_string(reply, "state"));
  std::set<std::string> told;
  for (const char* member : {"status_line", "ownership_note", "note", "required_action", "conflict_summary"}) {
    auto value = json::find_string(reply, member);
    if (value && speaks_to_a_chat(*value))
      value = "Another conversation uses this worker; commands that change it need --takeover.";
    if (value && !value->empty() && told.insert(*value).second) text += display_safe(*value, true) + "\n";
  }
  if (const Json* applied = json::find(reply, "applied"); applied != nullptr && applied->is_boolean()) {
    text += fmt::format("applied: {}, can apply: {}, check: {}\n", applied->get<bool>(),
                        json::get_bool(reply, "can_apply"), json::get_string(reply, "apply_check"));
  }
  text += change_lines(reply);
  const std::string view = json::get_string(reply, "view");
  const char* body = view == "diff" ? "diff" : view == "file" ? "text" : view == "report" ? "report" : nullptr;
  if (body != nullptr) text += "\n" + display_safe(json::get_string(reply, body), true) + "\n";
  if (const auto cursor = json::find_string(reply, "next_cursor")) text += "More: --cursor " + *cursor + "\n";
  if (const auto token = json::find_string(reply, "preview_token"))
    text += "Apply exactly this: --preview-token " + *token + "\n";
  return text;
}

/// The flag of this command that stands for the argument which a reply to a chat client names.
const char* way_out(std::string_view refused) {
  if (refused == name_of(ErrorCode::kTakeoverRequired))
    return "Add --takeover if that is intended; --takeover-reason TEXT notes why.\n";
  if (refused == name_of(ErrorCode::kBaseDirty)) return "Look at --allow-dirty-base and --accept-dirty.\n";
  return "";
}

/// `body`, whose errors are told to a person at a terminal, who has not the tools of the chat client.
template <Result<int> (*body)(const WorkerFlags&)>
Result<int> for_operator(const WorkerFlags& flags) {
  const auto done = body(flags);
  if (done) return *done;
  Error error = done.error();
  if (error.code == ErrorCode::kWorkerNotFound || error.code == ErrorCode::kWorkerAmbiguous)
    error.hint = "`patchbay worker list` shows the workers, their names and ids.";
  return error;
}

/// Prints the reply; a refusal inside it is exit code 1.
int show(const WorkerFlags& flags, const Json& reply, std::string (*text)(const Json&)) {
  print(flags.json ? json::dump_pretty(reply) + "\n" : text(reply));
  const auto refused = json::find_string(reply, "error_code");
  if (!refused) return 0;
  if (!flags.json) std::fprintf(stderr, "patchbay worker: refused (%s)\n%s", refused->c_str(), way_out(*refused));
  return kRefused;
}

Result<int> list(const WorkerFlags& flags) {
  Json arguments = PB_TRY(common_arguments(flags));
  put(arguments, "active_only", flags.active_only);
  put(arguments, "owned_only", flags.owned_only);
  put(arguments, "include_stopped", flags.include_stopped);
  put(arguments, "cursor", flags.cursor);
  // A person at this machine asks about everything, not about one conversation.
  arguments["scope"] = flags.scope.value_or("history");
  OwnerClient owner = PB_TRY(OwnerClient::connect());
  return show(flags, PB_TRY(owner.call("codex_worker_list", arguments, kLookWithin)), &list_text);
}

Result<int> inspect(const WorkerFlags& flags) {
  Json arguments = PB_TRY(common_arguments(flags));
  arguments["view"] = flags.view;
  put(arguments, "wait_seconds", flags.wait_seconds);
  put(arguments, "file_path", flags.file_path);
  put(arguments, "start_line", flags.start_line);
  put(arguments, "end_line", flags.end_line);
  put(arguments, "max_bytes", flags.max_bytes);
  put(arguments, "cursor", flags.cursor);
  OwnerClient owner = PB_TRY(OwnerClient::connect());
  return show(flags, PB_TRY(owner.call("codex_worker_inspect", arguments, kLookWithin)), &worker_text);
}

/// The last reply about the worker: it rests, or the deadline has passed.
Result<Json> wait_for_one(OwnerClient& owner, Json arguments, MonoTime deadline) {
  arguments["view"] = "status";
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::seconds>(deadline - std::chrono::steady_clock::now()).count();
    arguments["wait_seconds"] = static_cast<int>(std::clamp<std::int64_t>(left, 0, kWaitPiece));
    Json reply = PB_TRY(owner.call("codex_worker_inspect", arguments, kLookWithin));
    if (!is_active(reply) || std::chrono::steady_clock::now() >= deadline) return reply;
  }
}

/// Workers with a running turn, of every conversation.
Result<Json> active_workers(OwnerClient& owner, const WorkerFlags& flags) {
  Json arguments = PB_TRY(common_arguments(flags));
  arguments["scope"] = "history";
  arguments["active_only"] = true;
  return owner.call("codex_worker_list", arguments, kLookWithin);
}

/// Every worker that is active now, and those that become so meanwhile.
Result<int> wait_for_all(OwnerClient& owner, const WorkerFlags& flags, MonoTime deadline) {
  for (;;) {
    const Json reply = PB_TRY(active_workers(owner, flags));
    const Json* workers = json::find(reply, "workers");
    const bool busy = workers != nullptr && !workers->empty();
    if (!busy) {
      print(flags.json ? json::dump_pretty(reply) + "\n" : "No worker is busy.\n");
      return 0;
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      print(flags.json ? json::dump_pretty(reply) + "\n" : list_text(reply));
      return kRefused;
    }
    PB_TRY(wait_for_one(owner, Json{{"worker", json::get_string(workers->front(), "worker_id")}}, deadline));
  }
}

/// Until the worker, or without a name every worker, rests; 1 when the time is over first.
Result<int> wait(const WorkerFlags& flags) {
  if (flags.timeout.value_or(0) < 0) return Error{ErrorCode::kUsage, "--timeout must not be negative", {}, {}};
  const MonoTime deadline =
      flags.timeout ? std::chrono::steady_clock::now() + std::chrono::seconds(*flags.timeout) : MonoTime::max();
  OwnerClient owner = PB_TRY(OwnerClient::connect());
  if (flags.worker.empty()) return wait_for_all(owner, flags, deadline);
  const Json arguments = PB_TRY(common_arguments(flags));
  const Json reply = PB_TRY(wait_for_one(owner, arguments, deadline));
  const int code = show(flags, reply, &worker_text);
  return is_active(reply) ? kRefused : code;
}

Result<int> stop(const WorkerFlags& flags) {
  Json arguments = PB_TRY(common_arguments(flags));
  put(arguments, "cleanup_workspace", flags.cleanup_workspace);
  put(arguments, "force", flags.force);
  put(arguments, "discard_unintegrated_changes", flags.discard);
  put(arguments, "reason", flags.reason);
  OwnerClient owner = PB_TRY(OwnerClient::connect());
  return show(flags, PB_TRY(owner.call("codex_worker_stop", arguments, kCallWithin)), &worker_text);
}

Result<int> integrate(const WorkerFlags& flags) {
  Json arguments = PB_TRY(common_arguments(flags));
  put(arguments, "allow_dirty_base", flags.allow_dirty_base);
  if (!flags.accepted_dirty_base.empty()) arguments["accepted_dirty_base"] = flags.accepted_dirty_base;
  put(arguments, "preview_token", flags.preview_token);
  OwnerClient owner = PB_TRY(OwnerClient::connect());
  return show(flags, PB_TRY(owner.call("codex_worker_integrate", arguments, kCallWithin)), &worker_text);
}

/// Not a tool of the chat client: only the operator brings discarded work back.
Result<int> restore(const WorkerFlags& flags) {
  Json request = PB_TRY(common_arguments(flags));
  request["control"] = "restore";
  // Reaching it first starts an owner when none runs.
  const OwnerClient owner = PB_TRY(OwnerClient::connect());
  const config::Home home = PB_TRY(config::Home::locate(os::current_environment(), working_directory()));
  return show(flags, PB_TRY(app::ask_owner(home, request, kCallWithin)), &worker_text);
}

using Flags = std::shared_ptr<WorkerFlags>;

void add_common(CLI::App& app, const Flags& flags) {
  app.add_flag("--json", flags->json, "Print the whole reply as JSON");
  app.add_option("--repo", flags->repo_path, "Workspace of the worker")->option_text("DIR");
}
void add_name(CLI::App& app, const Flags& flags) { app.add_option("worker", flags->worker, "Name or id")->required(); }
void add_takeover(CLI::App& app, const Flags& flags) {
  app.add_flag("--takeover", flags->takeover, "Go on although the worker belongs to another conversation");
  app.add_option("--takeover-reason", flags->takeover_reason, "Why, for the audit log")->option_text("TEXT");
}

void declare_list(CLI::App& app, const Flags& flags) {
  app.add_flag("--active", flags->active_only, "Only workers with a running turn");
  app.add_flag("--owned", flags->owned_only, "Only workers of this operator");
  app.add_flag("--stopped", flags->include_stopped, "Stopped workers too");
  app.add_option("--scope", flags->scope, "current, conversation, recent or history")->option_text("SCOPE");
  app.add_option("--cursor", flags->cursor, "Continue an earlier list")->option_text("CURSOR");
}
void declare_inspect(CLI::App& app, const Flags& flags) {
  add_name(app, flags);
  app.add_option("--view", flags->view, "report, status, changes, diff, file or integration_preview")
      ->option_text("VIEW");
  app.add_option("--file", flags->file_path, "File of a diff or file view")->option_text("PATH");
  app.add_option("--start-line", flags->start_line, "First line of a file")->option_text("N");
  app.add_option("--end-line", flags->end_line, "Last line of a file")->option_text("N");
  app.add_option("--max-bytes", flags->max_bytes, "Size of a page")->option_text("N");
  app.add_option("--cursor", flags->cursor, "Next page of a diff")->option_text("CURSOR");
  app.add_option("--wait-seconds", flags->wait_seconds, "Wait for the turn to end, at most 25")->option_text("N");
}
void declare_wait(CLI::App& app, const Flags& flags) {
  app.add_option("worker", flags->worker, "Name or id; without one: every worker");
  app.add_option("--timeout", flags->timeout, "Seconds, 0 for a look; without it there is no limit")->option_text("N");
}
void declare_stop(CLI::App& app, const Flags& flags) {
  add_name(app, flags);
  app.add_flag("--cleanup-workspace", flags->cleanup_workspace,
               "Also remove its worktree; `worker restore` brings it back");
  app.add_flag("--discard-unintegrated-changes", flags->discard,
               "Confirm the removal of changes that were not integrated");
  app.add_flag("--force", flags->force, "Stop although a turn just began");
  app.add_option("--reason", flags->reason, "Why, for the record")->option_text("TEXT");
  add_takeover(app, flags);
}
void declare_integrate(CLI::App& app, const Flags& flags) {
  add_name(app, flags);
  app.add_option("--preview-token", flags->preview_token, "Apply exactly what this preview showed")
      ->option_text("TOKEN");
  app.add_flag("--allow-dirty-base", flags->allow_dirty_base, "Apply beside uncommitted edits of the checkout");
  app.add_option("--accept-dirty", flags->accepted_dirty_base, "Glob of dirty files that may stay; may be repeated")
      ->option_text("GLOB")
      ->expected(1)
      ->take_all();
  add_takeover(app, flags);
}
void declare_restore(CLI::App& app, const Flags& flags) { add_name(app, flags); }

constexpr Action<WorkerFlags> kActions[] = {
    {"list", "all workers of this home", &declare_list, &for_operator<&list>},
    {"show", "one worker: its state and its report", &declare_inspect, &for_operator<&inspect>},
    {"inspect", "the same as show", &declare_inspect, &for_operator<&inspect>},
    {"wait", "wait until a worker, or every one, rests", &declare_wait, &for_operator<&wait>},
    {"stop", "stop a worker", &declare_stop, &for_operator<&stop>},
    {"integrate", "put a worker's changes into the checkout", &declare_integrate, &for_operator<&integrate>},
    {"restore", "bring back the worktree of a worker that was cleaned up", &declare_restore, &for_operator<&restore>},
};

}  // namespace

Command worker_command() {
  return {kWorker, "see and steer the workers of this home", [](CLI::App& app) -> std::function<int()> {
            return declare_actions<WorkerFlags>(app, kWorker, kActions, &add_common);
          }};
}

}  // namespace patchbay::cli
