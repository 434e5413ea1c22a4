#include "unit/workers/workers_fixture.h"

#include <sys/wait.h>

#include <thread>

#include "git/apply.h"
#include "git/ops.h"
#include "support/patience.h"
#include "workers/merged_files.h"

namespace patchbay::workers {
namespace {

using namespace std::chrono_literals;
using git::code_of;
using git::must;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

// ---- names and retries ------------------------------------------------------------------------------

TEST_F(WorkersTest, ATakenNameIsRefusedWithItsHolder) {
  run("Ada", kQuick);
  const TurnReply again = must(start(start_args("ADA", kEdit)));
  EXPECT_FALSE(again.accepted);
  EXPECT_EQ(again.refusal.error_code, "worker_name_conflict");
  EXPECT_EQ(again.conflicting_worker_id, latest("Ada")->worker_id());
  EXPECT_EQ(again.refused_name, "ADA");
  EXPECT_EQ(again.refused_workspace_mode, "isolated_write");
}

TEST_F(WorkersTest, AutoSuffixGivesTheNextNumberAndARetryTheSameWorker) {  // B8
  run("Ada", kQuick);
  StartArgs second = start_args("Ada", kEdit);
  second.auto_suffix = true;
  const TurnReply made = must(start(second));
  EXPECT_EQ(made.worker->name, "Ada 2");
  const TurnReply retried = must(start(second));
  EXPECT_EQ(retried.deduplicated, true);
  EXPECT_EQ(retried.worker->worker_id, made.worker->worker_id);
  second.brief = kQuick;
  EXPECT_EQ(must(start(second)).worker->name, "Ada 3");
}

TEST_F(WorkersTest, TheSameStartTwiceAtTheSameTimeMakesOneWorker) {  // B8
  std::optional<TurnReply> a, b;
  std::thread one([&] { a = must(start(start_args("Ada", kQuick))); });
  std::thread two([&] { b = must(start(start_args("Ada", kQuick))); });
  one.join();
  two.join();
  EXPECT_TRUE(a->accepted && b->accepted) << a->text() << b->text();
  EXPECT_EQ(a->worker->worker_id, b->worker->worker_id);
  EXPECT_EQ(turns("Ada").size(), 1u);
}

TEST_F(WorkersTest, ANameInSeveralOtherRepositoriesIsAmbiguous) {
  for (const char* name : {"one", "two"}) {
    StartArgs a = start_args("Ada", kQuick, "read_only");
    a.repo_path = dir.path(name);
    must(os::make_private_dirs(*a.repo_path));
    ASSERT_TRUE(must(start(a)).accepted);
  }
  finish("Ada");
  const auto refused = workers->stop(me, call(), stop_args("ada"));
  ASSERT_EQ(code_of(refused), "worker_ambiguous");
  EXPECT_THAT(refused.error().message, HasSubstr("wrk_"));
  StopArgs here = stop_args("ada");
  here.repo_path = dir.path("two");
  EXPECT_TRUE(workers->stop(me, call(), here).ok());
}

TEST_F(WorkersTest, AWorkerThatWasStoppedInTheQueueDoesNotPromiseAConversation) {
  job_options.max_concurrent = 1;
  job_options.queue_enabled = true;
  open();
  must(start(start_args("Busy", kEndless)));
  EXPECT_THAT(must(start(start_args("Ada", kQuick))).worker->report, HasSubstr("queue"));
  const StopReply stopped = stop("Ada");
  EXPECT_TRUE(stopped.stopped);
  EXPECT_EQ(stopped.worker.has_session, false);
  EXPECT_THAT(stopped.worker.report, Not(HasSubstr("can be continued")));
  EXPECT_THAT(stopped.refusal.note.value_or(""), Not(HasSubstr("conversation")));
  stop("Busy");
}

// ---- starting ---------------------------------------------------------------------------------------

TEST_F(WorkersTest, ARefusedStartLeavesNeitherWorktreeNorBranchNorName) {
  job_options.max_concurrent = 1;
  open();
  must(start(start_args("Busy", kEndless)));
  const TurnReply full = must(start(start_args("Ada", kQuick)));
  EXPECT_EQ(full.refusal.error_code, "job_limit");
  EXPECT_EQ(full.refusal.max_concurrent_jobs, 1);
  EXPECT_EQ(full.refusal.note,
            "Maximum active jobs (1) reached. Wait for a running turn to end, or stop one, then call again.");
  EXPECT_EQ(must(os::list_dir(worktrees)).size(), 1u);
  EXPECT_THAT(turns("Ada"), IsEmpty());
  stop("Busy");
  finish("Busy");

  job_options.runner_argv = {"/nonexistent/runner"};
  open();
  EXPECT_EQ(code_of(start(start_args("Ada", kQuick))), "spawn_failed");
  EXPECT_EQ(must(os::list_dir(worktrees)).size(), 1u);
  EXPECT_EQ(line(git({"branch", "--list", "codex/*"})).find('\n'), std::string::npos);
  EXPECT_THAT(turns("Ada"), IsEmpty());
}

TEST_F(WorkersTest, ASharedWriterIsTheOnlyWriterAndOthersAreToldWho) {
  must(start(start_args("Writer", kEndless, "shared_write")));
  const TurnReply second = must(start(start_args("Ada", kQuick, "shared_write")));
  EXPECT_FALSE(second.accepted);
  EXPECT_EQ(second.refusal.error_code, "repo_busy");
  EXPECT_EQ(second.refusal.repo_busy, true);
  EXPECT_EQ(second.refusal.operation, "codex_worker_start");
  EXPECT_EQ(second.refusal.requested_operation, "codex_worker_start");
  EXPECT_EQ(json::get_string(*second.refusal.holder, "worker_name"), "Writer");
  EXPECT_GT(second.refusal.retry_after_seconds, 0);
  EXPECT_EQ(second.refused_name, "Ada");
  EXPECT_EQ(second.refused_workspace_mode, "shared_write");
  EXPECT_EQ(second.refused_workspace_name, "repo");
  EXPECT_THAT(turns("Ada"), IsEmpty());

  run("Isolated", kEdit);
  const IntegrateReply busy = integrate("Isolated");
  EXPECT_EQ(busy.refusal.error_code, "repo_busy");
  EXPECT_EQ(busy.refusal.operation, "codex_worker_integrate");
  EXPECT_EQ(get(root + "/kept.txt"), "as it was\n");
  stop("Writer");
  finish("Writer");
  EXPECT_TRUE(integrate("Isolated").preview.applied);
}

TEST_F(WorkersTest, ContextOfOthersStaysInsideItsBudgetAndSaysWhenItWasCut) {
  run("Big", R"(echo '{"thread":"t-1"}'; i=0; while [ $i -lt 9000 ]; do echo "a line of a long file $i"; i=$((i+1)); )"
             R"(done > big.txt; echo '{"say":"long work"}'; echo '{"done":true}'; exit 0)");
  StartArgs reader = start_args("Reader", kQuick);
  reader.context.context_from_workers = {"Big", "big"};
  const TurnReply brief = must(start(reader));
  EXPECT_EQ(brief.context_sources, std::vector<std::string>{"Big"});
  EXPECT_FALSE(brief.context_truncated);
  reader.name = "Reader 2";
  reader.context.context_detail = "diff";
  EXPECT_TRUE(must(start(reader)).context_truncated);
  finish("Reader 2");
  EXPECT_LT(latest("Reader 2")->prompt_bytes, 125'000);
  EXPECT_GT(latest("Reader 2")->prompt_bytes, 60'000);
  reader.name = "Reader 3";
  reader.context.context_from_workers = {"Nobody"};
  EXPECT_EQ(code_of(start(reader)), "worker_not_found");
  EXPECT_THAT(turns("Reader 3"), IsEmpty());
}

TEST_F(WorkersTest, OnlyAStartThatNeverRanLosesItsWorktreeAfterARestart) {  // SEC:I9
  run("Worked", kEdit);
  run("Unused", kQuick);
  for (const char* name : {"Worked", "Unused"}) {
    must(all_jobs->update(latest(name)->job_id, [&](jobs::JobRecord& r) {
      r.state = jobs::JobState::kFailed;
      r.terminal_source = "launch_failed";
      r.process_pid = 0;
      r.session_id.clear();
      return true;
    }));
  }
  for (const char* file : {"exit.json", "progress.json", "result.json"}) {
    (void)os::remove_file(os::join(all_jobs->job_dir(latest("Unused")->job_id), file));
  }
  const std::string kept = worktree("Worked"), removed = worktree("Unused");
  open();
  EXPECT_EQ(get(kept + "/added.txt"), "new\n");
  EXPECT_FALSE(os::exists(removed));
}

// ---- stopping, cleaning, restoring -------------------------------------------------------------------

TEST_F(WorkersTest, StoppingAHealthyTurnIsAskedForTwiceWhenTheOperatorWantsThat) {
  options.stop_confirmation_grace_seconds = 300;
  open();
  must(start(start_args("Ada", kEndless)));
  StopReply asked = stop("Ada");
  EXPECT_EQ(asked.refusal.error_code, "stop_confirmation_required");
  EXPECT_EQ(asked.force_required, true);
  EXPECT_FALSE(asked.stopped);
  EXPECT_TRUE(latest("Ada")->active());
  StopArgs args = stop_args("Ada");
  args.force = true;
  args.reason = "enough";
  EXPECT_TRUE(must(workers->stop(me, call(), args)).stopped);
  EXPECT_EQ(latest("Ada")->cancel_reason, "enough");
}

TEST_F(WorkersTest, WhatAnIntegrationBroughtIsNotCountedAsDiscarded) {
  run("Ada", kEdit);
  ASSERT_TRUE(integrate("Ada").preview.applied);
  EXPECT_THAT(integrate("Ada").refusal.note.value_or(""), HasSubstr("last integration"));
  ASSERT_TRUE(must(message("Ada", R"(echo more > later.txt; echo '{"done":true}'; exit 0)")).accepted);
  finish("Ada");
  const StopReply cleaned = stop("Ada", true);
  EXPECT_TRUE(cleaned.workspace_cleaned);
  EXPECT_EQ(cleaned.recoverable, true);
  EXPECT_EQ(cleaned.discarded_changed_files, std::vector<std::string>{"later.txt"});
}

TEST_F(WorkersTest, AReportIsReadWhenTheRepositoryIsGone) {  // design 1
  run("Ada", kQuick);
  ASSERT_EQ(::rename(root.c_str(), dir.path("elsewhere").c_str()), 0);
  InspectArgs look;
  look.worker = "Ada";
  EXPECT_EQ(must(workers->inspect(me, call(), look)).worker.report, "report");
  look.view = "changes";
  EXPECT_EQ(code_of(workers->inspect(me, call(), look)), "workspace_missing");
  ASSERT_EQ(::rename(dir.path("elsewhere").c_str(), root.c_str()), 0);
}

TEST_F(WorkersTest, ACleanupOfWhatIsGonePromisesNothingAndKeepsCommits) {  // SEC:W2
  run("Ada", kEdit);
  run("Ben", R"(echo '{"thread":"t-1"}'; export HOME=/; echo w > w; git add w; git -c user.name=A -c user.email=a@b.c )"
             R"(commit -qm work; echo '{"done":true}'; exit 0)");
  must(os::remove_tree(worktree("Ada")));
  must(os::remove_tree(worktree("Ben")));
  const StopReply ada = stop("Ada", true);
  EXPECT_TRUE(ada.workspace_cleaned);
  EXPECT_THAT(ada.refusal.note.value_or(""), Not(HasSubstr("restore")));
  EXPECT_EQ(line(git({"branch", "--list", "codex/*"})).find('\n'), std::string::npos);
  const StopReply ben = stop("Ben", true);
  EXPECT_THAT(ben.refusal.note.value_or(""), HasSubstr("commits"));
  EXPECT_NE(line(git({"branch", "--list", "codex/*"})), "");
}

TEST_F(WorkersTest, ASymlinkInPlaceOfAWorktreeIsNotFollowed) {  // SEC:W1, W8
  run("Ada",
      R"(echo '{"thread":"t-1"}'; d=$PWD; cd ..; mv "$d" "$d.moved"; ln -s /etc "$d"; echo '{"done":true}'; exit 0)");
  InspectArgs look;
  look.worker = "Ada";
  look.view = "file";
  look.file_path = "passwd";
  const auto seen = workers->inspect(me, call(), look);
  EXPECT_TRUE(!seen.ok() || !seen->file->exists);
  EXPECT_EQ(must(message("Ada", kQuick)).refusal.error_code, "workspace_unavailable");
  EXPECT_FALSE(stop("Ada").worker.workspace_available);
  EXPECT_EQ(stop("Ada", true).refusal.error_code, "workspace_unavailable");
  EXPECT_TRUE(os::exists("/etc/passwd"));
}

TEST_F(WorkersTest, ALineLongerThanAPageIsReadToItsEnd) {  // K 6.6
  run("Ada", R"(echo '{"thread":"t-1"}'; head -c 3000 /dev/zero | tr '\0' x > one; echo '{"done":true}'; exit 0)");
  InspectArgs look;
  look.worker = "Ada";
  look.view = "file";
  look.file_path = "one";
  look.max_bytes = 1000;
  std::size_t seen = 0;
  for (int pages = 0; pages < 10; ++pages) {
    const FileFields page = *must(workers->inspect(me, call(), look)).file;
    seen += static_cast<std::size_t>(std::count(page.text.begin(), page.text.end(), 'x'));
    if (!page.next_start_line) break;
    look.start_line = page.next_start_line;
    look.start_column = page.next_column;
  }
  EXPECT_EQ(seen, 3000u);
}

TEST_F(WorkersTest, ADiffTakesAnySpellingOfAPathInsideAndNoneOutside) {
  run("Ada", kEdit);
  InspectArgs look;
  look.worker = "Ada";
  look.view = "diff";
  for (const char* spelling : {"kept.txt", "./kept.txt", "no/../kept.txt", ".//kept.txt"}) {
    look.file_path = spelling;
    EXPECT_THAT(must(workers->inspect(me, call(), look)).diff->diff, HasSubstr("+changed")) << spelling;
  }
  for (const char* spelling : {"../kept.txt", "/etc/passwd", "a/../../kept.txt"}) {
    look.file_path = spelling;
    EXPECT_EQ(code_of(workers->inspect(me, call(), look)), "path_escapes_workspace") << spelling;
  }
}

TEST_F(WorkersTest, ACleanupThatWouldLoseWhatNoTreeHoldsAsksFirst) {  // SEC:W2, design 7
  run("Ada", kEdit);
  const std::string nested = worktree("Ada") + "/vendored";
  must(os::make_private_dirs(nested));
  git({"init", "-q", "-b", "main"}, nested);
  put(nested, "own.txt", "only here\n");
  InspectArgs look;
  look.worker = "Ada";
  look.view = "changes";
  const InspectReply seen = must(workers->inspect(me, call(), look));
  EXPECT_THAT(seen.refusal.note.value_or(""), HasSubstr("vendored (repository)"));

  const StopReply asked = stop("Ada", true);
  EXPECT_EQ(asked.refusal.error_code, "unsafe_change");
  EXPECT_FALSE(asked.workspace_cleaned);
  EXPECT_THAT(asked.refusal.note.value_or(""), HasSubstr("vendored (repository)"));
  EXPECT_EQ(get(nested + "/own.txt"), "only here\n");

  StopArgs args = stop_args("Ada", true);
  args.force = true;
  const StopReply cleaned = must(workers->stop(me, call(), args));
  EXPECT_TRUE(cleaned.workspace_cleaned);
  EXPECT_THAT(cleaned.refusal.note.value_or(""), HasSubstr("vendored (repository)"));
  EXPECT_FALSE(os::exists(nested));
}

TEST_F(WorkersTest, ACleanupThatWasCutShortGoesOnAndItsContentComesBack) {  // K 5.13
  run("Ada", kEdit);
  const std::string path = worktree("Ada");
  ASSERT_TRUE(stop("Ada", true).workspace_cleaned);
  must(workers->restore(me, call(), "Ada", std::nullopt));
  EXPECT_EQ(get(path + "/added.txt"), "new\n");

  // The record says discarded, the directory is half gone.
  must(workers->stop(me, call(), stop_args("Ada", true)));
  must(workers->restore(me, call(), "Ada", std::nullopt));
  set_option(latest("Ada"), "_worker_workspace_discarded", true);
  must(os::remove_file(path + "/added.txt"));
  const StopReply again = stop("Ada", true);
  EXPECT_TRUE(again.workspace_cleaned);
  EXPECT_FALSE(os::exists(path));
  EXPECT_EQ(line(git({"branch", "--list", "codex/*"})), "");
  must(workers->restore(me, call(), "Ada", std::nullopt));
  EXPECT_EQ(get(path + "/added.txt"), "new\n");
}

TEST_F(WorkersTest, RestoreTakesADirectoryThatIsBackAlready) {
  run("Ada", kEdit);
  stop("Ada", true);
  must(workers->restore(me, call(), "Ada", std::nullopt));
  set_option(latest("Ada"), "_worker_workspace_discarded", true);
  const StopReply restored = must(workers->restore(me, call(), "Ada", std::nullopt));
  EXPECT_FALSE(restored.refusal.error_code.has_value()) << restored.text();
  EXPECT_TRUE(restored.worker.workspace_available);
  EXPECT_EQ(get(worktree("Ada") + "/added.txt"), "new\n");

  // A restore that was cut short is made again.
  set_option(latest("Ada"), "_worker_workspace_discarded", true);
  must(os::remove_file(worktree("Ada") + "/kept.txt"));
  must(workers->restore(me, call(), "Ada", std::nullopt));
  EXPECT_EQ(get(worktree("Ada") + "/kept.txt"), "changed\n");
}

TEST_F(WorkersTest, ARestoredWorkspaceIsFilledInByItsFilters) {  // K 5.5, SEC:W2
  put(".gitattributes", "*.up filter=lfs\n");
  put("a.up", "text\n");
  commit_all();
  git({"config", "filter.lfs.smudge", "tr a-z A-Z"});
  git({"config", "filter.lfs.clean", "tr A-Z a-z"});
  options.git_filters = true;
  open();
  run("Ada", kEdit);
  EXPECT_EQ(get(worktree("Ada") + "/a.up"), "TEXT\n");
  ASSERT_TRUE(stop("Ada", true).workspace_cleaned);
  must(workers->restore(me, call(), "Ada", std::nullopt));
  EXPECT_EQ(get(worktree("Ada") + "/a.up"), "TEXT\n");
  EXPECT_EQ(get(worktree("Ada") + "/added.txt"), "new\n");
  EXPECT_EQ(preview("Ada").changed_files, (Strings{"added.txt", "kept.txt"}));
}

TEST_F(WorkersTest, EveryCleanupKeepsAPinOfItsOwn) {
  run("Ada", kEdit);
  stop("Ada", true);
  must(workers->restore(me, call(), "Ada", std::nullopt));
  stop("Ada", true);
  const std::string refs = git({"for-each-ref", "--format=%(refname)", "refs/patchbay/trash"});
  EXPECT_THAT(refs, HasSubstr("/1\n"));
  EXPECT_THAT(refs, HasSubstr("/2\n"));
}

TEST_F(WorkersTest, CleanupAndMessageExcludeEachOther) {  // SEC:L7, W3
  run("Ada", kEdit);
  std::string lock_file;
  for (const std::string& name : must(os::list_dir(options.git_locks_dir))) lock_file = name;
  ASSERT_THAT(lock_file, HasSubstr(".lock"));
  os::FileLock held = must(os::FileLock::try_acquire(os::join(options.git_locks_dir, lock_file)));
  ASSERT_TRUE(held.held());
  std::optional<StopReply> cleaned;
  std::thread cleaner([&] { cleaned = stop("Ada", true); });
  // The cleanup waits for git's lock inside its own; until it has that, the worker may still be messaged.
  std::string refused;
  const MonoTime until = testing_support::end_of_patience();
  while (refused != "timeout" && system_clock().mono() < until) {
    MessageArgs empty;
    empty.worker = "Ada";  // reaches the worker, and is refused for its text
    refused = code_of(workers->message(me, call(2s), empty));
  }
  EXPECT_EQ(refused, "timeout");
  held.release();
  cleaner.join();
  EXPECT_TRUE(cleaned->workspace_cleaned);
  EXPECT_EQ(must(message("Ada", kQuick)).refusal.error_code, "workspace_unavailable");
}

TEST_F(WorkersTest, WhoeverWaitsForAStopKeepsNobodyElseWaiting) {  // SEC:L7
  job_options.limits.terminate_seconds = 2;
  open();
  const TurnReply r =
      must(start(start_args("Ada", R"(trap '' INT TERM; echo '{"thread":"t-1"}'; while :; do sleep 0.1; done)")));
  ASSERT_TRUE(r.accepted);
  ASSERT_TRUE(
      all_jobs->wait([&] { return !latest("Ada")->session_id.empty(); }, testing_support::end_of_patience(), {}));
  std::optional<StopReply> stopped;
  std::thread stopper([&] { stopped = stop("Ada", true); });
  ASSERT_TRUE(all_jobs->wait([&] { return !latest("Ada")->active(); }, testing_support::end_of_patience(), {}));
  // A call that may not wait at all: it would be a timeout if the mutex were held.
  MessageArgs another;
  another.worker = "Ada";
  another.message = kQuick;
  const TurnReply refused = must(workers->message(me, call(2s), another));
  EXPECT_EQ(refused.refusal.error_code, "cleanup_pending");
  stopper.join();
  EXPECT_TRUE(stopped->stopped);
  EXPECT_TRUE(stopped->workspace_cleaned) << stopped->text();
  EXPECT_EQ(turns("Ada").size(), 1u);
}

// ---- ownership --------------------------------------------------------------------------------------

TEST_F(WorkersTest, IntegrationOfAnothersWorkerNeedsATakeoverThatIsOnRecord) {  // K 5.12, SEC:W12
  run("Ada", kEdit);
  IntegrateArgs args = integrate_args("Ada");
  args.takeover.takeover_reason = "only a reason";
  const Json before = latest("Ada")->options;
  const IntegrateReply refused = must(workers->integrate(other, call(), args));
  EXPECT_EQ(refused.refusal.takeover_required, true);
  EXPECT_EQ(refused.refusal.takeover_reason_ignored, true);
  EXPECT_FALSE(refused.preview.applied);
  EXPECT_EQ(latest("Ada")->options, before);
  EXPECT_EQ(get(root + "/kept.txt"), "as it was\n");

  args.takeover.takeover = true;
  const IntegrateReply done = must(workers->integrate(other, call(), args));
  EXPECT_TRUE(done.preview.applied) << done.text();
  EXPECT_EQ(done.refusal.takeover_performed, true);
  EXPECT_EQ(latest("Ada")->option("_mcp_takeover_reason"), "only a reason");
  EXPECT_EQ(latest("Ada")->option("_mcp_owner_session_hash"), "other");
}

TEST_F(WorkersTest, AWorkerWhoseConversationIsGoneIsInheritedAndTheReplySaysSo) {
  run("Ada", kEdit);
  gone.insert("me");
  const IntegrateReply done = must(workers->integrate(other, call(), integrate_args("Ada")));
  EXPECT_TRUE(done.preview.applied);
  EXPECT_FALSE(done.refusal.takeover_performed.has_value());
  EXPECT_THAT(done.refusal.note.value_or(""), HasSubstr("yours now"));
}

TEST_F(WorkersTest, CleaningUpAnInheritedWorkerIsToldInSentencesOfTheirOwn) {
  run("Ada", kEdit);
  gone.insert("me");
  const StopReply done = must(workers->stop(other, call(), stop_args("Ada", true)));
  EXPECT_THAT(done.refusal.note.value_or(""), HasSubstr(done.worker.worker_id + ". The conversation that owned"));
}

TEST_F(WorkersTest, ATakeoverIsToldAlsoWhenTheTurnHadEndedBefore) {
  run("Ada", kQuick);
  StopArgs args = stop_args("Ada");
  args.takeover = {true, "mine now"};
  const StopReply stopped = must(workers->stop(other, call(), args));
  EXPECT_EQ(stopped.refusal.takeover_performed, true);
  MessageArgs again;
  again.worker = "Ada";
  again.message = kQuick;
  EXPECT_EQ(must(workers->message(me, call(), again)).refusal.takeover_required, true);
  again.takeover = {true, "back"};
  EXPECT_EQ(must(workers->message(me, call(), again)).refusal.takeover_performed, true);
  EXPECT_EQ(latest("Ada")->option("_mcp_takeover_reason"), "back");
}

// ---- integration ------------------------------------------------------------------------------------

TEST_F(WorkersTest, ChosenUntrackedFilesComeAlongAndAreNobodysChange) {  // K 5.5
  put(".git/info/exclude", "*.o\n");
  put("notes/one.md", "one\n");
  put("notes/two.md", "two\n");
  put("notes/built.o", "ignored\n");
  put("notes/.env", "TOKEN=x\n");
  put("apart.md", "not chosen\n");
  link_to(root, "notes/link.md", "one.md");
  StartArgs args =
      start_args("Ann", R"(echo '{"thread":"t-1"}'; cat notes/one.md > seen.txt; echo '{"done":true}'; exit 0)");
  args.include_untracked_from_base = {"notes", "missing/*.md"};
  const TurnReply r = git::must(start(args));
  ASSERT_TRUE(r.accepted) << r.text();
  EXPECT_EQ(r.copied_files, (Strings{"notes/one.md", "notes/two.md"}));
  for (const char* named : {"notes/.env", "notes/link.md", "missing/*.md"}) {
    EXPECT_NE(r.refusal.note->find(named), std::string::npos) << named << ": " << *r.refusal.note;
  }
  finish("Ann");
  EXPECT_EQ(get(worktree("Ann") + "/notes/two.md"), "two\n");
  for (const char* absent : {"/notes/built.o", "/notes/.env", "/notes/link.md", "/apart.md"}) {
    EXPECT_FALSE(os::exists(worktree("Ann") + absent)) << absent;
  }
  open();
  const PreviewFields p = preview("Ann");
  EXPECT_EQ(p.changed_files, (Strings{"seen.txt"}));
  EXPECT_TRUE(p.can_apply);
  EXPECT_TRUE(integrate("Ann").preview.applied);
  EXPECT_EQ(get(root + "/seen.txt"), "one\n");
  EXPECT_EQ(get(root + "/notes/one.md"), "one\n");
}

TEST_F(WorkersTest, AChangedCopyOfAnUntrackedFileBlocksIntegrationUntilTheOriginalIsCommitted) {  // K 5.5
  put("draft.md", "draft\n");
  StartArgs args = start_args("Ann", R"(echo '{"thread":"t-1"}'; echo more >> draft.md; echo '{"done":true}'; exit 0)");
  args.include_untracked_from_base = {"*.md"};
  ASSERT_TRUE(git::must(start(args)).accepted);
  finish("Ann");
  const IntegrateReply refused = integrate("Ann");
  EXPECT_FALSE(refused.preview.applied);
  EXPECT_EQ(refused.refusal.error_code, "base_dirty");
  EXPECT_EQ(get(root + "/draft.md"), "draft\n");
  commit_all();
  EXPECT_TRUE(integrate("Ann").preview.applied);
  EXPECT_EQ(get(root + "/draft.md"), "draft\nmore\n");
}

TEST_F(WorkersTest, UntrackedFilesThatCannotBeChosenAreRefusedBeforeAnythingExists) {
  for (const char* glob : {"/etc/*", "../*", "a/../../b", "~/x", ""}) {
    StartArgs args = start_args("Ann", kQuick);
    args.include_untracked_from_base = {glob};
    EXPECT_EQ(git::code_of(start(args)), "invalid_argument") << glob;
  }
  StartArgs reader = start_args("Ann", kQuick, "read_only");
  reader.include_untracked_from_base = {"*.md"};
  EXPECT_EQ(git::code_of(start(reader)), "invalid_argument");
  for (int i = 0; i < 1001; ++i) put("many/" + std::to_string(i), "");
  StartArgs many = start_args("Ann", kQuick);
  many.include_untracked_from_base = {"many"};
  EXPECT_EQ(git::code_of(start(many)), "content_too_large");
  EXPECT_TRUE(turns("Ann").empty());

  ASSERT_TRUE(os::remove_tree(root + "/many").ok());
  const os::Fd fd(::open((root + "/large").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  ASSERT_EQ(::ftruncate(fd.get(), (64 << 20) + 1), 0);
  many.include_untracked_from_base = {"large"};
  EXPECT_EQ(git::code_of(start(many)), "content_too_large");
  EXPECT_TRUE(turns("Ann").empty());
  EXPECT_TRUE(os::list_dir(worktrees)->empty());
}

TEST_F(WorkersTest, DirtyFilesOfTheCheckoutBlockUnlessTheyAreAccepted) {
  run("Ada", kEdit);
  put("other.txt", "edited by the user\n");
  EXPECT_EQ(integrate("Ada").refusal.error_code, "base_dirty");
  IntegrateArgs args = integrate_args("Ada");
  args.accepted_dirty_base = {"unrelated/*"};
  EXPECT_EQ(must(workers->integrate(me, call(), args)).refusal.error_code, "base_dirty");
  args.accepted_dirty_base = {"oth*.txt"};
  EXPECT_TRUE(must(workers->integrate(me, call(), args)).preview.applied);
  EXPECT_EQ(get(root + "/other.txt"), "edited by the user\n");
  EXPECT_EQ(get(root + "/kept.txt"), "changed\n");
}

TEST_F(WorkersTest, ChangesOtherThanThePreviewedOnesAreRefusedOnce) {  // SEC:W3
  run("Ada", kEdit);
  preview("Ada");
  put(worktree("Ada"), "added.txt", "something else\n");
  const IntegrateReply changed = integrate("Ada");
  EXPECT_EQ(changed.refusal.error_code, "patch_changed");
  EXPECT_TRUE(changed.fresh_preview.has_value());
  EXPECT_EQ(get(root + "/kept.txt"), "as it was\n");
  EXPECT_TRUE(integrate("Ada").preview.applied);
  EXPECT_EQ(get(root + "/added.txt"), "something else\n");
}

TEST_F(WorkersTest, AFollowUpTurnDoesNotInheritTheMarksOfAnIntegration) {  // SEC:W3
  run("Ada", kEdit);
  ASSERT_TRUE(integrate("Ada").preview.applied);
  ASSERT_TRUE(must(message("Ada", R"(echo more > later.txt; echo '{"done":true}'; exit 0)")).accepted);
  finish("Ada");
  for (const auto& [name, value] : latest("Ada")->options.items()) {
    EXPECT_THAT(name, Not(HasSubstr("_worker_integrat")));
  }
  EXPECT_EQ(preview("Ada").changed_files, std::vector<std::string>{"later.txt"});
}

TEST_F(WorkersTest, AnInterruptedIntegrationIsSettledFromTheCheckoutEvenAfterAFollowUpTurn) {
  run("Ada", kEdit);
  ASSERT_TRUE(must(message("Ada", kQuick)).accepted);
  finish("Ada");
  // As a crash leaves it after the files had arrived and before that was on record.
  const PreviewFields p = preview("Ada");
  const std::string tree = line(git({"for-each-ref", "--format=%(objectname)^{tree}", "refs/patchbay/snapshots"}));
  set_option(turns("Ada").front(), "_worker_integrating",
             {{"tree", line(git({"rev-parse", tree.substr(tree.rfind('\n') + 1)}))},
              {"baseline", line(git({"rev-parse", "HEAD^{tree}"}))},
              {"patch_sha256", *p.patch_sha256},
              {"files", p.changed_files}});
  put("kept.txt", "changed\n");
  put("added.txt", "new\n");
  open();
  EXPECT_FALSE(turns("Ada").front()->options.contains("_worker_integrating"));
  EXPECT_TRUE(turns("Ada").front()->options.contains("_worker_integrated_tree"));
  Refusal refusal;
  preview("Ada", &refusal);
  EXPECT_EQ(refusal.error_code, "no_changes");
}

TEST_F(WorkersTest, AnIntegrationWhoseOutcomeCannotBeToldBlocksUntilItCan) {
  run("Ada", kEdit);
  const std::string journal = os::join(options.journal_dir, latest("Ada")->worker_id() + ".journal");
  must(os::make_private_dirs(options.journal_dir));
  must(os::write_file_atomic(journal, "not a journal"));
  set_option(latest("Ada"), "_worker_integrating", {{"tree", std::string(40, '0')}});
  open();
  Refusal refusal;
  preview("Ada", &refusal);
  EXPECT_EQ(refusal.error_code, "integration_outcome_unknown");
  EXPECT_EQ(integrate("Ada").refusal.error_code, "integration_outcome_unknown");
  EXPECT_EQ(get(root + "/kept.txt"), "as it was\n");
  must(os::remove_file(journal));
  EXPECT_TRUE(integrate("Ada").preview.applied);
}

// ---- integration of a file that the checkout has changed too, and again ---------------------------------

/// A worker and the checkout have each changed another line of `shared.txt`; that of the checkout is committed.
class MergedFileTest : public WorkersTest {
 protected:
  static std::string lines(const std::string& second, const std::string& sixth, const std::string& tenth) {
    return "1\n" + second + "\n3\n4\n5\n" + sixth + "\n7\n8\n9\n" + tenth + "\n11\n";
  }
  static std::string replace(const char* line, const char* by) {
    return fmt::format(R"(echo '{{"thread":"t-1"}}'; sed -i 's/^{}$/{}/' shared.txt; echo '{{"done":true}}'; exit 0)",
                       line, by);
  }
  void change_both() {
    put("shared.txt", lines("2", "6", "10"));
    commit_all("shared");
    run("Ada", replace("2", "worker"));
    put("shared.txt", lines("2", "6", "base"));
    commit_all("base moved on");
  }
  void change_again() {
    ASSERT_TRUE(must(message("Ada", replace("6", "worker again"))).accepted);
    finish("Ada");
  }
  /// Puts the records back to where a crash during the integration leaves them: nothing but the intent is there.
  void forget_integration() {
    must(all_jobs->update(turns("Ada").back()->job_id, [](jobs::JobRecord& r) {
      r.options["_worker_integrating"] = {{"tree", r.options["_worker_integrated_tree"]},
                                          {"baseline", baseline},
                                          {"patch_sha256", r.options["_worker_integrated_patch_sha256"]},
                                          {"files", r.options["_worker_integrated_changed_files"]},
                                          {"merged", r.options["_worker_integrated_merged"]}};
      for (const char* key : {"at", "tree", "patch_sha256", "changed_files", "merged"}) {
        r.options.erase(std::string("_worker_integrated_") + key);
      }
      return true;
    }));
  }
  void expect_only_the_second_change_is_left() {
    EXPECT_EQ(get(root + "/shared.txt"), lines("worker", "6", "base"));
    change_again();
    Refusal refusal;
    const PreviewFields p = preview("Ada", &refusal);
    EXPECT_TRUE(p.can_apply) << refusal.note.value_or("");
    ASSERT_EQ(p.changes.size(), 1u);
    EXPECT_EQ(p.changes[0]["additions"], 1);
    EXPECT_TRUE(integrate("Ada").preview.applied);
    EXPECT_EQ(get(root + "/shared.txt"), lines("worker", "worker again", "base"));
  }
  static inline std::string baseline;
};

TEST_F(MergedFileTest, AFollowUpIsIntegratedWhileTheMergedFileIsNotCommittedYet) {
  change_both();
  ASSERT_TRUE(integrate("Ada").preview.applied);
  EXPECT_EQ(get(root + "/shared.txt"), lines("worker", "6", "base"));
  change_again();
  open();  // what was merged is on record, not in memory
  Refusal refusal;
  const PreviewFields p = preview("Ada", &refusal);
  EXPECT_TRUE(p.can_apply) << refusal.note.value_or("");
  EXPECT_EQ(p.base_dirty, false);
  EXPECT_EQ(p.changed_files, Strings{"shared.txt"});
  ASSERT_EQ(p.changes.size(), 1u);
  EXPECT_EQ(p.changes[0]["additions"], 1);
  IntegrateArgs args = integrate_args("Ada");
  args.preview_token = p.preview_token.value_or("");
  const IntegrateReply done = must(workers->integrate(me, call(), args));
  EXPECT_TRUE(done.preview.applied) << done.text();
  EXPECT_TRUE(done.preview.applied_with_3way);
  EXPECT_EQ(get(root + "/shared.txt"), lines("worker", "worker again", "base"));

  // And once more, in a file that the merged one stands beside.
  ASSERT_TRUE(must(message("Ada", kEdit)).accepted);
  finish("Ada");
  EXPECT_TRUE(integrate("Ada").preview.applied);
  EXPECT_EQ(get(root + "/kept.txt"), "changed\n");
  EXPECT_EQ(get(root + "/shared.txt"), lines("worker", "worker again", "base"));
  ASSERT_TRUE(must(message("Ada", replace("8", "last"))).accepted);
  finish("Ada");
  EXPECT_TRUE(integrate("Ada").preview.applied);
}

TEST_F(MergedFileTest, AMergedFileThatTheUserEditedSinceIsRefused) {  // SEC:W6
  change_both();
  ASSERT_TRUE(integrate("Ada").preview.applied);
  change_again();
  const PreviewFields seen = preview("Ada");
  const std::string edited = get(root + "/shared.txt") + "the user's\n";
  put("shared.txt", edited);
  Refusal refusal;
  EXPECT_FALSE(preview("Ada", &refusal).can_apply);
  EXPECT_EQ(refusal.error_code, "base_dirty");
  IntegrateArgs args = integrate_args("Ada");
  args.preview_token = seen.preview_token.value_or("");
  const IntegrateReply stale = must(workers->integrate(me, call(), args));
  EXPECT_EQ(stale.stale_bindings, Strings{"base_state"});
  args.preview_token.clear();
  args.allow_dirty_base = true;
  EXPECT_EQ(must(workers->integrate(me, call(), args)).refusal.error_code, "patch_conflict");
  EXPECT_EQ(get(root + "/shared.txt"), edited);
}

TEST_F(MergedFileTest, RecordsOfIntegrationsWithoutWhatWasMergedAreReadable) {
  change_both();
  ASSERT_TRUE(integrate("Ada").preview.applied);
  must(all_jobs->update(latest("Ada")->job_id,
                        [](jobs::JobRecord& r) { return r.options.erase("_worker_integrated_merged") == 1; }));
  change_again();
  open();
  EXPECT_EQ(integrate("Ada").refusal.error_code, "base_dirty");
  commit_all("merged");
  EXPECT_TRUE(integrate("Ada").preview.applied);
}

TEST(MergedFiles, ALaterIntegrationReplacesThemPathByPathAndAnyNameIsKept) {
  const std::string odd = "odd \xff\nname";
  const std::string first(40, '1'), second(40, '2');
  const auto writes = [](const std::string& path, const std::string& id) {
    return git::PlannedWrite{path, git::WriteKind::kReplace, 0100644, 1, !id.empty(), id};
  };
  const auto before = merged_after({}, {writes("again", first), writes(odd, first), writes("taken", first)});
  const auto after = merged_after(before, {writes("again", second), writes("taken", ""), writes("apart", "")});
  auto job = std::make_shared<jobs::JobRecord>();
  job->options["_worker_integrated_tree"] = second;
  job->options["_worker_integrated_merged"] = Json::parse(merged_json(after).dump());
  const auto kept = merged_files(Worker({job}, std::make_shared<Place>()));
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept[0].path, "again");
  EXPECT_EQ(kept[0].id, second);
  EXPECT_EQ(kept[1].path, odd);
  EXPECT_EQ(kept[1].id, first);
  EXPECT_EQ(kept[1].mode, 0100644u);
}

TEST(MergedFiles, TheirNumberAndTheLengthOfTheirNamesAreLimited) {
  std::vector<git::PlannedWrite> many, lengthy;
  for (int i = 0; i < 3'000; ++i) {
    many.push_back({std::to_string(i), git::WriteKind::kReplace, 0100644, 1, true, std::string(40, '1')});
    lengthy.push_back(many.back());
    lengthy.back().path += std::string(1'020, 'x');
  }
  EXPECT_EQ(merged_after({}, many).size(), 2'000u);
  EXPECT_LE(merged_after({}, lengthy).size(), 257u);
}

TEST_F(MergedFileTest, AnIntegrationThatOnlyItsRecordIsMissingOfIsKnownWithWhatItMerged) {  // SEC:P7
  change_both();
  baseline = must(client->tree_of(target(), latest("Ada")->option("_worker_base_revision")));
  ASSERT_TRUE(integrate("Ada").preview.applied);
  forget_integration();
  open();
  expect_only_the_second_change_is_left();
}

TEST_F(MergedFileTest, AnIntegrationThatIsFinishedFromItsJournalIsKnownWithWhatItMerged) {  // SEC:P7
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "the thread sanitizer cannot follow a forked process that starts threads";
#endif
  change_both();
  baseline = must(client->tree_of(target(), latest("Ada")->option("_worker_base_revision")));
  ASSERT_TRUE(integrate("Ada").preview.applied);
  const git::ApplySpec spec{.integration = {.baseline = baseline,
                                            .snapshot = latest("Ada")->option("_worker_integrated_tree"),
                                            .base_revision = latest("Ada")->option("_worker_base_revision")},
                            .journal_path = os::join(options.journal_dir, latest("Ada")->worker_id() + ".journal")};
  forget_integration();
  git({"checkout", "-q", "--", "shared.txt"});
  const pid_t child = ::fork();
  if (child == 0) {
    git::set_apply_hook([](const char* step) {
      if (std::string_view(step) == "move file") ::_exit(9);  // all is decided, nothing has arrived
    });
    ::_exit(git::ops::apply(target(), spec).ok() ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(WEXITSTATUS(status), 9);
  ASSERT_TRUE(os::exists(spec.journal_path));
  EXPECT_EQ(get(root + "/shared.txt"), lines("2", "6", "base"));
  open();
  EXPECT_FALSE(os::exists(spec.journal_path));
  expect_only_the_second_change_is_left();
}

}  // namespace
}  // namespace patchbay::workers
