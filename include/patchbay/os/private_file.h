#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "patchbay/base/result.h"
#include "patchbay/os/fd.h"

namespace patchbay::os {

/// The user this process acts as.
unsigned current_uid();

/// What `lstat` says about a path: the link itself, never its target.
struct FileFacts {
  bool symlink = false;
  bool regular = false;
  bool directory = false;
  unsigned uid = 0;
  unsigned mode = 0;  ///< permission bits
};
/// kNotFound when there is nothing at `path`.
Result<FileFacts> file_facts(const std::string& path);

/// True for a directory that this process may list and enter.
bool is_readable_directory(const std::string& path);

/// Who may own a file that is believed.
enum class Owner { kUs, kUsOrRoot };

/// Why somebody else may have written what lies at `path`: a symlink, another owner, group or world may write
/// (SEC:F5). Empty when it can be believed. One clause for a person, for example "is a symbolic link".
std::string distrust_reason(const FileFacts& facts, Owner owner);

/// Content of a regular file that only we (or root) can have written. The checks are made on the opened file.
/// kNotFound; kPreconditionFailed with the reason as message; kFileTooLarge; kIoError.
Result<std::string> read_trusted_file(const std::string& path, std::size_t limit, Owner owner);

/// Creates `path` with this content, or leaves what is there alone: kAlreadyExists. Nobody ever sees a part
/// of the content, and it is on stable storage when this returns.
Status create_file_once(const std::string& path, std::string_view data, unsigned mode = 0600);

/// An open directory whose files are read one after another without looking the whole path up each time.
class Directory {
 public:
  static Result<Directory> open(const std::string& path);

  /// Reads the file `relative` below the directory into `out`, reusing its memory. Links in the last
  /// component are not followed and a FIFO does not block. 0, or an errno; EFBIG above `limit` bytes.
  /// Threads: any number at once, each with its own `out`.
  int read(const char* relative, std::size_t limit, std::string& out) const;

 private:
  Fd fd_;
};

/// A file that only ever grows at its end, opened for appending; 0600 at creation.
class AppendFile {
 public:
  /// Refuses a symlink or anything that is not a regular file (kIoError, kNotAFile).
  static Result<AppendFile> open(const std::string& path);

  Status append(std::string_view data);
  Status sync();
  std::size_t size() const { return size_; }
  /// The file does not end with a line feed: a write was cut short, now or in an earlier life.
  bool mid_line() const { return mid_line_; }

 private:
  Fd fd_;
  std::string path_;
  std::size_t size_ = 0;
  bool mid_line_ = false;
};

/// Renames inside one file system and makes both directories durable; copies across file systems.
Status move_file(const std::string& from, const std::string& to);

}  // namespace patchbay::os
