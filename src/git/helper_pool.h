#pragma once

#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

#include "git/wire.h"
#include "patchbay/git/client.h"
#include "patchbay/os/process.h"

namespace patchbay::git {

/// This process's environment without the variables that steer git (SEC:G2), without our own, and without what carries
/// a secret by its name: neither a helper nor a filter driver has a use for them.
os::Environment environment_for_git();

/// Whether a request may be sent again when the helper ended without answering it.
enum class Repeat { kAllowed, kNever };

/// The helper processes of one Client.
///
/// A call takes an idle helper or starts one, sends one request, waits for its reply, and gives the helper
/// back; a helper that missed its deadline or broke the protocol is killed instead. One thread ends extra
/// helpers that idled too long.
class Client::Pool {
 public:
  explicit Pool(ClientOptions options);
  ~Pool();

  /// One request and its reply. A helper that had died while it idled costs the request nothing: another one gets it.
  Result<wire::Frame> exchange(const wire::Frame& request, MonoTime deadline, Repeat repeat);
  int count() const;
  const ClientOptions& options() const { return options_; }

 private:
  struct Helper {
    os::Child process;
    os::Fd socket;
    MonoTime idle_since{};
    bool idled = false;  ///< it may have died meanwhile
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
