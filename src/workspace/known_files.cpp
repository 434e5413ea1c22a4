#include "known_files.h"

#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>

#include "patchbay/base/clock.h"

namespace patchbay::workspace {
namespace {

constexpr std::size_t kKnownFiles = 256;
constexpr std::int64_t kSettled = 2'000'000'000;  // nanoseconds; coarser clocks of file systems tick faster

/// ext2 to ext4, XFS, btrfs, F2FS: local, with stamps that every write sets.
bool keeps_stamps(int fd) {
  constexpr std::array<unsigned long, 4> kLocal = {0xef53, 0x58465342, 0x9123683e, 0xf2f52010};
  struct statfs fs {};
  if (::fstatfs(fd, &fs) != 0) return false;
  return std::find(kLocal.begin(), kLocal.end(), static_cast<unsigned long>(fs.f_type) & 0xffffffffUL) != kLocal.end();
}

}  // namespace

std::optional<FileScan> KnownFiles::find(const FileStamp& stamp) {
  const std::lock_guard lock(mutex_);
  const auto it = by_id_.find(stamp.id);
  if (it == by_id_.end() || it->second->stamp != stamp) return std::nullopt;
  entries_.splice(entries_.begin(), entries_, it->second);
  return it->second->scan;
}

void KnownFiles::keep(int fd, const FileStamp& stamp, const FileScan& scan) {
  if (!scan.reached_end || scan.looked_at != stamp.size) return;
  const std::int64_t now =
      std::chrono::duration_cast<std::chrono::nanoseconds>(system_clock().wall().time_since_epoch()).count();
  const bool young = now - std::max(stamp.modified, stamp.changed) < kSettled;
  if ((young && !trust_young_) || !keeps_stamps(fd)) return;
  struct stat after {};
  if (::fstat(fd, &after) != 0 || stamp_of(after) != stamp) return;  // it changed during the pass

  const std::lock_guard lock(mutex_);
  if (const auto it = by_id_.find(stamp.id); it != by_id_.end()) {
    entries_.erase(it->second);
    by_id_.erase(it);
  }
  if (entries_.size() >= capacity_) {
    by_id_.erase(entries_.back().stamp.id);
    entries_.pop_back();
  }
  entries_.push_front({stamp, scan});
  entries_.front().scan.line_offset.reset();
  by_id_[stamp.id] = entries_.begin();
}

KnownFiles& known_files() {
  static KnownFiles known(kKnownFiles);
  return known;
}

}  // namespace patchbay::workspace
