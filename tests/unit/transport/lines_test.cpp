// The line rules over real descriptors: rows S1 to S3, S8, J9, and the front end.

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>

#include "patchbay/os/stream.h"
#include "patchbay/transport/line_reader.h"
#include "patchbay/transport/lines.h"
#include "support/patience.h"
#include "support/protocol_world.h"

namespace patchbay::transport {
namespace {

using namespace std::chrono_literals;
using testing_support::World;

MonoTime soon() { return testing_support::end_of_patience(); }

/// Reads lines from a descriptor as they come.
class LineClient {
 public:
  explicit LineClient(int fd) : fd_(fd) {}
  /// The next line, or null at the end.
  Json next() {
    while (buffer_.find('\n') == std::string::npos) {
      const auto ready = os::wait_any_readable({fd_}, soon());
      if (!ready.ok() || *ready < 0) return nullptr;
      const auto bytes = os::read_some(fd_, 65536);
      if (!bytes.ok() || bytes->empty()) return nullptr;
      buffer_ += *bytes;
    }
    const std::size_t end = buffer_.find('\n');
    const Json line = Json::parse(buffer_.substr(0, end));
    buffer_.erase(0, end + 1);
    return line;
  }

 private:
  const int fd_;
  std::string buffer_;
};

class LinesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    world.raw_tools.push_back({.descriptor = {{"name", "wait"}, {"inputSchema", {{"type", "object"}}}},
                               .run = [this](mcp::RichCall& call, const Json&) -> Result<Json> {
                                 begun.set_value();
                                 for (int i = 0; i < 2000 && !call.cancel().cancelled(); ++i)
                                   std::this_thread::sleep_for(5ms);
                                 return Json{{"content", Json::array()}};
                               }});
    world.start();
    in = os::make_pipe().value();
    out = os::make_pipe().value();
    client = std::make_unique<LineClient>(out.read.get());
  }
  void TearDown() override {
    in.write.reset();
    out.read.reset();
    if (serving.valid()) serving.get();
  }
  void serve() {
    LineOptions options;
    options.fd_in = in.read.get();
    options.fd_out = out.write.get();
    options.max_line_bytes = 1u << 16;
    options.finish_within = 300ms;
    serving = std::async(std::launch::async, [this, options] { serve_lines(*world.server, options, stop); });
  }
  void send(const std::string& text) { ASSERT_TRUE(os::write_all_until(in.write.get(), text, soon()).ok()); }
  Json ask(const Json& message) {
    send(message.dump() + "\n");
    return client->next();
  }

  World world;
  os::Pipe in, out;
  std::unique_ptr<LineClient> client;
  CancelToken stop;
  std::promise<void> begun;
  std::future<void> serving;
};

TEST_F(LinesTest, AnswersLineByLine) {
  serve();
  EXPECT_EQ(ask(World::request("initialize", {{"protocolVersion", "2025-06-18"}}))["result"]["protocolVersion"],
            "2025-06-18");
  EXPECT_GT(ask(World::request("tools/list", Json::object(), 2))["result"]["tools"].size(), 3u);
  EXPECT_EQ(ask(World::request("tools/call", {{"name", "demo_who"}}, 3))["result"]["structuredContent"]["ok"], true);
}

TEST_F(LinesTest, S8SkipsALineThatIsTooLongAndGoesOn) {
  serve();
  send(std::string(5u << 20, 'x'));
  const Json refused = client->next();
  EXPECT_EQ(refused["error"]["code"], -32600);
  EXPECT_FALSE(refused.contains("id"));
  send("still the same line\n");
  EXPECT_EQ(ask(World::request("ping"))["result"], Json::object());
  send("{\n");
  EXPECT_EQ(client->next()["error"]["code"], -32700);
  EXPECT_EQ(ask(World::request("ping"))["result"], Json::object());
}

TEST_F(LinesTest, S3EndsOnEndOfInputAlsoAfterHalfALineAndWithACallRunning) {
  serve();
  ask(World::request("initialize"));
  send(World::request("tools/call", {{"name", "wait"}}, 9).dump() + "\n{\"half");
  begun.get_future().wait();
  in.write.reset();
  EXPECT_EQ(serving.wait_for(testing_support::kPatience), std::future_status::ready);
}

TEST_F(LinesTest, EndsWhenTold) {
  serve();
  Json listen = World::request("subscriptions/listen",
                               {{"notifications", {{"toolsListChanged", true}}}, {"_meta", World::envelope()}}, "l");
  EXPECT_EQ(ask(listen)["method"], "notifications/subscriptions/acknowledged");
  stop.cancel();
  EXPECT_EQ(client->next()["method"], "notifications/cancelled");
  EXPECT_EQ(client->next()["id"], "l");
  EXPECT_EQ(serving.wait_for(testing_support::kPatience), std::future_status::ready);
}

TEST_F(LinesTest, EndsWhenNobodyReadsItsAnswers) {
  serve();
  out.read.reset();
  send(World::request("ping").dump() + "\n");
  EXPECT_EQ(serving.wait_for(testing_support::kPatience), std::future_status::ready);
}

TEST_F(LinesTest, ANoisyServerIsNotHeldUpByASilentClient) {
  serve();
  ask(World::request("initialize"));
  // Nobody reads: far more than a pipe holds must still be announced at once.
  auto announcing = std::async(std::launch::async, [&] {
    for (int i = 0; i < 5000; ++i) world.server->notify_tools_changed();
  });
  EXPECT_EQ(announcing.wait_for(testing_support::kPatience), std::future_status::ready);
}

TEST_F(LinesTest, S1KeepsStandardOutputForTheProtocol) {
  auto fake = os::make_pipe().value();
  auto own = claim_stdout(fake.write.get());
  ASSERT_TRUE(own.ok());
  ASSERT_TRUE(os::write_all(own->get(), "protocol").ok());
  own->reset();
  EXPECT_EQ(os::read_some(fake.read.get(), 100).value(), "protocol");
  EXPECT_TRUE(os::read_some(fake.read.get(), 100).value().empty()) << "the public name points elsewhere now";
}

TEST_F(LinesTest, ReadsAGreetingAndNothingBehindIt) {
  auto pair = os::make_socket_pair().value();
  const std::string id(32, 'f');
  ASSERT_TRUE(os::write_all(pair.a.get(), hello_line({"desk \"x\"", "1.0", id}) + "next").ok());
  const auto hello = read_hello(pair.b.get(), 1s);
  ASSERT_TRUE(hello.ok());
  EXPECT_EQ(hello->label, "desk \"x\"");
  EXPECT_EQ(hello->version, "1.0");
  EXPECT_EQ(hello->client, id);
  EXPECT_EQ(os::read_some(pair.b.get(), 100).value(), "next");
  for (const std::string& bad :
       {std::string("{}\n"), std::string("[1]\n"), std::string(5000, 'x'), std::string("{\"label\":1}\n")}) {
    auto other = os::make_socket_pair().value();
    ASSERT_TRUE(os::write_all(other.a.get(), bad).ok());
    EXPECT_FALSE(read_hello(other.b.get(), 50ms).ok());
  }
}

TEST(LineReaderTest, CutsWhereTheNewlinesAre) {
  LineReader reader(5);
  std::vector<std::string> lines;
  int oversized = 0;
  const auto feed = [&](std::string_view bytes) {
    reader.feed(
        bytes, [&](std::string_view line) { lines.emplace_back(line); }, [&] { ++oversized; });
  };
  feed("ab\ncd");
  feed("e\n\n12345\n123456\nx");
  feed("y\n1234567");
  feed("89\nz\n");
  EXPECT_EQ(lines, (std::vector<std::string>{"ab", "cde", "", "12345", "xy", "z"}));
  EXPECT_EQ(oversized, 2);
}

}  // namespace
}  // namespace patchbay::transport
