#pragma once

#include "patchbay/codex/report.h"
#include "workers/core.h"

namespace patchbay::workers {

enum class Detail {
  kBrief,  ///< from memory alone: no file is read, no git runs
  kFull    ///< with the whole report
};

/// The public picture of a worker for one caller.
WorkerView make_view(const Core& self, const Actor& actor, const Worker& worker, Detail detail);

/// The report as text: of the latest turn, followed by an earlier one while the latest has none.
std::string report_of(const Core& self, const Worker& worker, Detail detail);

/// A text about the worker as it may be shown: no secret, no private path, no branch of any worker.
std::string public_text(const Core& self, const Worker& worker, std::string_view text,
                        std::size_t max_bytes = codex::kReportMaxBytes);

/// Paths and names that no public text about the worker may hold.
codex::PrivateStrings private_strings(const Core& self, const Worker& worker);

}  // namespace patchbay::workers
