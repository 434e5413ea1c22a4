#pragma once

#include <memory>
#include <string>

#include "bench/workplace.h"
#include "patchbay/os/process.h"

namespace patchbay::bench {

/// The yardstick of the HTTP rows: a process of its own with cpp-httplib and one handler that answers every
/// `POST /mcp` with the same bytes. A thread per connection, keep-alive and TCP_NODELAY on, as the library
/// does best.
class BareServer {
 public:
  static Result<std::unique_ptr<BareServer>> start(const Workplace& place, const std::string& body);
  ~BareServer();

  int port() const { return port_; }

 private:
  BareServer() = default;

  os::Child child_;
  os::Fd input_;  ///< the process ends when this closes
  int port_ = 0;
};

/// What that process runs: prints its port and serves until standard input ends.
int serve_bare(const std::string& body_file);
inline constexpr char kBareServerMode[] = "--bare-server";

}  // namespace patchbay::bench
