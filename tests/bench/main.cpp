// patchbay-bench: every budget of the project beside its yardstick, measured in the same run.
//
//   patchbay-bench [--rows 1,3,7] [--quick] [--json] [--binary PATH]
//   patchbay-bench --micro [flags of Google Benchmark]

#include <cstdio>
#include <cstdlib>
#include <optional>

#include "bench/bare_server.h"
#include "bench/micro.h"
#include "bench/rows.h"
#include "patchbay/base/text.h"
#include "patchbay/os/file.h"

namespace patchbay::bench {

const std::vector<Row>& all_rows() {
  static const std::vector<Row> kRows = {
      {1, "start to initialize", &start_to_initialize},
      {2, "idle memory", &idle_memory},
      {3, "short replies", &short_replies},
      {4, "large page", &large_page},
      {5, "latency beside streams", &latency_beside_streams},
      {6, "search", &search_repo},
      {7, "git status", &git_status},
      {8, "open workspace", &open_workspace},
      {9, "worker start", &worker_start},
      {10, "large worktree", &large_worktree},
      {11, "spawn of Codex", &spawn_of_codex},
      {12, "worker list", &worker_list},
      {13, "flood", &flood_memory},
  };
  return kRows;
}

namespace {

constexpr int kUsage = 2, kNotMeasured = 1;
constexpr char kHelp[] =
    "patchbay-bench [--rows 1,3,7] [--quick] [--json] [--binary PATH]\n"
    "patchbay-bench --micro [flags of Google Benchmark]\n";

std::optional<std::vector<int>> parse_rows(std::string_view text) {
  std::vector<int> rows;
  for (const std::string_view part : split(text, ',')) {
    const int number = std::atoi(std::string(part).c_str());
    if (number < 1 || number > all_rows().back().number) return std::nullopt;
    rows.push_back(number);
  }
  return rows;
}

std::optional<Options> parse_options(int argc, char** argv) {
  Options options;
  options.binary = os::join(os::parent_of(os::self_executable()), "patchbay");
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    const bool has_value = i + 1 < argc;
    if (flag == "--quick") {
      options.quick = true;
    } else if (flag == "--json") {
      options.json = true;
    } else if (flag == "--binary" && has_value) {
      options.binary = argv[++i];
    } else if (flag == "--rows" && has_value) {
      auto rows = parse_rows(argv[++i]);
      if (!rows) return std::nullopt;
      options.rows = std::move(*rows);
    } else {
      return std::nullopt;
    }
  }
  return options;
}

bool wanted(const Options& options, int row) {
  return options.rows.empty() || std::ranges::find(options.rows, row) != options.rows.end();
}

Lines measure(Workplace& place) {
  Lines lines;
  for (const Row& row : all_rows()) {
    if (!wanted(place.options(), row.number)) continue;
    std::fprintf(stderr, "row %d: %s\n", row.number, row.what);
    auto measured = row.measure(place);
    if (measured.ok()) {
      lines.insert(lines.end(), measured->begin(), measured->end());
    } else {
      lines.push_back({.row = row.number, .what = row.what, .failure = measured.error().message});
    }
  }
  return lines;
}

int run(const Options& options) {
  if (!os::exists(options.binary)) {
    std::fprintf(stderr, "patchbay-bench: there is no %s; build the target patchbay or give --binary\n",
                 options.binary.c_str());
    return kUsage;
  }
  auto place = Workplace::create(options);
  if (!place.ok()) {
    std::fprintf(stderr, "patchbay-bench: %s\n", place.error().message.c_str());
    return kNotMeasured;
  }
  watch_interrupts();
  const Lines lines = measure(**place);
  const std::string text = options.json ? json::dump_pretty(to_json(lines)) + "\n" : markdown(lines);
  std::fputs(text.c_str(), stdout);
  return std::ranges::all_of(lines, [](const Line& line) { return line.failure.empty(); }) ? 0 : kNotMeasured;
}

int main_of(int argc, char** argv) {
  const std::string_view mode = argc > 1 ? argv[1] : "";
  if (mode == "--micro") return run_micro(argc - 1, argv + 1);
  if (mode == kBareServerMode && argc == 3) return serve_bare(argv[2]);
  const auto options = parse_options(argc, argv);
  if (!options) {
    std::fputs(kHelp, stderr);
    return kUsage;
  }
  return run(*options);
}

}  // namespace
}  // namespace patchbay::bench

int main(int argc, char** argv) { return patchbay::bench::main_of(argc, argv); }
