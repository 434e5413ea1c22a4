#include "patchbay/workers/plain_jobs.h"

#include <gmock/gmock.h>

#include "support/patience.h"
#include "support/toy_engine.h"
#include "unit/git/git_fixture.h"

namespace patchbay::workers {
namespace {

using namespace std::chrono_literals;
using git::code_of;
using git::must;
using jobs::JobMode;
using jobs::JobState;
using testing::HasSubstr;

// The toy agent is a shell: a job's spec is its script.
constexpr char kQuick[] = R"(echo '{"thread":"t-1"}'; echo '{"say":"report"}'; echo '{"done":true}')";
constexpr char kEndless[] = R"(echo '{"thread":"t-1"}'; while :; do sleep 1; done)";
constexpr char kEdit[] =
    R"(echo '{"thread":"t-1"}'; echo changed > kept.txt; echo new > added.txt; echo '{"done":true}')";

class PlainJobsTest : public git::GitTest {
 protected:
  PlainJobsTest() {
    put("kept.txt", "as it was\n");
    put("other.txt", "left alone\n");
    commit_all();
    job_options.runner_argv = {os::self_executable(), "run-turn"};
    job_options.limits.session_start_timeout_seconds = 0;
    job_options.limits.interrupt_seconds = 0.1;
    job_options.limits.terminate_seconds = 0.2;
    open();
  }
  ~PlainJobsTest() override {
    for (const jobs::JobPtr& job : all_jobs->all()) {
      if (job->unresolved()) all_jobs->cancel(job->job_id, "end of test", 10s);
    }
  }

  void open() {
    plain.reset();
    all_jobs.reset();
    records.reset();
    workspace::RootsOptions allowed;
    allowed.allowed = {dir.root()};
    allowed.default_root = root;
    roots = must(workspace::Roots::open(allowed));
    records = must(store::RecordStore::open(dir.path("jobs"), dir.path("corrupt")));
    all_jobs = std::make_unique<jobs::Jobs>(*records, engine, system_clock(), job_options);
    must(all_jobs->recover());
    plain = std::make_unique<PlainJobs>(*all_jobs, *client, *roots, locks, engine, options());
  }

  PlainJobsOptions options() const {
    return {.worktrees_dir = worktrees, .git_locks_dir = dir.path("locks"), .require_git_repo = require_git};
  }

  static JobRequest request(JobMode mode, const std::string& script) {
    JobRequest r;
    r.mode = mode;
    r.spec = script;
    return r;
  }
  JobRequest plan(const std::string& script, const std::string& sandbox = "read-only") const {
    JobRequest r = request(JobMode::kPlan, script);
    r.sandbox = sandbox;
    return r;
  }
  JobRequest apply(const std::string& script) const { return request(JobMode::kApply, script); }

  jobs::JobPtr ended(const std::string& id) {
    EXPECT_TRUE(
        all_jobs->wait([&] { return !all_jobs->find(id)->unresolved(); }, testing_support::end_of_patience(), {}));
    return all_jobs->find(id);
  }
  jobs::JobPtr finished(const JobRequest& r) { return ended(must(plain->start(r)).job->job_id); }

  bool has_branch(const std::string& name) const { return !line(git({"branch", "--list", name})).empty(); }

  runner::ToyEngine engine;
  jobs::JobsOptions job_options;
  bool require_git = false;
  std::unique_ptr<workspace::Roots> roots;
  workspace::RepoLocks locks{dir.path("repo-locks")};
  std::unique_ptr<store::RecordStore> records;
  std::unique_ptr<jobs::Jobs> all_jobs;
  std::unique_ptr<PlainJobs> plain;
};

TEST_F(PlainJobsTest, PlanJobRunsInTheCheckoutAndKeepsItsOwner) {
  JobRequest r = plan(kQuick);
  r.owner = {{"_mcp_owner_client_ref", "client_abc"}};
  const jobs::JobPtr job = finished(r);
  EXPECT_EQ(job->state, JobState::kCompleted);
  EXPECT_EQ(job->repo_path, root);
  EXPECT_EQ(job->worktree_path, "");
  EXPECT_EQ(job->option("_mcp_owner_client_ref"), "client_abc");
  EXPECT_EQ(job->option("sandbox"), "read-only");
}

TEST_F(PlainJobsTest, APlanJobThatMayWriteKeepsOtherWritersOutUntilItsProcessesAreGone) {
  const StartedJob first = must(plain->start(plan(kEndless, "workspace-write")));
  const auto second = plain->start(plan(kQuick, "workspace-write"));
  ASSERT_EQ(code_of(second), "repo_busy");
  EXPECT_THAT(second.error().detail, HasSubstr("codex_plan_job"));
  EXPECT_EQ(code_of(locks.acquire(root, {.operation = "test"})), "repo_busy");

  all_jobs->cancel(first.job->job_id, "enough", 20s);
  EXPECT_EQ(ended(first.job->job_id)->cleanup, "done");
  EXPECT_EQ(finished(plan(kQuick, "workspace-write"))->state, JobState::kCompleted);
}

TEST_F(PlainJobsTest, ReadOnlyPlanJobsAndApplyJobsNeverWaitForAWriter) {
  const auto writer = must(locks.acquire(root, {.operation = "test"}));
  EXPECT_EQ(finished(plan(kQuick))->state, JobState::kCompleted);
  EXPECT_EQ(finished(apply(kQuick))->state, JobState::kCompleted);
}

TEST_F(PlainJobsTest, AnOptionCannotWidenThePlanOfATokenThatMayNotWrite) {
  JobRequest r = plan(kQuick, "workspace-write");
  r.may_write_base = false;
  EXPECT_EQ(code_of(plain->start(r)), "scope_denied");
  r.sandbox = "read-only";
  EXPECT_EQ(code_of(plain->start(r)), "ok");
}

TEST_F(PlainJobsTest, WhatBreaksOutOfTheWorktreeNeedsPowerInEveryMode) {  // SEC:A13
  must(os::make_private_dirs(dir.path("elsewhere")));
  put("sub/inner.txt", "x\n");
  const Json inside = Json::array({"sub"}), base = Json::array({root}), link = Json::array({"way-out"});
  must(os::make_private_dirs(os::join(root, "sub")));
  ASSERT_EQ(::symlink(root.c_str(), os::join(root, "way-out").c_str()), 0);
  struct Case {
    const char* sandbox;
    Json options;
    const char* without_power;
  };
  const Case cases[] = {
      {"danger-full-access", Json::object(), "scope_denied"},
      {"", {{"dangerously_bypass", true}}, "scope_denied"},
      {"", {{"config_overrides", {"model_verbosity=\"low\""}}}, "scope_denied"},
      {"", {{"add_dirs", base}}, "scope_denied"},
      {"", {{"add_dirs", link}}, "scope_denied"},
      {"", {{"add_dirs", {dir.path("elsewhere")}}}, "scope_denied"},
      {"read-only", {{"config_overrides", {"model_verbosity=\"low\""}}}, "scope_denied"},
      {"read-only", {{"add_dirs", base}}, "ok"},
      {"read-only", Json::object(), "ok"},
  };
  for (const JobMode mode : {JobMode::kApply, JobMode::kPlan}) {
    for (const Case& c : cases) {
      JobRequest r = request(mode, kQuick);
      r.sandbox = c.sandbox;
      r.options = c.options;
      r.may_write_base = false;
      const auto denied = plain->start(r);
      EXPECT_EQ(code_of(denied), c.without_power) << name_of(mode) << c.sandbox << c.options.dump();
      if (denied.ok()) ended(denied->job->job_id);
      r.may_write_base = true;
      EXPECT_EQ(finished(r)->state, JobState::kCompleted) << name_of(mode) << c.sandbox << c.options.dump();
    }
  }
  JobRequest own = request(JobMode::kApply, kQuick);
  own.options = {{"add_dirs", inside}};
  own.may_write_base = false;
  EXPECT_EQ(finished(own)->state, JobState::kCompleted);
}

TEST_F(PlainJobsTest, AnApplyJobThatMayWriteTheCheckoutTooIsItsOnlyWriter) {  // I6
  must(os::make_private_dirs(dir.path("elsewhere")));
  for (const std::string& folder : {root, dir.root()}) {
    JobRequest r = request(JobMode::kApply, kEndless);
    r.options = {{"add_dirs", {folder}}};
    const StartedJob started = must(plain->start(r));
    const auto second = locks.acquire(root, {.operation = "test"});
    ASSERT_EQ(code_of(second), "repo_busy");
    EXPECT_THAT(second.error().detail, HasSubstr("codex_apply_job"));
    EXPECT_EQ(code_of(plain->start(r)), "repo_busy");
    all_jobs->cancel(started.job->job_id, "enough", 20s);
    ended(started.job->job_id);
  }
  JobRequest beside = request(JobMode::kApply, kEndless);
  beside.options = {{"add_dirs", {dir.path("elsewhere")}}};
  const StartedJob started = must(plain->start(beside));
  EXPECT_EQ(code_of(locks.acquire(root, {.operation = "test"})), "ok");
}

TEST_F(PlainJobsTest, OtherCheckoutsThatATurnMayWriteAreHeldToo) {  // I6, SEC:L1
  const std::string first = dir.path("first"), second = dir.path("second");
  for (const std::string& repo : {first, second}) {
    must(os::make_private_dirs(os::join(repo, "deep/er")));
    git({"init", "-q"}, repo);
  }
  const auto busy = [&](const std::string& where) {
    return code_of(locks.acquire(where, {.operation = "test"})) == "repo_busy";
  };
  for (JobRequest r : {apply(kEndless), plan(kEndless, "workspace-write")}) {
    r.options = {{"add_dirs", {os::join(second, "deep"), os::join(first, "deep/er"), first}}};
    const StartedJob started = must(plain->start(r));
    EXPECT_TRUE(busy(first));
    EXPECT_TRUE(busy(second));
    EXPECT_EQ(busy(root), r.mode == JobMode::kPlan);
    JobRequest other = apply(kEndless);
    other.options = {{"add_dirs", {first}}};
    EXPECT_EQ(code_of(plain->start(other)), "repo_busy");
    other.options = {{"add_dirs", {dir.path("home")}}};
    const StartedJob beside = must(plain->start(other));
    for (const StartedJob& job : {started, beside}) {
      all_jobs->cancel(job.job->job_id, "enough", 20s);
      ended(job.job->job_id);
    }
    EXPECT_FALSE(busy(first));
    EXPECT_FALSE(busy(second));
  }
  // All or none.
  const auto writer = must(locks.acquire(second, {.operation = "test"}));
  JobRequest r = apply(kQuick);
  r.options = {{"add_dirs", {first, second}}};
  EXPECT_EQ(code_of(plain->start(r)), "repo_busy");
  EXPECT_FALSE(busy(first));
}

TEST_F(PlainJobsTest, TheLockFileNamesTheJobThatHoldsIt) {
  const StartedJob writer = must(plain->start(plan(kEndless, "workspace-write")));
  bool named = false;
  for (const std::string& file : must(os::list_dir(dir.path("repo-locks")))) {
    named = named || get(os::join(dir.path("repo-locks"), file)).find(writer.job->job_id) != std::string::npos;
  }
  EXPECT_TRUE(named);
}

TEST_F(PlainJobsTest, ApplyJobWorksInAWorktreeOnItsOwnBranch) {
  put("kept.txt", "edited by the user\n");
  const StartedJob started = must(plain->start(apply(kEdit)));
  EXPECT_EQ(started.base_revision, line(git({"rev-parse", "HEAD"})).substr(0, 12));
  EXPECT_TRUE(started.base_dirty);
  const jobs::JobPtr job = ended(started.job->job_id);
  EXPECT_EQ(job->state, JobState::kCompleted);
  const std::string name = "job-" + job->job_id.substr(0, 8);
  EXPECT_EQ(job->worktree_path, os::join(worktrees, name));
  EXPECT_EQ(job->branch_name, "codex/" + name);
  EXPECT_TRUE(has_branch(job->branch_name));
  EXPECT_EQ(get(os::join(job->worktree_path, "kept.txt")), "changed\n");
  EXPECT_EQ(get(os::join(root, "kept.txt")), "edited by the user\n");
  EXPECT_EQ(get(os::join(root, "added.txt")), "<not_found>");
}

TEST_F(PlainJobsTest, ApplyJobForAFolderWorksInThatFolderOfTheWorktree) {
  put("sub/inner.txt", "x\n");
  commit_all();
  JobRequest r = apply(R"(echo '{"thread":"t-1"}'; pwd > here.txt; echo '{"done":true}')");
  r.repo_path = os::join(root, "sub");
  const jobs::JobPtr job = finished(r);
  EXPECT_EQ(line(get(os::join(job->worktree_path, "sub/here.txt"))), os::join(job->worktree_path, "sub"));
  EXPECT_THAT(must(plain->file_diff(job, "here.txt", 1000)).text, HasSubstr("+++ b/here.txt"));
}

TEST_F(PlainJobsTest, DiffShowsChangedAndNewFilesOfTheJob) {
  const jobs::JobPtr job = finished(apply(kEdit));
  EXPECT_THAT(must(plain->file_diff(job, "kept.txt", 1000)).text, HasSubstr("-as it was\n+changed\n"));
  EXPECT_THAT(must(plain->file_diff(job, "added.txt", 1000)).text, HasSubstr("+new\n"));
  EXPECT_EQ(code_of(plain->file_diff(job, "other.txt", 1000)), "not_found");
}

TEST_F(PlainJobsTest, DiffIsOnlyForPathsInsideAndForCompletedApplyJobs) {
  const jobs::JobPtr job = finished(apply(kEdit));
  for (const char* path : {"../kept.txt", "/etc/passwd", "a/../../kept.txt", ""}) {
    EXPECT_EQ(code_of(plain->file_diff(job, path, 1000)), "path_escapes_workspace") << path;
  }
  EXPECT_EQ(code_of(plain->file_diff(finished(plan(kQuick)), "kept.txt", 1000)), "invalid_state");
}

TEST_F(PlainJobsTest, AFileThatTheJobLeftAloneIsAnsweredWithThoseItChanged) {
  const auto diff = plain->file_diff(finished(apply(kEdit)), "other.txt", 1000);
  ASSERT_EQ(code_of(diff), "not_found");
  EXPECT_THAT(diff.error().hint, HasSubstr("kept.txt"));
  EXPECT_THAT(plain->file_diff(finished(apply(kQuick)), "other.txt", 1000).error().hint, HasSubstr("nothing"));
}

TEST_F(PlainJobsTest, AJobWithoutATaskIsRefused) {
  EXPECT_EQ(code_of(plain->start(plan(" \n "))), "missing_argument");
  EXPECT_EQ(code_of(plain->start(apply(""))), "missing_argument");
  EXPECT_TRUE(all_jobs->all().empty());
}

TEST_F(PlainJobsTest, CommitsOfTheJobBelongToItsDiff) {
  const jobs::JobPtr job = finished(apply(
      R"(echo '{"thread":"t-1"}'; echo changed > kept.txt; export HOME=/; git -c user.name=A -c user.email=a@b.c )"
      R"(commit -qam work; echo '{"done":true}')"));
  EXPECT_THAT(must(plain->file_diff(job, "kept.txt", 1000)).text, HasSubstr("+changed"));
}

TEST_F(PlainJobsTest, AFailedLaunchLeavesNeitherWorktreeNorBranchNorJob) {
  job_options.runner_argv = {"/nonexistent/runner"};
  open();
  EXPECT_EQ(code_of(plain->start(apply(kQuick))), "spawn_failed");
  EXPECT_EQ(must(os::list_dir(worktrees)), std::vector<std::string>{});
  EXPECT_EQ(line(git({"branch", "--list", "codex/*"})), "");
  EXPECT_EQ(line(git({"worktree", "list"})).find('\n'), std::string::npos);
  EXPECT_TRUE(all_jobs->all().empty());
}

TEST_F(PlainJobsTest, BadOptionsAreRefusedBeforeAnythingExists) {
  JobRequest r = apply(kQuick);
  r.model = "refused";
  EXPECT_EQ(code_of(plain->start(r)), "invalid_argument");
  EXPECT_TRUE(all_jobs->all().empty());
  EXPECT_EQ(must(os::list_dir(worktrees)), std::vector<std::string>{});
}

TEST_F(PlainJobsTest, ApplyNeedsARepositoryWithACommit) {
  JobRequest r = apply(kQuick);
  const std::string plain_dir = dir.path("plain"), empty_repo = dir.path("empty");
  must(os::make_private_dirs(plain_dir));
  must(os::make_private_dirs(empty_repo));
  git({"init", "-q", "-b", "main"}, empty_repo);
  r.repo_path = plain_dir;
  EXPECT_EQ(code_of(plain->start(r)), "not_a_git_repository");
  r.repo_path = empty_repo;
  EXPECT_EQ(code_of(plain->start(r)), "invalid_state");
  EXPECT_TRUE(all_jobs->all().empty());
}

TEST_F(PlainJobsTest, PlanJobsNeedARepositoryOnlyWhenTheOperatorSaysSo) {
  JobRequest r = plan(kQuick);
  r.repo_path = dir.path("plain");
  must(os::make_private_dirs(*r.repo_path));
  EXPECT_EQ(finished(r)->state, JobState::kCompleted);
  require_git = true;
  open();
  EXPECT_EQ(code_of(plain->start(r)), "not_a_git_repository");
}

TEST_F(PlainJobsTest, CapacityIsCheckedBeforeThePath) {
  job_options.max_concurrent = 1;
  open();
  must(plain->start(plan(kEndless)));
  JobRequest r = plan(kQuick);
  r.repo_path = "/nonexistent";
  EXPECT_EQ(code_of(plain->start(r)), "job_limit");
}

TEST_F(PlainJobsTest, PathsOutsideOfTheRootsAreRefused) {
  JobRequest r = plan(kQuick);
  r.repo_path = "/etc";
  EXPECT_EQ(code_of(plain->start(r)), "root_not_allowed");
}

TEST_F(PlainJobsTest, AQueuedTurnDoesNotHoldTheRepository) {
  job_options.max_concurrent = 1;
  job_options.queue_enabled = true;
  open();
  const StartedJob first = must(plain->start(plan(kEndless)));
  EXPECT_EQ(code_of(plain->start(plan(kQuick, "workspace-write"))), "job_limit");
  EXPECT_EQ(code_of(locks.acquire(root, {.operation = "test"})), "ok");
  const StartedJob queued = must(plain->start(plan(kQuick)));
  EXPECT_EQ(all_jobs->queue_position(queued.job->job_id), 1);
  all_jobs->cancel(first.job->job_id, "enough", 20s);
  EXPECT_EQ(ended(queued.job->job_id)->state, JobState::kCompleted);
}

TEST_F(PlainJobsTest, RetentionRemovesOldJobsWithWorktreeBranchAndFolder) {
  const jobs::JobPtr look = finished(plan(kQuick)), idle = finished(apply(kQuick));
  EXPECT_EQ(plain->remove_old(1), 0) << "not old yet";
  EXPECT_EQ(plain->remove_old(0), 2);
  EXPECT_EQ(all_jobs->find(look->job_id), nullptr);
  EXPECT_FALSE(os::exists(idle->worktree_path));
  EXPECT_FALSE(has_branch(idle->branch_name));
  EXPECT_FALSE(os::exists(all_jobs->job_dir(idle->job_id)));
}

TEST_F(PlainJobsTest, RetentionNeverTakesUnreviewedChanges) {
  const jobs::JobPtr job = finished(apply(kEdit));
  EXPECT_EQ(plain->remove_old(0), 0);
  EXPECT_EQ(all_jobs->find(job->job_id)->option("_retention_blocked"), "unreviewed_changes");
  EXPECT_EQ(get(os::join(job->worktree_path, "added.txt")), "new\n");
}

TEST_F(PlainJobsTest, RetentionTakesAHalfMadeWorktreeInWhichNobodyWorked) {  // K 1.5, SEC:I9
  const jobs::JobPtr job = finished(apply(kQuick));
  must(os::remove_file(os::join(job->worktree_path, "kept.txt")));
  must(all_jobs->update(job->job_id, [](jobs::JobRecord& r) {
    r.state = JobState::kFailed;
    r.terminal_source = "launch_failed";
    r.process_pid = 0;
    r.session_id.clear();
    return true;
  }));
  EXPECT_EQ(plain->remove_old(0), 0) << "its runner left proof that it ran";
  for (const char* file : {"exit.json", "progress.json", "result.json"}) {
    (void)os::remove_file(os::join(all_jobs->job_dir(job->job_id), file));
  }
  EXPECT_EQ(plain->remove_old(0), 1);
  EXPECT_FALSE(os::exists(job->worktree_path));
}

TEST_F(PlainJobsTest, RetentionLeavesRunningJobsAndWorkersAlone) {
  const StartedJob running = must(plain->start(plan(kEndless)));
  JobRequest turn = plan(kQuick);
  turn.owner = {{"_worker_id", "wrk_1"}};
  const jobs::JobPtr worker = finished(turn);
  EXPECT_EQ(plain->remove_old(0), 0);
  EXPECT_NE(all_jobs->find(running.job->job_id), nullptr);
  EXPECT_NE(all_jobs->find(worker->job_id), nullptr);
}

}  // namespace
}  // namespace patchbay::workers
