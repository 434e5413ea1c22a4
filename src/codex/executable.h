#pragma once

#include <string>

#include "patchbay/base/guarded.h"
#include "patchbay/base/result.h"
#include "patchbay/codex/codex_engine.h"

namespace patchbay::codex {

/// A file as it was when it was looked at: path, change time, size and inode in one comparable text; empty
/// when absent.
std::string file_stamp(const std::string& path);

/// Finds the program to start, and remembers it until a file it looked at changes.
///
/// The npm package installs a Node script that starts a native program. Starting the native one directly
/// saves the script's own start, and signals reach it.
class ExecutableFinder {
 public:
  /// `name`: absolute path or program name. kCodexCliMissing with a hint when there is none on `path_list`.
  Result<Program> find(const std::string& name, const std::string& path_list);

 private:
  struct Remembered {
    std::string found_stamp, native_stamp;
    Program program;
  };
  Guarded<Remembered> remembered_;
};

}  // namespace patchbay::codex
