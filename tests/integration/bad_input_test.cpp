// What a stranger, a broken client or a hostile repository may send at the running program.

#include <sys/socket.h>
#include <sys/un.h>

#include "integration/fixture.h"
#include "support/raw_connection.h"

namespace patchbay::integration {
namespace {

using testing_support::RawConnection;

class BadInputTest : public Integration {
 protected:
  void SetUp() override { owner_ = start(); }

  std::string head(std::size_t length) const {
    return fmt::format(
        "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\n"
        "Accept: application/json, text/event-stream\r\nContent-Length: {}\r\n\r\n",
        owner_->port(), length);
  }
  /// Status of the answer to this body.
  int post(const std::string& body) {
    RawConnection connection(owner_->port());
    const int status = connection.ask(head(body.size()) + body);
    answer_ = connection.body();
    return status;
  }
  /// The server still does its work, and it is the same process.
  void expect_alive() {
    ASSERT_EQ(owner_pid(), owner_->pid());
    McpClient client(owner_->port());
    EXPECT_TRUE(json::get_bool(client.call("codex_self_test"), "ready", true));
  }

  std::unique_ptr<PatchbayProcess> owner_;
  std::string answer_;
};

TEST_F(BadInputTest, WrongTokenOpensNothing) {  // SEC:A1
  owner_->stop();
  env_["PATCHBAY_HTTP_TOKEN"] = "canary-token-0123456789abcdef";
  owner_ = start();
  http::Client http({.port = owner_->port()});
  for (const char* token : {"", "canary-token-0123456789abcde", "canary-token-0123456789abcdefg", "x"}) {
    EXPECT_EQ(http.post("/mcp", "{}", {{"Authorization", std::string("Bearer ") + token}})->status, 401) << token;
  }
  EXPECT_EQ(http.get("/?patchbay_token=wrong")->status, 401);
  EXPECT_EQ(http.get("/", {{"Authorization", "Basic canary-token-0123456789abcdef"}})->status, 401);
}

TEST_F(BadInputTest, BodyAboveTheLimitIsRefusedBeforeItIsRead) {
  RawConnection connection(owner_->port());
  EXPECT_EQ(connection.ask(head(2u << 20) + "{"), 413) << "nothing more of the body ever comes";
  expect_alive();
}

TEST_F(BadInputTest, DeeplyNestedMessageIsAParseError) {
  const std::string deep = std::string(10'000, '[') + std::string(10'000, ']');
  EXPECT_EQ(post(deep), 400);
  EXPECT_EQ(post(R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"codex_self_test","arguments":)" +
                 deep + "}}"),
            400);
  EXPECT_THAT(answer_, HasSubstr("-32700"));
  expect_alive();
}

TEST_F(BadInputTest, InvalidUtf8IsAParseError) {
  EXPECT_EQ(post("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\xfe\xc0\x80\"}"), 400);
  EXPECT_EQ(post("\xed\xa0\x80"), 400);
  expect_alive();
}

TEST_F(BadInputTest, UnknownToolAndUnknownArgumentAreNamed) {
  McpClient client(owner_->port());
  const Json unknown = client.request("tools/call", {{"name", "codex_no_such_tool"}, {"arguments", Json::object()}});
  EXPECT_EQ(json::get_int(unknown["error"], "code"), -32602) << json::dump(unknown);
  EXPECT_EQ(client.call_error("codex_read_file", {{"file_path", "README.md"}, {"line", 1}}), "unknown_argument");
  EXPECT_EQ(client.call_error("codex_read_file", Json::object()), "missing_argument");
  EXPECT_EQ(client.call_error("codex_read_file", {{"file_path", 7}}), "invalid_argument");
  expect_alive();
}

TEST_F(BadInputTest, NoPathLeadsOutOfTheWorkspace) {  // SEC:P1-P4
  ASSERT_TRUE(os::write_file_atomic(dir_.path("outside.txt"), "canary\n").ok());
  ASSERT_EQ(::symlink("../outside.txt", dir_.path("repo/link").c_str()), 0);
  ASSERT_EQ(::symlink("/etc", dir_.path("repo/etc").c_str()), 0);
  ASSERT_EQ(::symlink("..", dir_.path("repo/up").c_str()), 0);
  McpClient client(owner_->port());
  for (const std::string& path :
       {std::string("../outside.txt"), std::string("a/../../outside.txt"), dir_.path("outside.txt"),
        std::string("/etc/passwd"), std::string("link"), std::string("etc/passwd"), std::string("up/outside.txt"),
        std::string("./././../outside.txt"), std::string("..\\outside.txt"), std::string("%2e%2e/outside.txt")}) {
    const Json result = client.call_raw("codex_read_file", {{"file_path", path}});
    EXPECT_TRUE(json::get_bool(result, "isError")) << path;
    EXPECT_THAT(json::dump(result), Not(HasSubstr("canary"))) << path;
    EXPECT_THAT(json::dump(result), Not(HasSubstr("root:x:"))) << path;
  }
  EXPECT_EQ(client.call_error("codex_open_workspace", {{"repo_path", "/etc"}}), "root_not_allowed");
  EXPECT_EQ(client.call_error("codex_read_file", {{"file_path", std::string("README.md\0x", 11)}}), "invalid_argument");
}

TEST_F(BadInputTest, SpecialFilesAreRefusedAtOnce) {  // SEC:P7
  ASSERT_EQ(::mkfifo(dir_.path("repo/fifo").c_str(), 0600), 0);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string at = dir_.path("repo/socket");
  ASSERT_LT(at.size(), sizeof address.sun_path);
  at.copy(address.sun_path, at.size());
  ASSERT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  std::vector<std::string> special = {"fifo", "socket"};
  if (::mknod(dir_.path("repo/device").c_str(), S_IFCHR | 0600, 0x0105) == 0) special.push_back("device");
  McpClient client(owner_->port());
  for (const std::string& path : special) {
    EXPECT_EQ(client.call_error("codex_read_file", {{"file_path", path}}), "path_special_file") << path;
  }
  // What walks the tree passes them by.
  EXPECT_FALSE(json::get_bool(client.call_raw("codex_search_repo", {{"query", "Example"}}), "isError"));
  EXPECT_FALSE(json::get_bool(client.call_raw("codex_repo_tree", Json::object()), "isError"));
  EXPECT_FALSE(json::get_bool(client.call_raw("codex_git_status", Json::object()), "isError"));
  ::close(socket);
  expect_alive();
}

}  // namespace
}  // namespace patchbay::integration
