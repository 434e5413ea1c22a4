#pragma once

#include <cstdint>
#include <string>

#include "patchbay/base/result.h"

/// Moves between the staging directory of an apply and the checkout: each is one atomic step that never
/// overwrites anything.
namespace patchbay::git {

/// Identity of the mount that a descriptor lies on; files can be renamed only within one.
std::uint64_t mount_of(int fd);

/// Renames, unless the new name is taken: then kPatchChanged. `path` is for messages.
Status move_new(int from_dir, const std::string& from, int to_dir, const std::string& to, const std::string& path);

/// `dir`/`name` and `staging`/`staged` trade names. Where the file system cannot, the old content is first
/// linked as `staged`.old, so that it is never without a name.
Status exchange_files(int dir, const std::string& name, int staging, const std::string& staged,
                      const std::string& path);

/// kPatchChanged: somebody else wrote to `path` in the meantime.
Error changed_meanwhile(const std::string& path);

}  // namespace patchbay::git
