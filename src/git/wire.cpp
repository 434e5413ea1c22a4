#include "git/wire.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

namespace patchbay::git::wire {
namespace {

constexpr std::uint32_t kMaxJson = 1u << 30;
constexpr std::uint64_t kMaxRaw = 1u << 30;

struct Lengths {
  std::uint32_t json = 0;
  std::uint64_t raw = 0;
};
constexpr std::size_t kLengths = sizeof(std::uint32_t) + sizeof(std::uint64_t);

Error gone() { return Error{ErrorCode::kIoError, "The git helper ended unexpectedly.", "Call again.", ""}; }
Error late() { return Error{ErrorCode::kTimeout, "Git did not answer in time.", "Call again.", ""}; }

Status wait_for(int fd, short events, MonoTime deadline) {
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - system_clock().mono());
    if (left.count() <= 0) return late();
    struct pollfd p {
      fd, events, 0
    };
    const int n = ::poll(&p, 1, static_cast<int>(std::min<std::int64_t>(left.count() + 1, 1'000'000)));
    if (n > 0) return {};
    if (n < 0 && errno != EINTR) return errno_error(errno, "waiting for the git helper");
  }
}

Status send_all(int fd, std::string_view data, MonoTime deadline) {
  while (!data.empty()) {
    const ssize_t n = ::send(fd, data.data(), data.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0) {
      data.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {
      PB_TRY(wait_for(fd, POLLOUT, deadline));
    } else if (errno != EINTR) {
      return gone();
    }
  }
  return {};
}

Status receive_all(int fd, char* data, std::size_t size, MonoTime deadline) {
  while (size > 0) {
    const ssize_t n = ::recv(fd, data, size, MSG_DONTWAIT);
    if (n > 0) {
      data += n;
      size -= static_cast<std::size_t>(n);
    } else if (n == 0) {
      return gone();
    } else if (errno == EAGAIN) {
      PB_TRY(wait_for(fd, POLLIN, deadline));
    } else if (errno != EINTR) {
      return gone();
    }
  }
  return {};
}

}  // namespace

Status send(int fd, const Frame& frame, MonoTime deadline) {
  const std::string text = frame.json.dump(-1, ' ', false, Json::error_handler_t::replace);
  const auto json_size = static_cast<std::uint32_t>(text.size());
  const std::uint64_t raw_size = frame.raw.size();
  if (text.size() > kMaxJson || raw_size > kMaxRaw) {
    return Error{ErrorCode::kContentTooLarge, "The answer is too large.", "Ask for less at a time.", ""};
  }
  std::string head(kLengths, '\0');
  std::memcpy(head.data(), &json_size, sizeof json_size);
  std::memcpy(head.data() + sizeof json_size, &raw_size, sizeof raw_size);
  PB_TRY(send_all(fd, head + text, deadline));
  return send_all(fd, frame.raw, deadline);
}

Result<Frame> receive(int fd, MonoTime deadline) {
  char head[kLengths];
  PB_TRY(receive_all(fd, head, sizeof head, deadline));
  Lengths n;
  std::memcpy(&n.json, head, sizeof n.json);
  std::memcpy(&n.raw, head + sizeof n.json, sizeof n.raw);
  if (n.json > kMaxJson || n.raw > kMaxRaw) return gone();
  std::string text(n.json, '\0');
  PB_TRY(receive_all(fd, text.data(), text.size(), deadline));
  Frame frame;
  frame.raw.resize(n.raw);
  PB_TRY(receive_all(fd, frame.raw.data(), frame.raw.size(), deadline));
  frame.json = Json::parse(text, nullptr, false);
  if (frame.json.is_discarded()) return gone();
  return frame;
}

Json write_error(const Error& e) {
  std::string unused;
  Json out = Json::object();
  out["code"] = static_cast<int>(e.code);
  out["message"] = write(e.message, unused);
  out["hint"] = write(e.hint, unused);
  out["detail"] = write(e.detail, unused);
  return out;
}

Error read_error(const Json& json) {
  Error e;
  const std::int64_t code = json::get_int(json, "code", static_cast<int>(ErrorCode::kInternal));
  if (code >= 0 && code <= static_cast<int>(ErrorCode::kInternal)) e.code = static_cast<ErrorCode>(code);
  for (auto [name, member] : {std::pair{"message", &e.message}, {"hint", &e.hint}, {"detail", &e.detail}}) {
    if (const Json* v = json::find(json, name)) (void)read(*v, {}, *member);
  }
  return e;
}

}  // namespace patchbay::git::wire
