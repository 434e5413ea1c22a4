#pragma once

#include <string>
#include <vector>

#include "patchbay/base/result.h"
#include "patchbay/config/home.h"
#include "patchbay/os/fd.h"

/// `patchbay stdio`: a host's pipes on one side, the owner's socket on the other (cli.md 9.2).
namespace patchbay::app {

struct FrontEndOptions {
  config::Home home;
  std::vector<std::string> owner_argv;  ///< starts a background owner
  std::string label;
  int fd_in = 0;
  int fd_out = 1;
  os::Fd socket;  ///< from reach_owner()
};

/// Relays until the host closes its end, SIGTERM or SIGINT arrives, or the parent process dies; then what was
/// asked is answered for at most 2 s (S3). Takes nothing with it: owner and turns go on.
///
/// When the owner is replaced, or ends and is started again, the connection is made anew within 10 s: the
/// handshake is repeated on the host's behalf, and every call that had no answer yet gets an error that says
/// so.
///
/// Owns the signals of the process and may leave threads behind that wait for a host: end the process
/// afterwards with os::exit_now. kIoError when no owner could be reached any more.
Status run_front_end(FrontEndOptions options);

}  // namespace patchbay::app
