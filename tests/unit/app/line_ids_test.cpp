#include "app/line_ids.h"

#include <gtest/gtest.h>

#include "patchbay/json/json.h"

namespace patchbay::app {
namespace {

TEST(LineIdsTest, RequestOfTheHostHasItsIdAsJsonText) {
  EXPECT_EQ(look_at_host_line(R"({"jsonrpc":"2.0","id":7,"method":"ping"})").id, "7");
  EXPECT_EQ(look_at_host_line(R"({"jsonrpc":"2.0","id":"a\"b","method":"ping"})").id, R"("a\"b")");
}

TEST(LineIdsTest, NotificationsAnswersAndGarbageHaveNone) {
  for (const char* line : {R"({"jsonrpc":"2.0","method":"notifications/initialized"})",
                           R"({"jsonrpc":"2.0","id":3,"result":{}})", "not json", "[]", "", R"({"id":1})"}) {
    EXPECT_EQ(look_at_host_line(line).id, "") << line;
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
      look_at_host_line(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":9}})")
          .cancels,
      "9");
}

TEST(LineIdsTest, AnswerOfTheOwnerHasAnId) {
  EXPECT_EQ(answered_id(R"({"jsonrpc":"2.0","id":12,"result":{"x":1}})"), "12");
  EXPECT_EQ(answered_id(R"({"jsonrpc":"2.0","id":"a\",\"result","error":{}})"), R"("a\",\"result")");
}

TEST(LineIdsTest, RequestsAndNotificationsOfTheOwnerAreNoAnswers) {
  for (const char* line : {R"({"jsonrpc":"2.0","id":12,"method":"elicitation/create","params":{}})",
                           R"({"jsonrpc":"2.0","method":"notifications/progress"})",
                           R"({"jsonrpc":"2.0","error":{"code":-32700}})", R"({"jsonrpc":"2.0","id":)", ""}) {
    EXPECT_EQ(answered_id(line), std::nullopt) << line;
  }
}

TEST(LineIdsTest, HandshakeKeepsEverythingButItsId) {
  const Json repeated =
      *json::parse(with_id(R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"x":1}})", "own"));
  EXPECT_EQ(json::get_string(repeated, "id"), "own");
  EXPECT_EQ(json::get_int(repeated["params"], "x"), 1);
}

}  // namespace
}  // namespace patchbay::app
