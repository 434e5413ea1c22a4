// Two threads copy lines, one per direction; the caller's thread waits for a reason to end. The direction
// towards the host owns the connection: when it breaks, that thread makes a new one and the other waits for
// it.

#include "patchbay/app/front_end.h"

#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <mutex>
#include <set>
#include <thread>

#include "app/line_ids.h"
#include "patchbay/app/owner_link.h"
#include "patchbay/base/ids.h"
#include "patchbay/os/file.h"
#include "patchbay/os/program.h"
#include "patchbay/os/stream.h"
#include "patchbay/transport/line_reader.h"
#include "patchbay/transport/lines.h"

namespace patchbay::app {
namespace {

constexpr std::size_t kPiece = 64u << 10;
constexpr auto kReconnectWithin = std::chrono::seconds(10);
constexpr auto kFinishWithin = std::chrono::milliseconds(1800);
constexpr auto kLook = std::chrono::milliseconds(200);
constexpr std::string_view kOwnId = "patchbay-front-end";
constexpr std::string_view kOwnAnswer = "\"patchbay-front-end\"";
/// No line of a host or an owner with usual settings is as long; the owner's own limit is the one that counts.
constexpr std::size_t kMaxLine = 64u << 20;
constexpr std::size_t kClientDigits = 32;
constexpr std::string_view kTooLong =
    R"({"jsonrpc":"2.0","error":{"code":-32600,"message":"The message is too large"}})";
constexpr std::string_view kListChanged = R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})";
constexpr std::string_view kInitialized = R"({"jsonrpc":"2.0","method":"notifications/initialized"})";

class FrontEnd {
 public:
  explicit FrontEnd(FrontEndOptions options) : options_(std::move(options)), client_(random_hex(kClientDigits)) {}

  Status run();

 private:
  using Socket = std::shared_ptr<os::Fd>;
  enum class State { kConnected, kBroken, kOver };

  // Towards the owner.
  void copy_from_host();
  void pass_to_owner(std::string_view line);
  void note(const HostLine& seen, std::string_view line);
  bool take_back(const std::vector<std::string>& ids);
  // Towards the host.
  void copy_from_owner();
  void pass_to_host(std::string_view line);
  bool reconnect();
  Result<Socket> greet(os::Fd fd);
  bool stopped_by_operator() const;
  void fail_unanswered();
  void write_to_host(std::string_view line);

  void end(Status why);

  FrontEndOptions options_;
  const std::string client_;  ///< what every owner knows this front end by
  std::mutex mutex_;
  std::condition_variable changed_;
  State state_ = State::kBroken;
  Socket socket_;
  bool input_open_ = true;
  Status ended_with_;
  struct Offer {
    std::string id, line;
  };
  Offer offered_;             ///< the host's `initialize` while it has no answer
  std::string handshake_;     ///< the one that was answered, to be repeated
  bool initialized_ = false;  ///< the host finished its handshake
  std::set<std::string> unanswered_;
  std::optional<OwnerInfo> owner_;  ///< the one at the other end; used by the connecting thread only
  std::mutex output_;
  os::Wake over_;
};

Result<FrontEnd::Socket> FrontEnd::greet(os::Fd fd) {
  auto socket = std::make_shared<os::Fd>(std::move(fd));
  owner_ = find_owner(options_.home);
  std::string first = transport::hello_line({options_.label, PATCHBAY_VERSION, client_});
  {
    std::lock_guard lock(mutex_);
    if (!handshake_.empty()) first += with_id(handshake_, kOwnId) + "\n";
    if (initialized_) first += std::string(kInitialized) + "\n";
  }
  PB_TRY(os::write_all(socket->get(), first));
  return socket;
}

void FrontEnd::end(Status why) {
  {
    std::lock_guard lock(mutex_);
    if (state_ == State::kOver) return;
    state_ = State::kOver;
    ended_with_ = std::move(why);
  }
  changed_.notify_all();
  over_.wake();
}

void FrontEnd::note(const HostLine& seen, std::string_view line) {
  std::lock_guard lock(mutex_);
  if (seen.handshake) offered_ = {seen.ids.front(), std::string(line)};
  for (const std::string& id : seen.ids) unanswered_.insert(id);
  for (const std::string& id : seen.cancels) unanswered_.erase(id);
}

/// What did not get through may be sent again, unless the host was already told that it failed.
bool FrontEnd::take_back(const std::vector<std::string>& ids) {
  std::lock_guard lock(mutex_);
  bool untold = true;
  for (const std::string& id : ids) untold = unanswered_.erase(id) > 0 && untold;
  return untold;
}

void FrontEnd::pass_to_owner(std::string_view line) {
  const std::string whole = std::string(line) + "\n";
  const HostLine seen = look_at_host_line(line);
  for (;;) {
    Socket socket;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return state_ != State::kBroken; });
      if (state_ == State::kOver) return;
      socket = socket_;
    }
    note(seen, line);
    if (os::write_all(socket->get(), whole)) {
      std::lock_guard lock(mutex_);
      if (seen.initialized) initialized_ = true;
      return;
    }
    const bool again = take_back(seen.ids);
    // The other direction sees the break too and makes a new connection.
    os::end_both(socket->get());
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return state_ == State::kOver || socket_ != socket; });
    if (!again) return;
  }
}

void FrontEnd::copy_from_host() {
  transport::LineReader lines(kMaxLine);
  for (;;) {
    const auto bytes = os::read_some(options_.fd_in, kPiece);
    if (!bytes || bytes->empty()) break;
    lines.feed(
        *bytes, [&](std::string_view line) { pass_to_owner(line); }, [&] { write_to_host(kTooLong); });
  }
  std::lock_guard lock(mutex_);
  input_open_ = false;
  if (socket_) os::end_writing(socket_->get());
  changed_.notify_all();
  over_.wake();
}

void FrontEnd::write_to_host(std::string_view line) {
  std::lock_guard lock(output_);
  if (!os::write_all(options_.fd_out, std::string(line) + "\n")) end({});
}

void FrontEnd::pass_to_host(std::string_view line) {
  for (const std::string& id : answered_ids(line)) {
    if (id == kOwnAnswer) return;
    std::lock_guard lock(mutex_);
    unanswered_.erase(id);
    if (id == offered_.id) handshake_ = std::exchange(offered_, {}).line;
  }
  write_to_host(line);
}

void FrontEnd::fail_unanswered() {
  std::set<std::string> lost;
  {
    std::lock_guard lock(mutex_);
    lost.swap(unanswered_);
  }
  for (const std::string& id : lost) {
    write_to_host(R"({"jsonrpc":"2.0","id":)" + id +
                  R"(,"error":{"code":-32603,"message":"The PatchBay owner was replaced before it answered. )"
                  R"(Look at the current state before you repeat a call that changes something."}})");
  }
}

/// An owner that the operator ended is not started again behind their back; one that runs already is welcome.
bool FrontEnd::stopped_by_operator() const {
  if (!owner_ || !was_stopped(options_.home, owner_->process)) return false;
  const auto now = find_owner(options_.home);
  return !now || was_stopped(options_.home, now->process);
}

bool FrontEnd::reconnect() {
  {
    std::lock_guard lock(mutex_);
    if (state_ == State::kOver || !input_open_) return false;
    state_ = State::kBroken;
  }
  fail_unanswered();
  if (stopped_by_operator()) {
    std::fputs("patchbay stdio: the operator ended PatchBay; start this connection again to use it.\n", stderr);
    end({});
    return false;
  }
  const MonoTime deadline = std::chrono::steady_clock::now() + kReconnectWithin;
  while (std::chrono::steady_clock::now() < deadline) {
    auto fd = reach_owner(options_.home, options_.owner_argv, deadline);
    if (!fd) {
      end(fd.error());
      return false;
    }
    auto socket = greet(std::move(*fd));
    if (!socket) continue;
    bool greeted_before = false;
    {
      std::lock_guard lock(mutex_);
      if (state_ == State::kOver) return false;
      socket_ = std::move(*socket);
      state_ = State::kConnected;
      greeted_before = initialized_;
      if (!input_open_) os::end_writing(socket_->get());
    }
    changed_.notify_all();
    if (greeted_before) write_to_host(kListChanged);
    return true;
  }
  end(Error{ErrorCode::kIoError, "the connection to the owner broke", "Start the host's connection again.", {}});
  return false;
}

void FrontEnd::copy_from_owner() {
  for (;;) {
    Socket socket;
    {
      std::lock_guard lock(mutex_);
      socket = socket_;
    }
    transport::LineReader lines(kMaxLine);
    bool good = true;
    while (good) {
      const auto bytes = os::read_some(socket->get(), kPiece);
      if (!bytes || bytes->empty()) break;
      // An owner that writes such a line is no owner; the next connection may find another one.
      lines.feed(
          *bytes, [&](std::string_view line) { pass_to_host(line); }, [&] { good = false; });
    }
    if (!reconnect()) break;
  }
  end({});
}

Status FrontEnd::run() {
  os::SignalQueue signals = PB_TRY(os::SignalQueue::open({SIGTERM, SIGINT, SIGHUP}));
  const pid_t parent = os::parent_pid();
  over_ = PB_TRY(os::Wake::create());
  socket_ = PB_TRY(greet(std::move(options_.socket)));
  state_ = State::kConnected;
  std::thread([this] { copy_from_host(); }).detach();
  std::thread([this] { copy_from_owner(); }).detach();

  MonoTime give_up = MonoTime::max();
  for (;;) {
    [[maybe_unused]] const auto ready =
        os::wait_any_readable({signals.fd(), over_.fd()}, std::min(give_up, std::chrono::steady_clock::now() + kLook));
    over_.clear();
    const bool asked = signals.wait(std::chrono::milliseconds(0)).has_value() || os::parent_pid() != parent;
    std::lock_guard lock(mutex_);
    if (state_ == State::kOver) return ended_with_;
    if (asked && input_open_) {
      input_open_ = false;
      if (socket_) os::end_writing(socket_->get());
    }
    const MonoTime now = std::chrono::steady_clock::now();
    if (!input_open_ && give_up == MonoTime::max()) give_up = now + kFinishWithin;
    if (now >= give_up) return {};
  }
}

}  // namespace

Status run_front_end(FrontEndOptions options) {
  // Its threads may wait for a host for ever; they end with the process.
  auto* const front_end = new FrontEnd(std::move(options));
  return front_end->run();
}

}  // namespace patchbay::app
