#pragma once

#include <chrono>
#include <ostream>
#include <string>
#include <string_view>

#include "patchbay/base/clock.h"
#include "patchbay/base/error.h"

namespace patchbay::demo {

/// Writes the demo's story: numbered headings, indented lines, diffs. Plain text unless it is told that it
/// writes to a terminal. Text from elsewhere is made safe to show.
class Screen {
 public:
  Screen(std::ostream& out, bool terminal) : out_(out), terminal_(terminal) {}

  void title(std::string_view text);
  void heading(std::string_view text);  ///< "1  Text"
  void line(std::string_view text);
  void fact(std::string_view name, std::string_view value);  ///< aligned in two columns
  void good(std::string_view text);
  void warning(std::string_view text);
  void block(std::string_view text);  ///< several lines, set off by a bar
  void diff(std::string_view text);
  /// A line that the next one replaces; shown on terminals only.
  void passing(std::string_view text);
  void failure(const Error& error);
  void end(std::string_view text);

 private:
  std::string paint(const char* colour, std::string_view text) const;
  void put(std::string_view text);

  std::ostream& out_;
  const bool terminal_;
  bool passing_ = false;
  int number_ = 0;
};

/// "0.4 s", "12.3 s", "2 min 5 s".
std::string spell(std::chrono::milliseconds time);
std::chrono::milliseconds since(MonoTime start);

}  // namespace patchbay::demo
