#pragma once

#include <sys/stat.h>

#include <string>
#include <string_view>
#include <vector>

#include "patchbay/base/result.h"
#include "patchbay/os/fd.h"
#include "patchbay/workspace/protected_paths.h"

namespace patchbay::workspace {

/// Relative path of a request: its components without ".", ".." and doubled slashes.
struct CleanPath {
  std::vector<std::string> components;
  std::string text() const;  ///< joined with slashes, "." for none
};

/// What a walk ended at.
struct Walked {
  os::Fd fd;  ///< O_PATH
  struct stat st {};
  CleanPath path;  ///< canonical: no component of it is a link
};

/// A directory that paths are resolved beneath, by descriptor (SEC:7, steps 1 to 6).
class Beneath {
 public:
  /// `path` has no links; `spellings` are other absolute paths it is known by.
  static Result<Beneath> open(const std::string& path, std::vector<std::string> spellings = {});
  static Result<Beneath> adopt(os::Fd directory, const std::string& path);

  /// Steps 1 and 2: form, `~/`, absolute paths, dots. Touches no file.
  Result<CleanPath> clean(std::string_view input) const;

  /// Step 4: walks without ever leaving, expanding links. `is_protected` holds sorted identities.
  Result<Walked> walk(const CleanPath& path, const std::vector<FileId>& is_protected) const;

  /// Step 5: opens what a walk found, for reading; the result is the very object the walk saw.
  /// kPathSpecialFile for anything but a regular file or directory. Restarts the walk when a race spoils it.
  Result<Walked> open_for_reading(const CleanPath& path, const std::vector<FileId>& is_protected) const;

  int fd() const { return fd_.get(); }
  const std::string& path() const { return path_; }
  FileId id() const { return id_; }

 private:
  Beneath() = default;
  /// The part of an absolute path below this directory.
  bool strip_root(std::string_view absolute, std::string_view* rest) const;
  /// Components that replace a link: those of its target, dots kept, then `rest`.
  Result<std::vector<std::string>> expand_link(const std::string& target, std::vector<std::string> rest) const;

  os::Fd fd_;
  std::string path_;
  std::vector<std::string> spellings_;
  FileId id_{};
};

/// kPathSpecialFile when the descriptor lies on procfs, sysfs or another file system that shows the machine
/// itself (SEC:P4).
Status refuse_machine_filesystem(int fd);

/// The walk's refusal for one of our own files.
Error protected_error();

/// Opens `name` in `directory` (no slashes, no links followed) for reading; never blocks.
os::Fd open_component(int directory, const char* name, int flags);

/// Opens a canonical path in one step with openat2; the fallback walks. errno is set on failure.
os::Fd open_canonical(int root, const CleanPath& path, int flags);

/// Whether the kernel opens paths for us; asked once with `root`, an open directory.
bool openat2_works(int root);

/// For tests: makes open_canonical behave as on a kernel without openat2.
void set_openat2_available(bool available);

}  // namespace patchbay::workspace
