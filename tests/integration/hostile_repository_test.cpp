// A repository whose configuration names programs: nothing of ours runs them (SEC:G5, design.md 7).

#include "integration/fixture.h"

namespace patchbay::integration {
namespace {

class HostileRepositoryTest : public Integration {
 protected:
  void SetUp() override {
    const std::string trap = dir_.path("trap.sh");
    ASSERT_TRUE(os::write_file_atomic(trap, "#!/bin/sh\necho \"$0 $*\" >> " + canary() + "\ncat\n", 0700).ok());
    repo_.write("data.txt", "one\ntwo\nthree\n");
    repo_.write("notes.bin", "raw\n");
    repo_.write(".gitattributes", "*.txt filter=evil diff=evil merge=evil\n*.bin filter=evil\n");
    repo_.commit("files");
    (void)os::make_private_dirs(repo_.path() + "/.git/hooks");
    for (const char* hook : {"post-checkout", "pre-commit", "post-index-change", "reference-transaction", "post-merge",
                             "pre-applypatch", "fsmonitor-watchman"}) {
      ASSERT_TRUE(
          os::write_file_atomic(repo_.path() + "/.git/hooks/" + hook, "#!/bin/sh\nexec " + trap + "\n", 0700).ok());
    }
    const std::string config = *os::read_file(repo_.path() + "/.git/config");
    ASSERT_TRUE(os::write_file_atomic(
                    repo_.path() + "/.git/config",
                    config + "[core]\n\tfsmonitor = " + trap + "\n\thooksPath = " + repo_.path() +
                        "/.git/hooks\n\tsshCommand = " + trap + "\n\tpager = " + trap + "\n\teditor = " + trap +
                        "\n\taskPass = " + trap + "\n[diff]\n\texternal = " + trap +
                        "\n[diff \"evil\"]\n\tcommand = " + trap + "\n\ttextconv = " + trap +
                        "\n[filter \"evil\"]\n\tclean = " + trap + "\n\tsmudge = " + trap + "\n\tprocess = " + trap +
                        "\n\trequired = true\n[merge \"evil\"]\n\tdriver = " + trap + "\n[alias]\n\tstatus = !" + trap +
                        "\n\tdiff = !" + trap + "\n[credential]\n\thelper = " + trap + "\n[gpg]\n\tprogram = " + trap +
                        "\n[commit]\n\tgpgSign = true\n",
                    0644)
                    .ok());
    // Something to compare, so that filters and diff drivers would have work.
    repo_.write("data.txt", "one\nTWO\nthree\n");
    (void)os::remove_file(canary());
    owner_ = start();
  }
  std::string canary() const { return dir_.path("canary"); }
  void expect_nothing_ran(const char* when) {
    const auto said = os::read_file(canary());
    EXPECT_FALSE(said.ok()) << when << ": " << (said.ok() ? *said : "");
  }

  std::unique_ptr<PatchbayProcess> owner_;
};

TEST_F(HostileRepositoryTest, ReadsRunNothing) {
  McpClient client(owner_->port());
  for (const auto& [tool, arguments] :
       std::vector<std::pair<std::string, Json>>{{"codex_open_workspace", Json::object()},
                                                 {"codex_git_status", Json::object()},
                                                 {"codex_git_diff", Json::object()},
                                                 {"codex_show_changes", Json::object()},
                                                 {"codex_repo_tree", Json::object()},
                                                 {"codex_read_file", {{"file_path", "data.txt"}}},
                                                 {"codex_search_repo", {{"query", "three"}}}}) {
    const Json result = client.call_raw(tool, arguments);
    EXPECT_FALSE(json::get_bool(result, "isError")) << tool << json::dump(result);
    expect_nothing_ran(tool.c_str());
  }
  const Json diff = client.call("codex_git_diff");
  EXPECT_THAT(json::dump(diff), HasSubstr("+TWO"));
}

TEST_F(HostileRepositoryTest, TheLifeOfAWorkerRunsNothing) {
  repo_.write("data.txt", "one\ntwo\nthree\n");
  codex_.script("thread\nturn\nwrite data.txt changed\nwrite NEW.txt new\nreport Wrote files.\ndone\n");
  McpClient client(owner_->port());
  const Json started = client.call("codex_worker_start",
                                   {{"name", "Writer"}, {"brief", "Write."}, {"workspace_mode", "isolated_write"}});
  ASSERT_TRUE(json::get_bool(started, "accepted")) << json::dump(started);
  client.wait_for("Writer");
  expect_nothing_ran("start and turn");
  client.call("codex_worker_inspect", {{"worker", "Writer"}, {"view", "changes"}});
  client.call("codex_worker_inspect", {{"worker", "Writer"}, {"view", "diff"}, {"file_path", "data.txt"}});
  expect_nothing_ran("changes and diff");
  const Json preview = client.call("codex_worker_inspect", {{"worker", "Writer"}, {"view", "integration_preview"}});
  EXPECT_TRUE(json::get_bool(preview, "can_apply")) << json::dump(preview);
  expect_nothing_ran("preview");
  const Json applied = client.call("codex_worker_integrate", {{"worker", "Writer"}});
  EXPECT_TRUE(json::get_bool(applied, "applied")) << json::dump(applied);
  EXPECT_THAT(repo_.read("data.txt"), HasSubstr("changed"));
  EXPECT_THAT(repo_.read("NEW.txt"), HasSubstr("new"));
  const Json stopped = client.call("codex_worker_stop", {{"worker", "Writer"}, {"cleanup_workspace", true}});
  EXPECT_TRUE(json::get_bool(stopped, "workspace_cleaned")) << json::dump(stopped);
  expect_nothing_ran("integrate and clean-up");
}

}  // namespace
}  // namespace patchbay::integration
