#include "patchbay/jobs/jobs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <future>
#include <mutex>
#include <thread>

#include "patchbay/os/file.h"
#include "patchbay/os/lock.h"
#include "support/patience.h"
#include "support/temp_dir.h"
#include "support/toy_engine.h"

namespace patchbay::jobs {
namespace {

using namespace std::chrono_literals;

constexpr char kQuick[] = R"(echo '{"thread":"t-1"}'; echo '{"say":"report"}'; echo '{"done":true}')";
constexpr char kEndless[] = R"(echo '{"thread":"t-1"}'; while :; do sleep 1; done)";

/// Its agent keeps files of its own, in which `finished` conversations are over.
class RecordingEngine : public runner::ToyEngine {
 public:
  std::optional<runner::Outcome> recover(const std::string& session_id, double) const override {
    if (session_id != finished) return std::nullopt;
    runner::Outcome outcome;
    outcome.state = runner::Outcome::State::kCompleted;
    outcome.terminal_source = "session_task_complete";
    outcome.result = {{"summary", "from the files"}};
    return outcome;
  }
  std::string finished;
};

class JobsTest : public testing::Test {
 protected:
  JobsTest() {
    options_.runner_argv = {os::self_executable(), "run-turn"};
    options_.limits.session_start_timeout_seconds = 0;
    options_.limits.interrupt_seconds = 0.1;
    options_.limits.terminate_seconds = 0.2;
    open();
  }
  ~JobsTest() override {
    if (jobs_) {
      for (const JobPtr& job : jobs_->all()) {
        if (job->unresolved()) jobs_->cancel(job->job_id, "end of test", 10s);
      }
    }
  }

  void open() {
    jobs_.reset();
    records_.reset();
    records_ = std::move(*store::RecordStore::open(dir_.path("jobs"), dir_.path("corrupt")));
    jobs_ = std::make_unique<Jobs>(*records_, engine_, system_clock(), options_);
    ASSERT_TRUE(jobs_->recover().ok());
  }

  std::string start(const std::string& script) {
    const auto job = jobs_->reserve({.mode = JobMode::kPlan, .repo_path = "/"});
    EXPECT_TRUE(job.ok());
    runner::TurnRequest request;
    request.prompt = script;
    EXPECT_TRUE(jobs_->launch((*job)->job_id, request, {}).ok());
    return (*job)->job_id;
  }

  bool change(const std::string& id, const std::function<bool(JobRecord&)>& edit) {
    return jobs_->update(id, edit).ok();
  }

  JobPtr wait_for(const std::string& id, const std::function<bool(const JobRecord&)>& done) {
    EXPECT_TRUE(jobs_->wait([&] { return done(*jobs_->find(id)); }, testing_support::end_of_patience(), {}));
    return jobs_->find(id);
  }
  JobPtr ended(const std::string& id) {
    return wait_for(id, [](const JobRecord& r) { return !r.unresolved(); });
  }
  JobPtr running(const std::string& id) {
    return wait_for(id, [](const JobRecord& r) { return !r.session_id.empty(); });
  }

  testing_support::TempDir dir_;
  RecordingEngine engine_;
  JobsOptions options_;
  std::unique_ptr<store::RecordStore> records_;
  std::unique_ptr<Jobs> jobs_;
};

TEST_F(JobsTest, RunsATurnToItsReport) {
  const JobPtr job = ended(start(kQuick));
  EXPECT_EQ(job->state, JobState::kCompleted);
  EXPECT_EQ(job->session_id, "t-1");
  EXPECT_EQ(json::get_string(job->result, "summary"), "report");
  EXPECT_EQ(json::get_string(jobs_->full_result(job->job_id), "summary"), "report");
  EXPECT_EQ(job->cleanup, "done");
  EXPECT_EQ(jobs_->active_count(), 0);
}

TEST_F(JobsTest, AReservationIsOnDiskBeforeItIsAnswered) {  // I4
  const auto job = jobs_->reserve({.mode = JobMode::kPlan, .repo_path = "/"});
  ASSERT_TRUE(job.ok());
  EXPECT_EQ(json::get_string(*records_->get((*job)->job_id), "state"), "pending");
  jobs_->abandon((*job)->job_id, Error{ErrorCode::kSpawnFailed, "no", {}, {}});
}

TEST_F(JobsTest, AdmitsExactlyOneOfManyAtLimitOne) {  // workers 1.7, SEC:S12
  options_.max_concurrent = 1;
  open();
  std::atomic<int> admitted{0}, refused{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] {
      const auto job = jobs_->reserve({.mode = JobMode::kPlan, .repo_path = "/"});
      if (job) {
        ++admitted;
      } else {
        EXPECT_EQ(job.error().code, ErrorCode::kJobLimit);
        EXPECT_EQ(job.error().message, "Maximum active jobs (1) reached");
        ++refused;
      }
    });
  }
  for (auto& t : threads) t.join();
  EXPECT_EQ(admitted, 1);
  EXPECT_EQ(refused, 15);
  jobs_->abandon(jobs_->all().front()->job_id, Error{ErrorCode::kSpawnFailed, "no", {}, {}});
  EXPECT_TRUE(jobs_->reserve({.mode = JobMode::kPlan, .repo_path = "/"}).ok()) << "the slot was not given back";
  jobs_->abandon(jobs_->all().back()->job_id, Error{ErrorCode::kSpawnFailed, "no", {}, {}});
}

TEST_F(JobsTest, APreconditionKeepsTheReservationFromExisting) {
  const auto job = jobs_->reserve({.mode = JobMode::kPlan, .repo_path = "/"}, [] {
    return Error{ErrorCode::kWorkerNameConflict, "taken", {}, {}};
  });
  EXPECT_EQ(job.error().code, ErrorCode::kWorkerNameConflict);
  EXPECT_TRUE(jobs_->all().empty());
}

TEST_F(JobsTest, ARefusedCommandFailsTheJobAndFreesTheSlot) {
  const auto job = jobs_->reserve({.mode = JobMode::kPlan, .repo_path = "/"});
  runner::TurnRequest request;
  request.model = "refused";
  EXPECT_EQ(jobs_->launch((*job)->job_id, request, {}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(jobs_->find((*job)->job_id)->state, JobState::kFailed);
  EXPECT_EQ(jobs_->active_count(), 0);
}

TEST_F(JobsTest, CancelStopsARunningTurnAndKeepsItsConversation) {  // workers 1.10
  const std::string id = start(kEndless);
  running(id);
  const CancelReply reply = jobs_->cancel(id, "enough", 10s);
  EXPECT_TRUE(reply.cancelled);
  EXPECT_TRUE(reply.process_signalled);
  EXPECT_FALSE(reply.cleanup_pending);
  EXPECT_EQ(jobs_->find(id)->state, JobState::kCancelled);
  EXPECT_EQ(jobs_->find(id)->session_id, "t-1");
  EXPECT_EQ(jobs_->find(id)->cleanup, "done");
}

TEST_F(JobsTest, CancelOfACompletedTurnLeavesItCompleted) {
  const std::string id = start(kQuick);
  ended(id);
  const CancelReply reply = jobs_->cancel(id, "late", 1s);
  EXPECT_FALSE(reply.cancelled);
  EXPECT_EQ(reply.state, JobState::kCompleted);
}

TEST_F(JobsTest, CancelWhileATurnIsFinishingKeepsItsReport) {  // lesson 10
  const std::string id = start(R"(echo '{"thread":"t"}'; echo '{"say":"done it"}'; echo '{"done":true}'; sleep 30)");
  wait_for(id, [](const JobRecord& r) { return r.progress.turn_over; });
  EXPECT_EQ(jobs_->cancel(id, "too late", 5s).reason, "already_completed");
  EXPECT_EQ(json::get_string(jobs_->find(id)->result, "summary"), "done it");
}

TEST_F(JobsTest, AStopThatComesTooLateEndsTheProcessAndNotTheReport) {  // workers 1.6, 1.10
  options_.limits.completion_grace_seconds = 600;
  open();
  const std::string id = start(R"(echo '{"thread":"t"}'; echo '{"say":"done it"}'; echo '{"done":true}'; sleep 600)");
  wait_for(id, [](const JobRecord& r) { return r.progress.turn_over; });
  const CancelReply reply = jobs_->cancel(id, "too late", 20s);
  EXPECT_FALSE(reply.cancelled);
  EXPECT_EQ(reply.reason, "already_completed");
  EXPECT_EQ(reply.state, JobState::kCompleted);
  EXPECT_TRUE(reply.process_signalled);
  EXPECT_FALSE(reply.cleanup_pending);
  const JobPtr job = jobs_->find(id);
  EXPECT_EQ(job->state, JobState::kCompleted);
  EXPECT_EQ(json::get_string(job->result, "summary"), "done it");
  EXPECT_TRUE(job->cancel_reason.empty());
}

TEST_F(JobsTest, AStopAsksTheAgentsFilesFirst) {  // workers 1.10, 9.3
  const std::string id = start(kEndless);
  running(id);
  engine_.finished = "t-1";
  const CancelReply reply = jobs_->cancel(id, "too late", 20s);
  EXPECT_EQ(reply.reason, "already_completed");
  EXPECT_FALSE(reply.cleanup_pending);
  EXPECT_EQ(jobs_->find(id)->terminal_source, "session_task_complete");
  EXPECT_EQ(json::get_string(jobs_->find(id)->result, "summary"), "from the files");
}

TEST_F(JobsTest, CancelOfAnUnknownJobSaysSo) { EXPECT_FALSE(jobs_->cancel("nope", "x", 0s).found); }

TEST_F(JobsTest, ATurnOutlivesItsOwnerAndIsFollowedByTheNext) {  // design 3, SEC:S9
  const std::string id =
      start(R"(echo '{"thread":"t-1"}'; sleep 0.5; echo '{"say":"after restart"}'; echo '{"done":true}')");
  running(id);
  open();
  EXPECT_EQ(jobs_->find(id)->state, JobState::kRunning);
  EXPECT_EQ(json::get_string(ended(id)->result, "summary"), "after restart");
}

TEST_F(JobsTest, ATurnThatEndedWhileNobodyWatchedIsCommittedAtStart) {
  const std::string id = start(R"(echo '{"thread":"t-1"}'; sleep 0.2; echo '{"say":"alone"}'; echo '{"done":true}')");
  running(id);
  jobs_.reset();
  ASSERT_TRUE(testing_support::eventually([&] { return runner::read_exit(dir_.path("jobs/" + id)).has_value(); }));
  // Its exit is written down before the runner lets go of the lock that says it lives.
  ASSERT_TRUE(testing_support::eventually([&] { return !runner::live_runner(dir_.path("jobs/" + id)); }));
  open();
  EXPECT_EQ(jobs_->find(id)->state, JobState::kCompleted);
}

TEST_F(JobsTest, AKilledRunnerLeavesNothingRunningAndFailsTheJob) {  // SEC:S9
  const std::string id = start(kEndless);
  const JobPtr job = running(id);
  ASSERT_EQ(::kill(static_cast<pid_t>(job->process_pid), SIGKILL), 0);
  const JobPtr after = ended(id);
  EXPECT_EQ(after->state, JobState::kFailed);
  EXPECT_EQ(after->error_code, "job_lost");
  EXPECT_TRUE(runner::kill_marked(after->marker, 0)) << "the agent survived its runner";
}

TEST_F(JobsTest, AReportThatWasHeardSurvivesAKilledRunner) {  // workers 9.3
  options_.limits.completion_grace_seconds = 600;
  open();
  const std::string id = start(R"(echo '{"thread":"t"}'; echo '{"say":"heard"}'; echo '{"done":true}'; sleep 600)");
  const JobPtr job = wait_for(id, [](const JobRecord& r) { return r.progress.turn_over; });
  ASSERT_EQ(::kill(static_cast<pid_t>(job->process_pid), SIGKILL), 0);
  EXPECT_EQ(ended(id)->state, JobState::kCompleted);
  EXPECT_EQ(json::get_string(jobs_->full_result(id), "summary"), "heard");
}

TEST_F(JobsTest, ALostTurnIsLookedUpByTheConversationItsRunnerSaw) {  // workers 1.9
  const std::string id = start(kEndless);
  const JobPtr job = running(id);
  ASSERT_TRUE(change(id, [](JobRecord& r) {
    r.session_id.clear();
    return true;
  }));
  engine_.finished = "t-1";
  ASSERT_EQ(::kill(static_cast<pid_t>(job->process_pid), SIGKILL), 0);
  EXPECT_EQ(ended(id)->state, JobState::kCompleted);
}

TEST_F(JobsTest, AFailedTurnHasACodeAndKeepsItsPhase) {  // workers 9.4
  const JobPtr job = ended(start(R"(echo '{"thread":"t"}'; exit 3)"));
  EXPECT_EQ(job->state, JobState::kFailed);
  EXPECT_EQ(job->exit_code, 3);
  EXPECT_EQ(job->error_code, "internal_error");
  EXPECT_FALSE(job->error.empty());
  EXPECT_NE(job->progress.phase, "done");
}

TEST_F(JobsTest, AnUnfinishedCleanupIsTakenUpByTheNextOwner) {  // workers 8, 1.10
  const std::string id = start(kQuick);
  ended(id);
  ASSERT_TRUE(change(id, [](JobRecord& r) {
    r.cleanup = "cleanup_incomplete";
    return true;
  }));
  ASSERT_TRUE(os::remove_file(dir_.path("jobs/" + id + "/exit.json")).ok());
  os::Environment env = os::current_environment();
  env[runner::kMarkerVariable] = jobs_->find(id)->marker;
  os::Child survivor = *os::Child::spawn({.argv = {"/bin/sleep", "600"}, .env = env});
  open();
  EXPECT_EQ(ended(id)->cleanup, "done");
  EXPECT_TRUE(survivor.wait_until(testing_support::end_of_patience()).has_value());
}

TEST_F(JobsTest, AStopTakesUpAnUnfinishedCleanup) {  // workers 1.10
  const std::string id = start(kQuick);
  ended(id);
  ASSERT_TRUE(os::remove_file(dir_.path("jobs/" + id + "/exit.json")).ok());
  ASSERT_TRUE(change(id, [](JobRecord& r) {
    r.cleanup = "cleanup_pending";
    return true;
  }));
  EXPECT_FALSE(jobs_->cancel(id, "again", 10s).cleanup_pending);
  EXPECT_EQ(jobs_->find(id)->state, JobState::kCompleted);
  EXPECT_EQ(jobs_->find(id)->cleanup, "done");
}

TEST_F(JobsTest, NoNewWorkWhenTheDiskIsAlmostFull) {  // SEC:D7
  os::FreeSpace space{kFreeBytesFloor - 1, kFreeInodesFloor};
  std::vector<std::string> asked;
  options_.work_dirs = {dir_.path("not/there/yet")};
  options_.free_space = [&](const std::string& path) -> Result<os::FreeSpace> {
    asked.push_back(path);
    return space;
  };
  open();
  EXPECT_EQ(jobs_->reserve({.mode = JobMode::kPlan, .repo_path = "/"}).error().code, ErrorCode::kDiskFull);
  EXPECT_EQ(asked.front(), dir_.root());
  space = {kFreeBytesFloor, kFreeInodesFloor - 1};
  EXPECT_EQ(jobs_->reserve({.mode = JobMode::kPlan, .repo_path = "/"}).error().code, ErrorCode::kDiskFull);
  EXPECT_TRUE(jobs_->all().empty());
  space = {kFreeBytesFloor, kFreeInodesFloor};
  EXPECT_EQ(ended(start(kQuick))->state, JobState::kCompleted);
}

TEST_F(JobsTest, APendingJobWithoutARunnerIsLostAtStart) {  // SEC:S8
  const std::string id = (*jobs_->reserve({.mode = JobMode::kPlan, .repo_path = "/"}))->job_id;
  open();
  EXPECT_EQ(jobs_->find(id)->state, JobState::kFailed);
  EXPECT_EQ(jobs_->find(id)->error_code, "job_lost");
}

TEST_F(JobsTest, ACancelDecidedJustBeforeACrashIsCarriedOut) {
  const std::string id = start(kEndless);
  running(id);
  ASSERT_TRUE(change(id, [](JobRecord& r) {
    r.state = JobState::kCancelled;
    r.cleanup = "cleanup_pending";
    return true;
  }));
  open();
  EXPECT_EQ(ended(id)->state, JobState::kCancelled);
}

TEST_F(JobsTest, TheQueueIsVisibleAndRunsInOrder) {  // workers 1.7
  options_.max_concurrent = 1;
  options_.queue_enabled = true;
  open();
  const std::string first = start(kEndless);
  running(first);
  const std::string second = start(kQuick), third = start(kQuick);
  EXPECT_EQ(jobs_->find(second)->state, JobState::kPending);
  EXPECT_EQ(jobs_->queue_position(second), 1);
  EXPECT_EQ(jobs_->queue_position(third), 2);
  jobs_->cancel(first, "make room", 10s);
  EXPECT_EQ(ended(second)->state, JobState::kCompleted);
  EXPECT_EQ(ended(third)->state, JobState::kCompleted);
}

TEST_F(JobsTest, TurnsThatStartTogetherAllGetTheirTurn) {  // workers 1.7
  options_.max_concurrent = 1;
  options_.queue_enabled = true;
  open();
  std::vector<std::string> ids(6);
  std::vector<std::thread> threads;
  for (std::string& id : ids) threads.emplace_back([&] { id = start(kQuick); });
  for (auto& t : threads) t.join();
  for (const std::string& id : ids) EXPECT_EQ(ended(id)->state, JobState::kCompleted);
}

TEST_F(JobsTest, NobodyOvertakesTheQueue) {  // workers 1.7
  options_.max_concurrent = 2;
  options_.queue_enabled = true;
  open();
  const std::string first = start(kEndless), second = start(kEndless), third = start(kEndless);
  EXPECT_EQ(jobs_->queue_position(third), 1);
  ASSERT_TRUE(change(first,
                     [](JobRecord& r) {  // its slot is free, but nobody has said so yet
                       r.state = JobState::kFailed;
                       r.cleanup = "cleanup_pending";
                       return true;
                     }));
  const std::string fourth = start(kEndless);
  EXPECT_EQ(jobs_->find(third)->state, JobState::kRunning);
  EXPECT_EQ(jobs_->queue_position(fourth), 1);
  jobs_->cancel(fourth, "enough", 10s);
}

TEST_F(JobsTest, AQueueIsServedByAnOwnerThatQueuesNothing) {  // workers 1.7
  options_.max_concurrent = 1;
  options_.queue_enabled = true;
  open();
  const std::string first = start(kEndless);
  const std::string second = start(kQuick);
  EXPECT_EQ(jobs_->queue_position(second), 1);
  options_.queue_enabled = false;
  open();
  jobs_->cancel(first, "make room", 10s);
  EXPECT_EQ(ended(second)->state, JobState::kCompleted);
}

TEST_F(JobsTest, AWriterIsRefusedRatherThanQueuedWithItsLock) {  // workers 1.7
  options_.max_concurrent = 1;
  options_.queue_enabled = true;
  open();
  start(kEndless);
  auto lock = *os::FileLock::try_acquire(dir_.path("repo.lock"));
  const auto job = jobs_->reserve({.mode = JobMode::kPlan, .repo_path = "/"});
  EXPECT_EQ(jobs_->launch((*job)->job_id, {}, {lock.fd()}).error().code, ErrorCode::kJobLimit);
  EXPECT_EQ(jobs_->find((*job)->job_id)->error_code, "job_limit");
}

TEST_F(JobsTest, ACancelWhileTheRunnerStartsIsOverOnlyWithTheRunner) {  // workers 1.8
  options_.runner_argv = {"/bin/sh", "-c",
                          "touch " + dir_.path("starting") + "; while [ ! -e " + dir_.path("go-on") +
                              " ]; do sleep 0.02; done; exec " + os::self_executable() + " run-turn"};
  open();
  const std::string id = (*jobs_->reserve({.mode = JobMode::kPlan, .repo_path = "/"}))->job_id;
  std::mutex mutex;
  std::vector<std::string> cleanups;
  jobs_->observe([&](const JobPtr& job, Jobs::Change) {
    std::lock_guard lock(mutex);
    if (cleanups.empty() || cleanups.back() != job->cleanup) cleanups.push_back(job->cleanup);
  });
  std::thread launching([&] {
    runner::TurnRequest request;
    request.prompt = kEndless;
    (void)jobs_->launch(id, request, {});
  });
  EXPECT_TRUE(testing_support::eventually([&] { return os::exists(dir_.path("starting")); }));
  EXPECT_TRUE(jobs_->cancel(id, "changed my mind", 0s).cancelled);
  ASSERT_TRUE(os::write_file_atomic(dir_.path("go-on"), "").ok());
  launching.join();
  const JobPtr job = ended(id);
  EXPECT_EQ(job->state, JobState::kCancelled);
  std::lock_guard lock(mutex);
  EXPECT_EQ(cleanups, (std::vector<std::string>{"done", "cleanup_pending", "done"}));
  EXPECT_FALSE(runner::live_runner(dir_.path("jobs/" + id)).has_value());
}

TEST_F(JobsTest, AWaiterThatIsBusyKeepsNobodyFromChangingAJob) {  // SEC:I7, L7
  const std::string id = (*jobs_->reserve({.mode = JobMode::kPlan, .repo_path = "/"}))->job_id;
  std::promise<void> asked, go_on;
  std::thread waiter([&] {
    bool first = true;
    EXPECT_TRUE(jobs_->wait(
        [&] {
          if (std::exchange(first, false)) {
            asked.set_value();
            go_on.get_future().wait();
          }
          return jobs_->find(id)->state == JobState::kFailed;
        },
        testing_support::end_of_patience(), {}));
  });
  asked.get_future().wait();
  auto change = std::async(std::launch::async, [&] {
    jobs_->abandon(id, Error{ErrorCode::kSpawnFailed, "no", {}, {}});
  });
  EXPECT_EQ(change.wait_for(testing_support::kPatience), std::future_status::ready);
  go_on.set_value();
  waiter.join();
}

TEST_F(JobsTest, ConcurrentChangesOfOneJobLoseNothing) {
  const std::string id = start(kQuick);
  ended(id);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) {
        ASSERT_TRUE(change(id, [&](JobRecord& r) {
          r.options[fmt::format("k{}_{}", t, i)] = true;
          return true;
        }));
      }
    });
  }
  for (auto& t : threads) t.join();
  EXPECT_EQ(jobs_->find(id)->options.size(), 40u);
  EXPECT_EQ((*records_->get(id))["options"].size(), 40u);
}

TEST_F(JobsTest, RemoveTakesTheFolderAndTellsObservers) {
  int removed = 0;
  jobs_->observe([&](const JobPtr&, Jobs::Change c) { removed += c == Jobs::Change::kRemoved ? 1 : 0; });
  const std::string id = start(kQuick);
  ended(id);
  ASSERT_TRUE(jobs_->remove(id).ok());
  EXPECT_EQ(removed, 1);
  EXPECT_EQ(jobs_->find(id), nullptr);
  EXPECT_FALSE(os::exists(dir_.path("jobs/" + id)));
}

}  // namespace
}  // namespace patchbay::jobs
