#pragma once

#include "workers/core.h"

namespace patchbay::workers {

// What an integration merged is in no tree of the worker. It stays on record with the integration, so that the next one
// can tell it from changes of the user, who may not have committed it yet.

/// What the integrations of this worker merged into the checkout, as the last one left it; empty for records without
/// it.
std::vector<git::MergedFile> merged_files(const Worker& worker);

/// The same after an integration with these writes. At most 2,000 files with 256 KiB of names: those beyond count as
/// the user's when they are not committed.
std::vector<git::MergedFile> merged_after(const std::vector<git::MergedFile>& before,
                                          const std::vector<git::PlannedWrite>& writes);

/// As it is kept in a record: [{"path" | "path_base64", "mode", "id"}].
Json merged_json(const std::vector<git::MergedFile>& files);

}  // namespace patchbay::workers
