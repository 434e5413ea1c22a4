#include "config/reader.h"

#include <charconv>
#include <cmath>
#include <set>

#include "config/dump.h"
#include "config/fields.h"
#include "config/words.h"
#include "config/yaml_tree.h"
#include "patchbay/base/text.h"
#include "patchbay/config/config.h"

// One document is read key by key against the field list. Every fault is collected into one message, so that
// a file with three mistakes is mended in one go.

namespace patchbay::config {
namespace {

using Kind = YamlNode::Kind;

/// What is wrong with a value; empty: nothing.
using Fault = std::string;

std::string range_text(const Range& r) { return number_text(r.min) + " to " + number_text(r.max); }

bool is_off_word(std::string_view text) {
  for (const std::string_view word : {"", "none", "null", "never", "unlimited", "disabled", "false", "off", "no"}) {
    if (iequals_ascii(text, word)) return true;
  }
  return false;
}

template <class T>
std::optional<T> parse_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  T v{};
  const auto [end, err] = std::from_chars(text.data(), text.data() + text.size(), v);
  if (err != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if constexpr (std::is_floating_point_v<T>) {
    if (!std::isfinite(v)) return std::nullopt;
  }
  return v;
}

template <class T>
Fault read_number(const YamlNode& node, const Rules& rules, std::string_view what, T& out) {
  const bool plain = node.kind == Kind::kScalar && !node.quoted;
  if (rules.off_words && node.kind != Kind::kSequence && node.kind != Kind::kMap && is_off_word(node.text)) {
    out = 0;
    return {};
  }
  const auto v = plain ? parse_number<T>(node.text) : std::nullopt;
  if (!v) return fmt::format("must be {}{}", what, node.quoted ? ", without quotes" : "");
  if (rules.range && (static_cast<double>(*v) < rules.range->min || static_cast<double>(*v) > rules.range->max)) {
    return "must be from " + range_text(*rules.range);
  }
  out = *v;
  return {};
}

Fault read_text(const YamlNode& node, const Rules& rules, std::string& out) {
  if (node.kind != Kind::kScalar) return "must be text";
  const auto control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  if (std::any_of(node.text.begin(), node.text.end(), control)) return "must be one line without control characters";
  if (rules.not_blank && trim(node.text).empty()) return "must not be blank";
  if (rules.check != nullptr) {
    if (Fault fault = rules.check(node.text); !fault.empty()) return fault;
  }
  out = node.text;
  return {};
}

Fault read_list(const YamlNode& node, const Rules& rules, std::vector<std::string>& out) {
  if (node.kind != Kind::kSequence) return "must be a list";
  std::vector<std::string> items;
  for (const YamlNode& item : node.items) {
    std::string text;
    if (!read_text(item, {}, text).empty()) return "must be a list of texts";
    if (rules.check != nullptr) {
      if (const Fault fault = rules.check(text); !fault.empty()) return "each entry " + fault;
    }
    items.push_back(std::move(text));
  }
  out = std::move(items);
  return {};
}

/// canonical: local, or canonical: {local, description}.
Fault read_alias_map(const YamlNode& node, std::vector<RepositoryAlias>& out) {
  std::vector<RepositoryAlias> items;
  for (const auto& [canonical, value] : node.members) {
    RepositoryAlias alias{canonical, {}, {}};
    if (value.kind != Kind::kMap && !read_text(value, {}, alias.local).empty()) return "every value must be a path";
    for (const auto& [key, text] : value.members) {
      std::string* member = key == "local" ? &alias.local : key == "description" ? &alias.description : nullptr;
      if (member == nullptr) return fmt::format("unknown key '{}' in an entry", display_safe(key));
      if (text.kind != Kind::kNull && !read_text(text, {}, *member).empty()) {
        return fmt::format("'{}' must be text", key);
      }
    }
    if (alias.canonical.empty() || alias.local.empty()) return "every entry needs a path and where it lies here";
    items.push_back(std::move(alias));
  }
  out = std::move(items);
  return {};
}

Fault read_aliases(const YamlNode& node, std::vector<RepositoryAlias>& out) {
  if (node.kind == Kind::kMap) return read_alias_map(node, out);
  if (node.kind != Kind::kSequence) return "must be a list or a map";
  std::vector<RepositoryAlias> items;
  for (const YamlNode& item : node.items) {
    if (item.kind != Kind::kMap) return "must be a list of objects with canonical, local and description";
    RepositoryAlias alias;
    for (const auto& [key, value] : item.members) {
      std::string* member = key == "canonical"     ? &alias.canonical
                            : key == "local"       ? &alias.local
                            : key == "description" ? &alias.description
                                                   : nullptr;
      if (member == nullptr) return fmt::format("unknown key '{}' in an entry", display_safe(key));
      if (value.kind != Kind::kNull && !read_text(value, {}, *member).empty()) {
        return fmt::format("'{}' must be text", key);
      }
    }
    if (alias.canonical.empty() || alias.local.empty()) return "every entry needs canonical and local";
    items.push_back(std::move(alias));
  }
  out = std::move(items);
  return {};
}

/// Whether `key:` without a value changes anything.
bool blank_has_meaning(const Field& field) {
  return field.rules.off_words || std::holds_alternative<std::optional<std::string>*>(field.value);
}

struct ReadValue {
  const YamlNode& node;
  const Rules& rules;

  Fault operator()(bool* out) const {
    const auto v = node.kind == Kind::kScalar ? bool_word(node.text) : std::nullopt;
    if (!v) return "must be true or false";
    *out = *v;
    return {};
  }
  Fault operator()(std::int64_t* out) const { return read_number(node, rules, "a whole number", *out); }
  Fault operator()(double* out) const { return read_number(node, rules, "a number", *out); }
  Fault operator()(std::string* out) const { return read_text(node, rules, *out); }
  Fault operator()(std::vector<std::string>* out) const { return read_list(node, rules, *out); }
  Fault operator()(std::optional<std::string>* out) const {
    if (node.kind == Kind::kNull) return *out = std::string(), Fault();
    std::string text;
    Fault fault = read_text(node, rules, text);
    if (fault.empty()) *out = std::move(text);
    return fault;
  }
  Fault operator()(std::optional<std::vector<std::string>>* out) const {
    std::vector<std::string> list;
    Fault fault = read_list(node, rules, list);
    if (fault.empty()) *out = std::move(list);
    return fault;
  }
  Fault operator()(std::vector<RepositoryAlias>* out) const { return read_aliases(node, *out); }
  Fault operator()(const EnumRef& e) const {
    if (node.kind == Kind::kScalar && e.set(node.text)) return {};
    return fmt::format("must be one of {}", fmt::join(e.words, ", "));
  }
};

/// The name nearest to a misspelt one, when one is near enough to be meant.
std::string nearest(std::string_view name, const std::vector<std::string_view>& known) {
  const std::size_t limit = name.size() < 4 ? 1 : name.size() < 7 ? 2 : 3;
  std::string best;
  std::size_t best_distance = limit + 1;
  for (const std::string_view candidate : known) {
    const std::size_t d = edit_distance(to_lower_ascii(name), candidate, limit);
    if (d < best_distance) {
      best = candidate;
      best_distance = d;
    }
  }
  return best;
}

class Reader {
 public:
  Reader(const std::string& file, Source source, Config& config, Provenance& provenance,
         std::vector<std::string>& warnings)
      : file_(file), source_(source), fields_(fields_of(config)), provenance_(provenance), warnings_(warnings) {}

  Status read(const YamlNode& root) {
    for (const auto& [name, node] : root.members) read_section(name, node);
    if (faults_.empty()) return tell_of_waiting_keys();
    return Error{ErrorCode::kConfigRefused,
                 fmt::format("{}", fmt::join(faults_, "\n")),
                 "Correct the file and start again.",
                 {}};
  }

 private:
  std::string at(const YamlNode& node, std::string_view path) const {
    return fmt::format("{}:{}: {}", file_, node.line, display_safe(path));
  }
  void fault(const YamlNode& node, std::string_view path, std::string_view what) {
    faults_.push_back(at(node, path) + ": " + std::string(what));
  }

  void unknown(const YamlNode& node, const std::string& path, const std::string& meant, bool is_fault) {
    std::string text = at(node, path) + ": unknown key";
    if (!meant.empty()) text += "; did you mean '" + meant + "'?";
    (is_fault ? faults_ : warnings_).push_back(std::move(text));
  }

  void read_section(const std::string& name, const YamlNode& node) {
    const Section* section = nullptr;
    std::vector<std::string_view> names;
    for (const Section& s : sections()) {
      names.push_back(s.name);
      if (s.name == name) section = &s;
    }
    if (section == nullptr) {
      // A misspelt safety section must not pass for an unknown harmless one.
      const std::string meant = nearest(name, names);
      const bool near_strict = std::any_of(sections().begin(), sections().end(),
                                           [&](const Section& s) { return s.strict && s.name == meant; });
      return unknown(node, name, meant, near_strict);
    }
    if (node.kind == Kind::kNull) return;
    if (node.kind != Kind::kMap) return fault(node, name, "must be an object");
    for (const auto& [key, value] : node.members) read_key(*section, key, value);
  }

  void read_key(const Section& section, const std::string& key, const YamlNode& node) {
    const std::string path = std::string(section.name) + "." + key;
    if (is_retired(path)) {
      warnings_.push_back(at(node, path) + ": has no effect any more");
      return;
    }
    std::vector<std::string_view> names;
    for (Field& field : fields_) {
      if (field.section != section.name) continue;
      names.push_back(field.key);
      const bool other = !field.rules.other_name.empty() && key == field.rules.other_name;
      if (field.key == key || other) return read_field(field, path, node);
    }
    unknown(node, path, nearest(key, names), section.strict);
  }

  void read_field(Field& field, const std::string& path, const YamlNode& node) {
    if (node.kind == Kind::kNull && !blank_has_meaning(field)) return;
    if (!seen_.insert(field.path()).second) return fault(node, path, "given twice, under two names");
    if (const Fault f = std::visit(ReadValue{node, field.rules}, field.value); !f.empty()) {
      return fault(node, path, f);
    }
    provenance_.set(field.path(), source_);
    if (field.rules.no_effect && source_ == Source::kFile && says_something(field))
      warnings_.push_back(at(node, path) + ": has no effect in this version");
    if (!field.rules.waits_for.empty() && source_ == Source::kFile &&
        text_of(field) != value_text(Config(), field.path()))
      waiting_.push_back(field.path());
  }

  /// One line for all of them: a file that opens the power tools sets many.
  Status tell_of_waiting_keys() {
    if (!waiting_.empty()) {
      warnings_.push_back(fmt::format("{}: these keys have no effect yet, what they belong to is not offered: {}",
                                      file_, fmt::join(waiting_, ", ")));
    }
    return {};
  }

  /// The built-in value and the documented one are what everybody's file may say.
  static bool says_something(const Field& field) {
    const std::string value = text_of(field);
    return value != value_text(Config(), field.path()) && value != value_text(documented(), field.path());
  }

  const std::string& file_;
  const Source source_;
  std::vector<Field> fields_;
  Provenance& provenance_;
  std::vector<std::string>& warnings_;
  std::vector<std::string> faults_;
  std::vector<std::string> waiting_;  ///< keys with a value of their own whose tools are not offered yet
  std::set<std::string> seen_;
};

}  // namespace

std::string set_key(Config& config, std::string_view path, const std::string& text) {
  YamlNode node;
  node.kind = Kind::kScalar;
  node.text = text;
  for (Field& field : fields_of(config)) {
    if (field.path() == path) return std::visit(ReadValue{node, field.rules}, field.value);
  }
  return "unknown key";
}

Status read_yaml(std::string_view text, const std::string& file_name, Source source, Config& config,
                 Provenance& provenance, std::vector<std::string>& warnings) {
  const YamlNode root = PB_TRY(parse_yaml(text, file_name));
  return Reader(file_name, source, config, provenance, warnings).read(root);
}

}  // namespace patchbay::config
