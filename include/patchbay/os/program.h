#pragma once

#include <signal.h>
#include <sys/types.h>

#include <chrono>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "patchbay/base/result.h"
#include "patchbay/os/fd.h"

/// Settings of the whole process, made once near the start of main().
namespace patchbay::os {

/// Puts /dev/null where standard input, output or error was closed. Before anything else is opened: the next file would
/// get that number, and every line for standard error would go into it.
void fill_standard_streams();
/// Files and directories created from here on are ours alone (umask 077).
void set_private_umask();
/// The umask before set_private_umask(): what the operator wants for files that are not ours.
mode_t operator_umask();
/// A closed pipe is an error of write(), not the end of the program.
void ignore_sigpipe();
/// Raises the soft limit of open descriptors to min(hard limit, `wanted`). Returns what now holds.
std::size_t raise_open_files(std::size_t wanted);
/// The soft limit before raise_open_files(): what programs that use select() can live with.
std::size_t original_open_files();
/// No core dump, and no other process of this user may read our memory (SEC:A4).
void forbid_memory_access();
/// Removes every variable whose name begins with `prefix` from our own environment. Before other threads run.
void remove_environment(std::string_view prefix);
/// Removes one variable. Before other threads run.
void remove_variable(const std::string& name);
pid_t current_pid();
/// Ends the process at once: no destructors, no exit handlers. For a second signal, and for a front end whose
/// threads may be stuck in a read.
[[noreturn]] void exit_now(int code);

/// Signals as a descriptor instead of as interruptions. Construct before any other thread starts: it blocks
/// the signals in the calling thread and in all that it starts later. Children get the default mask back.
class SignalQueue {
 public:
  static Result<SignalQueue> open(std::initializer_list<int> signals);
  /// The next signal, or nothing when `timeout` passed first.
  std::optional<int> wait(std::chrono::milliseconds timeout);
  int fd() const { return fd_.get(); }

 private:
  Fd fd_;
};

/// A log that a child writes to as its standard error: opened for appending, 0600. When it is larger than
/// `keep_bytes` it becomes `<path>.1` first.
struct LogFile {
  Fd fd;
  std::size_t size = 0;  ///< what was in it before
};
Result<LogFile> open_log(const std::string& path, std::size_t keep_bytes);

/// Whether a descriptor is a terminal, so that a person is likely to read it.
bool is_terminal(int fd);

}  // namespace patchbay::os
