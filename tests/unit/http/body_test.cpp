#include "server_fixture.h"

namespace patchbay::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class BodyTest : public ServerTest {
 protected:
  static std::string chunked(std::string_view chunks) {
    return "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(chunks);
  }
};

TEST_F(BodyTest, JoinsChunksAndDropsExtensionsAndTrailers) {  // SEC:H4
  start();
  RawConnection c(port());
  EXPECT_EQ(
      c.ask(chunked("3\r\nabc\r\n0000000A;name=\"v\"\r\n0123456789\r\n0\r\nX-Evil: 1\r\nContent-Length: 9\r\n\r\n")),
      200);
  EXPECT_EQ(c.body(), "POST / [abc0123456789]");
  EXPECT_EQ(c.ask(get("/next")), 200);
  EXPECT_EQ(c.body(), "GET /next []");
}

TEST_F(BodyTest, RefusesMalformedChunks) {  // SEC:H4
  start();
  for (const std::string chunks :
       {"-2\r\nabc\r\n0\r\n\r\n", "+3\r\nabc\r\n0\r\n\r\n", "0x3\r\nabc\r\n0\r\n\r\n", " 3\r\nabc\r\n0\r\n\r\n",
        "3 \r\nabc\r\n0\r\n\r\n", "\r\nabc\r\n0\r\n\r\n", "ffffffffffffffff\r\nabc", "000000003\r\nabc\r\n0\r\n\r\n",
        "3\nabc\n0\n\n", "3\r\nabcd\r\n0\r\n\r\n", "3\r\nabc\n0\r\n\r\n", "3\r\nabc\r\n0\r\n: x\r\n\r\n",
        "3\r\nabc\r\n0\r\nA: \x01\r\n\r\n", "3\r\nabc\r\n0\r\nA: b\n\r\n"}) {
    EXPECT_EQ(status_then_close(chunked(chunks)), 400) << chunks;
  }
  EXPECT_EQ(status_then_close(chunked("3;" + std::string(300, 'x') + "\r\nabc\r\n0\r\n\r\n")), 400);
  EXPECT_EQ(handled, 0);
}

TEST_F(BodyTest, NeverAnswersABodyWithoutItsLastChunk) {  // SEC:H4
  start();
  RawConnection c(port());
  c.send(chunked("3\r\nabc\r\n"));
  ::shutdown(c.fd(), SHUT_WR);
  EXPECT_TRUE(c.read_to_end());
  EXPECT_EQ(c.text, "");
  EXPECT_EQ(handled, 0);
}

TEST_F(BodyTest, HoldsEveryFormOfBodyToTheLimit) {  // SEC:H4
  options.limits.body_bytes = 1000;
  start();
  RawConnection fits(port());
  EXPECT_EQ(fits.ask(post(std::string(1000, 'a'))), 200);
  EXPECT_EQ(fits.ask(chunked("3e8\r\n" + std::string(1000, 'a') + "\r\n0\r\n\r\n")), 200);
  handled = 0;
  EXPECT_EQ(status_then_close(post(std::string(1001, 'a'))), 413);
  EXPECT_EQ(status_then_close(chunked("3e9\r\n")), 413);
  EXPECT_EQ(status_then_close(chunked("ffffffff\r\n")), 413);
  EXPECT_EQ(status_then_close(chunked("3e8\r\n" + std::string(1000, 'a') + "\r\n1\r\na\r\n0\r\n\r\n")), 413);
  std::string tiny;
  for (int i = 0; i < 1001; ++i) tiny += "1\r\na\r\n";
  EXPECT_EQ(status_then_close(chunked(tiny)), 413);
  EXPECT_EQ(handled, 0);
}

TEST_F(BodyTest, AsksWhoMaySendBeforeItLooksAtTheBody) {
  options.limits.body_bytes = 10;
  options.head_check = [](const Request&) { return Response{403, {}, "no"}; };
  start();
  EXPECT_EQ(status_then_close("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\nContent-Encoding: gzip\r\n"
                              "Expect: 100-continue\r\n\r\n"),
            403);
}

TEST_F(BodyTest, SendsContinueOnlyToAHeadThatPasses) {
  options.head_check = [](const Request& r) -> std::optional<Response> {
    if (r.path == "/no") return Response{401, {}, "no"};
    return std::nullopt;
  };
  start();
  RawConnection c(port());
  c.send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  ASSERT_TRUE(c.read_until("HTTP/1.1 100 Continue\r\n\r\n"));
  EXPECT_EQ(handled, 0);
  EXPECT_EQ(c.ask("abc"), 200);
  EXPECT_EQ(c.body(), "POST / [abc]");
  RawConnection refused(port());
  refused.send("POST /no HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_TRUE(refused.read_to_end());
  EXPECT_EQ(refused.status(), 401);
  EXPECT_THAT(refused.text, Not(HasSubstr("100 Continue")));
}

TEST_F(BodyTest, LetsTheClientReadARefusalWhileItStillSends) {  // SEC:H3, lingering close
  options.limits.body_bytes = 10;
  start();
  RawConnection c(port());
  c.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\n");
  c.send(std::string(50000, 'a'));
  EXPECT_TRUE(c.read_to_end());  // an orderly end, no reset
  EXPECT_EQ(c.status(), 413);
}

TEST_F(BodyTest, ReadsLargeBodiesWhole) {
  start();
  RawConnection c(port());
  const std::string body(1u << 20, 'z');
  EXPECT_EQ(c.ask(post(body)), 200);
  EXPECT_EQ(c.body(), "POST / [" + body + "]");
}

}  // namespace
}  // namespace patchbay::http
