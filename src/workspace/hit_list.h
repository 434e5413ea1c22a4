#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rg_stream.h"

namespace patchbay::workspace {

/// Orders paths component by component, as `rg --sort path` does: a slash comes before every other byte.
struct PathOrder {
  bool operator()(std::string_view a, std::string_view b) const;
};

struct HitPosition {
  std::string path;
  std::int64_t line = 0;
};

/// Keeps the first hits in the order of path and line, of any number that comes in any order of files.
class HitList : public RgListener {
 public:
  struct Options {
    std::size_t capacity = 0;          ///< hits to keep
    std::optional<HitPosition> after;  ///< keep only what comes later
    bool sorted = false;               ///< files come in order, so the stream ends when the list is full
    std::int64_t stop_above = 0;       ///< ends the stream after so many matches; 0: never
  };
  /// Says whether a file may be reported at all; asked once for each. Another one counts nowhere.
  using Filter = std::function<bool(const std::string& path)>;

  HitList(Options options, std::string prefix, Filter filter)
      : options_(std::move(options)), prefix_(std::move(prefix)), filter_(std::move(filter)) {}

  bool on_file(std::string path) override;
  bool on_match(const RgHit& hit) override;
  bool on_counted_match() override;
  void on_file_end(bool binary) override;

  using Files = std::map<std::string, std::vector<RgHit>, PathOrder>;
  /// Call after a stream that was cut off: what its last file gave so far counts too.
  void finish() { on_file_end(false); }
  const Files& files() const { return files_; }
  /// No room is left: there may be more than are kept.
  bool is_full() const { return kept_ >= options_.capacity; }
  std::int64_t files_with_matches() const { return file_count_; }
  std::int64_t matches() const { return match_count_; }
  /// A binary file had the text; it counts nowhere.
  bool saw_binary() const { return saw_binary_; }
  bool overflowed() const { return overflowed_; }

 private:
  void drop_beyond_capacity();

  const Options options_;
  const std::string prefix_;
  const Filter filter_;
  Files files_;
  std::size_t kept_ = 0;
  std::int64_t file_count_ = 0, match_count_ = 0;
  bool saw_binary_ = false, overflowed_ = false;
  // The file whose records come in now.
  bool open_ = false, ignored_ = false;
  std::string path_;
  std::vector<RgHit> hits_;
  std::int64_t current_matches_ = 0;
};

}  // namespace patchbay::workspace
