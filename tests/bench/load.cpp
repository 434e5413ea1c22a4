#include "bench/load.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/exchange.h"
#include "bench/timing.h"

namespace patchbay::bench {
namespace {

constexpr int kEvents = 64;
constexpr int kTickMs = 50;
constexpr std::size_t kReadBytes = 256u << 10;
constexpr int kClosedAtMost = 100;

/// All connections and the loop that keeps each of them busy.
class Driver {
 public:
  explicit Driver(const std::string& request)
      : request_(request), epoll_(::epoll_create1(EPOLL_CLOEXEC)), buffer_(kReadBytes, '\0') {}

  Status open(int port, int connections) {
    port_ = port;
    for (int i = 0; i < connections; ++i) {
      clients_.push_back(std::make_unique<Client>());
      PB_TRY(connect(*clients_.back()));
    }
    for (const auto& client : clients_) PB_TRY(send(*client));
    return {};
  }

  /// Answers completed until then.
  Result<std::size_t> run_until(MonoTime end) {
    const std::size_t before = completed_;
    epoll_event events[kEvents];
    while (now() < end) {
      const int ready = ::epoll_wait(epoll_.get(), events, kEvents, kTickMs);
      for (int i = 0; i < ready; ++i) PB_TRY(receive(*static_cast<Client*>(events[i].data.ptr)));
    }
    return completed_ - before;
  }

 private:
  struct Client {
    os::Fd fd;
    ResponseReader reader;
  };

  Status connect(Client& client) {
    client.fd = PB_TRY(connect_loopback(port_));
    os::set_nonblocking(client.fd.get(), true);
    epoll_event interest{};
    interest.events = EPOLLIN;
    interest.data.ptr = &client;
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, client.fd.get(), &interest);
    return {};
  }

  /// A server may end a connection instead of answering: what was asked is asked again on a new one. A server that does
  /// so more often than that is broken.
  Status ask_again(Client& client) {
    if (!client.reader.head().empty() || ++closed_ > kClosedAtMost) {
      return Error{ErrorCode::kIoError, "the server closed a connection", {}, {}};
    }
    PB_TRY(connect(client));
    return send(client);
  }

  /// A request is far smaller than a socket's buffer, and that is empty here.
  Status send(Client& client) {
    const ssize_t n = ::send(client.fd.get(), request_.data(), request_.size(), MSG_NOSIGNAL);
    if (n == static_cast<ssize_t>(request_.size())) return {};
    return Error{ErrorCode::kIoError, "a request could not be sent in one piece", {}, {}};
  }

  Status receive(Client& client) {
    const ssize_t n = ::read(client.fd.get(), buffer_.data(), buffer_.size());
    if (n < 0 && errno == EAGAIN) return {};
    if (n == 0 || (n < 0 && errno == ECONNRESET)) return ask_again(client);
    if (n < 0) return errno_error(errno, "reading an answer");
    switch (client.reader.feed({buffer_.data(), static_cast<std::size_t>(n)})) {
      case ResponseReader::State::kMore: return {};
      case ResponseReader::State::kUnexpected:
        return Error{ErrorCode::kIoError, "unexpected answer: " + client.reader.head(), {}, {}};
      case ResponseReader::State::kComplete: break;
    }
    ++completed_;
    client.reader.reset();
    return send(client);
  }

  const std::string& request_;
  os::Fd epoll_;
  std::string buffer_;
  std::vector<std::unique_ptr<Client>> clients_;
  int port_ = 0;
  int closed_ = 0;
  std::size_t completed_ = 0;
};

}  // namespace

Result<double> requests_per_second(int port, const std::string& request, int connections,
                                   std::chrono::milliseconds warm_up, std::chrono::milliseconds length) {
  Driver driver(request);
  PB_TRY(driver.open(port, connections));
  PB_TRY(driver.run_until(now() + warm_up));
  const MonoTime start = now();
  const std::size_t completed = PB_TRY(driver.run_until(start + length));
  return static_cast<double>(completed) * 1000 / ms_since(start);
}

Result<std::vector<double>> latencies(int port, const std::string& request, int count) {
  const os::Fd fd = PB_TRY(connect_loopback(port));
  PB_TRY(exchange(fd.get(), request));
  std::vector<double> times;
  for (int i = 0; i < count; ++i) {
    const MonoTime start = now();
    PB_TRY(exchange(fd.get(), request));
    times.push_back(ms_since(start));
  }
  return times;
}

}  // namespace patchbay::bench
