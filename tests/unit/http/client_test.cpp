#include "patchbay/http/client.h"

#include <thread>

#include "server_fixture.h"

namespace patchbay::http {
namespace {

class ClientTest : public ServerTest {
 protected:
  Client client() { return Client({.port = port()}); }
};

TEST_F(ClientTest, SendsRequestsOnOneConnection) {
  std::set<int> ports;
  options.handler = [&](Exchange& e) {
    ports.insert(e.request().peer_port);
    e.reply({200,
             {{"X-Type", std::string(e.request().header("content-type").value_or("none"))}},
             e.request().method + " " + e.request().path + "?" + e.request().query + " [" + e.request().body + "]"});
  };
  start();
  Client c = client();
  EXPECT_EQ(c.get("/a?b=c")->body, "GET /a?b=c []");
  const auto posted = c.post("/", "{}");
  ASSERT_TRUE(posted.ok());
  EXPECT_EQ(posted->body, "POST /? [{}]");
  EXPECT_EQ(posted->header("x-type"), "application/json");
  EXPECT_EQ(c.del("/x")->body, "DELETE /x? []");
  EXPECT_EQ(ports.size(), 1u);
}

TEST_F(ClientTest, ReadsAnEventStreamLineByLine) {
  options.handler = [](Exchange& e) {
    Stream& s = e.open_stream(200, {{"Content-Type", "text/event-stream"}}, "event: mes");
    s.write("sage\r\nda");
    s.write("ta: 1\n\n");
  };
  start();
  std::vector<std::string> lines;
  const auto r = client().stream("POST", "/", {}, "{}", [&](std::string_view line) {
    lines.emplace_back(line);
    return true;
  });
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r->status, 200);
  EXPECT_EQ(r->header("Content-Type"), "text/event-stream");
  EXPECT_EQ(lines, (std::vector<std::string>{"event: message", "data: 1", ""}));
}

TEST_F(ClientTest, LeavesAStreamWhenItHasEnough) {
  std::atomic<bool> noticed{false};
  options.handler = [&](Exchange& e) {
    Stream& s = e.open_stream(200, {}, "line\n");
    for (int i = 0; i < 1000 && s.write("line\n"); ++i) std::this_thread::sleep_for(10ms);
    noticed = true;
  };
  start();
  int seen = 0;
  const auto r = client().stream("GET", "/", {}, {}, [&](std::string_view) { return ++seen < 3; });
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(seen, 3);
  server->stop(10s);
  EXPECT_TRUE(noticed);
}

TEST_F(ClientTest, TellsAServerThatIsNotThereFromOneThatStaysSilent) {
  options.handler = [this](Exchange& e) {
    while (!e.peer_gone() && !server->stopping().cancelled()) std::this_thread::sleep_for(5ms);
    e.reply({});
  };
  start();
  Client silent({.port = port(), .read_timeout = 100ms});
  EXPECT_EQ(silent.get("/").error().code, ErrorCode::kIoError);
  const int freed = port();
  server->stop(1s);
  EXPECT_EQ(Client({.port = freed}).get("/").error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace patchbay::http
