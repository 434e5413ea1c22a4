#include "http/parking.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "patchbay/base/log.h"

namespace patchbay::http {
namespace {

constexpr int kBatch = 256;

}  // namespace

Result<std::unique_ptr<Parking>> Parking::create(const std::vector<os::Fd>& listeners) {
  std::unique_ptr<Parking> parking(new Parking);
  parking->epoll_ = os::Fd(::epoll_create1(EPOLL_CLOEXEC));
  parking->wake_ = os::Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!parking->epoll_ || !parking->wake_) return errno_error(errno, "creating an epoll set");
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = &parking->wake_;
  if (::epoll_ctl(parking->epoll_.get(), EPOLL_CTL_ADD, parking->wake_.get(), &event) != 0) {
    return errno_error(errno, "filling an epoll set");
  }
  event.data.ptr = const_cast<char*>(&parking->listener_mark_);
  for (const os::Fd& listener : listeners) {
    if (::epoll_ctl(parking->epoll_.get(), EPOLL_CTL_ADD, listener.get(), &event) != 0) {
      return errno_error(errno, "filling an epoll set");
    }
  }
  return parking;
}

void Parking::park(std::unique_ptr<Connection> connection) {
  Connection* const raw = connection.get();
  std::lock_guard lock(mutex_);
  if (closed_) return;
  // The watch is armed under the lock, so that the waiting thread finds the entry when it is told of bytes.
  epoll_event event{};
  event.events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT;
  event.data.ptr = raw;
  const int operation = raw->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  raw->watched = true;
  const MonoTime deadline = raw->deadline;
  parked_.emplace(Key{deadline, raw}, std::move(connection));
  if (::epoll_ctl(epoll_.get(), operation, raw->fd.get(), &event) != 0) {
    log::warn("a connection cannot be watched: error {}", errno);
    parked_.erase(Key{deadline, raw});
    return;
  }
  if (deadline < wakes_at_) wake();
}

void Parking::wake() {
  const std::uint64_t one = 1;
  (void)!::write(wake_.get(), &one, sizeof one);
}

std::unique_ptr<Connection> Parking::take(Connection* connection) {
  std::lock_guard lock(mutex_);
  auto node = parked_.extract(Key{connection->deadline, connection});
  return node ? std::move(node.mapped()) : nullptr;
}

int Parking::next_timeout_ms() {
  std::lock_guard lock(mutex_);
  wakes_at_ = parked_.empty() ? MonoTime::max() : parked_.begin()->first.first;
  if (parked_.empty()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(wakes_at_ - system_clock().mono()).count();
  return static_cast<int>(std::clamp<long long>(left, 0, 3'600'000));
}

Parking::Event Parking::wait() {
  epoll_event events[kBatch];
  const int n = ::epoll_wait(epoll_.get(), events, kBatch, next_timeout_ms());
  Event result;
  for (int i = 0; i < n; ++i) {
    if (events[i].data.ptr == &listener_mark_) {
      result.listener = true;
    } else if (events[i].data.ptr == &wake_) {
      std::uint64_t count = 0;
      (void)!::read(wake_.get(), &count, sizeof count);
    } else if (auto connection = take(static_cast<Connection*>(events[i].data.ptr))) {
      result.readable.push_back(std::move(connection));
    }
  }
  collect_expired(result);
  return result;
}

void Parking::collect_expired(Event& event) {
  const MonoTime now = system_clock().mono();
  std::lock_guard lock(mutex_);
  while (!parked_.empty() && parked_.begin()->first.first <= now) {
    event.expired.push_back(std::move(parked_.extract(parked_.begin()).mapped()));
  }
}

std::unique_ptr<Connection> Parking::take_oldest_idle() {
  std::lock_guard lock(mutex_);
  for (auto it = parked_.begin(); it != parked_.end(); ++it) {
    if (it->second->phase == Phase::kIdle) return std::move(parked_.extract(it).mapped());
  }
  return nullptr;
}

void Parking::close() {
  std::map<Key, std::unique_ptr<Connection>> closing;
  std::lock_guard lock(mutex_);
  closed_ = true;
  closing.swap(parked_);
}

}  // namespace patchbay::http
