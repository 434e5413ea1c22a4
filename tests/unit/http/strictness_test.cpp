#include "server_fixture.h"

namespace patchbay::http {
namespace {

using namespace std::string_literals;

using ::testing::HasSubstr;
using ::testing::Not;

using StrictnessTest = ServerTest;

constexpr std::string_view kSmuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";

TEST_F(StrictnessTest, RefusesHeadsThatCanBeReadInTwoWays) {  // SEC:H3
  start();
  const std::pair<const char*, std::string> heads[] = {
      {"length and coding",
       "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"coding and length",
       "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"},
      {"two lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n"},
      {"a list of lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0, 0\r\n\r\n"},
      {"a signed length", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc"},
      {"a negative length", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"},
      {"a hex length", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x3\r\n\r\nabc"},
      {"a length with a space inside", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1 0\r\n\r\n"},
      {"an empty length", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\n"},
      {"an endless length", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n"},
      {"gzip coding", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
      {"coding with a parameter", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n"},
      {"identity coding", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\n\r\n"},
      {"two codings",
       "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
       "chunked\r\n\r\n0\r\n\r\n"},
      {"vertical tab before chunked", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n"},
      {"coding in HTTP/1.0", "POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"a bare LF", "GET / HTTP/1.1\nHost: x\n\n"},
      {"a bare LF behind a header", "GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n"},
      {"a bare CR", "GET / HTTP/1.1\r\nHost: x\rA: b\r\n\r\n"},
      {"a folded line", "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n"},
      {"a tab-folded line", "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n\tc\r\n\r\n"},
      {"a space before the colon", "GET / HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\n"},
      {"a NUL in a value", "GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n"s},
      {"a control character in a value", "GET / HTTP/1.1\r\nHost: x\r\nA: b\x01\r\n\r\n"},
      {"DEL in a value", "GET / HTTP/1.1\r\nHost: x\r\nA: \x7f\r\n\r\n"},
      {"a name that is no token", "GET / HTTP/1.1\r\nHost: x\r\nA(b): c\r\n\r\n"},
      {"an empty name", "GET / HTTP/1.1\r\nHost: x\r\n: c\r\n\r\n"},
      {"no colon", "GET / HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n"},
      {"two Hosts", "GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n"},
      {"no Host", "GET / HTTP/1.1\r\nA: b\r\n\r\n"},
      {"no Host in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n"},
      {"two spaces", "GET  / HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"no version", "GET /\r\nHost: x\r\n\r\n"},
      {"a lower-case version", "GET / http/1.1\r\nHost: x\r\n\r\n"},
      {"a tab as separator", "GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"a method that is no token", "G{T / HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"a space in the target", "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"bytes above ASCII in the target", "GET /\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"a fragment", "GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"an absolute target", "GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"an empty line first", "\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"a TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n"s},
  };
  for (const auto& [what, head] : heads) {
    EXPECT_EQ(status_then_close(head + std::string(kSmuggled)), 400) << what;
  }
  EXPECT_EQ(handled, 0);
}

TEST_F(StrictnessTest, NeverAnswersBytesBehindARefusedRequestInASecondSegment) {  // SEC:H3
  start();
  RawConnection c(port());
  c.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\n");
  ASSERT_TRUE(c.read_until("\r\n\r\n"));
  c.send(kSmuggled);
  EXPECT_TRUE(c.read_to_end());
  EXPECT_EQ(c.status(), 400);
  EXPECT_EQ(c.text.find("HTTP/1.1", 1), std::string::npos);
  EXPECT_EQ(handled, 0);
}

TEST_F(StrictnessTest, NeverRunsTheBodyOfAHeadThatWasTurnedDown) {  // SEC:H3, a body left unread after a 401
  options.head_check = [](const Request&) { return Response{401, {{"WWW-Authenticate", "Bearer"}}, "no"}; };
  start();
  const std::string body(kSmuggled);
  EXPECT_EQ(status_then_close("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) +
                              "\r\n\r\n" + body),
            401);
  EXPECT_EQ(handled, 0);
}

TEST_F(StrictnessTest, LeavesHeaderValuesAsTheyCame) {  // SEC:H8
  std::string seen, peer;
  options.handler = [&](Exchange& e) {
    seen = e.request().header("authorization").value_or("");
    peer = e.request().peer_address;
    e.reply({204, {}, {}});
  };
  start();
  RawConnection c(port());
  EXPECT_EQ(c.ask("GET / HTTP/1.1\r\nHost: x\r\nAuthorization: \t Bearer%20t%6fk \t\r\nREMOTE_ADDR: 6.6.6.6\r\n\r\n"),
            204);
  EXPECT_EQ(seen, "Bearer%20t%6fk");
  EXPECT_EQ(peer, "127.0.0.1");
}

TEST_F(StrictnessTest, LeavesPathAndQueryAsTheyCame) {  // SEC:H14
  std::string path, query;
  options.handler = [&](Exchange& e) {
    path = e.request().path;
    query = e.request().query;
    e.reply({});
  };
  start();
  RawConnection c(port());
  EXPECT_EQ(c.ask(get("/a/../%2fmcp//?x=%20&y?z")), 200);
  EXPECT_EQ(path, "/a/../%2fmcp//");
  EXPECT_EQ(query, "x=%20&y?z");
}

TEST_F(StrictnessTest, RefusesTraceConnectAndForeignVersions) {  // SEC:H14
  start();
  EXPECT_EQ(status_then_close("TRACE / HTTP/1.1\r\nHost: x\r\n\r\n"), 405);
  EXPECT_EQ(status_then_close("CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n"), 405);
  EXPECT_EQ(status_then_close("GET / HTTP/1.2\r\nHost: x\r\n\r\n"), 505);
  EXPECT_EQ(status_then_close("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505);
  EXPECT_EQ(handled, 0);
}

TEST_F(StrictnessTest, RefusesEncodedBodiesAndUnknownExpectations) {  // SEC:H7
  start();
  EXPECT_EQ(status_then_close("POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"),
            415);
  EXPECT_EQ(
      status_then_close("POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: br\r\nTransfer-Encoding: chunked\r\n\r\n"),
      415);
  EXPECT_EQ(status_then_close("POST / HTTP/1.1\r\nHost: x\r\nExpect: tea\r\nContent-Length: 3\r\n\r\nabc"), 417);
  EXPECT_EQ(handled, 0);
  RawConnection c(port());
  EXPECT_EQ(c.ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc"), 200);
}

TEST_F(StrictnessTest, HoldsHeadsToTheirLimits) {  // SEC:H6
  start();
  const Limits limits;
  EXPECT_EQ(status_then_close(get("/" + std::string(limits.request_line_bytes, 'a'))), 414);
  std::string many = "GET / HTTP/1.1\r\nHost: x\r\n";
  for (std::size_t i = 0; i < limits.header_count; ++i) many += "A: b\r\n";
  EXPECT_EQ(status_then_close(many + "\r\n"), 431);
  EXPECT_EQ(status_then_close("GET / HTTP/1.1\r\nHost: x\r\nA: " + std::string(limits.header_value_bytes + 1, 'b') +
                              "\r\n\r\n"),
            431);
  std::string large = "GET / HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 9; ++i) large += "A: " + std::string(4000, 'b') + "\r\n";
  EXPECT_EQ(status_then_close(large + "\r\n"), 431);
  EXPECT_EQ(handled, 0);
}

TEST_F(StrictnessTest, StopsReadingAnEndlessLineAtTheLimit) {  // SEC:H6
  start();
  RawConnection c(port());
  c.send("GET /");
  const std::string piece(16 << 10, 'a');
  std::size_t taken = 0;
  while (taken < (64u << 20) && c.send(piece)) taken += piece.size();
  EXPECT_LT(taken, 64u << 20);  // what fits into socket buffers, then a closed connection
  EXPECT_EQ(handled, 0);
}

TEST_F(StrictnessTest, AcceptsHeadsJustInsideTheLimits) {
  start();
  const Limits limits;
  RawConnection c(port());
  std::string head = "GET /" + std::string(limits.request_line_bytes - 14, 'a') + " HTTP/1.1\r\nHost: x\r\n";
  for (std::size_t i = 0; i + 3 < limits.header_count; ++i) head += "A: b\r\n";
  head += "Big: " + std::string(limits.header_value_bytes, 'c') + "\r\n";
  EXPECT_EQ(c.ask(head + "\r\n"), 200);
}

TEST_F(StrictnessTest, AcceptsAHeadThatComesByteByByte) {
  start();
  RawConnection c(port());
  const std::string request = post("abc");
  for (std::size_t i = 0; i + 1 < request.size(); ++i) c.send(request.substr(i, 1));
  EXPECT_EQ(c.ask(request.substr(request.size() - 1)), 200);
  EXPECT_EQ(c.body(), "POST / [abc]");
}

TEST_F(StrictnessTest, UsesTheFormatOfItsUserForRefusals) {
  options.refusal = [](int status, std::string_view reason) {
    return Response{status, {{"Content-Type", "application/json"}}, "{\"why\":\"" + std::string(reason) + "\"}"};
  };
  start();
  RawConnection c(port());
  c.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(c.read_to_end());
  EXPECT_THAT(c.text, HasSubstr("Content-Type: application/json\r\n"));
  EXPECT_EQ(c.body(), "{\"why\":\"exactly one Host header is needed\"}");
}

TEST_F(StrictnessTest, IgnoresRange) {  // SEC:H9
  start();
  RawConnection c(port());
  std::string ranges = "bytes=0-0";
  for (int i = 1; i < 1000; ++i) ranges += ",0-0";
  EXPECT_EQ(c.ask("GET / HTTP/1.1\r\nHost: x\r\nRange: " + ranges + "\r\n\r\n"), 200);
  EXPECT_EQ(c.body(), "GET / []");
  EXPECT_THAT(c.text, Not(HasSubstr("Content-Range")));
}

}  // namespace
}  // namespace patchbay::http
