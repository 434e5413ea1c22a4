#pragma once

#include <optional>
#include <string>
#include <vector>

#include "patchbay/json/describe.h"

/// Arguments of the worker operations. Each struct is the argument list of the tool of the same name.
namespace patchbay::workers {

using Strings = std::vector<std::string>;

/// Which earlier work a turn is told about.
struct ContextArgs {
  Strings context_from_workers;
  Strings context_from_artifacts;
  std::string context_detail = "report";

  template <class V>
  static void describe(V& v) {
    v.optional("context_from_workers", &ContextArgs::context_from_workers,
               "Names of up to 10 workers whose latest report this turn should read.");
    v.optional("context_from_artifacts", &ContextArgs::context_from_artifacts,
               "Ids of imported artifacts to place into an isolated workspace.");
    v.optional("context_detail", &ContextArgs::context_detail, "What to take from those workers.",
               json::Choice{{"report", "changes", "diff", "review"}});
  }
};

struct TakeoverArgs {
  bool takeover = false;
  std::string takeover_reason;

  template <class V>
  static void describe(V& v) {
    v.optional("takeover", &TakeoverArgs::takeover, "");
    v.optional("takeover_reason", &TakeoverArgs::takeover_reason, "", json::MaxLength{500});
  }
};

struct StartArgs {
  std::string name;
  std::string brief;
  std::optional<std::string> repo_path;
  std::string workspace_mode = "isolated_write";
  ContextArgs context;
  std::string model, reasoning_effort;
  bool auto_suffix = false;
  Strings include_untracked_from_base;

  template <class V>
  static void describe(V& v) {
    v.required("name", &StartArgs::name, "Name to call the worker by, unique in its repository.", json::MaxLength{480});
    v.required("brief", &StartArgs::brief, "The assignment in plain words: goal, limits, how to check it.",
               json::MaxLength{1u << 20});
    v.optional("repo_path", &StartArgs::repo_path, "", json::MaxLength{4096});
    v.optional("workspace_mode", &StartArgs::workspace_mode,
               "isolated_write: own git worktree. read_only: looks at the checkout. shared_write: edits it.",
               json::Choice{{"isolated_write", "read_only", "shared_write", "isolated", "write", "read-only",
                             "readonly", "shared"}},
               json::ShownChoice{{"isolated_write", "read_only", "shared_write"}});
    v.members(&StartArgs::context);
    v.optional("model", &StartArgs::model, "Model id from codex_worker_options.", json::MaxLength{160});
    v.optional("reasoning_effort", &StartArgs::reasoning_effort, "Effort the model offers.", json::MaxLength{40});
    v.optional("auto_suffix", &StartArgs::auto_suffix, "Add a number when the name is taken.");
    v.optional("include_untracked_from_base", &StartArgs::include_untracked_from_base,
               "Globs of untracked files to copy into the new workspace.");
  }
};

struct MessageArgs {
  std::string worker;
  std::string message;
  std::optional<std::string> repo_path;
  ContextArgs context;
  std::string model, reasoning_effort;
  TakeoverArgs takeover;

  template <class V>
  static void describe(V& v) {
    v.required("worker", &MessageArgs::worker, "Name or id.", json::MaxLength{480});
    v.required("message", &MessageArgs::message, "What to do next, in the same conversation.",
               json::MaxLength{1u << 20});
    v.optional("repo_path", &MessageArgs::repo_path, "", json::MaxLength{4096});
    v.members(&MessageArgs::context);
    v.optional("model", &MessageArgs::model, "", json::MaxLength{160});
    v.optional("reasoning_effort", &MessageArgs::reasoning_effort, "", json::MaxLength{40});
    v.members(&MessageArgs::takeover);
  }
};

/// Which workers a list or a status is about.
struct FilterArgs {
  std::optional<std::string> repo_path;
  bool active_only = false;
  std::optional<bool> include_stopped;
  bool owned_only = false;
  std::string created_after;
  std::optional<std::string> scope;

  template <class V>
  static void describe(V& v) {
    v.optional("repo_path", &FilterArgs::repo_path, "", json::MaxLength{4096});
    v.optional("active_only", &FilterArgs::active_only, "");
    v.optional("include_stopped", &FilterArgs::include_stopped, "");
    v.optional("owned_only", &FilterArgs::owned_only, "");
    v.optional("created_after", &FilterArgs::created_after, "UTC time such as 2026-01-31T08:00:00Z.",
               json::MaxLength{40});
    v.optional("scope", &FilterArgs::scope, "", json::Choice{{"current", "conversation", "recent", "history"}});
  }
};

struct ListArgs {
  FilterArgs filter;
  std::string cursor;

  template <class V>
  static void describe(V& v) {
    v.members(&ListArgs::filter);
    v.optional("cursor", &ListArgs::cursor, "Continue an earlier list.", json::MaxLength{200});
  }
};

inline constexpr int kWaitCapSeconds = 25;

struct StatusArgs {
  FilterArgs filter;
  int wait_seconds = 0;
  bool force_refresh = false;

  template <class V>
  static void describe(V& v) {
    v.members(&StatusArgs::filter);
    v.optional("wait_seconds", &StatusArgs::wait_seconds, "", json::Range{0, kWaitCapSeconds});
    v.optional("force_refresh", &StatusArgs::force_refresh, "");
  }
};

struct WaitArgs {
  FilterArgs filter;
  int wait_seconds = kWaitCapSeconds;
  bool force_refresh = false;

  template <class V>
  static void describe(V& v) {
    v.members(&WaitArgs::filter);
    v.optional("wait_seconds", &WaitArgs::wait_seconds, "", json::Range{1, kWaitCapSeconds});
    v.optional("force_refresh", &WaitArgs::force_refresh, "");
  }
};

struct InspectArgs {
  std::string worker;
  std::optional<std::string> repo_path;
  int wait_seconds = 0;
  std::string view = "report";
  std::string file_path;
  std::optional<int> start_line, end_line;
  std::optional<std::int64_t> start_column;
  std::optional<int> max_bytes;
  std::string cursor;
  bool compact = false, diagnostics = false;

  template <class V>
  static void describe(V& v) {
    v.required("worker", &InspectArgs::worker, "Name or id.", json::MaxLength{480});
    v.optional("repo_path", &InspectArgs::repo_path, "", json::MaxLength{4096});
    v.optional("wait_seconds", &InspectArgs::wait_seconds, "Wait for the turn to end.",
               json::Range{0, kWaitCapSeconds});
    v.optional("view", &InspectArgs::view, "diff and file need file_path.",
               json::Choice{{"report", "status", "changes", "diff", "file", "integration_preview"}});
    v.optional("file_path", &InspectArgs::file_path, "", json::MaxLength{4096});
    v.optional("start_line", &InspectArgs::start_line, "", json::Range{1, 100'000'000});
    v.optional("end_line", &InspectArgs::end_line, "", json::Range{1, 100'000'000});
    v.optional("start_column", &InspectArgs::start_column, "In a very long line.", json::Range{1, 1'000'000'000'000});
    v.optional("max_bytes", &InspectArgs::max_bytes, "", json::Range{1, 100'000'000});
    v.optional("cursor", &InspectArgs::cursor, "Next page of a diff.", json::MaxLength{200});
    v.optional("compact", &InspectArgs::compact, "");
    v.optional("diagnostics", &InspectArgs::diagnostics, "");
  }
};

struct IntegrateArgs {
  std::string worker;
  std::optional<std::string> repo_path;
  bool allow_dirty_base = false;
  Strings accepted_dirty_base;
  std::string preview_token;
  TakeoverArgs takeover;

  template <class V>
  static void describe(V& v) {
    v.required("worker", &IntegrateArgs::worker, "Name or id.", json::MaxLength{480});
    v.optional("repo_path", &IntegrateArgs::repo_path, "", json::MaxLength{4096});
    v.optional("allow_dirty_base", &IntegrateArgs::allow_dirty_base, "Apply beside the user's own uncommitted edits.");
    v.optional("accepted_dirty_base", &IntegrateArgs::accepted_dirty_base, "Globs of dirty files that may stay.");
    v.optional("preview_token", &IntegrateArgs::preview_token, "From the preview: apply exactly what it showed.",
               json::MaxLength{200});
    v.members(&IntegrateArgs::takeover);
  }
};

struct StopArgs {
  std::string worker;
  std::optional<std::string> repo_path;
  bool cleanup_workspace = false;
  bool force = false;
  std::string reason;
  bool discard_unintegrated_changes = false;
  TakeoverArgs takeover;

  template <class V>
  static void describe(V& v) {
    v.required("worker", &StopArgs::worker, "Name or id.", json::MaxLength{480});
    v.optional("repo_path", &StopArgs::repo_path, "", json::MaxLength{4096});
    v.optional("cleanup_workspace", &StopArgs::cleanup_workspace,
               "Also remove the worktree; its content stays recoverable for a while.");
    v.optional("force", &StopArgs::force, "");
    v.optional("reason", &StopArgs::reason, "", json::MaxLength{500});
    v.optional("discard_unintegrated_changes", &StopArgs::discard_unintegrated_changes, "");
    v.members(&StopArgs::takeover);
  }
};

}  // namespace patchbay::workers
