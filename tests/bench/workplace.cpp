#include "bench/workplace.h"

#include <signal.h>
#include <stdlib.h>

#include <charconv>
#include <cstdio>
#include <fstream>

#include "patchbay/base/ids.h"
#include "patchbay/base/text.h"
#include "patchbay/config/home.h"
#include "patchbay/jobs/record.h"
#include "patchbay/os/file.h"
#include "patchbay/store/record_store.h"
#include "workers/worker.h"

namespace patchbay::bench {
namespace {

constexpr int kSmall = 200, kLarge = 50'000;
constexpr int kFilesPerFolder = 100;
constexpr int kFilesWithNeedle = 40;
constexpr int kLinesPerFile = 20;
constexpr int kWriters = 16;  // records are synced one by one; side by side they share the disk's flushes
constexpr auto kCommandTime = std::chrono::seconds(120);
constexpr auto kRunnerEnd = std::chrono::seconds(12);
constexpr auto kSpawnPoll = std::chrono::microseconds(500);
constexpr auto kIndexAge = std::chrono::milliseconds(1100);

std::string text_of_file(int number, bool needle) {
  std::string text;
  for (int line = 0; line < kLinesPerFile; ++line) {
    text +=
        fmt::format("const int value_{}_{} = {};  // part {} of file {}\n", number, line, number * line, line, number);
  }
  if (needle) text += fmt::format("// {} {}\n", kNeedle, number);
  return text;
}

std::string name_of_file(int number) {
  const int folder = number / kFilesPerFolder;
  return fmt::format("part{:02}/module{:03}/file{:05}.cpp", folder / 20, folder, number);
}

/// What a finished turn of an isolated worker leaves in its record.
Json finished_worker(int number, double now) {
  const std::string id = random_hex(20);
  jobs::JobRecord r;
  r.job_id = new_uuid();
  r.state = jobs::JobState::kCompleted;
  r.mode = jobs::JobMode::kInteractive;
  r.repo_path = "/srv/project";
  r.options[workers::key::kId] = "wrk_" + id;
  r.options[workers::key::kName] = fmt::format("worker {:05}", number);
  r.options[workers::key::kMode] = std::string(name_of(workers::WorkspaceMode::kIsolatedWrite));
  r.options[workers::key::kBase] = r.repo_path;
  r.options[workers::key::kWorktree] = "/srv/worktrees/worker-" + id;
  r.options[workers::key::kBranch] = "codex/worker-" + id;
  r.options[workers::key::kBaseRevision] = random_hex(40);
  r.options[workers::key::kStartDigest] = random_hex(64);
  r.options["_mcp_owner_session_hash"] = random_hex(64);
  r.options["_mcp_owner_scope"] = "session";
  r.options["_mcp_owner_credential"] = "local";
  r.options["_mcp_owner_client_ref"] = "client_" + random_hex(12);
  r.options["sandbox"] = "workspace-write";
  r.worktree_path = r.option(workers::key::kWorktree);
  r.branch_name = r.option(workers::key::kBranch);
  r.session_id = new_uuid();
  r.created_at = now - number;
  r.started_at = r.created_at + 0.1;
  r.completed_at = r.created_at + 95;
  r.exit_code = 0;
  r.result = {
      {"summary",
       fmt::format("Reworked module {}: the parser now reports the line of every fault, two tests cover it, and "
                   "the documentation names the new message.",
                   number)},
      {"files_changed", {"src/parser.cpp", "src/parser.h", "tests/parser_test.cpp"}},
      {"next_steps", Json::array()}};
  r.prompt_sha256 = random_hex(64);
  r.prompt_bytes = 2'000;
  r.terminal_source = "exit_record";
  r.terminal_observed_at = r.completed_at;
  r.cleanup = "done";
  r.usage = r.usage_turn = runner::Usage{{"input_tokens", 52'000}, {"output_tokens", 1'900}};
  r.progress.session_id = r.session_id;
  r.progress.phase = "finished";
  r.progress.event_count = 60;
  r.progress.turn_over = true;
  r.progress.checkpoints = {{r.created_at + 40, "Found the cause in the tokenizer; writing the test first."}};
  return r.to_json();
}

Status write_workers(const std::string& home, int count) {
  const config::Home places(home);
  auto records = PB_TRY(store::RecordStore::open(places.jobs_dir(), places.corrupt_dir()));
  const double now_s = epoch_seconds(system_clock().wall());
  std::atomic<int> next{0};
  std::mutex mutex;
  Status outcome;
  std::vector<std::thread> writers;
  for (int i = 0; i < kWriters; ++i) {
    writers.emplace_back([&] {
      for (int number = next++; number < count; number = next++) {
        const Json record = finished_worker(number, now_s);
        const auto put = records->put(json::get_string(record, "job_id"), record);
        if (put.ok()) continue;
        std::lock_guard lock(mutex);
        outcome = put.error();
        next = count;
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  return outcome;
}

}  // namespace

Result<std::unique_ptr<Workplace>> Workplace::create(const Options& options) {
  std::unique_ptr<Workplace> place(new Workplace(options));
  std::string pattern = "/var/tmp/patchbay-bench-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) return Error{ErrorCode::kIoError, "no temporary folder", {}, pattern};
  place->root_ = pattern;
  for (const char* folder : {"user", "codex", "homes"}) PB_TRY(os::make_private_dirs(place->path(folder)));
  // The fake program takes any login for one.
  PB_TRY(os::write_file_volatile(place->path("codex/auth.json"), "{\"OPENAI_API_KEY\":\"unused\"}\n"));
  place->env_ = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                 {"HOME", place->path("user")},
                 {"CODEX_HOME", place->path("codex")},
                 {"LANG", "C.UTF-8"},
                 {"GIT_CONFIG_NOSYSTEM", "1"},
                 {"GIT_TERMINAL_PROMPT", "0"}};
  return place;
}

Workplace::~Workplace() {
  for (const std::string& home : homes_) end_runners(home);
  if (const Status gone = os::remove_tree(root_); !gone) {
    std::fprintf(stderr, "patchbay-bench: %s stays behind: %s\n", root_.c_str(), gone.error().message.c_str());
  }
}

std::string Workplace::path(std::string_view relative) const { return os::join(root_, relative); }

std::string Workplace::codex_program() const {
  return os::join(os::parent_of(os::self_executable()), "patchbay-bench-codex");
}

/// Turns outlive their owner by design: those that have not ended are ended before the folders go.
void Workplace::end_runners(const std::string& home) const {
  const std::string jobs = config::Home(home).jobs_dir();
  if (home == home_with_workers_) return;  // nothing ever ran there
  const auto names = os::list_dir(jobs);
  if (!names) return;
  for (const std::string& name : *names) {
    const std::string proof = os::join(jobs, name + "/exit.json");
    const auto lock = os::read_file(os::join(jobs, name + "/run.lock"));
    if (!lock || os::exists(proof)) continue;
    const pid_t pid = std::atoi(lock->c_str());
    if (pid > 1) ::kill(pid, SIGTERM);
    const MonoTime deadline = now() + kRunnerEnd;
    while (!os::exists(proof) && now() < deadline) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

Status Workplace::run(std::vector<std::string> argv, const std::string& cwd) const {
  const std::string program = argv.front();
  os::SpawnOptions spawn{.argv = std::move(argv)};
  spawn.env = env_;
  spawn.cwd = cwd;
  const os::RunResult result = PB_TRY(os::run(spawn, "", now() + kCommandTime));
  if (!result.timed_out && !result.status.signalled && result.status.code == 0) return {};
  return Error{ErrorCode::kSpawnFailed, program + " failed: " + result.err.substr(0, result.err.find('\n')), {}, {}};
}

Result<Repository> Workplace::make_repository(const std::string& name, int files) {
  std::fprintf(stderr, "making a repository of %d files\n", files);
  Repository repository{path(name), files};
  for (int i = 0; i < files; ++i) {
    const std::string file = os::join(repository.path, name_of_file(i));
    if (i % kFilesPerFolder == 0) PB_TRY(os::make_private_dirs(os::parent_of(file)));
    std::ofstream(file) << text_of_file(i, i % (files / kFilesWithNeedle) == 0);
  }
  PB_TRY(run({"git", "init", "-q", "-b", "main"}, repository.path));
  PB_TRY(run({"git", "add", "-A"}, repository.path));
  PB_TRY(run({"git", "-c", "user.name=Bench", "-c", "user.email=bench@example.invalid", "commit", "-q", "-m", "first"},
             repository.path));
  // Entries as old as the index itself would be read again by every status.
  std::this_thread::sleep_for(kIndexAge);
  PB_TRY(os::remove_file(os::join(repository.path, ".git/index")));
  PB_TRY(run({"git", "reset", "-q"}, repository.path));
  for (const int changed : {3, 77}) {
    std::ofstream(os::join(repository.path, name_of_file(changed)), std::ios::app) << "// changed\n";
  }
  std::ofstream(os::join(repository.path, "untracked.txt")) << "untracked\n";
  return repository;
}

Result<Repository> Workplace::small_repository() {
  if (small_.path.empty()) small_ = PB_TRY(make_repository("small", kSmall));
  return small_;
}

Result<Repository> Workplace::large_repository() {
  if (large_.path.empty()) large_ = PB_TRY(make_repository("large", kLarge));
  return large_;
}

std::string Workplace::new_home() {
  homes_.push_back(path(fmt::format("homes/{}", homes_.size())));
  return homes_.back();
}

Result<std::string> Workplace::home_with_workers(int count) {
  if (!home_with_workers_.empty()) return home_with_workers_;
  std::fprintf(stderr, "writing %d job records\n", count);
  const std::string home = new_home();
  PB_TRY(os::make_private_dirs(home));
  PB_TRY(write_workers(home, count));
  home_with_workers_ = home;
  return home;
}

Status Workplace::script(const std::string& text) const {
  const std::string file = path("codex/fake-codex.script");
  return text.empty() ? os::remove_file(file) : os::write_file_volatile(file, text);
}

Result<MonoTime> Workplace::wait_for_spawn(MonoTime since, MonoTime deadline) const {
  const std::string file = path("codex/spawn-marks");
  do {
    const auto text = os::read_file(file);
    const std::string_view lines = text ? trim(*text) : std::string_view();
    const std::string_view last = lines.substr(lines.rfind('\n') == std::string_view::npos ? 0 : lines.rfind('\n') + 1);
    std::int64_t nanos = 0;
    std::from_chars(last.data(), last.data() + last.size(), nanos);
    const MonoTime at{std::chrono::nanoseconds(nanos)};
    if (at >= since) return at;
    std::this_thread::sleep_for(kSpawnPoll);
  } while (now() < deadline);
  return Error{ErrorCode::kTimeout, "the Codex program was not started in time", {}, {}};
}

}  // namespace patchbay::bench
