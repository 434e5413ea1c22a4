#include <stdexcept>
#include <thread>

#include "server_fixture.h"
#include "support/patience.h"

namespace patchbay::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using testing_support::eventually;

class ExchangeTest : public ServerTest {
 protected:
  Server& start_with(Handler handler) {
    options.handler = std::move(handler);
    return start();
  }
};

TEST_F(ExchangeTest, AddsTheStandingHeaders) {  // SEC:H16
  start();
  RawConnection c(port());
  ASSERT_EQ(c.ask(get()), 200);
  EXPECT_EQ(c.text,
            "HTTP/1.1 200 OK\r\n"
            "Content-Type: text/plain\r\n"
            "Cache-Control: no-store\r\n"
            "X-Content-Type-Options: nosniff\r\n"
            "Referrer-Policy: no-referrer\r\n"
            "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
            "Content-Length: 8\r\n"
            "Connection: keep-alive\r\n\r\nGET / []");
}

TEST_F(ExchangeTest, LetsTheHandlerReplaceAStandingHeaderButNotTheFraming) {
  start_with([](Exchange& e) {
    e.reply({200, {{"cache-control", "no-cache"}, {"Content-Length", "1"}, {"Transfer-Encoding", "chunked"}}, "abc"});
  });
  RawConnection c(port());
  ASSERT_EQ(c.ask(get()), 200);
  EXPECT_THAT(c.text, HasSubstr("cache-control: no-cache\r\n"));
  EXPECT_THAT(c.text, Not(HasSubstr("no-store")));
  EXPECT_THAT(c.text, Not(HasSubstr("Transfer-Encoding")));
  EXPECT_EQ(c.body(), "abc");
}

TEST_F(ExchangeTest, NeverSendsAHeaderWithControlCharacters) {  // SEC:H8
  start_with([](Exchange& e) {
    const std::string& path = e.request().path;
    if (path == "/crlf") e.reply({200, {{"Mcp-Session-Id", "a\r\nSet-Cookie: evil"}}, "secret"});
    if (path == "/nul") e.reply({200, {{"A", std::string("a\0b", 3)}}, "secret"});
    if (path == "/name") e.reply({200, {{"A b", "c"}}, "secret"});
    if (path == "/stream") e.open_stream(200, {{"A", "b\nc"}}, "secret");
  });
  for (const char* path : {"/crlf", "/nul", "/name", "/stream"}) {
    RawConnection c(port());
    c.send(get(path));
    EXPECT_TRUE(c.read_to_end()) << path;
    EXPECT_EQ(c.status(), 500) << path;
    EXPECT_THAT(c.text, Not(HasSubstr("evil")));
    EXPECT_THAT(c.text, Not(HasSubstr("secret")));
  }
}

TEST_F(ExchangeTest, KeepsTheTextOfAnExceptionToItself) {  // SEC:H10
  start_with([](Exchange& e) {
    if (e.request().path == "/odd") throw 42;
    throw std::runtime_error("secret");
  });
  for (const char* path : {"/", "/odd"}) {
    RawConnection c(port());
    c.send(get(path));
    EXPECT_TRUE(c.read_to_end());
    EXPECT_EQ(c.status(), 500);
    EXPECT_THAT(c.text, Not(HasSubstr("secret")));
    EXPECT_EQ(c.body(), "internal error\n");
  }
}

TEST_F(ExchangeTest, AnswersForAHandlerThatForgotTo) {
  start_with([](Exchange&) {});
  EXPECT_EQ(status_then_close(get()), 500);
}

TEST_F(ExchangeTest, AHeadCheckThatThrowsRefuses) {  // SEC:H10
  options.head_check = [](const Request&) -> std::optional<Response> { throw std::runtime_error("secret"); };
  start();
  EXPECT_EQ(status_then_close(get()), 500);
  EXPECT_EQ(handled, 0);
}

TEST_F(ExchangeTest, SendsNoBodyWhereNoneBelongs) {
  start_with([](Exchange& e) { e.reply({e.request().path == "/none" ? 204 : 405, {}, "body"}); });
  RawConnection c(port());
  EXPECT_EQ(c.ask(get("/none")), 204);
  EXPECT_THAT(c.text, Not(HasSubstr("Content-Length")));
  c.text.clear();
  c.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n" + get("/after"));
  ASSERT_TRUE(c.read_until("body"));
  EXPECT_THAT(c.text, StartsWith("HTTP/1.1 405"));
  EXPECT_THAT(c.text, HasSubstr("Content-Length: 4\r\nConnection: keep-alive\r\n\r\nHTTP/1.1 405"));
}

TEST_F(ExchangeTest, AnAcceptedNotificationHasNeitherBodyNorType) {  // H14 of the wire
  start_with([](Exchange& e) { e.reply({202, {}, {}}); });
  RawConnection c(port());
  EXPECT_EQ(c.ask(post("{}")), 202);
  EXPECT_THAT(c.text, HasSubstr("Content-Length: 0\r\n"));
  EXPECT_THAT(c.text, Not(HasSubstr("\r\nContent-Type:")));
}

TEST_F(ExchangeTest, StreamsPiecesAndKeepsTheConnection) {
  start_with([](Exchange& e) {
    Stream& s = e.open_stream(200, {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-cache"}}, ": hi\n\n");
    EXPECT_TRUE(s.write(""));
    EXPECT_TRUE(s.write("data: 1\n\n"));
    EXPECT_FALSE(s.closed());
  });
  RawConnection c(port());
  c.send(get());
  ASSERT_TRUE(c.read_until("\r\n0\r\n\r\n"));
  EXPECT_THAT(c.text, HasSubstr("Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n"
                                "6\r\n: hi\n\n\r\n9\r\ndata: 1\n\n\r\n0\r\n\r\n"));
  c.text.clear();
  c.send(get());
  EXPECT_TRUE(c.read_until("\r\n0\r\n\r\n"));
}

TEST_F(ExchangeTest, StreamsToAnOldClientUntilTheConnectionEnds) {
  start_with([](Exchange& e) { e.open_stream(200, {}, "one ").write("two"); });
  RawConnection c(port());
  c.send("GET / HTTP/1.0\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(c.read_to_end());
  EXPECT_EQ(c.body(), "one two");
}

TEST_F(ExchangeTest, AStreamThatFailsEndsWithoutItsLastChunk) {
  start_with([](Exchange& e) {
    e.open_stream(200, {}, "part");
    throw std::runtime_error("secret");
  });
  RawConnection c(port());
  c.send(get());
  EXPECT_TRUE(c.read_to_end());
  EXPECT_EQ(c.body(), "4\r\npart\r\n");
}

TEST_F(ExchangeTest, NoticesAPeerThatLeft) {  // SEC:H18, H19
  std::atomic<bool> waiting{false}, noticed{false}, write_failed{false};
  start_with([&](Exchange& e) {
    Stream& s = e.open_stream(200, {}, "x");
    EXPECT_FALSE(e.peer_gone());
    waiting = true;
    noticed = eventually([&] { return e.peer_gone() && s.closed(); });
    write_failed = eventually([&] { return !s.write("data"); });  // and no SIGPIPE
  });
  RawConnection c(port());
  c.send(get());
  ASSERT_TRUE(eventually([&] { return waiting.load(); }));
  c.close();
  EXPECT_TRUE(eventually([&] { return write_failed.load(); }));
  EXPECT_TRUE(noticed);
}

TEST_F(ExchangeTest, StreamsTakeWritesFromSeveralThreads) {
  start_with([](Exchange& e) {
    Stream& s = e.open_stream(200, {}, "start");
    std::vector<std::thread> writers;
    for (int t = 0; t < 4; ++t) {
      writers.emplace_back([&s] {
        for (int i = 0; i < 100; ++i) s.write("0123456789");
      });
    }
    for (std::thread& t : writers) t.join();
  });
  RawConnection c(port());
  c.send(get());
  ASSERT_TRUE(c.read_until("\r\n0\r\n\r\n"));
  std::size_t pieces = 0;
  for (std::size_t at = 0; (at = c.text.find("\r\na\r\n0123456789", at)) != std::string::npos; ++at) ++pieces;
  EXPECT_EQ(pieces, 400u);
}

TEST_F(ExchangeTest, StopWakesStreamsAndWaitsForHandlers) {
  std::atomic<bool> inside{false};
  CancelToken stopping;
  start_with([&](Exchange& e) {
    Stream& s = e.open_stream(200, {}, "open");
    inside = true;
    while (!stopping.cancelled()) std::this_thread::sleep_for(1ms);
    s.write("bye");
  });
  stopping = server->stopping();
  RawConnection c(port());
  c.send(get());
  RawConnection idle(port());
  ASSERT_TRUE(eventually([&] { return inside.load(); }));
  server->stop(10s);
  EXPECT_TRUE(c.read_to_end());
  EXPECT_THAT(c.text, HasSubstr("3\r\nbye\r\n0\r\n\r\n"));
  EXPECT_TRUE(idle.read_to_end());
  EXPECT_FALSE(RawConnection().open(port()));
}

TEST_F(ExchangeTest, StopCutsAHandlerThatIsStuckOnItsSocket) {
  options.limits.write_deadline = 600s;
  std::atomic<bool> inside{false};
  start_with([&](Exchange& e) {
    inside = true;
    e.reply({200, {}, std::string(64u << 20, 'x')});
  });
  RawConnection c(port());
  c.send(get());
  ASSERT_TRUE(eventually([&] { return inside.load(); }));
  server->stop(50ms);  // returns although nobody reads
  EXPECT_TRUE(server->stopping().cancelled());
}

}  // namespace
}  // namespace patchbay::http
