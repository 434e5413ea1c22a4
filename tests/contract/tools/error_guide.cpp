#include "contract/tools/reference.h"

namespace patchbay::reference {

// A switch without a default: a new code does not compile before it is explained here.
ErrorGuide guide_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kMissingArgument: return {"A required argument is absent.", "Add it."};
    case ErrorCode::kUnknownArgument:
      return {"The tool has no such argument.", "Leave it out, or use the name that the message suggests."};
    case ErrorCode::kInvalidArgument:
      return {"An argument has the wrong type or a value that is not allowed, or several are wrong.",
              "Correct what the message names; all problems are listed at once."};
    case ErrorCode::kInvalidRange: return {"A range ends before it begins.", "Swap the numbers, or leave the end out."};
    case ErrorCode::kQueryRequired: return {"A search without text.", "Give a query."};
    case ErrorCode::kBadRegex:
      return {"The search engine does not accept the pattern.", "Correct it, or search literally."};
    case ErrorCode::kToolUnavailable:
      return {"The tool exists, but not in this mode or with these settings.",
              "Change the mode with codex_tool_mode_switch, or ask the operator."};
    case ErrorCode::kScopeDenied:
      return {"The token may not do this.", "Ask the operator for a token with a wider scope."};
    case ErrorCode::kModeNotPermitted:
      return {"The operator does not allow this mode or this option.",
              "Stay with what is allowed, or ask the operator."};
    case ErrorCode::kDirectWriteDisabled:
      return {"Direct writing is off.", "Give the work to a worker, or ask the operator for power_tools.direct_write."};
    case ErrorCode::kCommandDisabled:
      return {"Commands are off.", "Give the work to a worker, or ask the operator for power_tools.bash_mode."};
    case ErrorCode::kSessionReadDisabled:
      return {"Reading Codex transcripts is off.", "Ask the operator for power_tools.codex_session_read."};
    case ErrorCode::kArtifactsDisabled:
      return {"The artifact inbox is off.", "Ask the operator for artifacts.enabled."};
    case ErrorCode::kHandleUnknown:
      return {"The handle is expired, unknown, or another credential's.", "Call codex_self_test for a new one."};
    case ErrorCode::kRequestKeyConflict:
      return {"The request_key was used with other arguments.", "Use a new key for a new request."};
    case ErrorCode::kNoAllowedRoots: return {"No folder is configured.", "The operator starts PatchBay with --root."};
    case ErrorCode::kNoDefaultWorkspace:
      return {"No default repository is configured and none was named.",
              "Give repo_path; codex_list_workspaces shows what there is."};
    case ErrorCode::kRootNotAllowed:
      return {"repo_path lies outside of every allowed root.",
              "Use a candidate from the hint, or ask the operator for --allow-root."};
    case ErrorCode::kWorkspaceMissing: return {"repo_path does not exist.", "Call codex_list_workspaces."};
    case ErrorCode::kWorkspaceNotDirectory: return {"repo_path is not a folder.", "Give the folder that holds it."};
    case ErrorCode::kPathEscapesWorkspace:
      return {"The path leads out of the workspace.", "Use a path inside, or another repo_path."};
    case ErrorCode::kPathSymlinkEscape:
      return {"A symbolic link leads out of the workspace.", "Use a path that does not pass through the link."};
    case ErrorCode::kPathBlocked:
      return {"The path is blocked by security.blocked_globs, or it is PatchBay's own.",
              "Do without it, or ask the operator."};
    case ErrorCode::kPathSpecialFile: return {"A device, socket or FIFO.", "Only regular files can be read."};
    case ErrorCode::kNotFound:
      return {"Nothing has that name.", "Check the name; a worker's file is read with codex_worker_inspect."};
    case ErrorCode::kNotAFile: return {"The path is a folder.", "Name a file, or use codex_repo_tree."};
    case ErrorCode::kNotADirectory: return {"The path is a file.", "Name a folder, or use codex_read_file."};
    case ErrorCode::kBinaryFile: return {"The file is not text.", "It cannot be read as text."};
    case ErrorCode::kNotUtf8:
      return {"The text is not valid UTF-8; the message names the place.", "Have a worker convert it."};
    case ErrorCode::kFileTooLarge:
      return {"The file is larger than this operation can take.", "Read a part of it, or have a worker look."};
    case ErrorCode::kContentTooLarge:
      return {"What was sent, or would be sent, is above the limit.", "Make it smaller or ask for a part."};
    case ErrorCode::kSecretContentBlocked:
      return {"The text to write holds a secret.", "Take the secret out; the message names kind and line."};
    case ErrorCode::kAlreadyExists: return {"The target exists.", "Choose another name, or allow overwriting."};
    case ErrorCode::kParentMissing: return {"The folder of the target does not exist.", "Create it first."};
    case ErrorCode::kPreconditionFailed:
      return {"The file changed after it was read.", "Read it again, then repeat with the new hash."};
    case ErrorCode::kWorkerNotFound: return {"No worker has that name here.", "Call codex_worker_list."};
    case ErrorCode::kWorkerAmbiguous: return {"Several workers have that name.", "Give repo_path or the worker id."};
    case ErrorCode::kArtifactNotFound: return {"No imported artifact has that id.", "List the inbox."};
    case ErrorCode::kJobNotFound:
      return {"No job has that id, or it is a worker's turn.",
              "Use the id that started the job; a worker is reached by its name."};
    case ErrorCode::kSessionNotFound: return {"Codex knows no conversation with that id.", "Start a new one."};
    case ErrorCode::kNotAGitRepository:
      return {"The folder is not inside a git repository.", "Run git init there, or use a tool that needs no git."};
    case ErrorCode::kGitError:
      return {"Git could not read or change the repository.",
              "Look at the message; a damaged repository needs the user."};
    case ErrorCode::kRepoUntrusted:
      return {
          "The repository belongs to another user, or its settings would run programs. Of a turn: "
          "Codex does not trust the folder.",
          "The operator decides about safe.directory, the settings, and what Codex trusts."};
    case ErrorCode::kRepoLayoutUnsafe:
      return {"Parts of the repository lie outside of every allowed root.",
              "Ask the operator to allow the folder they lie in."};
    case ErrorCode::kSearchFailed:
      return {"Ripgrep is missing or failed.", "The operator installs ripgrep; codex_self_test shows it."};
    case ErrorCode::kCodexCliMissing:
      return {"The Codex program was not found.", "The operator installs it, or sets codex.executable."};
    case ErrorCode::kInvalidState:
      return {"The thing is not in a state that allows this. Of a turn: Codex is not logged in.",
              "Look at its state first; the operator logs in."};
    case ErrorCode::kSpawnFailed:
      return {"A program could not be started.", "Try again later; doctor shows what is missing."};
    case ErrorCode::kJobLost:
      return {"The server lost the turn, for example in a crash.",
              "Look at what was changed so far, then start again."};
    case ErrorCode::kSessionBusy: return {"Another turn of the same conversation runs.", "Wait for it."};
    case ErrorCode::kTimeout:
      return {"The work did not end in time. Of a turn also: the model provider did not answer.",
              "Try again, with a smaller question if possible."};
    case ErrorCode::kJobLimit:
      return {"Every slot for jobs is taken. Of a turn: the account's usage limit is reached.",
              "Wait for a running turn, or stop one; for a usage limit, wait until it resets."};
    case ErrorCode::kRepoBusy:
      return {"Somebody else writes the checkout.", "Wait as long as the refusal says, or use an isolated worker."};
    case ErrorCode::kTurnActive: return {"The worker is at work.", "Wait with codex_worker_wait, or stop it."};
    case ErrorCode::kCleanupPending:
      return {"Processes of a stopped turn are not proven gone.", "Wait a little, then repeat."};
    case ErrorCode::kTakeoverRequired:
      return {"Another live conversation or another token owns this.",
              "Ask the user, then repeat with takeover: true and a reason."};
    case ErrorCode::kWorkerNameConflict:
      return {"The name is taken.", "Message that worker, choose another name, or set auto_suffix."};
    case ErrorCode::kNoSession: return {"The worker has no conversation to go on with.", "Start a new worker."};
    case ErrorCode::kWorkspaceUnavailable: return {"The worker's worktree is gone.", "Start a new worker."};
    case ErrorCode::kNotIsolated:
      return {"The worker has no worktree of its own, so there is nothing to integrate.",
              "Its work is in the checkout already."};
    case ErrorCode::kStopConfirmationRequired:
      return {"The turn looks alive and stopping needs a second word.", "Repeat with force: true."};
    case ErrorCode::kNoChanges: return {"There is nothing to integrate.", "Look at the worker's changes."};
    case ErrorCode::kBlockedFiles: return {"The change touches blocked paths.", "Have the worker leave them alone."};
    case ErrorCode::kBaseDirty:
      return {"The checkout has uncommitted changes.", "Ask the user; then accepted_dirty_base or allow_dirty_base."};
    case ErrorCode::kUnsafeChange:
      return {"The change holds something that may not be applied, such as a special file.",
              "Have the worker take it out."};
    case ErrorCode::kPatchConflict:
      return {"Both sides changed the same lines.", "Have the worker take up the new base, or resolve it by hand."};
    case ErrorCode::kStalePreviewToken:
      return {"Something changed after the preview.", "Look at the new preview and repeat with its token."};
    case ErrorCode::kPatchChanged:
      return {"The change is not the one that was shown last.", "Look at a new preview first."};
    case ErrorCode::kIntegrationOutcomeUnknown:
      return {"A crash left it open whether the change was applied.",
              "Compare the files by hand; it is never applied twice."};
    case ErrorCode::kDiskFull: return {"No space is left.", "Free some, then repeat; nothing was changed."};
    case ErrorCode::kIoError: return {"The machine failed to read or write.", "Try again; the log has the details."};
    case ErrorCode::kDegradedReadonly:
      return {"PatchBay cannot write its own records and refuses changes.",
              "The operator frees space or repairs the disk; reading still works."};
    case ErrorCode::kStateCorrupt:
      return {"A record could not be read and was set aside.", "The operator looks at the corrupt folder."};
    case ErrorCode::kStateTooNew: return {"A newer version wrote the state.", "Start that version."};
    case ErrorCode::kUsage: return {"The command line is wrong.", "See --help."};
    case ErrorCode::kConfigRefused:
      return {"The settings are unsafe or wrong, so PatchBay does not start.", "Correct what the message names."};
    case ErrorCode::kPortInUse: return {"Another program has the port.", "Choose another port or end that program."};
    case ErrorCode::kOwnerRunning: return {"Another PatchBay serves this home.", "Use that one, or stop it."};
    case ErrorCode::kCancelled: return {"The caller gave the request up.", "Repeat it if it is still wanted."};
    case ErrorCode::kInternal: return {"A defect of PatchBay.", "Report it with the reference from the message."};
  }
  return {};
}

}  // namespace patchbay::reference
