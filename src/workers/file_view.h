#pragma once

#include "workers/core.h"

namespace patchbay::workers {

/// A page of one file of the worker's workspace, with numbered lines. A missing file is `exists:false`, not an error.
Result<FileFields> read_worker_file(Core& self, const Worker& worker, const InspectArgs& args);

}  // namespace patchbay::workers
