#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "patchbay/base/result.h"

/// What Codex itself wrote down about a conversation; read after a crash, when the events of a turn are lost.
namespace patchbay::codex {

struct SessionScanLimits {
  int max_depth = 6;
  int max_files = 3000;  ///< newest ones whose content is looked at
};

struct SessionFile {
  std::string path;  ///< links resolved; inside the Codex home
  std::int64_t size = 0;
  bool archived = false;
};

/// The one file of the conversation `thread_id` under `<codex_home>/sessions` or `/archived_sessions`: found
/// by its name, else by the id its first record declares. The declared id must be the one asked for.
///
/// kInvalidArgument when `thread_id` is no UUID; kSessionNotFound when there is none; kInvalidState when
/// several files claim the id (guessing could publish another conversation's text).
Result<SessionFile> find_session_file(const std::string& codex_home, const std::string& thread_id,
                                      const SessionScanLimits& limits = {});

/// The end of a turn as the session file tells it.
struct TaskComplete {
  std::string last_agent_message;  ///< as written: not redacted
  double at = 0;                   ///< epoch seconds; 0 when the record has no readable time
};

/// The newest `task_complete` that starts at byte `from_offset` or later and is not older than `not_before`
/// (epoch seconds; 0: any). Nothing when a further turn began after it, so that an older turn's end never
/// completes a newer one. Partial last lines, records that cannot be parsed and lines above 8 MB are passed
/// over.
Result<std::optional<TaskComplete>> last_task_complete(const std::string& path, std::int64_t from_offset,
                                                       double not_before);

/// Follows the file of one conversation while a turn runs in it, for the end of that turn. Reads what was
/// added since the last look, no more. Not thread-safe.
class SessionWatch {
 public:
  /// `thread_id`: the conversation that goes on, whose file so far belongs to earlier turns; empty for a new one.
  /// `not_before`: when the turn begins (epoch seconds).
  SessionWatch(std::string codex_home, const std::string& thread_id, double not_before);

  /// The end of the turn, once the file of `thread_id` holds it.
  std::optional<TaskComplete> look(const std::string& thread_id);

 private:
  std::string codex_home_;
  double not_before_;
  std::string path_;           ///< empty until the file was found
  std::int64_t position_ = 0;  ///< behind the last whole line that was read
  std::optional<TaskComplete> newest_;
};

}  // namespace patchbay::codex
