#include "patchbay/os/fd_passing.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace patchbay::os {
namespace {

/// A message of one byte with room for descriptors beside it. A message without data would carry nothing.
struct Message {
  Message() {
    header.msg_iov = &data;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
  }
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  char byte = 0;
  iovec data{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxPassedFds * sizeof(int))] = {};
  msghdr header{};
};

}  // namespace

Status send_fds(int socket, const std::vector<int>& fds) {
  if (fds.empty() || fds.size() > kMaxPassedFds) {
    return Error{ErrorCode::kInternal, "too many descriptors for one message", {}, std::to_string(fds.size())};
  }
  Message message;
  message.header.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
  cmsghdr* header = CMSG_FIRSTHDR(&message.header);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
  std::memcpy(CMSG_DATA(header), fds.data(), fds.size() * sizeof(int));
  ssize_t sent = 0;
  do sent = ::sendmsg(socket, &message.header, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  if (sent != 1) return errno_error(errno, "handing descriptors over", {});
  return {};
}

Result<std::vector<Fd>> receive_fds(int socket) {
  Message message;
  ssize_t received = 0;
  do received = ::recvmsg(socket, &message.header, MSG_CMSG_CLOEXEC);
  while (received < 0 && errno == EINTR);
  if (received < 0) return errno_error(errno, "taking descriptors over", {});
  std::vector<Fd> fds;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message.header); header != nullptr;
       header = CMSG_NXTHDR(&message.header, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
      fds.emplace_back(fd);
    }
  }
  if ((message.header.msg_flags & MSG_CTRUNC) != 0) {
    return Error{ErrorCode::kIoError, "not every descriptor arrived", {}, {}};
  }
  return fds;
}

}  // namespace patchbay::os
