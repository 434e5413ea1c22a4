#include "unit/tools/tools_fixture.h"

namespace patchbay::tools {
namespace {

using testing::HasSubstr;
using testing::Not;

class SessionTools : public ToolsTest {};

TEST_F(SessionTools, SelfTestWorksWithoutArgumentsAndGivesAHandle) {
  const Json reply = call("codex_self_test");
  EXPECT_EQ(json::get_string(reply, "name"), "patchbay");
  EXPECT_EQ(reply["ready"], Json(true)) << json::dump(reply["checks"]);
  EXPECT_EQ(json::get_string(reply, "handle"), "pbh_minted1");
  EXPECT_THAT(last_text, HasSubstr("pbh_minted1"));
  EXPECT_EQ(json::get_string(reply, "catalogue_version"), parts->catalog->version());
  EXPECT_EQ(json::get_string(reply, "posture"), "narrow");
  EXPECT_EQ(reply["tool_count"], Json(parts->catalog->size(mcp::Mode::kFull, mcp::Scope::kPower)));
  EXPECT_EQ(json::get_string(reply["connection"], "tool_mode"), "worker");
  EXPECT_EQ(json::get_string(reply, "tool_mode_effective"), "full");
  EXPECT_EQ(reply["jobs"]["active_jobs"], Json(0));
}

TEST_F(SessionTools, SelfTestKeepsTheHandleThatTheCallCameWith) {
  as.given = "pbh_mine";
  EXPECT_EQ(json::get_string(call("codex_self_test"), "handle"), "pbh_mine");
  EXPECT_EQ(as.minted, 0);
}

TEST_F(SessionTools, SelfTestSaysWhenConversationsCannotBeToldApart) {
  EXPECT_EQ(json::get_string(call("codex_self_test")["coordination"], "ownership"), "conversation");
  as.who.kind = mcp::ScopeKind::kCredential;
  EXPECT_EQ(json::get_string(call("codex_self_test")["coordination"], "ownership"), "shared-url");
}

// workers 9.2: a missing login is told before the first worker fails of it.
TEST_F(SessionTools, SelfTestAsksCodexForItsLoginAndRemembersTheAnswer) {
  const auto login = [this] {
    const Json reply = call("codex_self_test");
    for (const Json& check : reply["checks"]) {
      if (check["name"] == "codex_auth") return check;
    }
    return Json::object();
  };
  EXPECT_EQ(login()["status"], "warn");
  EXPECT_THAT(json::get_string(login(), "detail"), HasSubstr("codex login"));
  EXPECT_EQ(codex_program.questions().size(), 2u) << "its version and its login, each once";
  codex_program.put("auth.json", "{}");
  EXPECT_EQ(login()["status"], "pass");
}

TEST_F(SessionTools, SelfTestOfATestOfTheConnectionStartsNoProgram) {
  launch.connection_test = true;
  open();
  (void)call("codex_self_test");
  EXPECT_TRUE(codex_program.questions().empty());
}

TEST_F(SessionTools, SelfTestShowsTheAddressOfATunnel) {
  const Json reply = call("codex_self_test", {{"public_base_url", "https://example.org/base/"}});
  EXPECT_EQ(json::get_string(reply["connection"], "server_url"), "https://example.org/base/mcp");
  for (const char* url :
       {"example.org", "ftp://example.org", "https://", "https://a@b", "https://a/?x=1", "http://a b"}) {
    EXPECT_EQ(refused("codex_self_test", {{"public_base_url", url}}), "invalid_argument") << url;
  }
}

// W10, R1: neither the token nor the command session is ever told.
TEST_F(SessionTools, SelfTestTellsNoSecret) {
  launch.auth.reasons = {config::AuthReason::kTokenConfigured};
  launch.auth.token = {Secret("token-of-32-bytes-for-this-test!"), "$PATCHBAY_HTTP_TOKEN"};
  launch.config.power_tools.bash_session_id = "session-guard-word";
  open();
  const Json reply = call("codex_self_test");
  EXPECT_THAT(json::dump(reply), Not(HasSubstr("token-of-32")));
  EXPECT_THAT(json::dump(reply), Not(HasSubstr("session-guard-word")));
  EXPECT_EQ(reply["connection"]["query_token_url_redacted"], Json(true));
  EXPECT_THAT(json::get_string(reply["connection"], "server_url"), HasSubstr("?patchbay_token=%3Credacted%3E"));
  EXPECT_EQ(reply["auth"]["token_returned"], Json(false));
  EXPECT_EQ(reply["auth"]["required_reasons"], Json({"token_configured"}));
  EXPECT_EQ(reply["power_tools"]["bash_session_id"], Json(nullptr));
  EXPECT_EQ(reply["power_tools"]["bash_session_configured"], Json(true));
}

TEST_F(SessionTools, ModeInfoComparesTheModes) {
  const Json reply = call("codex_tool_mode_info");
  EXPECT_EQ(json::get_string(reply, "current_mode"), "full");
  EXPECT_EQ(json::get_string(reply, "default_mode"), "worker");
  EXPECT_EQ(reply["available_modes"], Json({"worker", "standard", "full", "minimal"}));
  ASSERT_EQ(reply["modes"].size(), 4u);
  EXPECT_EQ(reply["modes"][0]["tool_count"], Json(reply["modes"][0]["tool_names"].size()));
  EXPECT_THAT(json::get_string(reply["modes"][0], "purpose"), Not(testing::IsEmpty()));
  EXPECT_THAT(json::get_string(reply, "chatgpt_refresh_note"), HasSubstr("Refresh"));
}

TEST_F(SessionTools, ModeSwitchObeysTheOperator) {
  EXPECT_EQ(refused("codex_tool_mode_switch", {{"mode", "wide"}}), "invalid_argument");
  EXPECT_EQ(refused("codex_tool_mode_switch", {{"mode", "full"}, {"scope", "url"}}), "mode_not_permitted");
  launch.config.app.max_tool_mode = config::ToolMode::kStandard;
  open();
  EXPECT_EQ(refused("codex_tool_mode_switch", {{"mode", "full"}}), "mode_not_permitted");
  launch.config.app.allow_tool_mode_switch = false;
  open();
  EXPECT_EQ(refused("codex_tool_mode_switch", {{"mode", "worker"}}), "mode_not_permitted");
}

TEST_F(SessionTools, WorkerOptionsShowTheMenuWithoutPrivateParts) {
  const Json reply = call("codex_worker_options", {{"model", "fake-large"}, {"repo_path", root}});
  EXPECT_EQ(json::get_string(reply, "source"), "codex_debug_models");
  ASSERT_EQ(reply["models"].size(), 1u);
  EXPECT_EQ(json::get_string(reply["models"][0], "id"), "fake-large");
  EXPECT_FALSE(reply["models"][0].contains("service_tiers"));
  EXPECT_EQ(reply["selected_model"]["catalog_match"], Json(true));
  EXPECT_EQ(json::get_string(reply, "selected_reasoning_effort"), "medium");
  EXPECT_EQ(reply["reasoning_efforts"].size(), 3u);
  EXPECT_EQ(reply["allows_custom_model_string"], Json(true));
  EXPECT_THAT(json::dump(reply), Not(HasSubstr("never shown")));
}

TEST_F(SessionTools, WorkerOptionsTakeANameTheCatalogueDoesNotHave) {
  const Json reply = call("codex_worker_options", {{"model", "my-own-model"}});
  EXPECT_EQ(json::get_string(reply["selected_model"], "id"), "my-own-model");
  EXPECT_EQ(reply["selected_model"]["catalog_match"], Json(false));
  EXPECT_EQ(refused("codex_worker_options", {{"model", "--help"}}), "invalid_argument");
}

}  // namespace
}  // namespace patchbay::tools
