// A connection within one machine has two sockets: ours and the one we look for, whose addresses are ours with
// the sides swapped. The kernel keeps the user of that socket as long as a process holds it; afterwards it
// reports user 0, which must not be taken for root. A socket that is held has an inode, one that is not has
// none, and that tells the two apart.

#include "patchbay/os/peer_user.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>

#include "patchbay/os/fd.h"
#include "patchbay/os/file.h"

namespace patchbay::os {
namespace {

constexpr std::size_t kMaxTable = 64u << 20;

using Words = std::array<std::uint32_t, 4>;  ///< an address in network order; IPv4 uses the first

struct End {
  Words address{};
  std::uint16_t port = 0;  ///< network order
};

/// The connection as the peer sees it.
struct Pair {
  int family = AF_UNSPEC;
  End here, there;

  bool loopback() const {
    if (family == AF_INET) return (ntohl(here.address[0]) >> 24) == IN_LOOPBACKNET;
    return here.address == Words{0, 0, 0, htonl(1)};
  }
};

std::optional<End> end_of(const sockaddr_storage& address) {
  End end;
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    end.address[0] = v4.sin_addr.s_addr;
    end.port = v4.sin_port;
    return end;
  }
  if (address.ss_family != AF_INET6) return std::nullopt;
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
  std::memcpy(end.address.data(), &v6.sin6_addr, sizeof v6.sin6_addr);
  end.port = v6.sin6_port;
  return end;
}

std::optional<Pair> seen_from_the_peer(int connected) {
  sockaddr_storage ours{}, theirs{};
  socklen_t ours_size = sizeof ours, theirs_size = sizeof theirs;
  if (::getsockname(connected, reinterpret_cast<sockaddr*>(&ours), &ours_size) != 0 ||
      ::getpeername(connected, reinterpret_cast<sockaddr*>(&theirs), &theirs_size) != 0) {
    return std::nullopt;
  }
  const auto here = end_of(theirs);
  const auto there = end_of(ours);
  if (!here || !there || ours.ss_family != theirs.ss_family) return std::nullopt;
  return Pair{ours.ss_family, *here, *there};
}

/// What the kernel says about one socket; absent when it cannot be asked this way.
std::optional<PeerUser> ask_netlink(const Pair& pair) {
  const Fd netlink(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!netlink) return std::nullopt;
  struct {
    nlmsghdr header;
    inet_diag_req_v2 body;
  } request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.header.nlmsg_flags = NLM_F_REQUEST;
  request.body.sdiag_family = static_cast<std::uint8_t>(pair.family);
  request.body.sdiag_protocol = IPPROTO_TCP;
  request.body.idiag_states = ~0u;
  inet_diag_sockid& id = request.body.id;
  id.idiag_sport = pair.here.port;
  id.idiag_dport = pair.there.port;
  std::memcpy(id.idiag_src, pair.here.address.data(), sizeof id.idiag_src);
  std::memcpy(id.idiag_dst, pair.there.address.data(), sizeof id.idiag_dst);
  id.idiag_cookie[0] = id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  if (::send(netlink.get(), &request, sizeof request, 0) != static_cast<ssize_t>(sizeof request)) return std::nullopt;
  alignas(nlmsghdr) char buffer[4096];
  const ssize_t n = ::recv(netlink.get(), buffer, sizeof buffer, MSG_DONTWAIT);
  if (n < static_cast<ssize_t>(sizeof(nlmsghdr))) return std::nullopt;
  const auto* header = reinterpret_cast<const nlmsghdr*>(buffer);
  if (!NLMSG_OK(header, static_cast<std::size_t>(n))) return std::nullopt;
  const void* data = NLMSG_DATA(header);
  if (header->nlmsg_type == NLMSG_ERROR) {
    const auto* error = static_cast<const nlmsgerr*>(data);
    if (error->error == -ENOENT) return PeerUser{PeerUser::Answer::kGone, 0};
    return std::nullopt;
  }
  if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY || header->nlmsg_len < NLMSG_LENGTH(sizeof(inet_diag_msg)))
    return std::nullopt;
  const auto* found = static_cast<const inet_diag_msg*>(data);
  if (found->id.idiag_sport != pair.here.port || found->id.idiag_dport != pair.there.port) return std::nullopt;
  if (found->idiag_inode == 0) return PeerUser{PeerUser::Answer::kGone, 0};
  return PeerUser{PeerUser::Answer::kFound, found->idiag_uid};
}

/// "0100007F:1F90": how the tables name one end.
std::string table_name(const End& end, int family) {
  std::string name;
  char digits[16];
  for (std::size_t i = 0; i < (family == AF_INET ? 1u : 4u); ++i) {
    std::snprintf(digits, sizeof digits, "%08X", end.address[i]);
    name += digits;
  }
  std::snprintf(digits, sizeof digits, ":%04X", ntohs(end.port));
  return name + digits;
}

/// Looks through the table of all sockets. A kernel that answers no netlink may keep an incomplete one, so a
/// missing row says nothing.
PeerUser look_in_table(const Pair& pair) {
  const auto table = read_file(pair.family == AF_INET ? "/proc/net/tcp" : "/proc/net/tcp6", kMaxTable);
  if (!table) return {};
  const std::string wanted = " " + table_name(pair.here, pair.family) + " " + table_name(pair.there, pair.family) + " ";
  const std::size_t at = table->find(wanted);
  if (at == std::string::npos) return {};
  unsigned uid = 0;
  unsigned long inode = 0;
  // state, queues, timer, retransmissions, uid, timeout, inode
  const int read = std::sscanf(table->c_str() + at + wanted.size(), "%*x %*x:%*x %*x:%*x %*x %u %*u %lu", &uid, &inode);
  if (read != 2) return {};
  if (inode == 0) return {PeerUser::Answer::kGone, 0};
  return {PeerUser::Answer::kFound, uid};
}

}  // namespace

PeerUser peer_user(int connected) {
  const auto pair = seen_from_the_peer(connected);
  if (!pair) return {};
  PeerUser user = ask_netlink(*pair).value_or(PeerUser{});
  if (user.answer == PeerUser::Answer::kUnknown) user = look_in_table(*pair);
  // On any other address a socket that is not here is one of another machine.
  if (user.answer == PeerUser::Answer::kGone && !pair->loopback()) return {};
  return user;
}

}  // namespace patchbay::os
