#include "git/helper_pool.h"

#include <unistd.h>

#include "patchbay/base/text.h"
#include "patchbay/git/helper.h"
#include "patchbay/os/stream.h"

namespace patchbay::git {

os::Environment environment_for_git() {
  os::Environment env = os::current_environment();
  std::erase_if(env, [](const auto& e) {
    const std::string name = to_lower_ascii(e.first);
    for (const char* prefix : {"git_", "patchbay_"}) {
      if (name.starts_with(prefix)) return true;
    }
    for (const char* suffix : {"token", "api_key", "apikey", "secret", "secret_key", "access_key", "password"}) {
      if (name.ends_with(suffix)) return true;
    }
    return false;
  });
  return env;
}

Client::Pool::Pool(ClientOptions options) : options_(std::move(options)), reaper_([this] { end_idle_helpers(); }) {}

Client::Pool::~Pool() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  reaper_.join();
}

int Client::Pool::count() const {
  std::lock_guard lock(mutex_);
  return count_;
}

Result<Client::Pool::Helper> Client::Pool::start() const {
  os::SocketPair pair = PB_TRY(os::make_socket_pair());
  os::SpawnOptions spawn;
  spawn.argv = options_.helper;
  spawn.env = environment_for_git();
  spawn.stderr_fd = STDERR_FILENO;
  spawn.passed = {{pair.b.get(), kHelperFd}};
  Helper helper;
  auto child = os::Child::spawn(spawn);
  if (!child.ok()) {
    Error e = std::move(child).error();
    e.code = ErrorCode::kSpawnFailed;
    return e;
  }
  helper.process = std::move(child).value();
  helper.socket = std::move(pair.a);
  return helper;
}

Result<Client::Pool::Helper> Client::Pool::take(MonoTime deadline) {
  std::unique_lock lock(mutex_);
  const bool free =
      changed_.wait_until(lock, deadline, [&] { return !idle_.empty() || count_ < options_.max_helpers; });
  if (!free) {
    return Error{ErrorCode::kTimeout, "Git work for others took all the time.", "Call again.", "no free helper"};
  }
  if (!idle_.empty()) {
    Helper helper = std::move(idle_.front());
    idle_.pop_front();
    return helper;
  }
  ++count_;
  lock.unlock();
  auto helper = start();
  if (!helper.ok()) forget_one();
  return helper;
}

void Client::Pool::give_back(Helper helper) {
  {
    std::lock_guard lock(mutex_);
    helper.idle_since = system_clock().mono();
    helper.idled = true;
    idle_.push_front(std::move(helper));
  }
  changed_.notify_all();
}

void Client::Pool::forget_one() {
  {
    std::lock_guard lock(mutex_);
    --count_;
  }
  changed_.notify_all();
}

namespace {

/// A helper that idles says nothing, so something to read is the end of its socket. That comes before the process can
/// be waited for.
bool has_died(os::Child& process, const os::Fd& socket) {
  const auto ready = os::wait_any_readable({socket.get()}, system_clock().mono());
  return process.try_wait().has_value() || (ready && *ready >= 0);
}

}  // namespace

Result<wire::Frame> Client::Pool::exchange(const wire::Frame& request, MonoTime deadline, Repeat repeat) {
  for (;;) {
    Helper helper = PB_TRY(take(deadline));
    if (helper.idled && has_died(helper.process, helper.socket)) {
      forget_one();
      continue;
    }
    const Status sent = wire::send(helper.socket.get(), request, deadline);
    auto reply = sent.ok() ? wire::receive(helper.socket.get(), deadline) : Result<wire::Frame>(sent.error());
    if (reply.ok()) {
      give_back(std::move(helper));
      return reply;
    }
    // A helper that was being killed when it was taken still looked alive. It cannot have carried out what did not
    // reach it as a whole, and a read may be asked for twice; a new helper that ends is never replaced, so this comes
    // to an end.
    const bool died = reply.error().code != ErrorCode::kTimeout;
    const bool again = helper.idled && died && (!sent.ok() || repeat == Repeat::kAllowed);
    helper.process = {};  // kills it
    forget_one();
    if (!again) return reply;
  }
}

void Client::Pool::end_idle_helpers() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const MonoTime now = system_clock().mono();
    std::list<Helper> ending;
    // The one at the front stays warm.
    while (idle_.size() > 1 && idle_.back().idle_since + options_.idle_end <= now) {
      ending.splice(ending.end(), idle_, std::prev(idle_.end()));
      --count_;
    }
    if (!ending.empty()) {
      lock.unlock();
      ending.clear();
      lock.lock();
      continue;
    }
    if (idle_.size() > 1) {
      changed_.wait_until(lock, idle_.back().idle_since + options_.idle_end);
    } else {
      changed_.wait(lock);
    }
  }
}

}  // namespace patchbay::git
