// Rows 6 to 8: reading a repository, beside the programs a person would use.

#include "bench/rows.h"

namespace patchbay::bench {
namespace {

constexpr double kSearchRatio = 1.15, kStatusRatio = 1.0, kOpenRatio = 1.5;
constexpr int kSmallRounds = 60, kLargeRounds = 15;
constexpr auto kRowTime = std::chrono::seconds(60);

const std::vector<std::string>& status_command() {
  static const std::vector<std::string> kArgv = {"git", "status", "--porcelain"};
  return kArgv;
}

/// What the search tool asks ripgrep, without the tool around it.
const std::vector<std::string>& search_command() {
  static const std::vector<std::string> kArgv = {
      "rg", "--no-config", "--json", "--fixed-strings", "--case-sensitive", "--regexp", kNeedle, "--", "."};
  return kArgv;
}

struct Case {
  Repository repository;
  std::string label;
  int rounds;
};

Result<std::vector<Case>> both_sizes(Workplace& place) {
  return std::vector<Case>{
      {PB_TRY(place.small_repository()), "small repository", place.options().rounds(kSmallRounds)},
      {PB_TRY(place.large_repository()), "50,000 files", place.options().rounds(kLargeRounds)}};
}

/// One tool in a repository, beside a command in the same place.
Result<Line> beside_command(Workplace& place, int row, const std::string& tool, Json arguments,
                            const Case& where, const std::vector<std::string>& command, double limit) {
  const auto owner = PB_TRY(Owner::start(place, {.home = place.new_home(), .root = where.repository.path}));
  Session session = PB_TRY(Session::open(owner->port()));
  arguments["repo_path"] = where.repository.path;
  const Deadline deadline(kRowTime);
  const Pair times = PB_TRY(in_turn(
      where.rounds, deadline, [&] { return session.time_call(tool, arguments); },
      [&] { return time_command(command, place.env(), where.repository.path); }));
  return ratio_line(row, fmt::format("`{}`, {}", tool, where.label), times, limit);
}

Result<Lines> beside_command_in_both(Workplace& place, int row, const std::string& tool,
                                     const Json& arguments, const std::vector<std::string>& command,
                                     double limit) {
  Lines lines;
  for (const Case& where : PB_TRY(both_sizes(place))) {
    lines.push_back(PB_TRY(beside_command(place, row, tool, arguments, where, command, limit)));
  }
  return lines;
}

}  // namespace

Result<Lines> search_repo(Workplace& place) {
  return beside_command_in_both(place, 6, "codex_search_repo", {{"query", kNeedle}}, search_command(),
                                kSearchRatio);
}

Result<Lines> git_status(Workplace& place) {
  return beside_command_in_both(place, 7, "codex_git_status", Json::object(), status_command(), kStatusRatio);
}

Result<Lines> open_workspace(Workplace& place) {
  const auto sizes = PB_TRY(both_sizes(place));
  return Lines{PB_TRY(beside_command(place, 8, "codex_open_workspace", Json::object(), sizes.back(),
                                     status_command(), kOpenRatio))};
}

}  // namespace patchbay::bench
