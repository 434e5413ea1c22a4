#include "runner/output_log.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>

#include "patchbay/base/text.h"
#include "patchbay/os/file.h"

namespace patchbay::runner {

Result<OutputLog> OutputLog::create(const std::string& path, std::int64_t capture_max_bytes) {
  os::Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd) return errno_error(errno, "creating a log", path);
  return OutputLog(path, std::move(fd), capture_max_bytes);
}

bool OutputLog::append(std::string_view line, bool always) {
  const std::int64_t limit = always ? 2 * max_ : max_;
  const auto size = static_cast<std::int64_t>(line.size()) + 1;
  if (!fd_ || written_ + size > limit) return false;
  std::string text(line);
  text += '\n';
  if (!os::write_all(fd_.get(), text).ok()) {
    fd_.reset();
    return false;
  }
  written_ += size;
  return true;
}

void OutputLog::cut(std::int64_t max_bytes) {
  if (written_ <= max_bytes) return;
  const auto text = os::read_file(path_, static_cast<std::size_t>(2 * max_) + 1);
  if (!text) return;
  const std::string marker = fmt::format("...[log truncated to {} bytes]", max_bytes);
  (void)os::write_file_volatile(path_, keep_head_and_tail(*text, static_cast<std::size_t>(max_bytes), marker));
}

}  // namespace patchbay::runner
