#include "demo/tour.h"

#include "patchbay/base/text.h"

namespace patchbay::demo {
namespace {

constexpr const char* kWorkerName = "Juniper";
constexpr const char* kBrief =
    "Add a file greeting.txt that greets the visitors of the tea house in three languages, one line each, "
    "and mention "
    "it in README.md.";
constexpr std::size_t kMostDiffs = 10;

/// A refusal that came as an ordinary reply: its own words, then what it asks for.
Error refused(const std::string& what, const Json& reply) {
  const std::string code = json::get_string(reply, "error_code", "refused");
  const std::string note = json::get_string(reply, "note");
  return {ErrorCode::kInvalidState,
          what + " (" + code + ")" + (note.empty() ? "" : ": " + note),
          json::get_string(reply, "conflict_summary"),
          {}};
}

std::vector<std::string> strings(const Json& object, std::string_view key) {
  std::vector<std::string> out;
  if (const Json* list = json::find(object, key); list != nullptr && list->is_array()) {
    for (const Json& item : *list) {
      if (item.is_string()) out.push_back(item.get<std::string>());
    }
  }
  return out;
}

std::string joined(const std::vector<std::string>& list) {
  std::string out;
  for (const std::string& item : list) out += (out.empty() ? "" : ", ") + item;
  return out;
}

bool is_active(const Json& worker) {
  const std::string state = json::get_string(worker, "state");
  return state == "starting" || state == "working";
}

}  // namespace

Status Tour::run() {
  PB_TRY(connect());
  PB_TRY(self_test());
  PB_TRY(open_workspace());
  PB_TRY(start_worker());
  PB_TRY(wait_for_worker());
  PB_TRY(show_report());
  PB_TRY(show_changes());
  PB_TRY(integrate());
  PB_TRY(show_checkout());
  return stop_worker();
}

Status Tour::connect() {
  screen_.heading("Connect, as a chat client does");
  const Json server = PB_TRY(client_.connect());
  const Json* info = json::find(server, "serverInfo");
  screen_.fact("server",
               info == nullptr ? "?" : json::get_string(*info, "name") + " " + json::get_string(*info, "version"));
  screen_.fact("protocol", "MCP " + json::get_string(server, "protocolVersion"));
  const Json tools = PB_TRY(client_.request("tools/list", Json::object()));
  const Json* list = json::find(tools, "tools");
  screen_.fact("tools", std::to_string(list == nullptr ? 0 : list->size()) + " on offer");
  return {};
}

Status Tour::self_test() {
  const Json reply = PB_TRY(client_.call("codex_self_test", Json::object()));
  int passed = 0;
  std::vector<std::string> warnings, failures;
  if (const Json* checks = json::find(reply, "checks"); checks != nullptr && checks->is_array()) {
    for (const Json& check : *checks) {
      const std::string status = json::get_string(check, "status");
      const std::string text = json::get_string(check, "name") + ": " + json::get_string(check, "detail");
      passed += status == "pass" ? 1 : 0;
      if (status == "warn") warnings.push_back(text);
      if (status == "fail") failures.push_back(text);
    }
  }
  screen_.fact("self test", std::to_string(passed) + " checks passed");
  for (const std::string& text : warnings) screen_.warning("note: " + text);
  if (json::get_bool(reply, "ready")) return {};
  return Error{ErrorCode::kInvalidState,
               "PatchBay's self test says that it is not ready: " + joined(failures),
               "`patchbay doctor` explains each check.",
               {}};
}

Status Tour::open_workspace() {
  const Json reply = PB_TRY(client_.call("codex_open_workspace", Json::object()));
  std::string text = json::get_string(reply, "root");
  if (const Json* git = json::find(reply, "git")) {
    const std::string branch = json::get_string(*git, "branch");
    if (!branch.empty()) text += ", branch " + branch;
  }
  screen_.fact("workspace", text);
  return {};
}

Status Tour::start_worker() {
  screen_.heading("Give a worker something to do");
  screen_.fact("name", kWorkerName);
  screen_.fact("works in", "a Git worktree of its own; the checkout stays as it is");
  screen_.fact("brief", kBrief);
  const MonoTime start = system_clock().mono();
  const Json reply = PB_TRY(client_.call(
      "codex_worker_start", {{"name", kWorkerName}, {"brief", kBrief}, {"workspace_mode", "isolated_write"}}));
  if (!json::get_bool(reply, "accepted")) return refused("the worker was not started", reply);
  worker_ = json::get_string(reply, "worker_id");
  screen_.good("accepted after " + spell(since(start)) + "; from here on it would survive a restart");
  return {};
}

Result<Json> Tour::inspect(const char* view, Json more) {
  more["worker"] = worker_;
  more["view"] = view;
  return client_.call("codex_worker_inspect", more);
}

void Tour::show_checkpoints(const Json& worker, MonoTime started) {
  const Json* checkpoints = json::find(worker, "latest_checkpoints");
  if (checkpoints == nullptr || !checkpoints->is_array()) return;
  for (const Json& checkpoint : *checkpoints) {
    const double at = json::get_double(checkpoint, "at");
    if (at <= last_checkpoint_) continue;
    last_checkpoint_ = at;
    const std::string text = json::get_string(checkpoint, "summary");
    screen_.line(fmt::format("{:>7}  {}", spell(since(started)), collapse_whitespace(text)));
  }
}

Status Tour::wait_for_worker() {
  screen_.heading("Wait for it");
  const MonoTime started = system_clock().mono();
  for (;;) {
    const Json worker = PB_TRY(inspect("report"));
    show_checkpoints(worker, started);
    if (!is_active(worker)) {
      finished_ = worker;
      break;
    }
    if (interrupted_.cancelled()) return Error{ErrorCode::kCancelled, "it was interrupted", {}, {}};
    if (since(started) > turn_limit_) {
      return Error{ErrorCode::kTimeout,
                   "the worker is still busy after " + spell(since(started)),
                   "Its last words:\n" + json::get_string(worker, "status_line"),
                   {}};
    }
    screen_.passing(spell(since(started)) + "  " + json::get_string(worker, "status_line", "working"));
    PB_TRY(client_.call("codex_worker_wait", {{"wait_seconds", 1}}));
  }
  const std::string state = json::get_string(finished_, "state");
  if (state == "idle") {
    screen_.good("finished after " + spell(since(started)));
    return {};
  }
  return Error{
      ErrorCode::kInvalidState, "the worker's turn ended as " + state, json::get_string(finished_, "report"), {}};
}

Status Tour::show_report() {
  screen_.heading("Read its report");
  screen_.block(json::get_string(finished_, "report"));
  return {};
}

Status Tour::show_changes() {
  screen_.heading("Look at what it changed");
  const Json reply = PB_TRY(inspect("changes"));
  changed_files_ = strings(reply, "changed_files");
  if (changed_files_.empty()) {
    return Error{ErrorCode::kNoChanges,
                 "the worker changed no file",
                 "On a host that forbids user namespaces Codex can run no command in its sandbox: see "
                 "`sysctl kernel.unprivileged_userns_clone user.max_user_namespaces`.",
                 {}};
  }
  screen_.fact("files", joined(changed_files_));
  for (std::size_t i = 0; i < std::min(changed_files_.size(), kMostDiffs); ++i) {
    const Json diff = PB_TRY(inspect("diff", {{"file_path", changed_files_[i]}}));
    screen_.diff(json::get_string(diff, "diff"));
  }
  return {};
}

Status Tour::integrate() {
  screen_.heading("Put it into the checkout");
  const Json preview = PB_TRY(inspect("integration_preview"));
  if (!json::get_bool(preview, "can_apply")) return refused("the changes cannot be applied", preview);
  screen_.fact("preview", "applies " + json::get_string(preview, "apply_check") + ", " +
                              std::to_string(json::get_int(preview, "change_count")) + " files");
  Json arguments = {{"worker", worker_}};
  if (const auto token = json::find_string(preview, "preview_token")) arguments["preview_token"] = *token;
  const Json reply = PB_TRY(client_.call("codex_worker_integrate", arguments));
  if (!json::get_bool(reply, "applied")) return refused("the changes were not applied", reply);
  screen_.good("applied, exactly what the preview showed; nothing is staged and nothing committed");
  return {};
}

Status Tour::show_checkout() {
  screen_.heading("See it in the checkout");
  const std::string status = PB_TRY(playground_.git({"status", "--short"}));
  screen_.line("$ git status --short");
  screen_.block(status);
  for (const std::string& file : changed_files_) {
    if (status.find(file) == std::string::npos) {
      return Error{ErrorCode::kInternal, "git does not see the change of " + file + " in the checkout", {}, {}};
    }
  }
  screen_.line("$ git diff");
  screen_.diff(PB_TRY(playground_.git({"diff", "--no-color", "--no-ext-diff"})));
  return {};
}

Status Tour::stop_worker() {
  screen_.heading("Let the worker go");
  const Json reply = PB_TRY(client_.call("codex_worker_stop", {{"worker", worker_}, {"cleanup_workspace", true}}));
  if (!json::get_bool(reply, "workspace_cleaned")) return refused("the worker's worktree was not removed", reply);
  screen_.line("its worktree and branch are gone");
  return {};
}

}  // namespace patchbay::demo
