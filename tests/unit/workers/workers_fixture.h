#pragma once

#include <gmock/gmock.h>

#include <set>

#include "patchbay/codex/codex_engine.h"
#include "patchbay/workers/workers.h"
#include "support/patience.h"
#include "support/toy_engine.h"
#include "unit/git/git_fixture.h"

namespace patchbay::workers {

// The toy agent is a shell: a brief is its script, and everything that is added to the brief comes after its exit.
inline constexpr char kQuick[] = R"(echo '{"thread":"t-1"}'; echo '{"say":"report"}'; echo '{"done":true}'; exit 0)";
inline constexpr char kEndless[] = R"(echo '{"thread":"t-1"}'; while :; do sleep 1; done)";
inline constexpr char kEdit[] =
    R"(echo '{"thread":"t-1"}'; echo changed > kept.txt; echo new > added.txt; echo '{"done":true}'; exit 0)";

/// Workers on a real repository, with git in a helper process, real runners, and a toy agent.
class WorkersTest : public git::GitTest {
 protected:
  WorkersTest() {
    put("kept.txt", "as it was\n");
    put("other.txt", "left alone\n");
    commit_all();
    job_options.runner_argv = {os::self_executable(), "run-turn"};
    job_options.limits.session_start_timeout_seconds = 0;
    job_options.limits.interrupt_seconds = 0.1;
    job_options.limits.terminate_seconds = 0.2;
    options.home = home;
    options.worktree_root = worktrees;
    options.journal_dir = dir.path("journals");
    options.git_locks_dir = dir.path("git-locks");
    codex::EngineOptions absent;
    absent.executable = "/nonexistent/codex";
    absent.codex_home = dir.path("codex-home");
    codex_engine = std::make_unique<codex::CodexEngine>(absent);
    models = std::make_unique<codex::ModelCatalog>(*codex_engine, system_clock());
    me = actor("me");
    other = actor("other");
    open();
  }
  ~WorkersTest() override {
    for (const jobs::JobPtr& job : all_jobs->all()) {
      if (job->unresolved()) all_jobs->cancel(job->job_id, "end of test", std::chrono::seconds(10));
    }
    all_jobs->stop_following();
  }

  /// (Re)builds everything from what is on disk, as after a restart.
  void open() {
    if (all_jobs) all_jobs->stop_following();
    workers.reset();
    all_jobs.reset();
    records.reset();
    workspace::RootsOptions allowed;
    allowed.allowed = {dir.root()};
    allowed.default_root = root;
    roots = git::must(workspace::Roots::open(allowed));
    records = git::must(store::RecordStore::open(dir.path("jobs"), dir.path("corrupt")));
    all_jobs = std::make_unique<jobs::Jobs>(*records, engine, system_clock(), job_options);
    workers = std::make_unique<Workers>(
        Workers::Parts{*all_jobs, *client, *models, *roots, locks, blocked, system_clock(),
                       [this](const std::string& scope) { return !gone.contains(scope); }, std::string(32, 'k')},
        options);
    git::must(all_jobs->recover());
    git::must(workers->recover());
  }

  static Actor actor(const std::string& name) {
    Actor a;
    a.scope_key = name;
    a.scope_kind = "session";
    a.credential = "local";
    a.client_ref = "client_" + name;
    a.label = name;
    return a;
  }
  static CallContext call(std::chrono::seconds limit = std::chrono::seconds(60)) {
    CallContext c;
    c.deadline = system_clock().mono() + limit;
    return c;
  }

  static StartArgs start_args(const std::string& name, const std::string& script,
                              const std::string& mode = "isolated_write") {
    StartArgs a;
    a.name = name;
    a.brief = script;
    a.workspace_mode = mode;
    return a;
  }
  Result<TurnReply> start(const StartArgs& args) { return workers->start(me, call(), args); }
  /// Starts a worker and waits for its turn.
  void run(const std::string& name, const std::string& script, const std::string& mode = "isolated_write") {
    const TurnReply r = git::must(start(start_args(name, script, mode)));
    ASSERT_TRUE(r.accepted) << r.text();
    finish(name);
  }
  Result<TurnReply> message(const std::string& name, const std::string& script) {
    MessageArgs a;
    a.worker = name;
    a.message = script;
    return workers->message(me, call(), a);
  }
  void finish(const std::string& name) {
    EXPECT_TRUE(all_jobs->wait(
        [&] {
          for (const jobs::JobPtr& j : turns(name)) {
            if (j->unresolved()) return false;
          }
          return true;
        },
        testing_support::end_of_patience(), {}))
        << name;
  }
  std::vector<jobs::JobPtr> turns(const std::string& name) const {
    std::vector<jobs::JobPtr> out;
    for (const jobs::JobPtr& j : all_jobs->all()) {
      if (j->option("_worker_name") == name) out.push_back(j);
    }
    return out;
  }
  jobs::JobPtr latest(const std::string& name) const { return turns(name).back(); }
  std::string worktree(const std::string& name) const { return latest(name)->worktree_path; }
  void set_option(const jobs::JobPtr& job, const std::string& key, const Json& value) {
    git::must(all_jobs->update(job->job_id, [&](jobs::JobRecord& r) {
      r.options[key] = value;
      return true;
    }));
  }

  IntegrateArgs integrate_args(const std::string& name) const {
    IntegrateArgs a;
    a.worker = name;
    return a;
  }
  IntegrateReply integrate(const std::string& name) {
    return git::must(workers->integrate(me, call(), integrate_args(name)));
  }
  PreviewFields preview(const std::string& name, Refusal* refusal = nullptr) {
    InspectArgs a;
    a.worker = name;
    a.view = "integration_preview";
    InspectReply r = git::must(workers->inspect(me, call(), a));
    if (refusal) *refusal = r.refusal;
    return *r.preview;
  }
  StopArgs stop_args(const std::string& name, bool cleanup = false) const {
    StopArgs a;
    a.worker = name;
    a.cleanup_workspace = cleanup;
    return a;
  }
  StopReply stop(const std::string& name, bool cleanup = false) {
    return git::must(workers->stop(me, call(), stop_args(name, cleanup)));
  }

  runner::ToyEngine engine;
  jobs::JobsOptions job_options;
  WorkersOptions options;
  Actor me, other;
  std::set<std::string> gone;  ///< conversations that are over
  workspace::BlockedGlobs blocked = workspace::BlockedGlobs::built_in();
  std::unique_ptr<codex::CodexEngine> codex_engine;
  std::unique_ptr<codex::ModelCatalog> models;
  std::unique_ptr<workspace::Roots> roots;
  workspace::RepoLocks locks{dir.path("repo-locks")};
  std::unique_ptr<store::RecordStore> records;
  std::unique_ptr<jobs::Jobs> all_jobs;
  std::unique_ptr<Workers> workers;
};

}  // namespace patchbay::workers
