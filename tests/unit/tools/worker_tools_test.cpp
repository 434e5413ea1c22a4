#include "unit/tools/tools_fixture.h"

namespace patchbay::tools {
namespace {

using testing::HasSubstr;
using testing::Not;

class WorkerTools : public ToolsTest {
 protected:
  WorkerTools() { codex_program.script("thread\nturn\nwrite added.txt from the worker\nreport Done it.\ndone\n"); }

  Json start(const std::string& name, const Json& extra = Json::object()) {
    Json args = {{"name", name}, {"brief", "Add a file."}};
    for (const auto& [key, value] : extra.items()) args[key] = value;
    return call("codex_worker_start", args);
  }
};

TEST_F(WorkerTools, AWorkerGoesFromBriefToCheckout) {
  const Json started = start("Ada");
  EXPECT_EQ(started["accepted"], Json(true)) << json::dump(started);
  EXPECT_EQ(json::get_string(started["next"], "tool"), "codex_worker_inspect");
  wait_for_worker("Ada");

  const Json report = call("codex_worker_inspect", {{"worker", "Ada"}});
  EXPECT_EQ(json::get_string(report, "state"), "idle");
  EXPECT_THAT(json::get_string(report, "report"), HasSubstr("Done it."));
  EXPECT_EQ(report["untrusted_content"], Json(true));
  EXPECT_EQ(json::get_string(report, "provenance"), "worker_report");
  EXPECT_EQ(refused("codex_read_file", {{"file_path", "added.txt"}}), "not_found");
  EXPECT_THAT(run("codex_read_file", {{"file_path", "added.txt"}}).error().hint, HasSubstr("Ada"));

  const Json preview = call("codex_worker_inspect", {{"worker", "Ada"}, {"view", "integration_preview"}});
  ASSERT_EQ(preview["can_apply"], Json(true)) << json::dump(preview);
  const Json applied = call("codex_worker_integrate", {{"worker", "Ada"}, {"preview_token", preview["preview_token"]}});
  EXPECT_EQ(applied["applied"], Json(true)) << json::dump(applied);
  EXPECT_THAT(get(os::join(root, "added.txt")), HasSubstr("from the worker"));

  EXPECT_THAT(text("codex_worker_list"), HasSubstr("Ada"));
  EXPECT_THAT(json::dump(call("codex_worker_status")), HasSubstr("Ada"));
  const Json stopped = call("codex_worker_stop", {{"worker", "Ada"}, {"cleanup_workspace", true}});
  EXPECT_EQ(stopped["workspace_cleaned"], Json(true)) << json::dump(stopped);
}

TEST_F(WorkerTools, UntrackedFilesComeAlongWhenTheyAreAskedFor) {  // K 5.5
  put("draft.md", "a draft\n");
  const Json started = start("Ada", {{"include_untracked_from_base", {"*.md", "*.nothing"}}});
  EXPECT_EQ(started["accepted"], Json(true)) << json::dump(started);
  EXPECT_EQ(started["copied_files"], Json({"draft.md"}));
  EXPECT_THAT(json::get_string(started, "note"), HasSubstr("*.nothing"));
  wait_for_worker("Ada");
  const Json changes = call("codex_worker_inspect", {{"worker", "Ada"}, {"view", "changes"}});
  EXPECT_EQ(changes["changed_files"], Json({"added.txt"}));
  EXPECT_EQ(refused("codex_worker_start",
                    {{"name", "Bob"}, {"brief", "Read."}, {"include_untracked_from_base", {"/etc/passwd"}}}),
            "invalid_argument");
}

// Q5: whoever starts a worker without a handle gets one, and the worker belongs to it.
TEST_F(WorkerTools, StartingWithoutAHandleGivesOne) {
  as.who.kind = mcp::ScopeKind::kCredential;
  const Json started = start("Ada", {{"workspace_mode", "read_only"}});
  EXPECT_EQ(json::get_string(started, "handle"), "pbh_minted1");
  wait_for_worker("Ada");
  EXPECT_EQ(parts->jobs->all().front()->option("_mcp_owner_session_hash"), as.who.scope_key);
  EXPECT_EQ(parts->jobs->all().front()->option("_mcp_owner_scope"), "handle");

  as.given = "pbh_minted1";
  EXPECT_FALSE(start("Bob", {{"workspace_mode", "read_only"}}).contains("handle"));
  wait_for_worker("Bob");
}

// B8: without a handle, too, a repeated start is the same start.
TEST_F(WorkerTools, ARepeatedStartIsTheSameStart) {
  as.who.kind = mcp::ScopeKind::kCredential;
  as.who.scope_key = std::string(64, 'c');
  const FakeCall asker = as;
  const Json first = start("Ada", {{"workspace_mode", "read_only"}});
  as = asker;
  as.minted = 1;
  const Json again = start("Ada", {{"workspace_mode", "read_only"}});
  EXPECT_EQ(again["deduplicated"], Json(true)) << json::dump(again);
  EXPECT_EQ(again["worker_id"], first["worker_id"]);
  wait_for_worker("Ada");
}

TEST_F(WorkerTools, RefusalsAreOrdinaryRepliesThatFitTheSchema) {
  codex_program.script("thread\nturn\nsleep 600\n");
  (void)start("Ada");
  as.who.scope_key = std::string(64, 'b');
  const Json taken = start("Ada", {{"brief", "Something else."}});
  EXPECT_EQ(taken["accepted"], Json(false));
  EXPECT_EQ(json::get_string(taken, "error_code"), "worker_name_conflict");
  EXPECT_FALSE(taken.contains("handle"));
  const Json other = call("codex_worker_stop", {{"worker", "Ada"}});
  EXPECT_EQ(other["stopped"], Json(false));
  EXPECT_EQ(other["takeover_required"], Json(true));
  const Json forced = call("codex_worker_stop", {{"worker", "Ada"}, {"takeover", true}, {"takeover_reason", "asked"}});
  EXPECT_EQ(forced["stopped"], Json(true)) << json::dump(forced);
}

TEST_F(WorkerTools, AReadTokenLooksButATokenWithoutIntegrateStartsNoSharedWriter) {
  as.who.scope = mcp::Scope::kWorker;
  EXPECT_EQ(refused("codex_worker_start", {{"name", "Ada"}, {"brief", "x"}, {"workspace_mode", "shared_write"}}),
            "scope_denied");
}

TEST_F(WorkerTools, UnknownWorkersAreErrors) {
  for (const char* tool : {"codex_worker_inspect", "codex_worker_integrate", "codex_worker_stop"}) {
    EXPECT_EQ(refused(tool, {{"worker", "Nobody"}}), "worker_not_found") << tool;
  }
  EXPECT_EQ(refused("codex_worker_message", {{"worker", "Nobody"}, {"message", "x"}}), "worker_not_found");
}

TEST_F(WorkerTools, WaitingEndsWhenTheCallHasTo) {
  codex_program.script("thread\nturn\nsleep 600\n");
  (void)start("Ada", {{"workspace_mode", "read_only"}});
  as.until = system_clock().mono() + std::chrono::seconds(3);
  const MonoTime before = system_clock().mono();
  (void)call("codex_worker_wait", {{"wait_seconds", 25}});
  EXPECT_LT(system_clock().mono() - before, std::chrono::seconds(20));
}

}  // namespace
}  // namespace patchbay::tools
