#include <gtest/gtest.h>

#include <cctype>
#include <set>

#include "contract/tools/reference.h"
#include "patchbay/config/config.h"
#include "patchbay/tools/catalog.h"
#include "patchbay/tools/services.h"
#include "tools/order.h"

namespace patchbay::tools {
namespace {

using mcp::Mode;
using mcp::Scope;

/// One row of the public reference: what a tool is and who has it.
struct Row {
  const char* name;
  bool read_only, destructive, open_world, idempotent;
  const char* modes;  ///< letters of worker, standard, full, minimal
  Scope scope;
  const char* invoking;
  const char* invoked;
};

constexpr Row kRows[] = {
    {"codex_self_test", true, false, false, true, "WSFM", Scope::kRead, "Testing connector", "Connector tested"},
    {"codex_open_workspace", true, false, false, true, "WSFM", Scope::kRead, "Opening repository", "Repository ready"},
    {"codex_repo_tree", true, false, false, true, "WSF", Scope::kRead, "Listing files", "Files listed"},
    {"codex_read_file", true, false, false, true, "WSFM", Scope::kRead, "Reading a file", "File read"},
    {"codex_search_repo", true, false, false, true, "WSF", Scope::kRead, "Searching", "Search done"},
    {"codex_list_workspaces", true, false, false, true, "WSF", Scope::kRead, "Finding workspaces", "Workspaces found"},
    {"codex_git_status", true, false, false, true, "WSF", Scope::kRead, "Checking git state", "Git state read"},
    {"codex_git_diff", true, false, false, true, "WSF", Scope::kRead, "Comparing", "Diff read"},
    {"codex_show_changes", true, false, false, true, "WSFM", Scope::kRead, "Collecting changes", "Changes collected"},
    {"codex_plan_job", false, true, true, false, "SF", Scope::kWorker, "Launching Codex", "Codex launched"},
    {"codex_apply_job", false, true, true, false, "SF", Scope::kWorker, "Launching Codex", "Codex launched"},
    {"codex_get_status", true, false, false, true, "SF", Scope::kRead, "Polling job", "Job polled"},
    {"codex_get_result", true, false, false, true, "SF", Scope::kRead, "Collecting result", "Result collected"},
    {"codex_get_diff", true, false, false, true, "SF", Scope::kRead, "Collecting diff", "Diff collected"},
    {"codex_cancel_job", false, true, false, false, "SF", Scope::kWorker, "Stopping job", "Job stopped"},
    {"codex_tool_mode_info", true, false, false, true, "WSFM", Scope::kRead, "Comparing modes", "Modes compared"},
    {"codex_tool_mode_switch", false, false, false, false, "WSFM", Scope::kRead, "Changing mode", "Mode changed"},
    {"codex_worker_options", true, false, false, true, "WSF", Scope::kRead, "Loading choices", "Choices loaded"},
    {"codex_worker_start", false, false, true, false, "WSF", Scope::kWorker, "Hiring worker", "Worker hired"},
    {"codex_worker_message", false, false, true, false, "WSF", Scope::kWorker, "Briefing worker", "Worker briefed"},
    {"codex_worker_list", true, false, false, true, "WSF", Scope::kRead, "Listing workers", "Workers listed"},
    {"codex_worker_inspect", true, false, false, true, "WSF", Scope::kRead, "Asking worker", "Worker answered"},
    {"codex_worker_status", true, false, false, true, "WSF", Scope::kRead, "Checking workers", "Workers checked"},
    {"codex_worker_wait", true, false, false, true, "WSF", Scope::kRead, "Waiting for workers", "Workers checked"},
    {"codex_worker_integrate", false, true, false, false, "WSF", Scope::kIntegrate, "Applying result",
     "Result applied"},
    {"codex_worker_stop", false, true, false, false, "WSF", Scope::kWorker, "Stopping worker", "Worker stopped"},
};

class Catalogue : public testing::Test {
 protected:
  const mcp::Catalog::Entry& entry(const std::string& name) const {
    const mcp::Catalog::Entry* found = catalog->find(name);
    if (found == nullptr) throw std::runtime_error("no tool " + name);
    return *found;
  }

  std::unique_ptr<mcp::Catalog> catalog = reference::full_catalog();
};

TEST_F(Catalogue, ListsEveryToolInTheDeclaredOrderWithTheSelfTestFirst) {
  std::vector<std::string> expected;
  for (const Row& row : kRows) expected.emplace_back(row.name);
  EXPECT_EQ(catalog->names(Mode::kFull, Scope::kPower), expected);
  EXPECT_EQ(listing_order().size(), std::size(kRows));
}

TEST_F(Catalogue, AnnotationsModesScopesAndLabelsAreThoseOfTheReference) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.name);
    const Json& d = entry(row.name).descriptor;
    const Json& a = d["annotations"];
    EXPECT_EQ(a["readOnlyHint"], Json(row.read_only));
    EXPECT_EQ(a["destructiveHint"], Json(row.destructive));
    EXPECT_EQ(a["openWorldHint"], Json(row.open_world));
    EXPECT_EQ(a["idempotentHint"], Json(row.idempotent));
    EXPECT_EQ(d["_meta"]["openai/toolInvocation/invoking"], Json(row.invoking));
    EXPECT_EQ(d["_meta"]["openai/toolInvocation/invoked"], Json(row.invoked));

    const std::string_view modes = row.modes;
    const std::pair<char, Mode> letters[] = {
        {'W', Mode::kWorker}, {'S', Mode::kStandard}, {'F', Mode::kFull}, {'M', Mode::kMinimal}};
    for (const auto& [letter, mode] : letters) {
      EXPECT_EQ(catalog->visible(entry(row.name), mode, Scope::kPower), modes.find(letter) != modes.npos) << letter;
    }
    EXPECT_EQ(entry(row.name).tool.declaration.scope, row.scope);
  }
}

TEST_F(Catalogue, ModesHaveTheirNumbersOfTools) {
  EXPECT_EQ(catalog->size(Mode::kWorker, Scope::kPower), 20u);
  EXPECT_EQ(catalog->size(Mode::kStandard, Scope::kPower), 26u);
  EXPECT_EQ(catalog->size(Mode::kFull, Scope::kPower), 26u);
  EXPECT_EQ(catalog->size(Mode::kMinimal, Scope::kPower), 6u);
}

TEST_F(Catalogue, ATokenSeesOnlyWhatItsScopeMayCall) {
  const auto has = [&](Scope scope, const std::string& name) {
    const auto names = catalog->names(Mode::kFull, scope);
    return std::ranges::find(names, name) != names.end();
  };
  EXPECT_FALSE(has(Scope::kRead, "codex_worker_start"));
  EXPECT_TRUE(has(Scope::kRead, "codex_worker_inspect"));
  EXPECT_TRUE(has(Scope::kWorker, "codex_worker_start"));
  EXPECT_FALSE(has(Scope::kWorker, "codex_worker_integrate"));
  EXPECT_TRUE(has(Scope::kIntegrate, "codex_worker_integrate"));
}

TEST_F(Catalogue, TitlesFollowFromTheNames) {
  for (const mcp::Catalog::Entry& e : catalog->entries()) {
    std::string title = "Codex";
    bool first = true;
    for (const char c : e.name.substr(std::string("codex").size())) {
      title += c == '_' ? ' ' : first ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
      first = c == '_';
    }
    EXPECT_EQ(json::get_string(e.descriptor, "title"), title);
  }
}

TEST_F(Catalogue, DescriptionsAreShortAndSayWhatToDo) {
  for (const mcp::Catalog::Entry& e : catalog->entries()) {
    const std::string text = json::get_string(e.descriptor, "description");
    EXPECT_GE(text.size(), 40u) << e.name;
    EXPECT_LE(text.size(), 300u) << e.name;
  }
}

void expect_no_reference(const Json& value, const std::string& name) {
  if (value.is_object()) {
    EXPECT_FALSE(value.contains("$ref")) << name;
  }
  if (!value.is_structured()) return;
  for (const Json& item : value) expect_no_reference(item, name);
}

// T2: one tool with such a schema makes some hosts drop the whole list.
TEST_F(Catalogue, InputSchemasAreClosedObjectsWithoutAlternativesAtTheRoot) {
  for (const mcp::Catalog::Entry& e : catalog->entries()) {
    SCOPED_TRACE(e.name);
    const Json& input = e.descriptor["inputSchema"];
    EXPECT_EQ(json::get_string(input, "type"), "object");
    EXPECT_EQ(input["additionalProperties"], Json(false));
    for (const char* key : {"anyOf", "oneOf", "allOf", "not", "if", "$defs", "$ref"}) {
      EXPECT_FALSE(input.contains(key)) << key;
    }
    expect_no_reference(input, e.name);
  }
}

TEST_F(Catalogue, OutputSchemasAreOpenObjectsOfTopLevelMembers) {
  for (const mcp::Catalog::Entry& e : catalog->entries()) {
    SCOPED_TRACE(e.name);
    const Json& output = e.descriptor["outputSchema"];
    EXPECT_EQ(json::get_string(output, "type"), "object");
    EXPECT_EQ(output["additionalProperties"], Json(true));
    EXPECT_FALSE(output.contains("required"));
    EXPECT_FALSE(output["properties"].empty());
    for (const auto& [name, member] : output["properties"].items()) EXPECT_FALSE(member.contains("properties")) << name;
  }
}

// T10: these are explained once, in the instructions.
TEST_F(Catalogue, SharedArgumentsCarryNoDescription) {
  for (const mcp::Catalog::Entry& e : catalog->entries()) {
    for (const char* shared : {"repo_path", "handle", "request_key", "takeover", "takeover_reason"}) {
      const Json& properties = e.descriptor["inputSchema"]["properties"];
      if (properties.contains(shared)) {
        EXPECT_FALSE(properties[shared].contains("description")) << e.name;
      }
    }
  }
}

TEST_F(Catalogue, EveryToolTakesAHandleAndEveryMutatingToolARequestKey) {
  for (const mcp::Catalog::Entry& e : catalog->entries()) {
    const Json& properties = e.descriptor["inputSchema"]["properties"];
    EXPECT_TRUE(properties.contains("handle")) << e.name;
    const bool mutates = e.descriptor["annotations"]["readOnlyHint"] == Json(false);
    EXPECT_EQ(properties.contains("request_key"), mutates) << e.name;
  }
}

// B2: no client waits longer than this for one call.
TEST_F(Catalogue, WaitsAreCappedAt25Seconds) {
  const std::set<std::string> waiting = {"codex_get_status", "codex_get_result", "codex_worker_inspect",
                                         "codex_worker_status", "codex_worker_wait"};
  for (const mcp::Catalog::Entry& e : catalog->entries()) {
    const Json& properties = e.descriptor["inputSchema"]["properties"];
    EXPECT_EQ(properties.contains("wait_seconds"), waiting.contains(e.name)) << e.name;
    if (!properties.contains("wait_seconds")) continue;
    EXPECT_EQ(properties["wait_seconds"]["maximum"], Json(25)) << e.name;
    EXPECT_EQ(json::get_int(properties["wait_seconds"], "default"), e.name == "codex_worker_wait" ? 25 : 0) << e.name;
  }
}

TEST_F(Catalogue, RequiredArgumentsAreThoseOfTheReference) {
  const std::map<std::string, std::vector<std::string>> required = {
      {"codex_read_file", {"file_path"}},
      {"codex_search_repo", {"query"}},
      {"codex_plan_job", {"spec"}},
      {"codex_apply_job", {"spec"}},
      {"codex_get_status", {"job_id"}},
      {"codex_get_result", {"job_id"}},
      {"codex_get_diff", {"job_id", "file_path"}},
      {"codex_cancel_job", {"job_id"}},
      {"codex_tool_mode_switch", {"mode"}},
      {"codex_worker_start", {"name", "brief"}},
      {"codex_worker_message", {"worker", "message"}},
      {"codex_worker_inspect", {"worker"}},
      {"codex_worker_integrate", {"worker"}},
      {"codex_worker_stop", {"worker"}},
  };
  for (const mcp::Catalog::Entry& e : catalog->entries()) {
    const Json& input = e.descriptor["inputSchema"];
    const auto expected = required.find(e.name);
    const Json names = expected == required.end() ? Json::array() : Json(expected->second);
    EXPECT_EQ(input.value("required", Json::array()), names) << e.name;
  }
}

// Members that clients of the reference read.
TEST_F(Catalogue, OutputSchemasNameTheDocumentedMembers) {
  const std::map<std::string, std::vector<std::string>> members = {
      {"codex_open_workspace", {"workspace_id", "root", "git", "agents_files", "blocked_globs_count", "tree"}},
      {"codex_repo_tree", {"workspace_id", "path", "text", "entries", "truncated"}},
      {"codex_read_file",
       {"workspace_id", "path", "text", "start_line", "end_line", "total_lines", "bytes", "sha256", "truncated",
        "requested_end_line", "max_bytes_applied", "next_start_line"}},
      {"codex_search_repo",
       {"workspace_id", "text", "matches", "truncated", "used", "searched_path", "timed_out", "timeout_ms",
        "suggested_next"}},
      {"codex_list_workspaces", {"workspaces", "count", "truncated", "paths_returned"}},
      {"codex_git_status", {"workspace_id", "text", "status_short", "git"}},
      {"codex_git_diff",
       {"workspace_id", "path", "staged", "text", "diff", "additions", "deletions", "changed", "files_changed"}},
      {"codex_show_changes",
       {"workspace_id", "git", "status", "diff", "staged", "additions", "deletions", "changed", "files_changed",
        "text"}},
      {"codex_self_test", {"name", "ready", "connection", "auth", "power_tools", "checks"}},
      {"codex_tool_mode_info", {"current_mode", "available_modes", "modes", "chatgpt_refresh_note"}},
      {"codex_tool_mode_switch",
       {"previous_mode", "current_mode", "changed", "persisted_to_config", "chatgpt_refresh_note", "modes"}},
      {"codex_get_status", {"reference_id", "state", "mode", "started_at", "completed_at", "message"}},
      {"codex_worker_start", {"accepted", "worker_id", "next", "handle", "error_code"}},
      {"codex_worker_inspect", {"report", "can_apply", "preview_token", "next_cursor"}},
      {"codex_worker_integrate", {"applied", "error_code"}},
      {"codex_worker_stop", {"stopped", "workspace_cleaned"}},
      {"codex_get_diff", {"reference_id", "record_path", "delta_content"}},
      {"codex_worker_options", {"models", "source", "default_model", "reasoning_efforts"}},
  };
  for (const auto& [name, expected] : members) {
    for (const std::string& member : expected) {
      EXPECT_TRUE(entry(name).output_schema["properties"].contains(member)) << name << "." << member;
    }
  }
}

// T10, and room for the tools that are still to come.
TEST_F(Catalogue, ListsFitIntoTheirBudgets) {
  const std::size_t worker = catalog->model_bytes(Mode::kWorker, Scope::kPower);
  const std::size_t full = catalog->model_bytes(Mode::kFull, Scope::kPower);
  std::printf("model bytes: worker %zu, full %zu\n", worker, full);
  RecordProperty("worker_model_bytes", static_cast<int>(worker));
  RecordProperty("full_model_bytes", static_cast<int>(full));
  EXPECT_LE(worker, 24u << 10);
  EXPECT_LE(full, 64u << 10);
}

// SEC:X3: nothing from outside enters a descriptor, so two settings differ only in what they list.
TEST_F(Catalogue, DescriptorsDoNotDependOnTheSettings) {
  config::Config other;
  other.repositories.default_root = "/srv/hostile <b>repo</b>";
  other.security.max_read_bytes = 1;
  const auto built = mcp::Catalog::build(
      described_tools(),
      catalog_options(other, json::get_string(entry("codex_self_test").descriptor["_meta"]["ui"], "resourceUri")));
  ASSERT_TRUE(built.ok());
  EXPECT_EQ((*built)->version(), catalog->version());
}

TEST_F(Catalogue, WithoutCardsNoDescriptorMentionsOneAndLabelsStay) {
  const auto built = mcp::Catalog::build(described_tools(), catalog_options(config::documented(), ""));
  ASSERT_TRUE(built.ok());
  for (const mcp::Catalog::Entry& e : (*built)->entries()) {
    const Json& meta = e.descriptor["_meta"];
    EXPECT_FALSE(meta.contains("ui")) << e.name;
    EXPECT_FALSE(meta.contains("openai/outputTemplate")) << e.name;
    EXPECT_TRUE(meta.contains("openai/toolInvocation/invoking")) << e.name;
  }
}

}  // namespace
}  // namespace patchbay::tools
