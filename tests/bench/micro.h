#pragma once

namespace patchbay::bench {

/// Google Benchmark over the parts that every call passes through; takes that library's own flags.
int run_micro(int argc, char** argv);

}  // namespace patchbay::bench
