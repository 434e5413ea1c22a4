#pragma once

#include "app/watchdog.h"
#include "patchbay/app/app.h"

/// What an owner does about itself while it serves (SEC:S14, S15).
namespace patchbay::app {

/// SIGHUP: the tokens are read again, and a log that was moved away is begun anew when it is our own.
void begin_anew(App& app, bool own_log);

/// SIGQUIT: dump_state() to its place in the home.
void write_state(const App& app, int clients);

/// The questions of this owner's watchdog. A stall writes the threads to the place of the dump and ends the process
/// with exit code 70; `app` outlives the watchdog.
Watchdog::Options watchdog_options(const App& app);

}  // namespace patchbay::app
