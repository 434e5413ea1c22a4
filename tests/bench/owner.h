#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench/workplace.h"
#include "patchbay/http/client.h"
#include "patchbay/json/json.h"
#include "patchbay/os/process.h"

namespace patchbay::bench {

/// One `patchbay start` on loopback; ended when destroyed.
class Owner {
 public:
  struct Setup {
    std::string home;
    std::string root;            ///< default workspace
    std::string more_root = {};  ///< a further allowed one
    std::string tool_mode = "worker";
    std::vector<std::string> flags = {};  ///< anything else
  };
  /// Spawns it and waits until it has answered `initialize`.
  static Result<std::unique_ptr<Owner>> start(const Workplace& place, const Setup& setup);
  ~Owner();

  int port() const { return port_; }
  pid_t pid() const { return child_.pid(); }
  const std::string& home() const { return home_; }
  double start_ms() const { return start_ms_; }  ///< spawn to answered `initialize`

 private:
  Owner() = default;

  os::Child child_;
  std::string home_;
  int port_ = 0;
  double start_ms_ = 0;
};

/// One conversation of the 2025-11-25 handshake, on a connection of its own.
class Session {
 public:
  static Result<Session> open(int port);

  const std::string& id() const { return id_; }
  /// structuredContent of a tool; an Error for everything that is not a success.
  Result<Json> call(const std::string& tool, const Json& arguments, double* took = nullptr);
  /// Milliseconds until the whole reply of a successful call was here.
  Result<double> time_call(const std::string& tool, const Json& arguments);

 private:
  explicit Session(int port) : http_({.port = port}) {}
  Result<http::ClientResponse> post(const std::string& tool, const Json& arguments, double* took);

  http::Client http_;
  std::string id_;
  int number_ = 0;
};

/// Opens a legacy session over this connection and gives its id.
Result<std::string> initialize(http::Client& http);

/// A whole HTTP request of a session, ready to be sent again and again.
std::string post_request(int port, const std::string& session, const std::string& method, const Json& params);
std::string stream_request(int port, const std::string& session);

/// Resident memory of a process in MiB; kNotFound when it is gone.
Result<double> resident_mib(pid_t pid);

}  // namespace patchbay::bench
