#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "patchbay/base/result.h"

/// What is left to do when the process itself fails (SEC:S14, S15).
namespace patchbay::os {

/// From here on SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGABRT write a note to `path` (0600) before they end the process
/// as they always do. The note says signal, time, version, thread and the stack's addresses: nothing that was in
/// memory, in an argument or in the environment, so it can hold no secret. Nothing in the handler allocates or takes a
/// lock.
///
/// Once, near the start. kInvalidArgument when the path or the version is too long to be kept ready. A stack that
/// overflows is noted on the calling thread only.
Status note_crashes(const std::string& path, std::string_view version);

/// The note of an earlier process. Not every line is there when its end came quickly.
struct CrashNote {
  std::string signal;  ///< "SIGSEGV"
  std::int64_t unix_time = 0;
  std::string version, thread;
  std::vector<std::string> stack;  ///< "program(+0x1234) [0x55...]", innermost first

  /// Nothing when the text is no such note.
  static std::optional<CrashNote> from_text(std::string_view text);
};

/// The name of the calling thread in notes and lists, at most 15 characters.
void name_this_thread(const char* name);

/// The threads of this process, for a person: number, name, what the kernel says it does, and its stack as addresses in
/// the program. Every thread is interrupted for a moment; one that does not answer is listed without a stack.
///
/// Any thread, one at a time. Calls that a signal interrupts (poll) return early in the other threads.
std::string describe_threads();

/// Ends the process with `code` after `time`, whatever the threads hang on. For the last steps of a process that is
/// given up.
void exit_after(std::chrono::seconds time, int code);

}  // namespace patchbay::os
