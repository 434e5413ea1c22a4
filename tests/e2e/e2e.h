#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "patchbay/demo/model_server.h"
#include "support/codex_program.h"
#include "support/patchbay_process.h"
#include "support/patience.h"
#include "support/temp_dir.h"

namespace patchbay::e2e {

using testing::HasSubstr;
using testing::Not;
using testing_support::McpClient;

/// A repository, a model server, a Codex home and an owner; every test gets its own.
class EndToEnd : public testing::Test {
 protected:
  EndToEnd()
      : repo_(dir_.path("repo")),
        patchbay_(dir_.path("home"), {{"HOME", dir_.path("user")}, {"CODEX_HOME", dir_.path("codex")}}) {}

  void SetUp() override {
    codex_ = testing_support::find_codex();
    if (codex_.empty()) GTEST_SKIP() << testing_support::kNoCodex;
    ASSERT_TRUE(os::make_private_dirs(dir_.path("user")).ok());
    auto model = demo::ModelServer::start({});
    ASSERT_TRUE(model.ok());
    model_ = std::move(*model);
    ASSERT_TRUE(demo::write_codex_home(dir_.path("codex"), model_->port()).ok());
    start_owner();
  }

  void TearDown() override {
    // Turns outlive their owner by design: end them before the folders go.
    for (const std::string& job : os::list_dir(dir_.path("home/runtime/jobs")).ok()
                                      ? *os::list_dir(dir_.path("home/runtime/jobs"))
                                      : std::vector<std::string>{}) {
      end_runner(dir_.path("home/runtime/jobs/" + job));
    }
  }

  void start_owner(int port = 0) {
    patchbay_.start({"--root", repo_.path(), "--codex", codex_, "--tool-mode", "full"}, port);
  }
  /// The next owner listens where the last one did, so that clients keep their connection's address and session.
  void kill_and_restart() {
    patchbay_.kill9();
    start_owner(patchbay_.port());
  }

  std::unique_ptr<McpClient> client(const std::string& name = "test") {
    return std::make_unique<McpClient>(patchbay_.port(), name);
  }

  Json start_worker(McpClient& c, const std::string& name, const std::string& brief, Json more = Json::object()) {
    more["name"] = name;
    more["brief"] = brief;
    Json reply = c.call("codex_worker_start", more);
    EXPECT_TRUE(json::get_bool(reply, "accepted")) << json::dump(reply);
    return reply;
  }

  /// The worktree of the only worker, for looking at it as a person would.
  std::string worktree() const {
    const auto names = os::list_dir(dir_.path("home/worktrees"));
    return names && !names->empty() ? dir_.path("home/worktrees/" + names->front()) : std::string();
  }

  static void end_runner(const std::string& job_dir) {
    const auto lock = os::read_file(os::join(job_dir, "run.lock"));
    if (!lock || os::exists(os::join(job_dir, "exit.json"))) return;
    const pid_t pid = std::atoi(lock->c_str());
    if (pid > 1) ::kill(pid, SIGTERM);
    (void)testing_support::eventually([&] { return os::exists(os::join(job_dir, "exit.json")); });
  }

  testing_support::TempDir dir_;
  testing_support::TestRepository repo_;
  testing_support::PatchbayProcess patchbay_;
  std::string codex_;
  std::unique_ptr<demo::ModelServer> model_;
};

}  // namespace patchbay::e2e
