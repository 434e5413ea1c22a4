#pragma once

#include <condition_variable>
#include <list>
#include <mutex>
#include <string>
#include <thread>

#include "app/stop_request.h"
#include "patchbay/app/app.h"
#include "patchbay/base/cancel.h"
#include "patchbay/os/fd.h"
#include "patchbay/os/stream.h"

namespace patchbay::app {

/// `run/owner.sock`: front ends that speak MCP line by line, and operator commands that ask one question.
///
/// One thread accepts, one more serves each connection. Peers are of our own user, so they may do everything.
class OwnerSocket {
 public:
  /// Listens and begins to accept. `background`: this owner may be asked to leave for another one.
  static Result<std::unique_ptr<OwnerSocket>> open(App& app, StopRequest& stop, bool background);
  ~OwnerSocket();

  /// Front ends connected now.
  int clients() const;
  /// Stops accepting, ends every connection, and waits for it.
  void close();

 private:
  OwnerSocket(App& app, StopRequest& stop, bool background, os::Fd listener);
  void accept_loop();
  void admit(os::Fd socket);
  void leave();
  void serve(const os::Fd& socket);
  void serve_front_end(const os::Fd& socket);
  Result<Json> answer(const Json& request);

  App& app_;
  StopRequest& stop_;
  const bool background_;
  os::Fd listener_;
  CancelToken closing_;
  mutable std::mutex mutex_;
  std::condition_variable left_;
  int connections_ = 0;  // guarded by mutex_
  int clients_ = 0;      // guarded by mutex_
  os::Wake wake_;
  std::thread acceptor_;
};

}  // namespace patchbay::app
