#include "app/line_ids.h"

#include <gtest/gtest.h>

#include "patchbay/json/json.h"

namespace patchbay::app {
namespace {

using Ids = std::vector<std::string>;

TEST(LineIdsTest, RequestOfTheHostHasItsIdAsJsonText) {
  EXPECT_EQ(look_at_host_line(R"({"jsonrpc":"2.0","id":7,"method":"ping"})").ids, Ids{"7"});
  EXPECT_EQ(look_at_host_line(R"({"jsonrpc":"2.0","id":"a\"b","method":"ping"})").ids, Ids{R"("a\"b")"});
}

TEST(LineIdsTest, NotificationsAnswersAndGarbageHaveNone) {
  for (const char* line : {R"({"jsonrpc":"2.0","method":"notifications/initialized"})",
                           R"({"jsonrpc":"2.0","id":3,"result":{}})", "not json", "[]", "", R"({"id":1})"}) {
    EXPECT_EQ(look_at_host_line(line).ids, Ids{}) << line;
  }
}

TEST(LineIdsTest, HandshakeIsAnInitializeWithoutAModernClaim) {
  EXPECT_TRUE(look_at_host_line(R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{}})").handshake);
  EXPECT_FALSE(look_at_host_line(R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"_meta":)"
                                 R"({"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}})")
                   .handshake);
  EXPECT_TRUE(look_at_host_line(R"({"jsonrpc":"2.0","method":"notifications/initialized"})").initialized);
}

TEST(LineIdsTest, CancelNamesTheRequestItGivesUp) {
  EXPECT_EQ(
      look_at_host_line(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":9}})").cancels,
      Ids{"9"});
}

TEST(LineIdsTest, AnswerOfTheOwnerHasAnId) {
  EXPECT_EQ(answered_ids(R"({"jsonrpc":"2.0","id":12,"result":{"x":1}})"), Ids{"12"});
  EXPECT_EQ(answered_ids(R"({"jsonrpc":"2.0","id":"a\",\"result","error":{}})"), Ids{R"("a\",\"result")"});
}

TEST(LineIdsTest, RequestsAndNotificationsOfTheOwnerAreNoAnswers) {
  for (const char* line : {R"({"jsonrpc":"2.0","id":12,"method":"elicitation/create","params":{}})",
                           R"({"jsonrpc":"2.0","method":"notifications/progress"})",
                           R"({"jsonrpc":"2.0","error":{"code":-32700}})", R"({"jsonrpc":"2.0","id":)", ""}) {
    EXPECT_EQ(answered_ids(line), Ids{}) << line;
  }
}

TEST(LineIdsTest, BatchHasTheIdsOfAllItsRequests) {
  const HostLine seen =
      look_at_host_line(R"([{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":"b","method":"ping"},)"
                        R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":4}},5])");
  EXPECT_EQ(seen.ids, (Ids{"1", R"("b")"}));
  EXPECT_EQ(seen.cancels, Ids{"4"});
  EXPECT_FALSE(seen.handshake);
  EXPECT_EQ(answered_ids(R"([{"jsonrpc":"2.0","id":1,"result":{}},{"jsonrpc":"2.0","id":"b","error":{}}])"),
            (Ids{"1", R"("b")"}));
  EXPECT_EQ(answered_ids("[{"), Ids{});
}

TEST(LineIdsTest, HandshakeKeepsEverythingButItsId) {
  const Json repeated =
      *json::parse(with_id(R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"x":1}})", "own"));
  EXPECT_EQ(json::get_string(repeated, "id"), "own");
  EXPECT_EQ(json::get_int(repeated["params"], "x"), 1);
}

}  // namespace
}  // namespace patchbay::app
