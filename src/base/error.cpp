#include "patchbay/base/error.h"

#include <cerrno>
#include <cstring>

namespace patchbay {
namespace {

using enum ErrorCode;

struct Row {
  ErrorCode code;
  ErrorInfo info;
};

// One row per code, in the order of the enum (checked below).
constexpr Row kRows[] = {
    {kMissingArgument, {"missing_argument", Retry::kAfterFix, 2}},
    {kUnknownArgument, {"unknown_argument", Retry::kAfterFix, 2}},
    {kInvalidArgument, {"invalid_argument", Retry::kAfterFix, 2}},
    {kInvalidRange, {"invalid_range", Retry::kAfterFix, 2}},
    {kQueryRequired, {"query_required", Retry::kAfterFix, 2}},
    {kBadRegex, {"bad_regex", Retry::kAfterFix, 2}},
    {kToolUnavailable, {"tool_unavailable", Retry::kNo, 1}},
    {kScopeDenied, {"scope_denied", Retry::kNo, 1}},
    {kModeNotPermitted, {"mode_not_permitted", Retry::kNo, 1}},
    {kDirectWriteDisabled, {"direct_write_disabled", Retry::kNo, 1}},
    {kCommandDisabled, {"command_disabled", Retry::kNo, 1}},
    {kSessionReadDisabled, {"session_read_disabled", Retry::kNo, 1}},
    {kArtifactsDisabled, {"artifacts_disabled", Retry::kNo, 1}},
    {kHandleUnknown, {"handle_unknown", Retry::kAfterFix, 1}},
    {kRequestKeyConflict, {"request_key_conflict", Retry::kAfterFix, 1}},
    {kNoAllowedRoots, {"no_allowed_roots", Retry::kNo, 78}},
    {kNoDefaultWorkspace, {"no_default_workspace", Retry::kNo, 78}},
    {kRootNotAllowed, {"root_not_allowed", Retry::kNo, 1}},
    {kWorkspaceMissing, {"workspace_missing", Retry::kNo, 1}},
    {kWorkspaceNotDirectory, {"workspace_not_directory", Retry::kNo, 1}},
    {kPathEscapesWorkspace, {"path_escapes_workspace", Retry::kNo, 1}},
    {kPathSymlinkEscape, {"path_symlink_escape", Retry::kNo, 1}},
    {kPathBlocked, {"path_blocked", Retry::kNo, 1}},
    {kPathSpecialFile, {"path_special_file", Retry::kNo, 1}},
    {kNotFound, {"not_found", Retry::kNo, 1}},
    {kNotAFile, {"not_a_file", Retry::kNo, 1}},
    {kNotADirectory, {"not_a_directory", Retry::kNo, 1}},
    {kBinaryFile, {"binary_file", Retry::kNo, 1}},
    {kNotUtf8, {"not_utf8", Retry::kNo, 1}},
    {kFileTooLarge, {"file_too_large", Retry::kNo, 1}},
    {kContentTooLarge, {"content_too_large", Retry::kAfterFix, 1}},
    {kSecretContentBlocked, {"secret_content_blocked", Retry::kAfterFix, 1}},
    {kAlreadyExists, {"already_exists", Retry::kAfterFix, 1}},
    {kParentMissing, {"parent_missing", Retry::kAfterFix, 1}},
    {kPreconditionFailed, {"precondition_failed", Retry::kAfterFix, 1}},
    {kWorkerNotFound, {"worker_not_found", Retry::kAfterFix, 1}},
    {kWorkerAmbiguous, {"worker_ambiguous", Retry::kAfterFix, 1}},
    {kArtifactNotFound, {"artifact_not_found", Retry::kAfterFix, 1}},
    {kJobNotFound, {"job_not_found", Retry::kAfterFix, 1}},
    {kSessionNotFound, {"session_not_found", Retry::kAfterFix, 1}},
    {kNotAGitRepository, {"not_a_git_repository", Retry::kNo, 1}},
    {kGitError, {"git_error", Retry::kNo, 1}},
    {kRepoUntrusted, {"repo_untrusted", Retry::kNo, 1}},
    {kRepoLayoutUnsafe, {"repo_layout_unsafe", Retry::kNo, 1}},
    {kSearchFailed, {"search_failed", Retry::kNo, 1}},
    {kCodexCliMissing, {"codex_cli_missing", Retry::kNo, 1}},
    {kInvalidState, {"invalid_state", Retry::kNo, 1}},
    {kSpawnFailed, {"spawn_failed", Retry::kLater, 1}},
    {kJobLost, {"job_lost", Retry::kLater, 1}},
    {kSessionBusy, {"session_busy", Retry::kLater, 1}},
    {kTimeout, {"timeout", Retry::kLater, 1}},
    {kJobLimit, {"job_limit", Retry::kLater, 1}},
    {kRepoBusy, {"repo_busy", Retry::kLater, 1}},
    {kTurnActive, {"turn_active", Retry::kLater, 1}},
    {kCleanupPending, {"cleanup_pending", Retry::kLater, 1}},
    {kTakeoverRequired, {"takeover_required", Retry::kAfterFix, 1}},
    {kWorkerNameConflict, {"worker_name_conflict", Retry::kAfterFix, 1}},
    {kNoSession, {"no_session", Retry::kAfterFix, 1}},
    {kWorkspaceUnavailable, {"workspace_unavailable", Retry::kAfterFix, 1}},
    {kNotIsolated, {"not_isolated", Retry::kAfterFix, 1}},
    {kStopConfirmationRequired, {"stop_confirmation_required", Retry::kAfterFix, 1}},
    {kNoChanges, {"no_changes", Retry::kAfterFix, 1}},
    {kBlockedFiles, {"blocked_files", Retry::kAfterFix, 1}},
    {kBaseDirty, {"base_dirty", Retry::kAfterFix, 1}},
    {kUnsafeChange, {"unsafe_change", Retry::kAfterFix, 1}},
    {kPatchConflict, {"patch_conflict", Retry::kAfterFix, 1}},
    {kStalePreviewToken, {"stale_preview_token", Retry::kLater, 1}},
    {kPatchChanged, {"patch_changed", Retry::kLater, 1}},
    {kIntegrationOutcomeUnknown, {"integration_outcome_unknown", Retry::kNo, 1}},
    {kDiskFull, {"disk_full", Retry::kLater, 74}},
    {kIoError, {"io_error", Retry::kLater, 74}},
    {kDegradedReadonly, {"degraded_readonly", Retry::kLater, 74}},
    {kStateCorrupt, {"state_corrupt", Retry::kNo, 1}},
    {kStateTooNew, {"state_too_new", Retry::kNo, 65}},
    {kUsage, {"usage", Retry::kAfterFix, 2}},
    {kConfigRefused, {"config_refused", Retry::kAfterFix, 78}},
    {kPortInUse, {"port_in_use", Retry::kLater, 69}},
    {kOwnerRunning, {"owner_running", Retry::kLater, 75}},
    {kCancelled, {"cancelled", Retry::kLater, 130}},
    {kInternal, {"internal_error", Retry::kLater, 70}},
};

constexpr bool rows_in_order() {
  for (std::size_t i = 0; i < std::size(kRows); ++i) {
    if (static_cast<std::size_t>(kRows[i].code) != i) return false;
  }
  return std::size(kRows) == static_cast<std::size_t>(kInternal) + 1;
}
static_assert(rows_in_order(), "one row per ErrorCode, in the order of the enum");

}  // namespace

const ErrorInfo& error_info(ErrorCode code) { return kRows[static_cast<std::size_t>(code)].info; }

Error errno_error(int err, std::string_view what, std::string_view path) {
  const bool full = err == ENOSPC || err == EDQUOT;
  const char* name = strerrorname_np(err);
  Error e;
  e.code = full ? kDiskFull : kIoError;
  e.message = std::string(what) + " failed: " + (full ? "the disk is full" : (name ? name : "unknown error"));
  if (full) e.hint = "Free some space and call again; nothing was changed.";
  e.detail = std::string(path) + ": " + std::strerror(err);
  return e;
}

}  // namespace patchbay
