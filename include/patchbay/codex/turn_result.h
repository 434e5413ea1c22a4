#pragma once

#include <string>
#include <string_view>

#include "patchbay/json/json.h"

/// The report of a turn as a JSON object, wherever it was found.
namespace patchbay::codex {

/// Where a report came from: the value of its `result_source` member.
enum class ResultSource { kAgentMessage, kResultEvent, kSessionTaskComplete, kLastMessageFile, kStdoutPreview };

/// JSON Schema (draft-07) of a report: a closed object, every member required.
const Json& output_schema();
/// True when `report` fits `output_schema()` exactly.
bool matches_output_schema(const Json& report);

/// The report in a final message: the object it spells, else `{summary, files_changed: []}`. Members that are
/// ours to set (metadata, names beginning with `_`) are dropped from what the agent wrote. `text` is already
/// redacted.
///
/// `structured` false keeps the text as it is under `summary`, with `raw_output: true`.
Json report_from_text(std::string_view text, ResultSource source, bool structured, bool turn_completed_seen);
/// The same for an object that is already one.
Json report_from_object(const Json& object, ResultSource source, bool turn_completed_seen);
/// What stands in when there is no report: says so, and shows the last lines (agent text and errors first).
Json report_from_stdout(std::string_view stdout_tail, bool turn_completed_seen);

/// Removes what a message of the program should not show to a client: addresses, request ids, absolute paths,
/// back traces. One line, at most `max_bytes`.
std::string public_message(std::string_view text, std::size_t max_bytes = 500);

}  // namespace patchbay::codex
