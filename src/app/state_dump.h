#pragma once

#include "patchbay/app/app.h"

namespace patchbay::app {

/// Writes what this owner is doing to `path`, for whoever looks for the reason of a fault (SIGQUIT, SEC:S14): its
/// threads, sessions, turns and locks. Ids, states, times and addresses only; no name or text of a user, no token.
///
/// The threads are written first, so that they are there when the rest hangs on what it is to show.
Status dump_state(const App& app, int clients, const std::string& path);

/// The threads alone.
Status dump_threads(const App& app, const std::string& why, const std::string& path);

}  // namespace patchbay::app
