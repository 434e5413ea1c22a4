// PatchBay's own files are out of reach for every path tool, whatever the roots are (SEC:P5).

#include "integration/fixture.h"

namespace patchbay::integration {
namespace {

class OwnFilesTest : public Integration {
 protected:
  /// An owner whose only root holds the home, and where no glob blocks anything.
  void SetUp() override {
    const std::string config = dir_.path("config.yaml");
    ASSERT_TRUE(os::write_file_atomic(config, "security:\n  blocked_globs: []\ncodex:\n  executable: " +
                                                  support::FakeCodex::program() + "\n")
                    .ok());
    env_["PATCHBAY_CONFIG"] = config;
    owner_ = std::make_unique<PatchbayProcess>(dir_.path("home"), env_);
    owner_->start({"--root", dir_.root()});
  }
  std::string read(McpClient& client, const std::string& path) {
    return client.call_error("codex_read_file", {{"file_path", path}});
  }

  std::unique_ptr<PatchbayProcess> owner_;
};

TEST_F(OwnFilesTest, AreBlockedByNameWhenARootHoldsTheHome) {
  McpClient client(owner_->port());
  ASSERT_TRUE(os::exists(dir_.path("home/ref_salt")));
  for (const char* path : {"home/ref_salt", "home/runtime/logs/audit.log", "home/run/owner.lock", "config.yaml",
                           "repo/../home/ref_salt"}) {
    EXPECT_EQ(read(client, path), "path_blocked") << path;
  }
  EXPECT_EQ(client.call_error("codex_repo_tree", {{"path", "home"}}), "path_blocked");
  EXPECT_EQ(client.call_error("codex_open_workspace", {{"repo_path", dir_.path("home")}}), "path_blocked");
  EXPECT_EQ(client.call_error("codex_open_workspace", {{"repo_path", dir_.path("home/runtime")}}), "path_blocked");
  EXPECT_EQ(read(client, "repo/README.md"), "");
}

TEST_F(OwnFilesTest, AreBlockedUnderEveryOtherName) {
  const std::string salt = dir_.path("home/ref_salt");
  ASSERT_EQ(::symlink(salt.c_str(), dir_.path("repo/by-symlink").c_str()), 0);
  ASSERT_EQ(::symlink("../home", dir_.path("repo/folder").c_str()), 0);
  ASSERT_EQ(::link(salt.c_str(), dir_.path("repo/by-hard-link").c_str()), 0);
  McpClient client(owner_->port());
  EXPECT_EQ(read(client, "repo/by-symlink"), "path_blocked");
  EXPECT_EQ(read(client, "repo/folder/ref_salt"), "path_blocked");
  EXPECT_EQ(read(client, "repo/by-hard-link"), "path_blocked");
}

TEST_F(OwnFilesTest, AreNotFoundByASearch) {
  const std::string marker = "zebra-in-the-home";
  ASSERT_TRUE(os::write_file_atomic(dir_.path("home/notes.txt"), marker + "\n").ok());
  ASSERT_TRUE(os::write_file_atomic(dir_.path("repo/notes.txt"), marker + "\n").ok());
  McpClient client(owner_->port());
  const Json found = client.call("codex_search_repo", {{"query", marker}});
  ASSERT_EQ(found["matches"].size(), 1u) << json::dump(found);
  EXPECT_EQ(json::get_string(found["matches"][0], "path"), "repo/notes.txt");
}

TEST_F(OwnFilesTest, WorktreeOfAWorkerBelowTheHomeStaysReadable) {
  codex_.script("thread\nturn\nwrite NEW.md new\nreport Wrote a file.\ndone\n");
  McpClient client(owner_->port());
  const Json worker = client.call(
      "codex_worker_start",
      {{"name", "Writer"}, {"brief", "Write."}, {"workspace_mode", "isolated_write"}, {"repo_path", repo_.path()}});
  ASSERT_TRUE(json::get_bool(worker, "accepted")) << json::dump(worker);
  client.wait_for("Writer");
  const Json view =
      client.call("codex_worker_inspect", {{"worker", "Writer"}, {"view", "file"}, {"file_path", "NEW.md"}});
  EXPECT_EQ(json::get_string(view, "source"), "worker_workspace") << json::dump(view);
  EXPECT_THAT(json::get_string(view, "text"), HasSubstr("new")) << json::dump(view);
}

}  // namespace
}  // namespace patchbay::integration
