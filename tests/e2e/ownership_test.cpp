#include "e2e/e2e.h"
#include "support/patience.h"

namespace patchbay::e2e {
namespace {

class Ownership : public EndToEnd {};

TEST_F(Ownership, AnotherLiveConversationNeedsATakeover) {  // workers 5.12
  auto a = client("first"), b = client("second");
  start_worker(*a, "Shared", "[[say hi]]");
  a->wait_for("Shared");
  const Json seen = b->call("codex_worker_inspect", {{"worker", "Shared"}});
  EXPECT_FALSE(json::get_bool(seen, "owned_by_current_client", true));
  EXPECT_EQ(json::get_string(seen, "ownership_status"), "other_connection");
  EXPECT_THAT(json::get_string(seen, "ownership_note"), HasSubstr("takeover=true"));

  const Json refused = b->call("codex_worker_message", {{"worker", "Shared"}, {"message", "mine now [[say no]]"}});
  EXPECT_FALSE(json::get_bool(refused, "accepted"));
  EXPECT_TRUE(json::get_bool(refused, "takeover_required"));
  EXPECT_EQ(model_->requests().size(), 1u) << "a refusal must change nothing";

  const Json taken = b->call("codex_worker_message", {{"worker", "Shared"},
                                                      {"message", "mine now [[say yes]]"},
                                                      {"takeover", true},
                                                      {"takeover_reason", "the user said so"}});
  EXPECT_TRUE(json::get_bool(taken, "accepted")) << json::dump(taken);
  EXPECT_TRUE(json::get_bool(taken, "takeover_performed"));
  b->wait_for("Shared");
  EXPECT_EQ(json::get_string(a->call("codex_worker_inspect", {{"worker", "Shared"}}), "ownership_status"),
            "other_connection");
}

TEST_F(Ownership, StdioAndHttpHostsShareOneWorker) {  // design 3
  auto c = client();
  start_worker(*c, "Both", "[[say seen by both]]");
  c->wait_for("Both");
  const std::string input =
      R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"s","version":"1"}}})"
      "\n"
      R"({"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"codex_worker_list","arguments":{}}})"
      "\n";
  os::SpawnOptions stdio{.argv = {testing_support::patchbay_binary(), "stdio"}};
  stdio.env = patchbay_.env();
  const auto r = os::run(stdio, input, testing_support::end_of_patience());
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r->status.code, 0) << r->err;
  EXPECT_THAT(r->out, HasSubstr("\"Both\""));
}

}  // namespace
}  // namespace patchbay::e2e
