#include "bench/exchange.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>

#include "patchbay/base/text.h"

namespace patchbay::bench {
namespace {

constexpr std::size_t kReadBytes = 256u << 10;

Error broken(std::string what) { return Error{ErrorCode::kIoError, std::move(what), {}, {}}; }

}  // namespace

void ResponseReader::reset() {
  head_.clear();
  body_.clear();
  in_body_ = false;
  left_ = 0;
}

bool ResponseReader::read_head() {
  if (!head_.starts_with("HTTP/1.1 200 ")) return false;
  constexpr std::string_view kLength = "\r\ncontent-length:";
  const std::string lower = to_lower_ascii(head_);
  const std::size_t at = lower.find(kLength);
  if (at == std::string::npos) return false;
  const std::string_view value = trim(std::string_view(lower).substr(at + kLength.size(), 20));
  return std::from_chars(value.data(), value.data() + value.size(), left_).ec == std::errc();
}

ResponseReader::State ResponseReader::feed(std::string_view data) {
  if (!in_body_) {
    head_.append(data);
    const std::size_t end = head_.find("\r\n\r\n");
    if (end == std::string::npos) return State::kMore;
    const std::string rest = head_.substr(end + 4);
    head_.resize(end + 4);
    if (!read_head()) return State::kUnexpected;
    in_body_ = true;
    return rest.empty() && left_ > 0 ? State::kMore : feed(rest);
  }
  if (data.size() > left_) return State::kUnexpected;
  left_ -= data.size();
  if (keep_) body_.append(data);
  return left_ == 0 ? State::kComplete : State::kMore;
}

Result<os::Fd> connect_loopback(int port) {
  os::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const timeval patience{20, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return broken("the server cannot be reached");
  }
  return fd;
}

Result<std::string> exchange(int fd, const std::string& request) {
  PB_TRY(os::write_all(fd, request));
  ResponseReader reader;
  reader.keep_body(true);
  std::string buffer(kReadBytes, '\0');
  for (;;) {
    const ssize_t n = ::read(fd, buffer.data(), buffer.size());
    if (n <= 0) return broken("the server closed the connection or said nothing");
    switch (reader.feed({buffer.data(), static_cast<std::size_t>(n)})) {
      case ResponseReader::State::kComplete: return reader.body();
      case ResponseReader::State::kUnexpected: return broken("unexpected answer: " + reader.head());
      case ResponseReader::State::kMore: break;
    }
  }
}

}  // namespace patchbay::bench
