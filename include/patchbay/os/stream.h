#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "patchbay/base/cancel.h"
#include "patchbay/base/clock.h"
#include "patchbay/base/result.h"
#include "patchbay/os/fd.h"

namespace patchbay::os {

/// What is there to read, at most `limit` bytes; waits for the first byte. Empty at end of file.
Result<std::string> read_some(int fd, std::size_t limit);

/// Waits until one of the descriptors is readable, at end of file or broken: its index, the lowest first.
/// Negative descriptors are skipped. -1 when `deadline` passed.
Result<int> wait_any_readable(const std::vector<int>& fds, MonoTime deadline);

/// Writes all of `data` to a pipe or socket without ever blocking past `deadline`; kTimeout then, kCancelled
/// soon after `stop`. SIGPIPE must be ignored for pipes.
Status write_all_until(int fd, std::string_view data, MonoTime deadline, const CancelToken& stop = {});

/// Makes descriptor `to` another name for what `from` is open on.
Status redirect(int from, int to);

/// Tells the other side of a socket that nothing more will be written.
void end_writing(int socket);
/// Ends a socket in both directions: whoever waits on it returns.
void end_both(int socket);

pid_t parent_pid();

/// Wakes a thread that waits in wait_any_readable.
class Wake {
 public:
  static Result<Wake> create();
  int fd() const { return pipe_.read.get(); }
  void wake();
  void clear();  ///< forgets earlier calls of wake

 private:
  Pipe pipe_;
};

}  // namespace patchbay::os
