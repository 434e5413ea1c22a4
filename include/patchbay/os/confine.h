#pragma once

#include <chrono>
#include <cstdint>

/// What a process takes away from itself before it touches what others wrote. A limit that cannot be set is left out:
/// none of these keeps the process from working.
namespace patchbay::os {

/// Limits of the calling process; 0 leaves one as it is, and one that is already lower stays.
struct ProcessLimits {
  std::uint64_t address_space = 0;  ///< bytes of virtual memory
  std::uint64_t data = 0;           ///< bytes of private writable memory: heap, stacks, anonymous maps
  std::uint64_t file_size = 0;      ///< bytes of any file it writes; more is EFBIG and not a signal
};

/// No core dump, no privilege through a program that is started later, and these limits.
void confine_process(const ProcessLimits& limits);

/// From now on the process may use this much more time of the processors, all of its threads together; then it is
/// killed. The next call counts anew.
void allow_cpu_time(std::chrono::nanoseconds time);

/// No new sockets but those of the file system (AF_UNIX), for this thread and all it starts later. Descriptors that are
/// open stay usable. False where the kernel cannot do it.
bool forbid_network();

}  // namespace patchbay::os
