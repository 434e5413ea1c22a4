#pragma once

#include <atomic>
#include <cstddef>
#include <list>
#include <map>
#include <mutex>
#include <optional>

#include "file_scan.h"
#include "patchbay/workspace/workspace_fs.h"

namespace patchbay::workspace {

/// What full passes over files found out, so that the next page of a file costs the page and not the file.
///
/// An entry is used while the file's stamp is the one it was made under, and none is made for a file that changed in
/// the last seconds, when one stamp may stand for two contents, or on a file system that does not keep exact stamps of
/// its own. Content written through a shared mapping that was dirty already changes no stamp for up to half a minute:
/// hash and counts are then those of before, as they are for git; the text of a page is always read anew.
///
/// Threads: any.
class KnownFiles {
 public:
  explicit KnownFiles(std::size_t capacity) : capacity_(capacity) {}

  /// The full pass over the file, without `line_offset`.
  std::optional<FileScan> find(const FileStamp& stamp);
  /// Keeps a full pass over the open file, which had this stamp before it. The one used longest ago makes room.
  void keep(int fd, const FileStamp& stamp, const FileScan& scan);
  /// For tests: takes files for settled however young they are.
  void trust_young_files(bool trust) { trust_young_ = trust; }

 private:
  struct Entry {
    FileStamp stamp;
    FileScan scan;
  };
  using Entries = std::list<Entry>;  ///< last used first

  const std::size_t capacity_;
  std::atomic<bool> trust_young_{false};
  std::mutex mutex_;
  Entries entries_;
  std::map<FileId, Entries::iterator> by_id_;
};

/// Those of the whole process.
KnownFiles& known_files();

}  // namespace patchbay::workspace
