#include <signal.h>

/// Every test program ignores SIGPIPE from its start, as patchbay does: a child that ended before it read everything is
/// an error of write() and not the end of the test.
namespace {
[[maybe_unused]] const auto kBefore = ::signal(SIGPIPE, SIG_IGN);
}  // namespace
