#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>

#include "patchbay/http/server.h"
#include "support/raw_connection.h"

namespace patchbay::http {

using testing_support::RawConnection;
using namespace std::chrono_literals;

/// A server whose handler echoes method, path and body, and counts its calls.
class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    options.handler = [this](Exchange& exchange) {
      ++handled;
      const Request& r = exchange.request();
      exchange.reply({200, {{"Content-Type", "text/plain"}}, r.method + " " + r.path + " [" + r.body + "]"});
    };
  }

  Server& start() {
    auto started = Server::start(options);
    EXPECT_TRUE(started.ok());
    server = std::move(started).value();
    return *server;
  }
  int port() { return server->port(); }

  static std::string get(std::string_view path = "/") {
    return "GET " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n\r\n";
  }
  static std::string post(std::string_view body) {
    return "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           std::string(body);
  }

  /// Sends `bytes` on a fresh connection and returns the status of the first answer, after which the
  /// connection must end.
  int status_then_close(std::string_view bytes) {
    RawConnection c(port());
    c.send(bytes);
    EXPECT_TRUE(c.read_to_end()) << bytes.substr(0, 200);
    EXPECT_THAT(c.text, ::testing::HasSubstr("Connection: close\r\n"));
    return c.status();
  }

  Server::Options options;
  std::atomic<int> handled{0};
  std::unique_ptr<Server> server;
};

}  // namespace patchbay::http
