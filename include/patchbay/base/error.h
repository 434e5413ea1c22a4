#pragma once

#include <string>
#include <string_view>

namespace patchbay {

/// Every way a request can fail, one value per code of the error catalogue (docs/reference/errors.md).
///
/// The names, what a caller may do about each and how it travels on the wire are rows of one table,
/// `error_info`; nothing else switches over all codes.
enum class ErrorCode {
  // clang-format off
  // arguments
  kMissingArgument, kUnknownArgument, kInvalidArgument, kInvalidRange, kQueryRequired, kBadRegex,
  // modes, gates, scopes
  kToolUnavailable, kScopeDenied, kModeNotPermitted, kDirectWriteDisabled, kCommandDisabled,
  kSessionReadDisabled, kArtifactsDisabled,
  // handles and request keys
  kHandleUnknown, kRequestKeyConflict,
  // choosing a workspace
  kNoAllowedRoots, kNoDefaultWorkspace, kRootNotAllowed, kWorkspaceMissing, kWorkspaceNotDirectory,
  // paths and files
  kPathEscapesWorkspace, kPathSymlinkEscape, kPathBlocked, kPathSpecialFile, kNotFound, kNotAFile,
  kNotADirectory, kBinaryFile, kNotUtf8, kFileTooLarge, kContentTooLarge, kSecretContentBlocked,
  kAlreadyExists, kParentMissing, kPreconditionFailed,
  // naming something
  kWorkerNotFound, kWorkerAmbiguous, kArtifactNotFound, kJobNotFound, kSessionNotFound,
  // git and search
  kNotAGitRepository, kGitError, kRepoUntrusted, kRepoLayoutUnsafe, kSearchFailed,
  // starting and running jobs
  kCodexCliMissing, kInvalidState, kSpawnFailed, kJobLost, kSessionBusy, kTimeout, kJobLimit,
  // another writer; worker refusals
  kRepoBusy, kTurnActive, kCleanupPending, kTakeoverRequired, kWorkerNameConflict, kNoSession,
  kWorkspaceUnavailable, kNotIsolated, kStopConfirmationRequired,
  // integration
  kNoChanges, kBlockedFiles, kBaseDirty, kUnsafeChange, kPatchConflict, kStalePreviewToken, kPatchChanged,
  kIntegrationOutcomeUnknown,
  // storage
  kDiskFull, kIoError, kDegradedReadonly, kStateCorrupt, kStateTooNew,
  // starting the program
  kUsage, kConfigRefused, kPortInUse, kOwnerRunning,
  // the request was cancelled by its sender
  kCancelled,
  // a defect of ours
  kInternal,
  // clang-format on
};

/// What a caller may do about an error.
enum class Retry { kNo, kAfterFix, kLater };

struct ErrorInfo {
  std::string_view name;  ///< the public code, for example "path_blocked"
  Retry retry;
  int exit_code;  ///< of an operator command that fails with it (cli.md 1)
};

/// The row of the catalogue for `code`. Never fails.
const ErrorInfo& error_info(ErrorCode code);

/// One failure. `code` is the only member that code branches on.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;  ///< one sentence for the MCP client: no absolute path, no secret
  std::string hint;     ///< what to do next; may be empty
  std::string detail;   ///< for the log only: errno text, libgit2 text, paths
};

/// Public code name of an error, for example "repo_busy".
inline std::string_view name_of(ErrorCode code) { return error_info(code).name; }

/// True when the same call may succeed later without any change (`Retry::kLater`).
inline bool is_retryable(ErrorCode code) { return error_info(code).retry == Retry::kLater; }

/// An error from errno: `kDiskFull` for ENOSPC and EDQUOT, `kIoError` otherwise. `what` says what was
/// being done ("writing the job record"); the errno name goes into the message, the path into `detail`.
Error errno_error(int err, std::string_view what, std::string_view path = {});

}  // namespace patchbay
