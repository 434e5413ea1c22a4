#pragma once

/// Programs inside the program, started by an owner and not meant for people.
namespace patchbay::cli {

/// One turn of an agent (runner/turn.h).
int run_turn();
/// One helper process of git::Client (git/helper.h).
int git_helper();

}  // namespace patchbay::cli
