#pragma once

#include <vector>

#include "bench/owner.h"
#include "bench/report.h"
#include "bench/workplace.h"

/// One function per row of the budget table. A row has a deadline of its own; what cannot be measured is an
/// Error.
namespace patchbay::bench {

using Lines = std::vector<Line>;

struct Row {
  int number;
  const char* what;
  Result<Lines> (*measure)(Workplace&);
};

const std::vector<Row>& all_rows();

inline constexpr int kManyRecords = 10'000;

// rows_start.cpp
Result<Lines> start_to_initialize(Workplace& place);
Result<Lines> idle_memory(Workplace& place);
// rows_http.cpp
Result<Lines> short_replies(Workplace& place);
Result<Lines> large_page(Workplace& place);
Result<Lines> latency_beside_streams(Workplace& place);
// rows_repository.cpp
Result<Lines> search_repo(Workplace& place);
Result<Lines> git_status(Workplace& place);
Result<Lines> open_workspace(Workplace& place);
// rows_worker.cpp
Result<Lines> worker_start(Workplace& place);
Result<Lines> large_worktree(Workplace& place);
Result<Lines> worker_list(Workplace& place);
// rows_turn.cpp
Result<Lines> spawn_of_codex(Workplace& place);
Result<Lines> flood_memory(Workplace& place);

}  // namespace patchbay::bench
