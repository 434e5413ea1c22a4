#pragma once

#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

#include "git/wire.h"
#include "patchbay/git/client.h"
#include "patchbay/os/process.h"

namespace patchbay::git {

/// This process's environment without the variables that steer git (SEC:G2).
os::Environment environment_without_git();

/// The helper processes of one Client.
///
/// A call takes an idle helper or starts one, sends one request, waits for its reply, and gives the helper
/// back; a helper that missed its deadline or broke the protocol is killed instead. One thread ends extra
/// helpers that idled too long.
class Client::Pool {
 public:
  explicit Pool(ClientOptions options);
  ~Pool();

  /// One request and its reply.
  Result<wire::Frame> exchange(const wire::Frame& request, MonoTime deadline);
  int count() const;
  const ClientOptions& options() const { return options_; }

 private:
  struct Helper {
    os::Child process;
    os::Fd socket;
    MonoTime idle_since{};
  };

  Result<Helper> take(MonoTime deadline);
  void give_back(Helper helper);
  void forget_one();
  Result<Helper> start() const;
  void end_idle_helpers();

  const ClientOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Helper> idle_;  // the one used last is at the front
  int count_ = 0;           // idle and busy
  bool stopping_ = false;
  std::thread reaper_;
};

}  // namespace patchbay::git
