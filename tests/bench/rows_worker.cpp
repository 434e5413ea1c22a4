// Rows 9, 10 and 12: workers, from their worktree to the list of ten thousand of them.

#include <unistd.h>

#include "bench/rows.h"
#include "patchbay/base/ids.h"
#include "patchbay/os/file.h"

namespace patchbay::bench {
namespace {

constexpr double kReplyRatio = 1.0, kWorktreeRatio = 0.8, kListBudgetMs = 5;
constexpr int kSmallRounds = 15, kLargeRounds = 3, kLists = 300;
constexpr auto kRowTime = std::chrono::seconds(150);
constexpr auto kTurnTime = std::chrono::seconds(60);

/// Earlier writes reach the disk first, or they would be paid by whoever comes next.
void settle_disk() { ::sync(); }

Sample worktree_add(Workplace& place, const Repository& repository) {
  return [&place, repository]() -> Result<double> {
    settle_disk();
    const std::string name = "yard-" + random_hex(12);
    const std::string folder = place.path("yardstick/" + name);
    const double took = PB_TRY(
        time_command({"git", "worktree", "add", "-q", "-b", name, folder, "HEAD"}, place.env(), repository.path));
    PB_TRY(place.run({"git", "worktree", "remove", "--force", folder}, repository.path));
    return took;
  };
}

/// The turn has ended, so that nothing of it runs beside the next measurement.
Status wait_until_idle(Session& session, const std::string& worker) {
  const MonoTime deadline = now() + kTurnTime;
  while (now() < deadline) {
    const Json view = PB_TRY(session.call("codex_worker_inspect", {{"worker", worker}, {"wait_seconds", 5}}));
    const std::string state = json::get_string(view, "state");
    if (state == "failed") {
      return Error{ErrorCode::kInvalidState, worker + ": " + json::dump(view).substr(0, 600), {}, {}};
    }
    if (state != "starting" && state != "working") return {};
  }
  return Error{ErrorCode::kTimeout, "a worker did not end its turn", {}, {}};
}

/// A worktree of a worker, by the name of its folder; there is one as each is removed after its round.
Result<std::string> only_worktree(const Owner& owner) {
  const std::string folder = os::join(owner.home(), "worktrees");
  const auto names = PB_TRY(os::list_dir(folder));
  if (names.size() != 1) return Error{ErrorCode::kInvalidState, "expected one worktree", {}, {}};
  return os::join(folder, names.front());
}

Json start_arguments(const std::string& name, const Repository& repository) {
  return {{"name", name}, {"brief", "Look around and report."}, {"repo_path", repository.path}};
}

Result<int> files_below(Workplace& place, const std::string& folder) {
  os::SpawnOptions spawn{.argv = {"/bin/sh", "-c", "find . -name .git -prune -o -type f -print | wc -l"}};
  spawn.env = place.env();
  spawn.cwd = folder;
  return std::atoi(PB_TRY(os::run(spawn, "", now() + std::chrono::seconds(60))).out.c_str());
}

}  // namespace

Result<Lines> worker_start(Workplace& place) {
  PB_TRY(place.script(""));
  const Repository repository = PB_TRY(place.small_repository());
  const auto owner = PB_TRY(Owner::start(place, {.home = place.new_home(), .root = repository.path}));
  Session session = PB_TRY(Session::open(owner->port()));
  int number = 0;
  const auto start = [&]() -> Result<double> {
    settle_disk();
    const std::string name = fmt::format("bench {}", ++number);
    const double took = PB_TRY(session.time_call("codex_worker_start", start_arguments(name, repository)));
    PB_TRY(wait_until_idle(session, name));
    return took;
  };
  const Deadline deadline(kRowTime);
  const Pair times =
      PB_TRY(in_turn(place.options().rounds(kSmallRounds), deadline, start, worktree_add(place, repository)));
  return Lines{ratio_line(9, "isolated worker start to its durable reply, small repository", times, kReplyRatio)};
}

Result<Lines> large_worktree(Workplace& place) {
  PB_TRY(place.script(""));
  const Repository repository = PB_TRY(place.large_repository());
  const auto owner = PB_TRY(Owner::start(place, {.home = place.new_home(), .root = repository.path}));
  Session session = PB_TRY(Session::open(owner->port()));
  int number = 0;
  std::vector<double> replies;
  // A large checkout goes on behind the reply; Codex is spawned when it is complete.
  const auto start = [&]() -> Result<double> {
    settle_disk();
    const std::string name = fmt::format("bench {}", ++number);
    const MonoTime began = now();
    replies.push_back(PB_TRY(session.time_call("codex_worker_start", start_arguments(name, repository))));
    const MonoTime spawned = PB_TRY(place.wait_for_spawn(began, now() + kTurnTime));
    PB_TRY(wait_until_idle(session, name));
    const std::string folder = PB_TRY(only_worktree(*owner));
    const int files = PB_TRY(files_below(place, folder));
    PB_TRY(os::remove_tree(folder));
    if (files != repository.files) {
      return Error{ErrorCode::kInvalidState, fmt::format("the worktree has {} files", files), {}, {}};
    }
    return ms_between(began, spawned);
  };
  const Deadline deadline(kRowTime);
  const Pair times =
      PB_TRY(in_turn(place.options().rounds(kLargeRounds), deadline, start, worktree_add(place, repository)));
  Line line = ratio_line(10, "worktree of 50,000 files, worker start until Codex runs in it", times, kWorktreeRatio);
  line.note += ", reply after " + ms_text(median(replies));
  return Lines{line};
}

Result<Lines> worker_list(Workplace& place) {
  const Repository repository = PB_TRY(place.small_repository());
  const std::string home = PB_TRY(place.home_with_workers(kManyRecords));
  const auto owner = PB_TRY(Owner::start(place, {.home = home, .root = repository.path}));
  Session session = PB_TRY(Session::open(owner->port()));
  const Json page = PB_TRY(session.call("codex_worker_list", Json::object()));
  if (json::get_int(page, "count") != kManyRecords) {
    return Error{
        ErrorCode::kInvalidState, fmt::format("the list has {} workers", json::get_int(page, "count")), {}, {}};
  }
  const Deadline deadline(kRowTime);
  const auto times = PB_TRY(repeat(place.options().rounds(kLists), deadline,
                                   [&] { return session.time_call("codex_worker_list", Json::object()); }));
  return Lines{time_line(12, "worker list, first page of 10,000 workers", times, kListBudgetMs)};
}

}  // namespace patchbay::bench
