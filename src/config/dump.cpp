#include "config/dump.h"

#include <cmath>

#include "config/fields.h"
#include "patchbay/json/json.h"

namespace patchbay::config {
namespace {

/// A JSON string is a YAML double-quoted text; our reader refuses the few characters where they differ.
std::string in_quotes(std::string_view text) { return json::dump(Json(std::string(text))); }

std::string list_text(const std::vector<std::string>& items) {
  std::vector<std::string> out;
  for (const std::string& item : items) out.push_back(in_quotes(item));
  return fmt::format("[{}]", fmt::join(out, ", "));
}

std::string alias_text(const RepositoryAlias& a) {
  return fmt::format("{{canonical: {}, local: {}, description: {}}}", in_quotes(a.canonical), in_quotes(a.local),
                     in_quotes(a.description));
}

struct Show {
  std::string operator()(const bool* v) const { return *v ? "true" : "false"; }
  std::string operator()(const std::int64_t* v) const { return fmt::format("{}", *v); }
  std::string operator()(const double* v) const { return number_text(*v); }
  std::string operator()(const std::string* v) const { return in_quotes(*v); }
  std::string operator()(const std::vector<std::string>* v) const { return list_text(*v); }
  std::string operator()(const std::optional<std::string>* v) const { return *v ? in_quotes(**v) : std::string(); }
  std::string operator()(const std::optional<std::vector<std::string>>* v) const {
    return *v ? list_text(**v) : std::string();
  }
  std::string operator()(const std::vector<RepositoryAlias>* v) const {
    std::vector<std::string> out;
    for (const RepositoryAlias& a : *v) out.push_back(alias_text(a));
    return fmt::format("[{}]", fmt::join(out, ", "));
  }
  std::string operator()(const EnumRef& e) const { return e.get(); }
};

}  // namespace

std::string number_text(double v) {
  return v == std::floor(v) && std::abs(v) < 1e15 ? fmt::format("{}", static_cast<std::int64_t>(v))
                                                  : fmt::format("{}", v);
}

std::string text_of(const Field& field) { return std::visit(Show{}, field.value); }

std::string value_text(const Config& config, const std::string& key) {
  Config copy = config;
  for (const Field& field : fields_of(copy)) {
    if (field.path() == key) return text_of(field);
  }
  return {};
}

std::string dump_yaml(const Config& config, const Provenance& provenance) {
  Config copy = config;
  const std::vector<Field> fields = fields_of(copy);
  std::string out;
  for (const Section& section : sections()) {
    out += fmt::format("{}:\n", section.name);
    for (const Field& field : fields) {
      if (field.section != section.name) continue;
      const std::string value = text_of(field);
      const std::string_view source = name_of(provenance.of(field.path()));
      if (value.empty()) {
        // Absent is not the same as blank, so the key itself stays out.
        out += fmt::format("  # {}: not set ({})\n", field.key, source);
      } else {
        out += fmt::format("  {}: {}  # {}\n", field.key, value, source);
      }
    }
  }
  return out;
}

}  // namespace patchbay::config
