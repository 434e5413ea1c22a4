// ripgrep looks through all files with all its threads, in no order; the first hits in order of path and line
// are kept, and memory does not grow with the number of matches. A query that matches nearly everywhere is
// asked again with --sort path, one thread, where the first hits come first and the search can stop at them.

#include "patchbay/workspace/search.h"

#include <algorithm>

#include "file_scan.h"
#include "hit_list.h"
#include "hit_text.h"
#include "noise.h"
#include "patchbay/base/redact.h"
#include "patchbay/base/text.h"
#include "patchbay/os/file.h"
#include "patchbay/os/process.h"
#include "rg_process.h"
#include "search_cursor.h"

namespace patchbay::workspace {
namespace {

constexpr std::int64_t kDense = 20'000;  // matches at which the ordered search is the cheaper one
constexpr std::size_t kMaxWarnings = 5;
constexpr std::size_t kMaxWarning = 300;
constexpr std::size_t kMaxEngineMessage = 1000;
constexpr std::string_view kUtf16LeftOut = "files in UTF-16 were left out: only UTF-8 text can be shown";
constexpr std::string_view kBinaryLeftOut = "binary files were left out: only text is searched";

/// Where ripgrep runs and what it is told to search there.
struct Target {
  os::Fd directory;
  std::string prefix;    ///< of reported paths, raw; empty at the root
  std::string argument;  ///< "./" or "./name"
  std::string shown;
  bool utf16 = false, binary = false;  ///< of a file that was named
};

Result<Target> choose_target(const WorkspaceFs& fs, const std::string& path) {
  OpenedPath at = PB_TRY(fs.find(path));
  Target target;
  target.shown = display_safe(at.path);
  if (at.type == FileType::kDirectory) {
    target.prefix = at.path == "." ? "" : at.path;
    target.argument = "./";
    target.directory = std::move(at.fd);
    return target;
  }
  const OpenedPath file = PB_TRY(fs.open_file(path));  // refuses what is no regular file
  target.utf16 = is_utf16(file);
  const auto head = read_range(file.fd.get(), 0, kSniffBytes);
  target.binary = !target.utf16 && head && !refuse_binary(*head);
  std::string parent = os::parent_of(at.path);
  OpenedPath folder = PB_TRY(fs.open_listed_dir(parent.empty() ? "." : parent));
  target.prefix = std::move(parent);
  target.argument = "./" + os::base_name(at.path);
  target.directory = std::move(folder.fd);
  return target;
}

std::string escape_glob(std::string_view literal) {
  std::string out;
  for (const char c : literal) {
    if (std::string_view("*?[]{}\\!").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

/// Path of a protected file or folder below the searched directory, if it lies there by name.
std::optional<std::string> below_target(const WorkspaceFs& fs, const Target& target, const std::string& path) {
  const auto real = os::real_path(path);
  const std::string base = target.prefix.empty() ? fs.root() : os::join(fs.root(), target.prefix);
  if (!real || *real == base || !os::is_within(base, *real)) return std::nullopt;
  return real->substr(base == "/" ? 1 : base.size() + 1);
}

/// Plain names and extensions are one look-up for ripgrep; any other pattern is an expression that it tries
/// on every path. Files behind those are searched, and dropped by the check that every hit goes through.
bool is_cheap(std::string_view glob) {
  if (glob.starts_with("!*.")) glob.remove_prefix(3);
  return glob.find_first_of("*?[\\") == std::string_view::npos;
}

std::vector<std::string> make_argv(const WorkspaceFs& fs, const SearchRequest& request, const Target& target,
                                   const std::string& program, bool sorted) {
  std::vector<std::string> argv = {program, "--no-config", "--json", "--no-mmap"};
  if (!request.regex) argv.push_back("--fixed-strings");
  switch (request.case_mode) {
    case CaseMode::kSmart: argv.push_back("--smart-case"); break;
    case CaseMode::kSensitive: argv.push_back("--case-sensitive"); break;
    case CaseMode::kInsensitive: argv.push_back("--ignore-case"); break;
  }
  if (request.include_hidden) argv.push_back("--hidden");
  if (request.files_only) argv.push_back("--max-count=1");
  if (sorted) argv.push_back("--sort=path");
  if (!request.glob.empty()) argv.push_back("--glob=" + request.glob);
  // The later glob wins, so the caller's own cannot take these back. Hidden names are skipped anyway.
  const bool hidden_seen = request.include_hidden || !request.glob.empty();
  for (const std::string_view name : noise_directories()) {
    if (hidden_seen || !name.starts_with('.')) argv.push_back("--glob=!" + std::string(name) + "/");
  }
  for (const std::string& glob : fs.blocked_globs().ripgrep_globs()) {
    const bool hidden = glob.starts_with("!.") || glob.find("/.") != std::string::npos;
    if (is_cheap(glob) && (hidden_seen || !hidden)) argv.push_back("--glob=" + glob);
  }
  for (const std::string& path : fs.protected_paths().paths()) {
    if (const auto below = below_target(fs, target, path)) argv.push_back("--glob=!/" + escape_glob(*below));
  }
  argv.insert(argv.end(), {"-e", request.query, "--", target.argument});
  return argv;
}

Status check_query(const SearchRequest& request) {
  if (request.query.empty())
    return Error{ErrorCode::kQueryRequired, "The query is empty.", "Give a text to search for.", {}};
  for (const std::string* text : {&request.query, &request.glob}) {
    if (text->find('\0') != std::string::npos || !is_valid_utf8(*text)) {
      return Error{ErrorCode::kInvalidArgument, "The query is not valid UTF-8 text.", {}, {}};
    }
  }
  if (!request.regex && request.query.find('\n') != std::string::npos) {
    return Error{ErrorCode::kInvalidArgument,
                 "The query holds a line break; a search looks at single lines.",
                 "Search for one of the lines.",
                 {}};
  }
  return {};
}

/// What ripgrep refused before it searched anything, or nothing.
std::optional<Error> refusal_of(const RgRun& run, const SearchRequest& request) {
  if (run.end != RgEnd::kFinished || run.exit_code != 2) return std::nullopt;
  // Its advice names options that no caller can set.
  const std::string_view words = trim(std::string_view(run.errors).substr(0, run.errors.find("\n\nConsider enabling")));
  const std::string message = redact(display_safe(utf8_prefix(words, kMaxEngineMessage), true));
  if (message.find("error parsing glob") != std::string::npos) {
    return Error{ErrorCode::kInvalidArgument, "The glob cannot be read: " + message, "Give a simpler glob.", {}};
  }
  // Messages about files begin with the path that was searched.
  const bool about_a_file = message.starts_with("./") || message.find("IO error for operation on") != message.npos;
  if (about_a_file) return std::nullopt;
  if (request.regex) {
    const bool line_break = message.starts_with("the literal") && message.find("\\n") != message.npos;
    return Error{ErrorCode::kBadRegex,
                 message,
                 line_break ? "An expression matches within one line; leave the line break out."
                            : "Correct the expression, or search for literal text with regex=false.",
                 {}};
  }
  return Error{ErrorCode::kSearchFailed, "The search failed: " + message, {}, {}};
}

void add_warnings(const RgRun& run, SearchResult& result) {
  for (const std::string_view line : split(run.errors, '\n')) {
    if (trim(line).empty()) continue;
    if (result.warnings.size() == kMaxWarnings) {
      result.warnings.back() = "further files could not be searched";
      return;
    }
    result.warnings.push_back(redact(display_safe(utf8_prefix(trim(line), kMaxWarning))));
  }
}

/// Decides about each file with matches, and remembers whether it left out UTF-16.
struct Gate {
  const WorkspaceFs& fs;
  bool utf16 = false;

  bool lets_pass(const std::string& path) {
    const auto file = fs.open_reported_file(path);
    if (!file) return false;
    if (!is_utf16(*file)) return true;
    utf16 = true;
    return false;
  }
};

/// Turns kept positions into matches. The page ends at the last position looked at, shown or not.
void read_hits(const WorkspaceFs& fs, const SearchRequest& request, const HitList& hits, SearchResult& result) {
  HitPosition last;
  WorkspaceFs now = fs.at_this_moment();
  for (const auto& [path, positions] : hits.files()) {
    if (result.matches.size() >= request.max_results) break;
    now = now.at_this_moment();
    last = {path, positions.back().line};
    const auto file = now.open_reported_file(path);
    if (!file) continue;
    const HitReader reader(*file, request.files_only ? 0 : request.context_lines);
    for (const RgHit& hit : positions) {
      if (result.matches.size() >= request.max_results) break;
      last.line = hit.line;
      SearchMatch match;
      if (!request.files_only) {
        auto read = reader.read(hit, &result.redactions);
        if (!read) continue;
        match = std::move(*read);
      }
      match.path = display_safe(path);
      result.matches.push_back(std::move(match));
    }
  }
  result.truncated = hits.is_full();
  if (result.truncated) result.next_cursor = encode_search_cursor(fs, request, last);
}

}  // namespace

Result<SearchResult> search_text(const WorkspaceFs& fs, const SearchRequest& request, const CancelToken& cancel,
                                 const SearchEngine& engine) {
  PB_TRY(check_query(request));
  const auto after = PB_TRY(decode_search_cursor(fs, request));
  const Target target = PB_TRY(choose_target(fs, request.path));
  const MonoTime deadline = system_clock().mono() + request.timeout;

  HitList::Options options;
  options.capacity = request.max_results + 1;
  options.after = after;
  options.stop_above = kDense;
  Gate gate{fs};
  const HitList::Filter filter = [&gate](const std::string& path) { return gate.lets_pass(path); };
  auto hits = std::make_unique<HitList>(options, target.prefix, filter);
  const auto run_once = [&](bool sorted) {
    return run_ripgrep(make_argv(fs, request, target, engine.program, sorted), target.directory.get(), *hits, deadline,
                       cancel);
  };
  RgRun run = PB_TRY(run_once(false));
  if (run.end == RgEnd::kStopped) {
    options.sorted = true;
    options.stop_above = 0;
    gate.utf16 = false;
    hits = std::make_unique<HitList>(options, target.prefix, filter);
    run = PB_TRY(run_once(true));
  }
  if (run.end == RgEnd::kCancelled) return Error{ErrorCode::kCancelled, "The request was cancelled.", {}, {}};
  if (auto refused = refusal_of(run, request)) return *refused;
  hits->finish();

  SearchResult result;
  result.searched_path = target.shown;
  result.timeout = request.timeout;
  result.files_with_matches = hits->files_with_matches();
  if (gate.utf16 || target.utf16) result.warnings.emplace_back(kUtf16LeftOut);
  if (hits->saw_binary() || target.binary) result.warnings.emplace_back(kBinaryLeftOut);
  add_warnings(run, result);
  read_hits(fs, request, *hits, result);
  if (run.end == RgEnd::kFinished && !request.files_only) result.total_matches = hits->matches();
  if (run.end == RgEnd::kTimedOut) {
    result.timed_out = true;
    result.suggested_next = "Narrow the search with path or glob, or raise timeout_ms.";
  }
  return result;
}

}  // namespace patchbay::workspace
