// Rows 6 to 8: reading a repository, beside the programs a person would use.

#include "bench/rows.h"
#include "patchbay/workspace/blocked_globs.h"
#include "workspace/noise.h"

namespace patchbay::bench {
namespace {

constexpr double kSearchRatio = 1.15, kStatusRatio = 1.0, kOpenRatio = 1.5;
constexpr int kSmallRounds = 60, kLargeRounds = 15;
constexpr auto kRowTime = std::chrono::seconds(60);

const std::vector<std::string>& status_command() {
  static const std::vector<std::string> kArgv = {"git", "status", "--porcelain"};
  return kArgv;
}

/// What the search tool asks ripgrep, without the tool around it: it leaves out caches and blocked files.
std::vector<std::string> search_command() {
  std::vector<std::string> argv = {"rg", "--no-config", "--json", "--no-mmap", "--fixed-strings", "--case-sensitive"};
  for (const std::string_view name : workspace::noise_directories()) argv.push_back(fmt::format("--glob=!{}/", name));
  for (const std::string& glob : workspace::BlockedGlobs::built_in().ripgrep_globs()) {
    argv.push_back("--iglob=" + glob);
  }
  argv.insert(argv.end(), {"-e", kNeedle, "--", "./"});
  return argv;
}

/// What a person would type.
const std::vector<std::string>& plain_search() {
  static const std::vector<std::string> kArgv = {"rg", "--json", "-e", kNeedle};
  return kArgv;
}

struct Case {
  Repository repository;
  std::string label;
  int rounds;
};

Result<std::vector<Case>> both_sizes(Workplace& place) {
  return std::vector<Case>{{PB_TRY(place.small_repository()), "small repository", place.options().rounds(kSmallRounds)},
                           {PB_TRY(place.large_repository()), "50,000 files", place.options().rounds(kLargeRounds)}};
}

/// One tool in a repository, beside a command in the same place.
Result<Line> beside_command(Workplace& place, int row, const std::string& tool, Json arguments, const Case& where,
                            const std::vector<std::string>& command, double limit) {
  const auto owner = PB_TRY(Owner::start(place, {.home = place.new_home(), .root = where.repository.path}));
  Session session = PB_TRY(Session::open(owner->port()));
  arguments["repo_path"] = where.repository.path;
  const Deadline deadline(kRowTime);
  const Pair times = PB_TRY(in_turn(
      where.rounds, deadline, [&] { return session.time_call(tool, arguments); },
      [&] { return time_command(command, place.env(), where.repository.path); }));
  return ratio_line(row, fmt::format("`{}`, {}", tool, where.label), times, limit);
}

}  // namespace

Result<Lines> search_repo(Workplace& place) {
  Lines lines;
  for (const Case& where : PB_TRY(both_sizes(place))) {
    lines.push_back(PB_TRY(
        beside_command(place, 6, "codex_search_repo", {{"query", kNeedle}}, where, search_command(), kSearchRatio)));
    const auto plain = PB_TRY(repeat(where.rounds, Deadline(kRowTime),
                                     [&] { return time_command(plain_search(), place.env(), where.repository.path); }));
    lines.back().note += ", rg without the excluded names " + ms_text(median(plain));
  }
  return lines;
}

Result<Lines> git_status(Workplace& place) {
  Lines lines;
  for (const Case& where : PB_TRY(both_sizes(place))) {
    lines.push_back(
        PB_TRY(beside_command(place, 7, "codex_git_status", Json::object(), where, status_command(), kStatusRatio)));
  }
  return lines;
}

Result<Lines> open_workspace(Workplace& place) {
  const auto sizes = PB_TRY(both_sizes(place));
  return Lines{PB_TRY(
      beside_command(place, 8, "codex_open_workspace", Json::object(), sizes.back(), status_command(), kOpenRatio))};
}

}  // namespace patchbay::bench
