// Rows 11 and 13: from a call to the running Codex program, and what a talkative one costs.

#include <cstdlib>

#include "bench/rows.h"
#include "patchbay/os/file.h"

namespace patchbay::bench {
namespace {

constexpr double kSpawnRatio = 3, kFloodBudgetMib = 16;
constexpr int kSpawns = 20;
constexpr auto kRowTime = std::chrono::seconds(120);
constexpr auto kSpawnTime = std::chrono::seconds(20);
constexpr auto kSampleEvery = std::chrono::milliseconds(3);
constexpr auto kSettle = std::chrono::milliseconds(500);
constexpr long kFloodBytes = 400'000'000;

Status wait_for_file(const std::string& path) {
  const MonoTime deadline = now() + kSpawnTime;
  while (!os::exists(path)) {
    if (now() >= deadline) return Error{ErrorCode::kTimeout, "a turn did not get on", {}, path};
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return {};
}

Result<std::string> start_plan(Session& session, const Repository& repository, double* took = nullptr) {
  const Json reply =
      PB_TRY(session.call("codex_plan_job", {{"spec", "Look around."}, {"repo_path", repository.path}}, took));
  return json::get_string(reply, "job_id");
}

std::string job_file(const Owner& owner, const std::string& job_id, const std::string& name) {
  return os::join(owner.home(), "runtime/jobs/" + job_id + "/" + name);
}

struct Memory {
  double owner = 0, runner = 0;
  double sum() const { return owner + runner; }
};

/// The runner leaves when its turn is over; what it had last counts no more then.
Result<Memory> memory_of(const Owner& owner, pid_t runner) {
  Memory m{PB_TRY(resident_mib(owner.pid())), 0};
  if (const auto mib = resident_mib(runner); mib.ok()) m.runner = *mib;
  return m;
}

}  // namespace

Result<Lines> spawn_of_codex(Workplace& place) {
  PB_TRY(place.script(""));
  const Repository repository = PB_TRY(place.small_repository());
  const auto owner =
      PB_TRY(Owner::start(place, {.home = place.new_home(), .root = repository.path, .tool_mode = "full"}));
  Session session = PB_TRY(Session::open(owner->port()));
  std::vector<double> replies;
  const auto plan = [&]() -> Result<double> {
    const MonoTime began = now();
    double reply = 0;
    const std::string job = PB_TRY(start_plan(session, repository, &reply));
    const MonoTime spawned = PB_TRY(place.wait_for_spawn(began, now() + kSpawnTime));
    replies.push_back(reply);
    PB_TRY(wait_for_file(job_file(*owner, job, "exit.json")));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return ms_between(began, spawned);
  };
  const auto bare = [&] { return time_command({"true"}, place.env(), repository.path); };
  const Deadline deadline(kRowTime);
  const Pair times = PB_TRY(in_turn(place.options().rounds(kSpawns), deadline, plan, bare));
  Line line = ratio_line(11, "`codex_plan_job` call until the Codex process runs", times, kSpawnRatio);
  line.note += ", reply after " + ms_text(median(replies));
  return Lines{line};
}

Result<Lines> flood_memory(Workplace& place) {
  const std::string gate = place.path("flood-gate"), ready = place.path("flood-ready");
  PB_TRY(place.script(
      fmt::format("thread\nturn\necho-stdin\ntouch {}\nwait-file {}\nflood {}\nreport It was a lot.\ndone\n", ready,
                  gate, kFloodBytes)));
  const Repository repository = PB_TRY(place.small_repository());
  const auto owner =
      PB_TRY(Owner::start(place, {.home = place.new_home(), .root = repository.path, .tool_mode = "full"}));
  Session session = PB_TRY(Session::open(owner->port()));
  const std::string job = PB_TRY(start_plan(session, repository));
  PB_TRY(wait_for_file(ready));
  const pid_t runner = std::atoi(PB_TRY(os::read_file(job_file(*owner, job, "run.lock"))).c_str());
  std::this_thread::sleep_for(kSettle);
  const Memory before = PB_TRY(memory_of(*owner, runner));

  const MonoTime began = now();
  PB_TRY(os::write_file_volatile(gate, ""));
  Memory most = before;
  const Deadline deadline(kRowTime);
  const std::string proof = job_file(*owner, job, "exit.json");
  MonoTime over{};
  while (!deadline.passed() && (over == MonoTime{} || now() < over + kSettle)) {
    if (over == MonoTime{} && os::exists(proof)) over = now();
    const Memory m = PB_TRY(memory_of(*owner, runner));
    most = {std::max(most.owner, m.owner), std::max(most.runner, m.runner)};
    std::this_thread::sleep_for(kSampleEvery);
  }
  PB_TRY(place.script(""));
  if (over == MonoTime{}) return Error{ErrorCode::kTimeout, "the flood did not end in time", {}, {}};
  Line line = memory_line(13, "memory added by a child that prints 400 MB", most.sum() - before.sum(), kFloodBudgetMib);
  line.note =
      fmt::format("owner {} to {}, runner {} to {}; flood took {}", mib_text(before.owner), mib_text(most.owner),
                  mib_text(before.runner), mib_text(most.runner), ms_text(ms_between(began, over)));
  return Lines{line};
}

}  // namespace patchbay::bench
