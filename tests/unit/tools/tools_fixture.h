#pragma once

#include <gmock/gmock.h>

#include "patchbay/mcp/state_store.h"
#include "patchbay/tools/catalog.h"
#include "patchbay/tools/services.h"
#include "support/fake_codex/fake_codex.h"
#include "unit/git/git_fixture.h"

namespace patchbay::tools {

/// A call without a wire: the caller is whatever the test says.
class FakeCall : public mcp::Call {
 public:
  FakeCall() {
    who.kind = mcp::ScopeKind::kSession;
    who.scope_key = std::string(64, 'a');
    who.client_ref = "client_0123456789ab";
    who.mode = who.base_mode = mcp::Mode::kFull;
  }
  const mcp::Caller& caller() const override { return who; }
  CancelToken cancel() const override { return cancelled; }
  MonoTime deadline() const override { return until; }
  void progress(std::string_view) override {}
  Result<std::string> mint_handle() override {
    ++minted;
    if (who.kind == mcp::ScopeKind::kCredential) {
      who.kind = mcp::ScopeKind::kHandle;
      who.scope_key = std::string(63, 'h') + std::to_string(minted);
    }
    return "pbh_minted" + std::to_string(minted);
  }
  Status bind_handle(const std::string& scope_key) override {
    who.scope_key = scope_key;
    return {};
  }
  std::optional<std::string> handle() const override { return given; }

  mcp::Caller who;
  std::optional<std::string> given;
  CancelToken cancelled;
  MonoTime until = system_clock().mono() + std::chrono::seconds(45);
  int minted = 0;
};

/// Every part a tool works with, real: a repository, git in a helper process, jobs with their runners, a
/// program that plays Codex. The repository has README.md, AGENTS.md, src/app.py and a blocked .env.
class ToolsTest : public git::GitTest {
 protected:
  ToolsTest();
  ~ToolsTest() override;

  /// (Re)builds everything after `launch` was changed.
  void open();

  Result<mcp::ToolReply> run(const std::string& tool, const Json& args);
  /// The reply of a call that has to succeed. It fits the tool's schema and holds no path of this machine,
  /// except where that is the tool's purpose.
  Json call(const std::string& tool, const Json& args = Json::object());
  std::string text(const std::string& tool, const Json& args = Json::object());
  /// Code of a call that has to fail, "ok" otherwise.
  std::string refused(const std::string& tool, const Json& args = Json::object());

  /// Waits until a job has ended with everything it started.
  void wait_for_job(const std::string& job_id);
  void wait_for_worker(const std::string& name);

  config::Launch launch;
  FakeCall as;  ///< the caller of the next call
  support::FakeCodex codex_program{dir.path("codex-home")};
  jobs::JobsOptions job_options;

  struct Parts;
  std::unique_ptr<Parts> parts;
  std::string last_text;  ///< of the last successful call
};

struct ToolsTest::Parts {
  std::unique_ptr<workspace::Roots> roots;
  workspace::BlockedGlobs blocked = workspace::BlockedGlobs::built_in();
  std::unique_ptr<workspace::RepoLocks> locks;
  std::unique_ptr<codex::CodexEngine> engine;
  std::unique_ptr<codex::ModelCatalog> models;
  std::unique_ptr<store::RecordStore> records;
  std::unique_ptr<jobs::Jobs> jobs;
  std::unique_ptr<workers::PlainJobs> plain;
  std::unique_ptr<workers::Workers> workers;
  std::unique_ptr<Services> services;
  std::unique_ptr<mcp::Catalog> catalog;
  mcp::MemoryStateStore store;
  std::unique_ptr<mcp::Server> server;
};

}  // namespace patchbay::tools
