#include "demo/final_message.h"

namespace patchbay::demo {
namespace {

Json known_members(const Report& r) {
  return {{"summary", r.summary},
          {"files_changed", r.files_changed},
          {"commands_run", r.commands_run},
          {"tests_run", r.tests_run},
          {"notes", r.notes},
          {"next_steps", r.next_steps},
          {"detailed_report", r.detailed_report},
          {"evidence", r.evidence},
          {"risks", r.risks},
          {"open_questions", r.open_questions}};
}

/// The emptiest value that fits the type of a member.
Json empty_value(const Json& schema) {
  if (const Json* values = json::find(schema, "enum"); values != nullptr && !values->empty()) return values->front();
  const Json* type = json::find(schema, "type");
  const std::string name = type == nullptr    ? "string"
                           : type->is_array() ? type->front().get<std::string>()
                                              : type->get<std::string>();
  if (name == "array") return Json::array();
  if (name == "object") return Json::object();
  if (name == "boolean") return false;
  if (name == "integer" || name == "number") return 0;
  if (name == "null") return nullptr;
  return "";
}

}  // namespace

std::string final_message(const Report& report, const Json& schema) {
  if (schema.is_null()) {
    return report.detailed_report.empty() ? report.summary : report.summary + "\n\n" + report.detailed_report;
  }
  const Json known = known_members(report);
  Json out = Json::object();
  const Json* properties = json::find(schema, "properties");
  if (properties != nullptr && properties->is_object()) {
    for (const auto& [name, member] : properties->items()) {
      const Json* value = json::find(known, name);
      out[name] = value != nullptr ? *value : empty_value(member);
    }
  }
  return json::dump(out);
}

}  // namespace patchbay::demo
