#pragma once

#include <optional>
#include <string>
#include <vector>

#include "patchbay/base/result.h"
#include "patchbay/json/describe.h"

/// What the worker operations answer. Members marked with `optional` in describe() are absent when they have nothing
/// to say; all others are always there.
namespace patchbay::workers {

/// A refusal that the caller is expected to act on, as part of an ordinary reply (mcp.md T5a). Empty when all went
/// well.
struct Refusal {
  std::optional<std::string> error_code;
  std::optional<bool> retryable;
  std::optional<std::string> required_action;
  std::optional<bool> repo_busy;
  std::optional<std::string> operation, requested_operation;  ///< what found the repository busy
  std::optional<Json> holder;
  std::optional<int> retry_after_seconds;
  std::optional<bool> takeover_required;
  std::optional<bool> takeover_performed;
  std::optional<bool> takeover_reason_ignored;
  std::optional<int> active_jobs, max_concurrent_jobs;
  std::optional<std::string> note;

  template <class V>
  static void describe(V& v) {
    v.optional("error_code", &Refusal::error_code, "");
    v.optional("retryable", &Refusal::retryable, "");
    v.optional("required_action", &Refusal::required_action, "");
    v.optional("repo_busy", &Refusal::repo_busy, "");
    v.optional("operation", &Refusal::operation, "");
    v.optional("requested_operation", &Refusal::requested_operation, "");
    v.optional("holder", &Refusal::holder, "");
    v.optional("retry_after_seconds", &Refusal::retry_after_seconds, "");
    v.optional("takeover_required", &Refusal::takeover_required, "");
    v.optional("takeover_performed", &Refusal::takeover_performed, "");
    v.optional("takeover_reason_ignored", &Refusal::takeover_reason_ignored, "");
    v.optional("active_jobs", &Refusal::active_jobs, "");
    v.optional("max_concurrent_jobs", &Refusal::max_concurrent_jobs, "");
    v.optional("note", &Refusal::note, "");
  }
};

/// What `operation` answers when somebody else writes the checkout (workers.md 8): `busy` is the kRepoBusy of
/// RepoLocks.
Refusal busy_refusal(const Error& busy, const std::string& operation);

/// A worker as clients see it. Never holds a job id, a session id, a branch name, an absolute path, a prompt or a log.
struct WorkerView {
  std::string worker_id, name, workspace_id, workspace_name;
  std::string workspace_mode;
  bool workspace_available = true;
  std::string workspace_location;
  std::string state;  ///< starting, working, idle, failed, stopped
  std::string report;
  std::string status_line;
  bool has_session = false, can_message = false;
  std::string can_message_reason;
  std::optional<bool> has_changes;
  bool changes_checked = false;
  std::string integration_state;
  std::optional<std::string> model, reasoning_effort;
  std::optional<double> last_activity_at;
  std::optional<bool> owned_by_current_client;
  std::string ownership_status;
  std::optional<std::string> owner_label, ownership_note;
  Json liveness = Json::object();
  Json latest_turn = Json::object();
  Json latest_partial_note = Json::object();
  std::vector<Json> latest_checkpoints;
  int checkpoint_count = 0;
  std::vector<Json> report_artifacts;
  std::vector<std::string> worker_report_files;
  std::optional<std::string> worker_report_files_note;
  std::string followup_mode = "next_turn_after_completion";
  bool active_steering_supported = false;

  template <class V>
  static void describe(V& v) {
    v.field("worker_id", &WorkerView::worker_id);
    v.field("name", &WorkerView::name);
    v.field("workspace_id", &WorkerView::workspace_id);
    v.field("workspace_name", &WorkerView::workspace_name);
    v.field("workspace_mode", &WorkerView::workspace_mode);
    v.field("workspace_available", &WorkerView::workspace_available);
    v.field("workspace_location", &WorkerView::workspace_location);
    v.field("state", &WorkerView::state);
    v.field("report", &WorkerView::report);
    v.field("status_line", &WorkerView::status_line);
    v.field("has_session", &WorkerView::has_session);
    v.field("can_message", &WorkerView::can_message);
    v.field("can_message_reason", &WorkerView::can_message_reason);
    v.optional("has_changes", &WorkerView::has_changes, "");
    v.field("changes_checked", &WorkerView::changes_checked);
    v.field("integration_state", &WorkerView::integration_state);
    v.optional("model", &WorkerView::model, "");
    v.optional("reasoning_effort", &WorkerView::reasoning_effort, "");
    v.optional("last_activity_at", &WorkerView::last_activity_at, "");
    v.field("owned_by_current_client", &WorkerView::owned_by_current_client);
    v.field("ownership_status", &WorkerView::ownership_status);
    v.optional("owner_label", &WorkerView::owner_label, "");
    v.optional("ownership_note", &WorkerView::ownership_note, "");
    v.field("liveness", &WorkerView::liveness);
    v.field("latest_turn", &WorkerView::latest_turn);
    v.field("latest_partial_note", &WorkerView::latest_partial_note);
    v.field("latest_checkpoints", &WorkerView::latest_checkpoints);
    v.field("checkpoint_count", &WorkerView::checkpoint_count);
    v.field("report_artifacts", &WorkerView::report_artifacts);
    v.field("worker_report_files", &WorkerView::worker_report_files);
    v.optional("worker_report_files_note", &WorkerView::worker_report_files_note, "");
    v.field("followup_mode", &WorkerView::followup_mode);
    v.field("active_steering_supported", &WorkerView::active_steering_supported);
  }
};

/// The call a client should make next.
struct NextCall {
  std::string tool;
  Json arguments = Json::object();
  int after_ms = 0;

  template <class V>
  static void describe(V& v) {
    v.field("tool", &NextCall::tool);
    v.field("arguments", &NextCall::arguments);
    v.field("after_ms", &NextCall::after_ms);
  }
};

struct TurnReply {  ///< start and message
  bool accepted = false;
  std::optional<WorkerView> worker;  ///< its members stand beside the others; absent when nothing was found or made
  std::vector<std::string> context_sources;
  std::string context_detail;
  bool context_truncated = false;
  std::optional<bool> deduplicated;
  std::optional<std::string> base_revision;
  std::optional<bool> base_dirty;
  std::optional<std::vector<std::string>> base_changed_files;
  std::optional<int> filtered_files;
  std::optional<std::vector<std::string>> submodules;    ///< left as empty folders
  std::optional<std::vector<std::string>> copied_files;  ///< untracked files of the checkout, at most 50
  std::optional<std::string> conflicting_worker_id;      ///< `worker_id` of the holder on a name conflict
  /// Of a start that was refused and left no worker behind.
  std::optional<std::string> refused_name, refused_workspace_mode, refused_workspace_name;
  std::optional<NextCall> next;
  std::optional<std::string> handle;
  std::string
      goes_on_as;  ///< of a repeated start: scope key of the first one, for which the handle has to stand; not told
  Refusal refusal;

  template <class V>
  static void describe(V& v) {
    v.field("accepted", &TurnReply::accepted);
    v.members(&TurnReply::worker);
    v.field("context_sources", &TurnReply::context_sources);
    v.field("context_detail", &TurnReply::context_detail);
    v.field("context_truncated", &TurnReply::context_truncated);
    v.optional("deduplicated", &TurnReply::deduplicated, "");
    v.optional("base_revision", &TurnReply::base_revision, "");
    v.optional("base_dirty", &TurnReply::base_dirty, "");
    v.optional("base_changed_files", &TurnReply::base_changed_files, "");
    v.optional("filtered_files", &TurnReply::filtered_files, "");
    v.optional("submodules", &TurnReply::submodules, "");
    v.optional("copied_files", &TurnReply::copied_files, "");
    v.optional("worker_id", &TurnReply::conflicting_worker_id, "");
    v.optional("name", &TurnReply::refused_name, "");
    v.optional("workspace_mode", &TurnReply::refused_workspace_mode, "");
    v.optional("workspace_name", &TurnReply::refused_workspace_name, "");
    v.optional("next", &TurnReply::next, "");
    v.optional("handle", &TurnReply::handle, "");
    v.members(&TurnReply::refusal);
  }
  std::string text() const;
};

struct ListReply {
  std::vector<Json> workers;
  int count = 0, active = 0;
  std::string team_report;
  Json team_status = Json::object();  ///< summary, counts, suggested_action
  std::string scope;
  Json hidden_workers = Json::object();
  std::string poll_guidance;
  std::optional<std::string> next_cursor;

  template <class V>
  static void describe(V& v) {
    v.field("workers", &ListReply::workers);
    v.field("count", &ListReply::count);
    v.field("active", &ListReply::active);
    v.field("team_report", &ListReply::team_report);
    v.field("team_status", &ListReply::team_status);
    v.field("scope", &ListReply::scope);
    v.field("hidden_workers", &ListReply::hidden_workers);
    v.field("poll_guidance", &ListReply::poll_guidance);
    v.field("next_cursor", &ListReply::next_cursor);
  }
  std::string text() const { return team_report; }
};

struct StatusReply {
  std::string summary;
  Json counts = Json::object();
  Json since_last_check = Json::object();
  std::string since_last_check_line;
  std::string suggested_action;
  std::vector<std::string> worker_lines;
  std::vector<Json> workers;
  std::string scope;
  Json hidden_workers = Json::object();
  int minimum_next_poll_seconds = 20, recommended_next_poll_seconds = 30;
  std::string poll_guidance;
  bool poll_too_early = false, status_current = true;
  int retry_after_seconds = 0;
  std::optional<double> waited_seconds;
  std::optional<int> requested_wait_seconds, wait_seconds_applied, wait_cap_seconds;

  template <class V>
  static void describe(V& v) {
    v.field("summary", &StatusReply::summary);
    v.field("counts", &StatusReply::counts);
    v.field("since_last_check", &StatusReply::since_last_check);
    v.field("since_last_check_line", &StatusReply::since_last_check_line);
    v.field("suggested_action", &StatusReply::suggested_action);
    v.field("worker_lines", &StatusReply::worker_lines);
    v.field("workers", &StatusReply::workers);
    v.field("scope", &StatusReply::scope);
    v.field("hidden_workers", &StatusReply::hidden_workers);
    v.field("minimum_next_poll_seconds", &StatusReply::minimum_next_poll_seconds);
    v.field("recommended_next_poll_seconds", &StatusReply::recommended_next_poll_seconds);
    v.field("poll_guidance", &StatusReply::poll_guidance);
    v.field("poll_too_early", &StatusReply::poll_too_early);
    v.field("status_current", &StatusReply::status_current);
    v.field("retry_after_seconds", &StatusReply::retry_after_seconds);
    v.optional("waited_seconds", &StatusReply::waited_seconds, "");
    v.optional("requested_wait_seconds", &StatusReply::requested_wait_seconds, "");
    v.optional("wait_seconds_applied", &StatusReply::wait_seconds_applied, "");
    v.optional("wait_cap_seconds", &StatusReply::wait_cap_seconds, "");
  }
  std::string text() const;
};

/// Preview of an integration, and the part of integrate's answer that repeats it.
struct PreviewFields {
  bool applied = false, can_apply = false;
  std::string apply_check = "not_checked";  ///< not_checked, clean, conflict, failed_at_apply
  bool base_dirty = false, base_moved = false;
  std::vector<std::string> base_changed_files;
  std::optional<std::string> base_revision, worker_base_revision;
  std::vector<std::string> changed_files;
  std::vector<Json> changes;  ///< path, status, old_path, binary, mode_change, additions, deletions
  int change_count = 0;
  std::vector<std::string> skipped_files, blocked_files;
  std::optional<std::string> patch_sha256;
  std::int64_t patch_bytes = 0;
  bool patch_truncated = false;
  bool applied_with_3way = false;
  std::optional<std::string> conflict_summary;
  std::optional<std::string> preview_token;

  template <class V>
  static void describe(V& v) {
    v.field("applied", &PreviewFields::applied);
    v.field("can_apply", &PreviewFields::can_apply);
    v.field("apply_check", &PreviewFields::apply_check);
    v.field("base_dirty", &PreviewFields::base_dirty);
    v.field("base_moved", &PreviewFields::base_moved);
    v.field("base_changed_files", &PreviewFields::base_changed_files);
    v.field("base_revision", &PreviewFields::base_revision);
    v.field("worker_base_revision", &PreviewFields::worker_base_revision);
    v.field("changed_files", &PreviewFields::changed_files);
    v.field("changes", &PreviewFields::changes);
    v.field("change_count", &PreviewFields::change_count);
    v.field("skipped_files", &PreviewFields::skipped_files);
    v.field("blocked_files", &PreviewFields::blocked_files);
    v.field("patch_sha256", &PreviewFields::patch_sha256);
    v.field("patch_bytes", &PreviewFields::patch_bytes);
    v.field("patch_truncated", &PreviewFields::patch_truncated);
    v.field("applied_with_3way", &PreviewFields::applied_with_3way);
    v.optional("conflict_summary", &PreviewFields::conflict_summary, "");
    v.optional("preview_token", &PreviewFields::preview_token, "");
  }
};

struct ChangesFields {  ///< view changes
  std::vector<std::string> changed_files;
  std::vector<Json> changes;
  int change_count = 0;

  template <class V>
  static void describe(V& v) {
    v.field("changed_files", &ChangesFields::changed_files);
    v.field("changes", &ChangesFields::changes);
    v.field("change_count", &ChangesFields::change_count);
  }
};

struct DiffFields {  ///< view diff
  std::string file_path, diff;
  bool binary = false, truncated = false;
  std::int64_t additions = 0, deletions = 0, total_bytes = 0;
  std::optional<std::string> next_cursor;

  template <class V>
  static void describe(V& v) {
    v.field("file_path", &DiffFields::file_path);
    v.field("diff", &DiffFields::diff);
    v.field("binary", &DiffFields::binary);
    v.field("truncated", &DiffFields::truncated);
    v.field("additions", &DiffFields::additions);
    v.field("deletions", &DiffFields::deletions);
    v.field("total_bytes", &DiffFields::total_bytes);
    v.field("next_cursor", &DiffFields::next_cursor);
  }
};

struct FileFields {  ///< view file
  std::string source = "worker_workspace", file_path;
  bool exists = false, binary = false, too_large = false;
  std::string text;
  int start_line = 1, end_line = 0;
  std::optional<std::int64_t> total_lines;
  std::int64_t bytes = 0;
  std::optional<std::string> sha256;
  bool truncated = false;
  std::optional<int> next_start_line;
  std::optional<std::int64_t> next_column;  ///< in the line next_start_line, when that is longer than a page

  template <class V>
  static void describe(V& v) {
    v.field("source", &FileFields::source);
    v.field("file_path", &FileFields::file_path);
    v.field("exists", &FileFields::exists);
    v.field("binary", &FileFields::binary);
    v.field("too_large", &FileFields::too_large);
    v.field("text", &FileFields::text);
    v.field("start_line", &FileFields::start_line);
    v.field("end_line", &FileFields::end_line);
    v.field("total_lines", &FileFields::total_lines);
    v.field("bytes", &FileFields::bytes);
    v.field("sha256", &FileFields::sha256);
    v.field("truncated", &FileFields::truncated);
    v.field("next_start_line", &FileFields::next_start_line);
    v.optional("next_column", &FileFields::next_column, "");
  }
};

struct InspectReply {
  WorkerView worker;
  std::string view;
  std::optional<ChangesFields> changes;
  std::optional<DiffFields> diff;
  std::optional<FileFields> file;
  std::optional<PreviewFields> preview;
  std::optional<Json> diagnostics;
  std::optional<int> redactions;  ///< secrets replaced in the text that this view is about
  std::optional<int> wait_seconds_applied;
  Refusal refusal;  ///< why a preview cannot be applied; its note otherwise

  template <class V>
  static void describe(V& v) {
    v.members(&InspectReply::worker);
    v.field("view", &InspectReply::view);
    v.members(&InspectReply::changes);
    v.members(&InspectReply::diff);
    v.members(&InspectReply::file);
    v.members(&InspectReply::preview);
    v.optional("diagnostics", &InspectReply::diagnostics, "");
    v.optional("redactions", &InspectReply::redactions, "");
    v.optional("wait_seconds_applied", &InspectReply::wait_seconds_applied, "");
    v.members(&InspectReply::refusal);
  }
  std::string text() const;
};

struct IntegrateReply {
  WorkerView worker;
  PreviewFields preview;
  std::vector<std::string> main_changed_files;
  std::optional<std::vector<std::string>> stale_bindings;
  std::optional<Json> fresh_preview;
  std::optional<bool> replayed_integration;
  Refusal refusal;

  template <class V>
  static void describe(V& v) {
    v.members(&IntegrateReply::worker);
    v.members(&IntegrateReply::preview);
    v.field("main_changed_files", &IntegrateReply::main_changed_files);
    v.optional("stale_bindings", &IntegrateReply::stale_bindings, "");
    v.optional("fresh_preview", &IntegrateReply::fresh_preview, "");
    v.optional("replayed_integration", &IntegrateReply::replayed_integration, "");
    v.members(&IntegrateReply::refusal);
  }
  std::string text() const;
};

struct StopReply {
  WorkerView worker;
  bool stopped = false, workspace_cleaned = false;
  std::optional<bool> recoverable;
  std::optional<std::vector<std::string>> discarded_changed_files;
  std::optional<bool> cleanup_pending;
  std::optional<bool> stop_confirmation_required, force_required;
  Refusal refusal;

  template <class V>
  static void describe(V& v) {
    v.members(&StopReply::worker);
    v.field("stopped", &StopReply::stopped);
    v.field("workspace_cleaned", &StopReply::workspace_cleaned);
    v.optional("recoverable", &StopReply::recoverable, "");
    v.optional("discarded_changed_files", &StopReply::discarded_changed_files, "");
    v.optional("cleanup_pending", &StopReply::cleanup_pending, "");
    v.optional("stop_confirmation_required", &StopReply::stop_confirmation_required, "");
    v.optional("force_required", &StopReply::force_required, "");
    v.members(&StopReply::refusal);
  }
  std::string text() const;
};

}  // namespace patchbay::workers
