#include "contract/tools/reference.h"

#include "patchbay/base/text.h"
#include "patchbay/config/config.h"
#include "patchbay/mcp/card.h"
#include "patchbay/tools/catalog.h"

namespace patchbay::reference {
namespace {

constexpr mcp::Mode kModes[] = {mcp::Mode::kWorker, mcp::Mode::kStandard, mcp::Mode::kFull, mcp::Mode::kMinimal};

std::string modes_text(const mcp::Declaration& d) {
  std::vector<std::string> modes;
  for (const mcp::Mode mode : kModes) {
    if ((d.modes & mcp::bit(mode)) != 0) modes.emplace_back(name_of(mode));
  }
  return fmt::format("{}", fmt::join(modes, ", "));
}

const char* gate_text(mcp::Gate gate) {
  switch (gate) {
    case mcp::Gate::kNone: return "none";
    case mcp::Gate::kDirectWrite: return "power_tools.direct_write";
    case mcp::Gate::kCommands: return "power_tools.bash_mode";
    case mcp::Gate::kSessionRead: return "power_tools.codex_session_read";
  }
  return "none";
}

std::string golden(const mcp::Catalog::Entry& entry) {
  const mcp::Declaration& d = entry.tool.declaration;
  return json::dump_pretty({{"modes", modes_text(d)},
                            {"scope", name_of(d.scope)},
                            {"gate", gate_text(d.gate)},
                            {"descriptor", entry.descriptor}}) +
         "\n";
}

std::string cell(std::string text) { return replace_all(std::move(text), "|", "\\|"); }

std::string type_of(const Json& schema) {
  const Json* type = json::find(schema, "type");
  if (type == nullptr) return "any";
  if (type->is_array()) return type->front().get<std::string>() + " or null";
  const std::string name = type->get<std::string>();
  if (name != "array") return name;
  const Json* items = json::find(schema, "items");
  return items == nullptr ? name : "array of " + type_of(*items);
}

std::string limits_of(const Json& schema) {
  std::vector<std::string> limits;
  if (const Json* values = json::find(schema, "enum")) {
    std::vector<std::string> words;
    for (const Json& v : *values) words.push_back("`" + v.get<std::string>() + "`");
    limits.push_back(fmt::format("{}", fmt::join(words, ", ")));
  }
  if (schema.contains("minimum")) {
    limits.push_back(fmt::format("{} to {}", json::dump(schema["minimum"]), json::dump(schema["maximum"])));
  }
  if (schema.contains("maxLength")) limits.push_back(fmt::format("at most {} bytes", json::dump(schema["maxLength"])));
  if (const Json* members = json::find(schema, "properties")) {
    std::vector<std::string> names;
    for (const auto& [name, member] : members->items()) names.push_back("`" + name + "`");
    limits.push_back(fmt::format("members {}", fmt::join(names, ", ")));
  }
  return fmt::format("{}", fmt::join(limits, "; "));
}

std::string default_of(const Json& schema) {
  return schema.contains("default") ? "`" + json::dump(schema["default"]) + "`" : "";
}

bool is_required(const Json& input, const std::string& name) {
  const Json* required = json::find(input, "required");
  return required != nullptr && std::ranges::find(*required, Json(name)) != required->end();
}

std::string arguments_table(const Json& input) {
  if (input["properties"].empty()) return "No arguments.\n";
  std::string out = "| Argument | Type | Default | Limits | Meaning |\n| --- | --- | --- | --- | --- |\n";
  for (const auto& [name, schema] : input["properties"].items()) {
    out += fmt::format("| `{}`{} | {} | {} | {} | {} |\n", name, is_required(input, name) ? " (required)" : "",
                       type_of(schema), default_of(schema), cell(limits_of(schema)),
                       cell(json::get_string(schema, "description")));
  }
  return out;
}

std::string members_list(const Json& output) {
  std::vector<std::string> members;
  for (const auto& [name, schema] : output["properties"].items()) {
    members.push_back(fmt::format("`{}` ({})", name, type_of(schema)));
  }
  return fmt::format("{}.\n", fmt::join(members, ", "));
}

std::string section(const mcp::Catalog::Entry& entry) {
  const mcp::Declaration& d = entry.tool.declaration;
  const Json& hints = entry.descriptor["annotations"];
  std::vector<std::string> traits;
  for (const auto& [name, value] : hints.items()) {
    if (value.is_boolean()) traits.push_back(fmt::format("{} {}", name, value.get<bool>() ? "yes" : "no"));
  }
  return fmt::format("\n## {}\n\n{}\n\nModes: {}. Token scope: {}. Gate: {}. {}.\n\n{}\nResult: {}", d.name,
                     d.description, modes_text(d), name_of(d.scope), gate_text(d.gate), fmt::join(traits, ", "),
                     arguments_table(entry.descriptor["inputSchema"]), members_list(entry.output_schema));
}

std::string tools_page(const mcp::Catalog& catalog) {
  std::string out =
      "# Tools\n\n"
      "Written by `scripts/write_reference` from the declarations in `src/tools`. Each tool in listing "
      "order.\n\n"
      "Arguments that several tools share: `repo_path` is the absolute path of a repository or of a folder "
      "in it, the\n"
      "default repository when absent; `handle` identifies the caller and comes from `codex_self_test`; "
      "`request_key`\n"
      "is any text of at most 64 characters, and the same call with the same key is carried out once; "
      "`takeover` and\n"
      "`takeover_reason` are the user's consent to change what another live conversation owns.\n\n"
      "The lists that clients get are shorter: they leave out limits that nobody meets and name only the members of a\n"
      "result that a model should know of beforehand.\n\n"
      "In arguments null means absent, whole numbers outside of their limits are moved into them and the "
      "result has\n"
      "`<name>_applied`, and unknown names are refused. Objects in results may gain members.\n\n"
      "| Mode | Tools |\n| --- | --- |\n";
  for (const mcp::Mode mode : kModes) {
    out += fmt::format("| {} | {} |\n", name_of(mode), catalog.size(mode, mcp::Scope::kPower));
  }
  for (const mcp::Catalog::Entry& entry : catalog.entries()) out += section(entry);
  return out;
}

std::string errors_page() {
  std::string out =
      "# Errors\n\n"
      "Written by `scripts/write_reference`. A failed tool call is a result with `isError` whose text ends "
      "with one JSON\n"
      "line `{\"error\": {\"code\", \"message\", \"retryable\", \"hint\", \"side_effects\"}}`. A refusal "
      "that callers are\n"
      "expected to branch on is an ordinary result with `error_code` and `retryable`. *Retry*: `no`; `fix`, "
      "with other\n"
      "arguments or after another call; `later`, unchanged. *Exit* is the status of an operator command.\n\n"
      "| Code | Retry | Exit | When | What to do |\n| --- | --- | --- | --- | --- |\n";
  for (int i = 0; i <= static_cast<int>(ErrorCode::kInternal); ++i) {
    const auto code = static_cast<ErrorCode>(i);
    const ErrorInfo& info = error_info(code);
    const char* retry = info.retry == Retry::kNo ? "no" : info.retry == Retry::kAfterFix ? "fix" : "later";
    const ErrorGuide guide = guide_of(code);
    out +=
        fmt::format("| `{}` | {} | {} | {} | {} |\n", info.name, retry, info.exit_code, guide.when, guide.what_to_do);
  }
  return out;
}

}  // namespace

std::unique_ptr<mcp::Catalog> full_catalog(tools::Schemas schemas) {
  auto catalog = mcp::Catalog::build(tools::described_tools(schemas),
                                     tools::catalog_options(config::documented(), std::string(mcp::card_uri())));
  if (!catalog.ok()) throw std::runtime_error(catalog.error().message);
  return std::move(catalog).value();
}

std::map<std::string, std::string> generated_files() {
  const auto listed = full_catalog(tools::Schemas::kListed);
  std::map<std::string, std::string> files;
  for (const mcp::Catalog::Entry& entry : listed->entries()) {
    files[fmt::format("{}/{}.json", kGoldenDir, entry.name)] = golden(entry);
  }
  files["docs/reference/tools.md"] = tools_page(*full_catalog(tools::Schemas::kComplete));
  files["docs/reference/errors.md"] = errors_page();
  files["docs/reference/configuration.md"] = config::reference_page();
  return files;
}

}  // namespace patchbay::reference
