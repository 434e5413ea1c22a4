#pragma once

#include <sys/types.h>

namespace patchbay::os {

/// Whose socket is at the other end of a TCP connection, as far as this machine's kernel can tell.
struct PeerUser {
  enum class Answer {
    kUnknown,  ///< the kernel cannot tell, or the peer is on another machine
    kFound,    ///< `uid`
    kGone,     ///< the peer is of this machine, and no process has its socket any more
  };
  Answer answer = Answer::kUnknown;
  uid_t uid = 0;

  bool found() const { return answer == Answer::kFound; }
};

/// The user of the process that holds the peer's socket, through NETLINK_SOCK_DIAG, else /proc/net/tcp and tcp6.
///
/// `connected`: an IPv4 or IPv6 stream socket, any other is kUnknown. Threads: any. Does not wait for the peer;
/// costs two system calls more than opening a file. Source: sock_diag(7), proc(5).
PeerUser peer_user(int connected);

}  // namespace patchbay::os
