#pragma once

#include "git/handle.h"
#include "patchbay/git/snapshot.h"

namespace patchbay::git {

/// "refs/patchbay/snapshots/" or "refs/patchbay/trash/".
std::string pin_prefix(PinKind kind);

/// Pins of one kind, of one worker or (empty) of all, oldest first per worker.
Result<std::vector<Pin>> read_pins(git_repository* repo, PinKind kind, const std::string& worker_id);

/// Pins `tree` under the worker's next number: a commit of ours with `head` (may be empty) as its parent.
/// When the worker's newest snapshot holds the same tree and head, that one is returned; trash always gets a new pin,
/// so that its retention begins now.
Result<Pin> add_pin(git_repository* repo, PinKind kind, const std::string& worker_id, const git_oid& tree,
                    const ObjectId& head);

}  // namespace patchbay::git
