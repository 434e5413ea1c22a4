#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "patchbay/config/config.h"

namespace patchbay::config {

/// A member that holds one of a few words.
struct EnumRef {
  std::vector<std::string_view> words;
  std::function<std::string()> get;  ///< empty text: absent
  std::function<bool(std::string_view)> set;
};

/// Points at a member of one Config.
using ValueRef =
    std::variant<bool*, std::int64_t*, double*, std::string*, std::vector<std::string>*, std::optional<std::string>*,
                 std::optional<std::vector<std::string>>*, std::vector<RepositoryAlias>*, EnumRef>;

struct Range {
  double min, max;
};

/// What is known about a key besides its type.
struct Rules {
  std::optional<Range> range = {};
  /// Words that mean 0, for limits that can be off: none, never, unlimited, disabled, false, and blank.
  bool off_words = false;
  bool not_blank = false;
  /// Returns what is wrong with a text, or with one entry of a list, or nothing.
  std::string (*check)(std::string_view) = nullptr;
  std::string_view other_name = {};  ///< an older name of the same key
  /// Known and checked, but nothing reads it in this version: a file that sets it is told so.
  bool no_effect = false;
  /// The same for a key whose tools are not offered yet: what is missing, as a sentence of the reference page.
  std::string_view waits_for = {};
};

/// One key of the settings file.
struct Field {
  std::string_view section, key;
  ValueRef value;
  std::string_view about;
  Rules rules = {};

  std::string path() const { return std::string(section) + "." + std::string(key); }
};

struct Section {
  std::string_view name, about;
  bool strict;  ///< an unknown key is a fault, not a warning (SEC:F4)
};

const std::vector<Section>& sections();

/// Every key, in the order of the reference page, bound to `config`. This list is the only one.
std::vector<Field> fields_of(Config& config);

/// Keys that old files have and that mean nothing any more: accepted with a warning.
bool is_retired(std::string_view path);

}  // namespace patchbay::config
