#include "patchbay/workspace/search.h"
#include "tools/calls.h"
#include "tools/place.h"
#include "tools/registry.h"

namespace patchbay::tools::search_repo {
namespace {

constexpr std::chrono::milliseconds kShortestSearch{1'000};

struct Args {
  std::string query;
  std::optional<std::string> repo_path;
  std::string path = ".", glob;
  bool regex = false, include_hidden = false, files_only = false;
  std::string letter_case = "sensitive";
  int context_lines = 0;
  std::optional<std::int64_t> max_results, timeout_ms;
  std::string cursor;

  template <class V>
  static void describe(V& v) {
    v.required("query", &Args::query, "", json::MaxLength{4096});
    v.optional("repo_path", &Args::repo_path, "", json::MaxLength{4096});
    v.optional("path", &Args::path, "", json::MaxLength{4096});
    v.optional("glob", &Args::glob, "Such as *.py or !docs/**.", json::MaxLength{4096});
    v.optional("regex", &Args::regex, "");
    v.optional("include_hidden", &Args::include_hidden, "");
    v.optional("case", &Args::letter_case, "", json::Choice{{"smart", "sensitive", "insensitive"}});
    v.optional("context_lines", &Args::context_lines, "", json::Range{0, 5});
    v.optional("files_only", &Args::files_only, "");
    v.optional("max_results", &Args::max_results, "", json::Range{1, 100'000});
    v.optional("timeout_ms", &Args::timeout_ms, "", json::Range{1'000, 40'000});
    v.optional("cursor", &Args::cursor, "", json::MaxLength{8192});
  }
};

struct Line {
  std::int64_t line = 0;
  std::string text;

  template <class V>
  static void describe(V& v) {
    v.field("line", &Line::line);
    v.field("text", &Line::text);
  }
};

struct Match {
  std::string path;
  std::optional<std::int64_t> line, column;
  std::optional<std::string> text;
  std::optional<bool> line_truncated;
  std::optional<std::vector<Line>> before, after;

  template <class V>
  static void describe(V& v) {
    v.field("path", &Match::path);
    v.optional("line", &Match::line, "");
    v.optional("column", &Match::column, "");
    v.optional("text", &Match::text, "");
    v.optional("line_truncated", &Match::line_truncated, "");
    v.optional("before", &Match::before, "");
    v.optional("after", &Match::after, "");
  }
};

struct Reply {
  std::string workspace_id, found;
  std::vector<Match> matches;
  bool truncated = false;
  std::string used = "ripgrep", searched_path;
  std::int64_t timeout_ms = 0;
  bool timed_out = false;
  std::int64_t files_with_matches = 0;
  std::optional<std::int64_t> total_matches;
  std::optional<std::string> next_cursor, suggested_next;
  std::optional<std::vector<std::string>> warnings;
  std::optional<std::int64_t> max_results_applied;
  std::optional<int> redactions;
  bool untrusted_content = true;
  std::string provenance = "workspace_search";

  template <class V>
  static void describe(V& v) {
    v.field("workspace_id", &Reply::workspace_id);
    v.field("text", &Reply::found);
    v.field("matches", &Reply::matches);
    v.field("truncated", &Reply::truncated);
    v.field("used", &Reply::used);
    v.field("searched_path", &Reply::searched_path);
    v.field("timeout_ms", &Reply::timeout_ms);
    v.field("timed_out", &Reply::timed_out);
    v.field("files_with_matches", &Reply::files_with_matches);
    v.field("total_matches", &Reply::total_matches);
    v.optional("next_cursor", &Reply::next_cursor, "");
    v.optional("suggested_next", &Reply::suggested_next, "");
    v.optional("warnings", &Reply::warnings, "");
    v.optional("max_results_applied", &Reply::max_results_applied, "");
    v.optional("redactions", &Reply::redactions, "");
    v.field("untrusted_content", &Reply::untrusted_content);
    v.field("provenance", &Reply::provenance);
  }
  std::string text() const { return found; }
};

std::vector<Line> lines_of(const std::vector<workspace::SearchLine>& lines) {
  std::vector<Line> out;
  for (const workspace::SearchLine& l : lines) out.push_back({l.line, l.text});
  return out;
}

Match match_of(const workspace::SearchMatch& found, const Args& args) {
  Match m;
  m.path = found.path;
  if (args.files_only) return m;
  m.line = found.line;
  m.column = found.column;
  m.text = found.text;
  if (found.line_truncated) m.line_truncated = true;
  if (args.context_lines > 0) {
    m.before = lines_of(found.before);
    m.after = lines_of(found.after);
  }
  return m;
}

/// "path:line: text", context as "path-line- text", groups apart.
std::string text_of(const workspace::SearchResult& result, const Args& args) {
  if (result.matches.empty() && !result.next_cursor) {
    return result.timed_out ? "No match before the time was over." : "No match.";
  }
  std::string out;
  for (const workspace::SearchMatch& m : result.matches) {
    if (args.files_only) {
      out += m.path + "\n";
      continue;
    }
    for (const workspace::SearchLine& l : m.before) out += fmt::format("{}-{}- {}\n", m.path, l.line, l.text);
    out += fmt::format("{}:{}: {}\n", m.path, m.line, m.text);
    for (const workspace::SearchLine& l : m.after) out += fmt::format("{}-{}- {}\n", m.path, l.line, l.text);
    if (args.context_lines > 0) out += "--\n";
  }
  if (result.timed_out) out += "[the time was over before everything was searched]\n";
  if (result.next_cursor) out += "[more matches: continue with cursor=" + *result.next_cursor + "]\n";
  out.pop_back();
  return out;
}

Result<Reply> search_repo(Services& services, mcp::Call& call, const Args& args) {
  const Place place = PB_TRY(open_place(services, args.repo_path));
  const config::Security& limits = services.launch.config.security;
  const std::int64_t results = capped(args.max_results, limits.max_search_results, limits.max_search_results);
  const auto asked =
      std::chrono::milliseconds(capped(args.timeout_ms, limits.search_timeout_ms, limits.max_search_timeout_ms));
  const auto room =
      std::chrono::duration_cast<std::chrono::milliseconds>(call.deadline() - kAnswerTime - services.clock.mono());
  workspace::SearchRequest request;
  request.query = args.query;
  request.path = args.path;
  request.glob = args.glob;
  request.regex = args.regex;
  request.include_hidden = args.include_hidden;
  request.case_mode = args.letter_case == "smart"         ? workspace::CaseMode::kSmart
                      : args.letter_case == "insensitive" ? workspace::CaseMode::kInsensitive
                                                          : workspace::CaseMode::kSensitive;
  request.context_lines = args.context_lines;
  request.files_only = args.files_only;
  request.max_results = static_cast<std::size_t>(results);
  request.timeout = std::max(std::min(asked, room), kShortestSearch);
  request.cursor = args.cursor;
  const workspace::SearchResult result = PB_TRY(workspace::search_text(place.fs, request, call.cancel()));

  Reply reply;
  reply.workspace_id = place.workspace.id;
  reply.found = text_of(result, args);
  for (const workspace::SearchMatch& m : result.matches) reply.matches.push_back(match_of(m, args));
  reply.truncated = result.truncated;
  reply.searched_path = result.searched_path;
  reply.timeout_ms = result.timeout.count();
  reply.timed_out = result.timed_out;
  reply.files_with_matches = result.files_with_matches;
  reply.total_matches = result.total_matches;
  reply.next_cursor = result.next_cursor;
  if (!result.suggested_next.empty()) reply.suggested_next = result.suggested_next;
  if (!result.warnings.empty()) reply.warnings = result.warnings;
  reply.max_results_applied = if_changed(args.max_results, results);
  if (result.redactions > 0) reply.redactions = result.redactions;
  return reply;
}

mcp::Declaration declaration() {
  return {
      .name = "codex_search_repo",
      .title = "Codex Search Repo",
      .description = "Search the text of the base checkout: literal unless regex. Honours ignore files.",
      .effect = mcp::Effect::kReads,
      .world = mcp::World::kClosed,
      .repeat = mcp::Repeat::kIdempotent,
      .modes = mcp::kNotMinimal,
      .gate = mcp::Gate::kNone,
      .scope = mcp::Scope::kRead,
      .invoking = "Searching",
      .invoked = "Search done",
      .takes_handle = true,
      .takes_request_key = false,
  };
}

const Register kTool{&declaration,
                     &search_repo,
                     {"workspace_id", "text", "matches", "truncated", "used", "searched_path", "timed_out",
                      "timeout_ms", "suggested_next", "next_cursor"}};

}  // namespace
}  // namespace patchbay::tools::search_repo
