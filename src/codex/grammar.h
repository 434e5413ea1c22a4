#pragma once

#include <string_view>

/// What values of a request may look like before they reach a command line (SEC:C2). None of these can begin
/// with a dash, hold white space or a control character.
namespace patchbay::codex {

/// A feature name: `[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}`.
bool is_feature_name(std::string_view text);
/// A profile names a file `<name>.config.toml` in the Codex home, so it may hold no slash:
/// `[A-Za-z0-9][A-Za-z0-9._-]{0,127}`.
bool is_profile_name(std::string_view text);
/// A reasoning effort: letters, digits, `_` and `-`, at most 32, beginning with a letter.
bool is_effort_name(std::string_view text);
bool is_sandbox_mode(std::string_view text);
bool has_control_character(std::string_view text);

/// How much a sandbox mode lets a turn do: 0 read-only, 1 workspace-write, 2 everything (also for unknown
/// words).
int sandbox_width(std::string_view mode);

}  // namespace patchbay::codex
