#include "e2e/e2e.h"

namespace patchbay::e2e {
namespace {

class Integration : public EndToEnd {
 protected:
  /// Every file of a tree with mode, link target and content hash, without git's own.
  std::string fingerprint(const std::string& dir) const {
    return repo_.sh("cd '" + dir +
                    "' && find . -path ./.git -prune -o ! -type d -printf '%M %P -> %l\\n' | LC_ALL=C sort && "
                    "find . -path ./.git -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum");
  }
};

TEST_F(Integration, TheCheckoutEqualsTheWorktreeByteForByte) {  // workers 5.11
  repo_.write("crlf.txt", "a\r\nb\r\nc\r\n");
  repo_.write("latin1.txt", "caf\xe9\nline\n");
  repo_.write("blank.txt", "x\n\ny\n\n");
  repo_.write("formfeed.txt",
              "a\fb\nc\xe2\x80\xa8"
              "d\n");
  repo_.write("old name.txt", "moved\n");
  repo_.write("gone.txt", "delete me\n");
  repo_.sh("head -c 3000 /dev/urandom > data.bin");
  repo_.commit("more");
  auto c = client();
  start_worker(
      *c, "Bytes",
      "[[shell set -e; printf 'with space\\n' > 'a b.txt'; printf x > 'caf\xc3\xa9.txt'; printf 'no newline' > "
      "end.txt; "
      ": > empty.txt; printf '#!/bin/sh\\n' > run.sh; chmod +x run.sh; ln -s README.md link; printf q > 'quo\"te.txt'; "
      "printf d > ./-dash.txt; sed -i 's/b/B/' crlf.txt; printf 'caf\\351!\\nline\\n' > latin1.txt; "
      "printf 'x\\n\\nz\\n\\n' > blank.txt; printf 'A\\fb\\nc\\n' > formfeed.txt; mv 'old name.txt' 'new name.txt'; "
      "unlink gone.txt; head -c 5000 /dev/urandom > data.bin; head -c 100 /dev/urandom > new.bin; "
      "mkdir -p deep/er; printf n > 'deep/er/new\nline.txt']] [[say done]]");
  const Json done = c->wait_for("Bytes");
  ASSERT_EQ(json::get_string(done, "state"), "idle") << json::dump(done);
  const Json applied = c->call("codex_worker_integrate", {{"worker", "Bytes"}});
  ASSERT_TRUE(json::get_bool(applied, "applied")) << json::dump(applied);
  EXPECT_EQ(fingerprint(repo_.path()), fingerprint(worktree()));
  EXPECT_EQ(repo_.read("gone.txt"), "<missing>");
}

TEST_F(Integration, ADirtyFileRefusesAndUntrackedOnesDoNot) {
  auto c = client();
  start_worker(*c, "Neat", "[[write path=n.txt content=n\\n]] [[say ok]]");
  c->wait_for("Neat");
  repo_.write("README.md", "# Edited by the user\n");
  repo_.write("scratch.txt", "untracked\n");
  const Json dirty = c->call("codex_worker_integrate", {{"worker", "Neat"}});
  EXPECT_EQ(json::get_string(dirty, "error_code"), "base_dirty");
  EXPECT_THAT(json::get_string(dirty, "note"), HasSubstr("dirty"));
  EXPECT_EQ(repo_.read("n.txt"), "<missing>");
  const Json applied = c->call("codex_worker_integrate", {{"worker", "Neat"}, {"allow_dirty_base", true}});
  EXPECT_TRUE(json::get_bool(applied, "applied")) << json::dump(applied);
  EXPECT_EQ(repo_.read("README.md"), "# Edited by the user\n");
}

TEST_F(Integration, ACopiedUntrackedFileIsNoChangeAndAChangedCopyWaitsForItsCommit) {  // workers 5.5
  auto c = client();
  repo_.write("plan.md", "the plan\n");
  repo_.write("list.md", "the list\n");
  start_worker(*c, "Copy", "[[write path=n.txt content=n\\n]] [[write path=list.md content=longer\\n]] [[say ok]]",
               {{"include_untracked_from_base", {"*.md"}}});
  c->wait_for("Copy");
  EXPECT_EQ(*os::read_file(worktree() + "/plan.md"), "the plan\n");
  const Json refused = c->call("codex_worker_integrate", {{"worker", "Copy"}, {"allow_dirty_base", true}});
  EXPECT_EQ(refused["changed_files"], Json({"list.md", "n.txt"})) << json::dump(refused);
  EXPECT_EQ(json::get_string(refused, "error_code"), "base_dirty");
  EXPECT_EQ(repo_.read("list.md"), "the list\n");
  repo_.git("add list.md");
  repo_.git("-c user.name=T -c user.email=t@example.invalid commit -q -m list");
  const Json applied = c->call("codex_worker_integrate", {{"worker", "Copy"}});
  EXPECT_TRUE(json::get_bool(applied, "applied")) << json::dump(applied);
  EXPECT_EQ(repo_.read("list.md"), "longer\n");
  EXPECT_EQ(repo_.read("plan.md"), "the plan\n");
}

TEST_F(Integration, AConflictIsNamedAndChangesNothing) {
  auto c = client();
  start_worker(*c, "Clash", "[[write path=README.md content=# From the worker\\n]] [[say ok]]");
  c->wait_for("Clash");
  repo_.write("README.md", "# From the base\n");
  repo_.commit("moved on");
  const Json refused = c->call("codex_worker_integrate", {{"worker", "Clash"}});
  EXPECT_EQ(json::get_string(refused, "error_code"), "patch_conflict") << json::dump(refused);
  EXPECT_EQ(json::get_string(refused, "apply_check"), "conflict");
  EXPECT_THAT(json::get_string(refused, "conflict_summary"), HasSubstr("README.md"));
  EXPECT_EQ(repo_.read("README.md"), "# From the base\n");
}

TEST_F(Integration, AStaleTokenIsRefusedWithAFreshPreview) {  // SEC:W3
  auto c = client();
  start_worker(*c, "Moving", "[[write path=m.txt content=1\\n]] [[say ok]]");
  c->wait_for("Moving");
  const Json preview = c->call("codex_worker_inspect", {{"worker", "Moving"}, {"view", "integration_preview"}});
  c->call("codex_worker_message", {{"worker", "Moving"}, {"message", "[[write path=m.txt content=2\\n]] [[say ok]]"}});
  c->wait_for("Moving");
  const Json stale = c->call("codex_worker_integrate",
                             {{"worker", "Moving"}, {"preview_token", json::get_string(preview, "preview_token")}});
  EXPECT_EQ(json::get_string(stale, "error_code"), "stale_preview_token");
  EXPECT_THAT(json::dump(stale["stale_bindings"]), HasSubstr("snapshot"));
  EXPECT_EQ(repo_.read("m.txt"), "<missing>");
  const Json fresh =
      c->call("codex_worker_integrate",
              {{"worker", "Moving"}, {"preview_token", json::get_string(stale["fresh_preview"], "preview_token")}});
  EXPECT_TRUE(json::get_bool(fresh, "applied"));
  EXPECT_EQ(repo_.read("m.txt"), "2\n");
}

TEST_F(Integration, AnEscapingLinkIsUnsafeAndNeverFollowed) {  // SEC:W1
  auto c = client();
  start_worker(*c, "Sly", "[[shell ln -s /etc/passwd x]] [[say ok]]");
  c->wait_for("Sly");
  const Json refused = c->call("codex_worker_integrate", {{"worker", "Sly"}});
  EXPECT_EQ(json::get_string(refused, "error_code"), "unsafe_change") << json::dump(refused);
  EXPECT_THAT(json::dump(refused), Not(HasSubstr("root:x:0")));
  EXPECT_EQ(repo_.read("x"), "<missing>");
}

TEST_F(Integration, BlockedFilesRefuse) {
  auto c = client();
  start_worker(*c, "Leaky", "[[shell printf 'A=1\\n' > .env]] [[say ok]]");
  c->wait_for("Leaky");
  const Json refused = c->call("codex_worker_integrate", {{"worker", "Leaky"}});
  EXPECT_EQ(json::get_string(refused, "error_code"), "blocked_files") << json::dump(refused);
  EXPECT_EQ(json::dump(refused["blocked_files"]), R"([".env"])");
}

TEST_F(Integration, WhileTheWorkerWorksItIsRefused) {
  auto c = client();
  start_worker(*c, "Busy", "[[stall]]");
  const Json refused = c->call("codex_worker_integrate", {{"worker", "Busy"}});
  EXPECT_EQ(json::get_string(refused, "error_code"), "turn_active");
  EXPECT_THAT(json::get_string(refused, "note"), HasSubstr("still working"));
  const Json reader = start_worker(*c, "Reader", "[[say read]]", {{"workspace_mode", "read_only"}});
  c->wait_for("Reader");
  const Json not_isolated = c->call("codex_worker_integrate", {{"worker", "Reader"}});
  EXPECT_EQ(json::get_string(not_isolated, "error_code"), "not_isolated");
  EXPECT_THAT(json::get_string(not_isolated, "note"), HasSubstr("only isolated writing workers"));
  c->call("codex_worker_stop", {{"worker", "Busy"}});
}

}  // namespace
}  // namespace patchbay::e2e
