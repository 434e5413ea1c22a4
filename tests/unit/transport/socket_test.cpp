// The whole way through a real port.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "patchbay/transport/http_endpoint.h"
#include "support/protocol_world.h"
#include "support/raw_connection.h"

namespace patchbay::transport {
namespace {

using namespace std::chrono_literals;
using testing_support::RawConnection;
using testing_support::World;

class OneToken final : public Credentials {
 public:
  std::optional<mcp::Credential> check(std::string_view token) const override {
    if (token != "the-only-token-there-is") return std::nullopt;
    return mcp::Credential{"only", mcp::Scope::kPower};
  }
  bool valid(const mcp::Credential& credential) const override { return credential.name == "only"; }
};

class SocketTest : public ::testing::Test {
 protected:
  void start(bool auth = false) {
    world.start();
    HttpOptions options;
    options.auth_required = auth;
    options.realm = "demo";
    options.query_token_names = {"token"};
    transport = HttpTransport::start(*world.server, {}, options, &tokens).value();
    port = transport->port();
  }
  void TearDown() override {
    if (transport) transport->stop(2s);
  }
  static std::string post(const std::string& body, const std::string& more = "", const std::string& target = "/mcp",
                          const std::string& host = "127.0.0.1") {
    return "POST " + target + " HTTP/1.1\r\nHost: " + host +
           "\r\nContent-Type: application/json\r\nAccept: application/json, "
           "text/event-stream\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n" + more + "\r\n" + body;
  }
  World world;
  OneToken tokens;
  std::unique_ptr<HttpTransport> transport;
  int port = 0;
};

TEST_F(SocketTest, ServesBothErasOnOneConnection) {
  start();
  RawConnection c(port);
  EXPECT_EQ(c.ask(post(World::request("initialize", {{"protocolVersion", "2025-06-18"}}).dump())), 200);
  EXPECT_NE(c.text.find("Mcp-Session-Id: v1."), std::string::npos);
  const Json discover = World::request("server/discover", {{"_meta", World::envelope()}}, "d1");
  EXPECT_EQ(c.ask(post(discover.dump(), "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: server/discover\r\n")), 200);
  EXPECT_EQ(Json::parse(c.body())["result"]["supportedVersions"][0], "2026-07-28");
}

TEST_F(SocketTest, X1ListensOnBothLoopbacks) {
  world.start();
  transport = HttpTransport::start(*world.server, {.also_host = "::1"}, {}, nullptr).value();
  port = transport->port();
  RawConnection four(port);
  EXPECT_EQ(four.ask(post(World::request("ping").dump())), 200);
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(static_cast<std::uint16_t>(port));
  address.sin6_addr = in6addr_loopback;
  const os::Fd six(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!six || ::connect(six.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    GTEST_SKIP() << "no IPv6 here";
  const std::string request = post(World::request("ping").dump(), "", "/mcp", "[::1]");
  ASSERT_EQ(::write(six.get(), request.data(), request.size()), static_cast<ssize_t>(request.size()));
  char text[16] = "";
  ASSERT_GT(::read(six.get(), text, sizeof text), 12);
  EXPECT_EQ(std::string_view(text, 12), "HTTP/1.1 200");
}

TEST_F(SocketTest, SurvivesHostileBodies) {
  start();
  const std::string deep = std::string(10'000, '[') + std::string(10'000, ']');
  for (const std::string& body :
       {deep, std::string("{\"a\":\"\xff\xfe\"}"), std::string("{"), std::string(100'000, '[')}) {
    RawConnection c(port);
    EXPECT_EQ(c.ask(post(body)), 400);
    const Json answer = Json::parse(c.body());
    EXPECT_EQ(answer["error"]["code"], -32700);
    EXPECT_FALSE(answer.contains("id"));
  }
  RawConnection good(port);
  EXPECT_EQ(good.ask(post(World::request("ping").dump())), 200);
}

TEST_F(SocketTest, RefusesTwoMebibytesWithoutReadingThem) {
  start();
  RawConnection c(port);
  EXPECT_EQ(c.ask("POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                  "application/json\r\nContent-Length: 2097152\r\n"
                  "Expect: 100-continue\r\n\r\n"),
            413);
  EXPECT_EQ(Json::parse(c.body())["error"]["code"], -32600);
  RawConnection whole(port);
  whole.send(post("{\"x\":\"" + std::string(2u << 20, 'x') + "\"}"));
  EXPECT_TRUE(whole.read_until("\r\n\r\n"));
  EXPECT_EQ(whole.status(), 413);
}

TEST_F(SocketTest, RefusesForeignNamesAndWrongTokensInWords) {
  start(true);
  const std::string body = World::request("ping").dump();
  RawConnection a(port);
  EXPECT_EQ(a.ask(post(body, "", "/mcp", "evil.example")), 403);
  EXPECT_NE(a.body().find("server.allowed_hosts"), std::string::npos);
  RawConnection b(port);
  EXPECT_EQ(b.ask(post(body, "Origin: https://evil.example\r\n")), 403);
  RawConnection c(port);
  EXPECT_EQ(c.ask(post(body, "Authorization: Bearer wrong\r\n")), 401);
  EXPECT_NE(c.text.find("WWW-Authenticate: Bearer realm=\"demo\""), std::string::npos);
  EXPECT_NE(c.text.find("Referrer-Policy: no-referrer"), std::string::npos) << "A3";
  RawConnection d(port);
  EXPECT_EQ(d.ask(post(body, "", "/mcp?token=the-only-token-there-is")), 200);
  RawConnection e(port);
  EXPECT_EQ(e.ask(post(body, "Authorization: Bearer the-only-token-there-is\r\n")), 200);
}

TEST_F(SocketTest, A12RefusesProcessesOfOtherUsersWithoutAToken) {
  if (::getuid() != 0) GTEST_SKIP() << "only root can be somebody else";
  start();
  RawConnection own(port);
  EXPECT_EQ(own.ask(post(World::request("ping").dump())), 200);
  const std::string request = post(World::request("ping").dump());
  int answers[2];
  ASSERT_EQ(::pipe2(answers, O_CLOEXEC), 0);
  const pid_t child = ::fork();
  if (child == 0) {  // only system calls from here on
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::syscall(SYS_setresuid, 65534, 65534, 65534) != 0) ::_exit(1);
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) ::_exit(1);
    if (::write(fd, request.data(), request.size()) < 0) ::_exit(1);
    char text[64];
    const ssize_t n = ::read(fd, text, sizeof text);
    if (n > 0 && ::write(answers[1], text, static_cast<std::size_t>(n)) < 0) ::_exit(1);
    ::_exit(0);
  }
  ::close(answers[1]);
  ::waitpid(child, nullptr, 0);
  char text[64] = "";
  const ssize_t n = ::read(answers[0], text, sizeof text);
  ::close(answers[0]);
  EXPECT_EQ(std::string_view(text, n > 0 ? static_cast<std::size_t>(n) : 0).substr(0, 12), "HTTP/1.1 403");
}

TEST_F(SocketTest, AnswersGetWithoutASessionAtOnce) {
  start();
  RawConnection c(port);
  EXPECT_EQ(c.ask("GET /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"), 405);
  EXPECT_NE(c.text.find("Allow: POST\r\n"), std::string::npos);
}

TEST_F(SocketTest, StopsWithOpenStreams) {
  start();
  const Json listen = World::request(
      "subscriptions/listen", {{"notifications", {{"toolsListChanged", true}}}, {"_meta", World::envelope()}}, "l");
  RawConnection c(port);
  c.send(post(listen.dump(), "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: subscriptions/listen\r\n"));
  ASSERT_TRUE(c.read_until("acknowledged"));
  world.server->notify_tools_changed();
  ASSERT_TRUE(c.read_until("list_changed"));
  transport->stop(2s);
  EXPECT_TRUE(c.read_to_end());
  EXPECT_NE(c.text.find("\"id\":\"l\",\"result\""), std::string::npos);
}

TEST_F(SocketTest, TellsWhenThePortIsTaken) {
  start();
  const auto second = HttpTransport::start(*world.server, {.port = port}, {}, nullptr);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kPortInUse);
}

}  // namespace
}  // namespace patchbay::transport
