#include "patchbay/codex/session_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <functional>
#include <iterator>
#include <vector>

#include "patchbay/base/ids.h"
#include "patchbay/base/text.h"
#include "patchbay/json/json.h"
#include "patchbay/os/fd.h"
#include "patchbay/os/file.h"

namespace patchbay::codex {
namespace {

constexpr std::size_t kLongestLine = 8'000'000;
constexpr json::ParseLimits kRecordLimits{.max_depth = 64, .max_members = 10'000, .max_nodes = 1'000'000};

/// Calls `f(line)` for every complete line from byte `from` on, until it says false. A last line
/// without an end is still being written and is left out, as are lines above the limit. Returns where the
/// next line begins.
Result<std::int64_t> for_each_line(const std::string& path, std::int64_t from,
                                   const std::function<bool(std::string_view)>& f) {
  const os::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) return errno_error(errno, "opening a session file", path);
  struct stat st {};
  if (::fstat(fd.get(), &st) != 0 || !S_ISREG(st.st_mode)) {
    return Error{ErrorCode::kNotAFile, "a session is not a regular file", {}, path};
  }
  std::int64_t next = std::max<std::int64_t>(from, 0);
  if (::lseek(fd.get(), next, SEEK_SET) < 0) return errno_error(errno, "reading a session file", path);

  std::string line;
  std::size_t length = 0;  // of the line so far, also of the part that is not kept
  std::string buffer(64 * 1024, '\0');
  while (true) {
    const ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error(errno, "reading a session file", path);
    if (n == 0) return next;
    std::string_view rest(buffer.data(), static_cast<std::size_t>(n));
    while (!rest.empty()) {
      const std::size_t newline = rest.find('\n');
      const std::string_view piece = rest.substr(0, newline);
      length += piece.size();
      if (length <= kLongestLine) line.append(piece);
      if (newline == std::string_view::npos) break;
      next += static_cast<std::int64_t>(length) + 1;
      if (length <= kLongestLine && !f(line)) return next;
      line.clear();
      length = 0;
      rest.remove_prefix(newline + 1);
    }
  }
}

struct Candidate {
  std::string path;
  bool archived = false;
};

/// Names only, so this bounds a hostile tree, not a busy year.
constexpr std::size_t kMostNames = 200'000;

/// Every `*.jsonl` below `root`; links only where they stay inside it.
class Walk {
 public:
  Walk(std::string root, bool archived, int max_depth, std::vector<Candidate>& out)
      : root_(std::move(root)), archived_(archived), max_depth_(max_depth), out_(out) {}

  void visit() { visit(root_, 0); }

 private:
  void visit(const std::string& dir, int depth) {
    const auto names = os::list_dir(dir);
    if (!names || depth > max_depth_) return;
    for (const std::string& name : *names) {
      if (++seen_ > kMostNames) return;
      std::string path = os::join(dir, name);
      struct stat st {};
      if (::lstat(path.c_str(), &st) != 0) continue;
      if (S_ISLNK(st.st_mode)) {
        auto target = os::real_path(path);
        if (!target || !os::is_within(root_, *target) || ::stat(target->c_str(), &st) != 0) continue;
        path = std::move(*target);
      }
      if (S_ISDIR(st.st_mode)) {
        visit(path, depth + 1);
      } else if (S_ISREG(st.st_mode) && name.ends_with(".jsonl")) {
        out_.push_back({std::move(path), archived_});
      }
    }
  }

  std::string root_;
  bool archived_;
  int max_depth_;
  std::vector<Candidate>& out_;
  std::size_t seen_ = 0;
};

/// The files of both roots, newest name first, each once.
std::vector<Candidate> all_session_files(const std::string& codex_home, int max_depth) {
  std::vector<Candidate> files;
  for (const bool archived : {false, true}) {
    // A home that is itself a link is the operator's choice; what lies inside may not lead out of it.
    auto root = os::real_path(os::join(codex_home, archived ? "archived_sessions" : "sessions"));
    if (root) Walk(*root, archived, max_depth, files).visit();
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path > b.path; });
  files.erase(std::unique(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path == b.path; }),
              files.end());
  return files;
}

/// The conversation a session file says it belongs to, from its first record.
std::string declared_id(const std::string& path) {
  std::string id;
  (void)for_each_line(path, 0, [&](std::string_view line) {
    const auto record = json::parse(line, kRecordLimits);
    if (!record || json::get_string(*record, "type") != "session_meta") return true;
    if (const Json* payload = json::find(*record, "payload")) {
      for (const std::string_view key : {"id", "session_id", "sessionId"}) {
        if (id.empty()) id = to_lower_ascii(json::get_string(*payload, key));
      }
    }
    return false;
  });
  return id;
}

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (i >= text.size() || text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

/// Epoch seconds of "2026-11-21T13:42:06.188Z"; 0 for anything else.
double seconds_of(std::string_view text) {
  const auto year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  const auto hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second || !text.ends_with('Z')) return 0;
  std::tm tm{};
  tm.tm_year = *year - 1900;
  tm.tm_mon = *month - 1;
  tm.tm_mday = *day;
  tm.tm_hour = *hour;
  tm.tm_min = *minute;
  tm.tm_sec = *second;
  double fraction = 0, weight = 0.1;
  for (std::size_t i = 20; text.size() > 19 && text[19] == '.' && i + 1 < text.size(); ++i, weight /= 10) {
    if (const auto digit = digits(text, i, 1)) fraction += *digit * weight;
  }
  return static_cast<double>(::timegm(&tm)) + fraction;
}

}  // namespace

Result<SessionFile> find_session_file(const std::string& codex_home, const std::string& thread_id,
                                      const SessionScanLimits& limits) {
  if (!is_uuid(thread_id)) {
    return Error{ErrorCode::kInvalidArgument, "a conversation is named by its UUID", {}, {}};
  }
  const std::string id = to_lower_ascii(thread_id);
  const std::vector<Candidate> files = all_session_files(codex_home, limits.max_depth);
  std::vector<Candidate> named;
  std::copy_if(files.begin(), files.end(), std::back_inserter(named), [&](const Candidate& file) {
    return to_lower_ascii(os::base_name(file.path)).find(id) != std::string::npos;
  });
  const std::vector<Candidate>& looked_at = named.empty() ? files : named;
  const auto most = std::min(looked_at.size(), static_cast<std::size_t>(std::max(limits.max_files, 0)));
  std::vector<Candidate> found;
  std::copy_if(looked_at.begin(), looked_at.begin() + static_cast<std::ptrdiff_t>(most), std::back_inserter(found),
               [&](const Candidate& file) { return declared_id(file.path) == id; });
  if (found.empty()) return Error{ErrorCode::kSessionNotFound, "Codex has no such conversation", {}, thread_id};
  if (found.size() > 1) {
    return Error{ErrorCode::kInvalidState, "several session files claim one conversation", {}, found[0].path};
  }
  struct stat st {};
  if (::stat(found[0].path.c_str(), &st) != 0) return errno_error(errno, "reading a session file", found[0].path);
  return SessionFile{found[0].path, st.st_size, found[0].archived};
}

namespace {

/// What one line of a session says about where its turns end.
void note_task(std::string_view line, double not_before, std::optional<TaskComplete>& newest) {
  // Most records are long and of no interest here; only these two kinds are parsed.
  const bool ends = line.find("task_complete") != std::string_view::npos;
  const bool begins = line.find("task_started") != std::string_view::npos;
  if (!ends && !begins) return;
  const auto record = json::parse(line, kRecordLimits);
  if (!record || json::get_string(*record, "type") != "event_msg") return;
  const Json* payload = json::find(*record, "payload");
  if (payload == nullptr) return;
  const std::string type = json::get_string(*payload, "type");
  if (type == "task_started") newest.reset();
  if (type != "task_complete") return;
  const double at = seconds_of(json::get_string(*record, "timestamp"));
  if (at >= not_before) newest = TaskComplete{json::get_string(*payload, "last_agent_message"), at};
}

}  // namespace

Result<std::optional<TaskComplete>> last_task_complete(const std::string& path, std::int64_t from_offset,
                                                       double not_before) {
  std::optional<TaskComplete> newest;
  PB_TRY(for_each_line(path, from_offset, [&](std::string_view line) {
    note_task(line, not_before, newest);
    return true;
  }));
  return newest;
}

SessionWatch::SessionWatch(std::string codex_home, const std::string& thread_id, double not_before)
    : codex_home_(std::move(codex_home)), not_before_(not_before) {
  if (thread_id.empty()) return;
  if (const auto file = find_session_file(codex_home_, thread_id)) {
    path_ = file->path;
    position_ = file->size;
  }
}

std::optional<TaskComplete> SessionWatch::look(const std::string& thread_id) {
  if (path_.empty()) {
    const auto file = find_session_file(codex_home_, thread_id);
    if (!file) return std::nullopt;
    path_ = file->path;
  }
  const auto next = for_each_line(path_, position_, [&](std::string_view line) {
    note_task(line, not_before_, newest_);
    return true;
  });
  if (next) position_ = *next;
  return newest_;
}

}  // namespace patchbay::codex
