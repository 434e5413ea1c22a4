#include "config/dump.h"
#include "config/fields.h"
#include "patchbay/base/text.h"
#include "patchbay/config/config.h"

namespace patchbay::config {
namespace {

struct TypeName {
  std::string operator()(const bool*) const { return "true or false"; }
  std::string operator()(const std::int64_t*) const { return "whole number"; }
  std::string operator()(const double*) const { return "number"; }
  std::string operator()(const std::string*) const { return "text"; }
  std::string operator()(const std::optional<std::string>*) const { return "text"; }
  std::string operator()(const std::vector<std::string>*) const { return "list of texts"; }
  std::string operator()(const std::optional<std::vector<std::string>>*) const { return "list of texts"; }
  std::string operator()(const std::vector<RepositoryAlias>*) const { return "list of objects"; }
  std::string operator()(const EnumRef& e) const { return fmt::format("{}", fmt::join(e.words, ", ")); }
};

std::string type_text(const Field& field) {
  std::string text = std::visit(TypeName{}, field.value);
  if (field.rules.range)
    text += fmt::format(", {} to {}", number_text(field.rules.range->min), number_text(field.rules.range->max));
  return text;
}

std::string cell(std::string text) {
  if (text.empty()) return "–";
  return "`" + replace_all(std::move(text), "|", "\\|") + "`";
}

std::string row(const Field& built_in, const Field& shipped) {
  std::string about(built_in.about);
  if (!built_in.rules.other_name.empty()) about += fmt::format(" Also `{}`.", built_in.rules.other_name);
  if (built_in.rules.no_effect) about += " Has no effect in this version.";
  if (!built_in.rules.waits_for.empty()) about += fmt::format(" Has no effect yet: {}.", built_in.rules.waits_for);
  const std::string a = text_of(built_in), b = text_of(shipped);
  return fmt::format("| `{}` | {} | {} | {} | {} |\n", built_in.key, type_text(built_in), cell(a),
                     a == b ? "same" : cell(b), replace_all(std::move(about), "|", "\\|"));
}

}  // namespace

std::string reference_page() {
  Config narrow, wide = documented();
  const std::vector<Field> built_in = fields_of(narrow), shipped = fields_of(wide);
  std::string out =
      "# Configuration\n\n"
      "Every key of the settings file. *Built in* is the value without a file (posture `narrow`); *shipped* "
      "is the\n"
      "value of the distributed `config.yaml` (posture `documented`), which applies only when it is named. A "
      "key\n"
      "without a value counts as absent.\n\n"
      "The file is looked up as `--config`, `PATCHBAY_CONFIG`, `<home>/config.yaml`. Flags win over the\n"
      "environment, the environment over the profile of the workspace (what `patchbay start --save-profile` kept;\n"
      "`start` alone reads it), the profile over the file, the file over the built-in values.\n\n"
      "The file is strict YAML: one document without anchors, aliases, tags, merge keys or duplicate keys, at most\n"
      "256 KiB. A wrong type, a value out of range and an unknown key under `auth`, `repositories` or `security`\n"
      "stop the start with exit code 78; any other unknown key is a warning.\n";
  for (const Section& section : sections()) {
    out +=
        fmt::format("\n## {}\n\n{}\n\n| Key | Type | Built in | Shipped | Meaning |\n| --- | --- | --- | --- | --- |\n",
                    section.name, section.about);
    for (std::size_t i = 0; i < built_in.size(); ++i) {
      if (built_in[i].section == section.name) out += row(built_in[i], shipped[i]);
    }
  }
  return out;
}

}  // namespace patchbay::config
