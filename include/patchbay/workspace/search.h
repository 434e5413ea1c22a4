#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "patchbay/base/cancel.h"
#include "patchbay/base/result.h"
#include "patchbay/workspace/workspace_fs.h"

namespace patchbay::workspace {

enum class CaseMode { kSmart, kSensitive, kInsensitive };

struct SearchRequest {
  std::string query;
  std::string path = ".";  ///< directory or file
  std::string glob = {};   ///< ripgrep glob, may begin with '!'
  bool regex = false;
  bool include_hidden = false;
  CaseMode case_mode = CaseMode::kSensitive;
  int context_lines = 0;  ///< 0..5
  bool files_only = false;
  std::size_t max_results = 100;              ///< `security.max_search_results`; matches, or files with files_only
  std::chrono::milliseconds timeout{10'000};  ///< `security.search_timeout_ms`
  std::string cursor = {};                    ///< next_cursor of the page before
};

struct SearchLine {
  std::int64_t line = 0;
  std::string text;
};

struct SearchMatch {
  std::string path;         ///< relative, as shown
  std::int64_t line = 0;    ///< from 1; 0 with files_only
  std::int64_t column = 0;  ///< byte of the first hit in the line, from 1
  std::string text;         ///< redacted; at most 500 characters around the first hit
  bool line_truncated = false;
  std::vector<SearchLine> before = {}, after = {};  ///< context, redacted, windowed alike
};

/// Matches sorted by path (component by component), then line (tools.md 11.6).
struct SearchResult {
  std::string searched_path;  ///< relative, as shown
  std::vector<SearchMatch> matches;
  bool truncated = false;                     ///< more matches exist than are listed
  bool timed_out = false;                     ///< the list is what was found until then
  std::int64_t files_with_matches = 0;        ///< among those looked at
  std::optional<std::int64_t> total_matches;  ///< matching lines; absent when the search stopped early
  std::optional<std::string> next_cursor;
  std::vector<std::string> warnings;  ///< unreadable files and the like, at most 5
  std::string suggested_next;         ///< after a timeout
  std::chrono::milliseconds timeout{0};
  int redactions = 0;
};

/// The search engine: the ripgrep program, found on PATH (or named for tests).
struct SearchEngine {
  std::string program = "rg";
};

/// Searches text. kQueryRequired, kBadRegex (with the engine's words), kSearchFailed (no ripgrep, or it
/// failed before any match), kInvalidArgument (bad glob or cursor), kCancelled, and those of WorkspaceFs for
/// the path.
///
/// No part of the query reaches an option position (SEC:C1). Every hit is checked again: its path by the path
/// guard, its bytes against the file that the guard opened (SEC:P3).
Result<SearchResult> search_text(const WorkspaceFs& fs, const SearchRequest& request, const CancelToken& cancel = {},
                                 const SearchEngine& engine = {});

}  // namespace patchbay::workspace
