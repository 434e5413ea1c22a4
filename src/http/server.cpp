#include "patchbay/http/server.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <new>
#include <set>
#include <system_error>
#include <thread>

#include "http/parking.h"
#include "http/session.h"
#include "http/socket_io.h"
#include "http/worker_pool.h"
#include "patchbay/base/guarded.h"
#include "patchbay/base/log.h"
#include "patchbay/base/text.h"

// One thread accepts and watches every connection that has nothing to do (parking.h). When bytes arrive it
// hands the connection to a worker, which reads, checks and answers for as long as the client keeps it busy
// (session.h) and then parks it again. So idle, slow and lingering clients cost a descriptor and no thread,
// and only handlers that take long hold one.

namespace patchbay::http {
namespace {

constexpr std::chrono::seconds kLingerTime{1};
constexpr std::size_t kLingerBytes = 64u << 10;
constexpr std::chrono::milliseconds kAcceptPause{50};
constexpr int kAcceptBatch = 64;

class LiveServer final : public Server {
 public:
  LiveServer(Options options, std::vector<os::Fd> listeners, std::unique_ptr<Parking> parking)
      : options_(std::move(options)),
        listeners_(std::move(listeners)),
        port_(local_port(listeners_.front().get())),
        parking_(std::move(parking)),
        session_(options_, stopping_),
        reserve_(::open("/dev/null", O_RDONLY | O_CLOEXEC)),
        pool_(std::make_unique<WorkerPool>(options_.limits.max_threads,
                                           [this](std::unique_ptr<Connection> c) { serve(std::move(c)); })),
        acceptor_([this] { accept_loop(); }) {}

  ~LiveServer() override { stop(std::chrono::milliseconds(0)); }

  int port() const override { return port_; }
  CancelToken stopping() const override { return stopping_; }
  void stop(std::chrono::milliseconds grace) override;

 private:
  void accept_loop();
  void accept_once();
  void accept_new(int listener);
  bool accept_failed(int listener, int err);
  void shed_with_reserve(int listener);
  void admit(Accepted accepted);
  void dispatch(std::unique_ptr<Connection> connection);
  void serve(std::unique_ptr<Connection> connection);
  void linger(std::unique_ptr<Connection> connection);
  void drain(std::unique_ptr<Connection> connection);
  void after(After what, std::unique_ptr<Connection> connection);

  const Options options_;
  std::vector<os::Fd> listeners_;  ///< at least one
  const int port_;
  CancelToken stopping_;
  std::atomic<int> open_{0};
  Guarded<std::set<Connection*>> active_;  ///< with a worker
  std::unique_ptr<Parking> parking_;
  const Session session_;
  os::Fd reserve_;  ///< given up for a moment when no other descriptor is left (H13)
  std::mutex stop_mutex_;
  std::unique_ptr<WorkerPool> pool_;
  std::thread acceptor_;
};

void LiveServer::accept_loop() {
  while (!stopping_.cancelled()) {
    try {
      accept_once();
    } catch (const std::bad_alloc&) {
      log::error("no memory to accept or watch a connection");
      std::this_thread::sleep_for(kAcceptPause);
    }
  }
}

void LiveServer::accept_once() {
  Parking::Event event = parking_->wait();
  for (auto& connection : event.readable) {
    connection->phase == Phase::kLinger ? drain(std::move(connection)) : dispatch(std::move(connection));
  }
  for (auto& connection : event.expired) {
    const After what = session_.time_out(*connection);
    after(what, std::move(connection));
  }
  if (!event.listener) return;
  for (const os::Fd& listener : listeners_) accept_new(listener.get());
}

void LiveServer::accept_new(int listener) {
  for (int i = 0; i < kAcceptBatch; ++i) {
    int err = 0;
    Accepted accepted = accept_tcp(listener, &err);
    if (accepted.fd) {
      admit(std::move(accepted));
    } else if (!accept_failed(listener, err)) {
      return;
    }
  }
}

/// True when accepting may go on at once. Nothing ends the listener (H13).
bool LiveServer::accept_failed(int listener, int err) {
  switch (err) {
    case EAGAIN: return false;
    case EINTR:
    case ECONNABORTED:
    case EPROTO: return true;
    case EMFILE:
    case ENFILE: shed_with_reserve(listener); return false;
    default:
      log::warn("accepting a connection failed with error {}", err);
      // Out of kernel memory, or something new: the socket stays readable, so a short rest keeps this from
      // spinning.
      std::this_thread::sleep_for(kAcceptPause);
      return false;
  }
}

void LiveServer::shed_with_reserve(int listener) {
  if (auto idle = parking_->take_oldest_idle()) return;  // its descriptor serves the next client
  reserve_.reset();
  int err = 0;
  Accepted accepted = accept_tcp(listener, &err);
  if (accepted.fd) {
    Connection refused(std::move(accepted.fd), open_);
    session_.shed(refused);
    ::shutdown(refused.fd.get(), SHUT_WR);
    char waste[4096];
    std::size_t n = 0;
    (void)receive(refused.fd.get(), waste, sizeof waste, &n);
  } else {
    std::this_thread::sleep_for(kAcceptPause);
  }
  reserve_ = os::Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

void LiveServer::admit(Accepted accepted) {
  prepare_connection(accepted.fd.get());
  auto connection = std::make_unique<Connection>(std::move(accepted.fd), open_);
  connection->request.peer_address = std::move(accepted.address);
  connection->request.peer_port = accepted.port;
  connection->deadline = system_clock().mono() + options_.limits.head_deadline;
  if (open_ > options_.limits.max_connections && !parking_->take_oldest_idle()) {
    session_.shed(*connection);
    linger(std::move(connection));
    return;
  }
  parking_->park(std::move(connection));
}

void LiveServer::dispatch(std::unique_ptr<Connection> connection) {
  if (pool_->submit(connection)) return;
  session_.shed(*connection);
  linger(std::move(connection));
}

void LiveServer::serve(std::unique_ptr<Connection> connection) {
  active_.lock()->insert(connection.get());
  After what = After::kClose;
  try {
    what = session_.serve(*connection);
  } catch (const std::bad_alloc&) {  // handlers are guarded in the session; this is our own buffers
    log::error("no memory for a request; its connection is closed");
  }
  active_.lock()->erase(connection.get());
  after(what, std::move(connection));
}

void LiveServer::after(After what, std::unique_ptr<Connection> connection) {
  switch (what) {
    case After::kPark: return parking_->park(std::move(connection));
    case After::kLinger: return linger(std::move(connection));
    case After::kClose: return;
  }
}

/// Closes so that the peer can read the last answer: closing at once with unread bytes would reset the
/// connection.
void LiveServer::linger(std::unique_ptr<Connection> connection) {
  ::shutdown(connection->fd.get(), SHUT_WR);
  connection->phase = Phase::kLinger;
  connection->deadline = system_clock().mono() + kLingerTime;
  parking_->park(std::move(connection));
}

void LiveServer::drain(std::unique_ptr<Connection> connection) {
  char waste[16u << 10];
  std::size_t n = 0;
  while (connection->drained < kLingerBytes) {
    switch (receive(connection->fd.get(), waste, sizeof waste, &n)) {
      case Received::kBytes: connection->drained += n; break;
      case Received::kNothing: return parking_->park(std::move(connection));
      case Received::kClosed: return;
    }
  }
}

void LiveServer::stop(std::chrono::milliseconds grace) {
  std::lock_guard lock(stop_mutex_);
  if (!acceptor_.joinable()) return;
  stopping_.cancel();
  parking_->wake();
  acceptor_.join();
  listeners_.clear();
  parking_->close();
  if (!pool_->wait_idle(system_clock().mono() + grace)) {
    // Wakes every worker that waits on its socket; a handler that waits elsewhere watches `stopping`.
    auto active = active_.lock();
    for (Connection* connection : *active) ::shutdown(connection->fd.get(), SHUT_RDWR);
  }
  pool_.reset();
}

}  // namespace

std::optional<std::string_view> Request::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (iequals_ascii(key, name)) return value;
  }
  return std::nullopt;
}

int Request::count(std::string_view name) const {
  int n = 0;
  for (const auto& [key, value] : headers) n += iequals_ascii(key, name) ? 1 : 0;
  return n;
}

Result<std::unique_ptr<Server>> Server::start(Options options) {
  std::vector<os::Fd> listeners;
  listeners.push_back(PB_TRY(listen_tcp(options.host, options.port)));
  if (!options.also_host.empty()) {
    auto second = listen_tcp(options.also_host, local_port(listeners.front().get()));
    if (second.ok()) {
      listeners.push_back(std::move(second).value());
    } else {
      log::info("not served on {}: {}", options.also_host, second.error().message);
    }
  }
  auto parking = PB_TRY(Parking::create(listeners));
  try {
    return std::unique_ptr<Server>(
        std::make_unique<LiveServer>(std::move(options), std::move(listeners), std::move(parking)));
  } catch (const std::system_error& e) {
    return Error{ErrorCode::kIoError, "no thread could be started for the HTTP server", "Check the process limits.",
                 e.what()};
  }
}

}  // namespace patchbay::http
