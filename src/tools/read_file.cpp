#include "patchbay/workspace/text_file.h"
#include "tools/place.h"
#include "tools/registry.h"

namespace patchbay::tools::read_file {
namespace {

struct Args {
  std::string file_path;
  std::optional<std::string> repo_path;
  std::int64_t start_line = 1;
  std::optional<std::int64_t> end_line;
  std::int64_t start_column = 1;
  std::optional<std::int64_t> tail, max_bytes;
  bool numbered = true;

  template <class V>
  static void describe(V& v) {
    constexpr json::Range kLines{1, 2'000'000'000};
    v.required("file_path", &Args::file_path, "", json::MaxLength{4096});
    v.optional("repo_path", &Args::repo_path, "", json::MaxLength{4096});
    v.optional("start_line", &Args::start_line, "", kLines);
    v.optional("end_line", &Args::end_line, "", kLines);
    v.optional("start_column", &Args::start_column, "In a very long line.", json::Range{1, 1'000'000'000'000});
    v.optional("tail", &Args::tail, "Last lines.", kLines);
    v.optional("max_bytes", &Args::max_bytes, "", json::Range{1, 100'000'000});
    v.optional("numbered", &Args::numbered, "");
  }
};

struct Reply {
  std::string workspace_id;
  std::string path, page_text;
  std::int64_t start_line = 1, end_line = 0;
  std::optional<std::int64_t> requested_end_line, total_lines;
  bool total_lines_exact = true;
  std::int64_t bytes = 0;
  std::optional<std::string> sha256;
  bool truncated = false, eof = false;
  std::int64_t max_bytes_applied = 0;
  std::optional<std::int64_t> next_start_line, next_column;
  bool line_truncated = false;
  std::string eol;
  bool bom = false;
  double mtime = 0;
  std::optional<std::int64_t> redactions;
  std::optional<std::vector<std::int64_t>> redacted_lines;
  bool untrusted_content = true;
  std::string provenance = "workspace_file";

  template <class V>
  static void describe(V& v) {
    v.field("workspace_id", &Reply::workspace_id);
    v.field("path", &Reply::path);
    v.field("text", &Reply::page_text);
    v.field("start_line", &Reply::start_line);
    v.field("end_line", &Reply::end_line);
    v.optional("requested_end_line", &Reply::requested_end_line, "");
    v.field("total_lines", &Reply::total_lines);
    v.field("total_lines_exact", &Reply::total_lines_exact);
    v.field("bytes", &Reply::bytes);
    v.field("sha256", &Reply::sha256);
    v.field("truncated", &Reply::truncated);
    v.field("eof", &Reply::eof);
    v.field("max_bytes_applied", &Reply::max_bytes_applied);
    v.optional("next_start_line", &Reply::next_start_line, "");
    v.optional("next_column", &Reply::next_column, "");
    v.field("line_truncated", &Reply::line_truncated);
    v.field("eol", &Reply::eol);
    v.field("bom", &Reply::bom);
    v.field("mtime", &Reply::mtime);
    v.optional("redactions", &Reply::redactions, "");
    v.optional("redacted_lines", &Reply::redacted_lines, "");
    v.field("untrusted_content", &Reply::untrusted_content);
    v.field("provenance", &Reply::provenance);
  }
  std::string text() const {
    if (!next_start_line) return page_text;
    const std::string column = next_column ? fmt::format(", start_column={}", *next_column) : "";
    const std::string total = total_lines ? fmt::format("of {} ", *total_lines) : "";
    const std::string more = fmt::format("\n[lines {}-{} {}shown; continue with start_line={}{}]", start_line, end_line,
                                         total, *next_start_line, column);
    std::string told;
    told.reserve(page_text.size() + more.size());
    return told.append(page_text).append(more);
  }
};

/// Whoever looks for a worker's file in the checkout is told where it is.
Error with_holders(const Services& services, const Place& place, const std::string& file_path, Error error) {
  if (error.code != ErrorCode::kNotFound) return error;
  const auto holders = services.workers.holders_of(place.workspace.path, file_path);
  if (holders.empty()) return error;
  error.hint = fmt::format(
      "This reads the base checkout only. Worker {} has such a file: call codex_worker_inspect "
      "with view file and this file_path.",
      fmt::join(holders, ", "));
  return error;
}

Reply reply_of(std::string workspace_id, workspace::TextPage page) {
  Reply r;
  r.workspace_id = std::move(workspace_id);
  r.path = std::move(page.path);
  r.page_text = std::move(page.text);
  r.start_line = page.start_line;
  r.end_line = page.end_line;
  r.requested_end_line = page.requested_end_line;
  r.total_lines = page.total_lines;
  r.total_lines_exact = page.total_lines_exact;
  r.bytes = static_cast<std::int64_t>(page.bytes);
  r.sha256 = std::move(page.sha256);
  r.truncated = page.truncated;
  r.eof = page.eof;
  r.max_bytes_applied = page.max_bytes_applied;
  r.next_start_line = page.next_start_line;
  r.next_column = page.next_column;
  r.line_truncated = page.line_truncated;
  r.eol = std::string(name_of(page.eol));
  r.bom = page.bom;
  r.mtime = page.mtime;
  if (page.redactions > 0) {
    r.redactions = page.redactions;
    r.redacted_lines = std::move(page.redacted_lines);
  }
  return r;
}

Result<Reply> read_file(Services& services, mcp::Call& call, const Args& args) {
  const Place place = PB_TRY(open_place(services, args.repo_path));
  const config::Config& config = services.launch.config;
  workspace::PageRequest request;
  request.start_line = args.start_line;
  request.end_line = args.end_line;
  request.start_column = args.start_column;
  request.tail = args.tail;
  request.max_bytes = capped(args.max_bytes, config.mcp.page_bytes, config.security.max_read_bytes);
  request.numbered = args.numbered;
  auto page = workspace::read_text_page(place.fs, args.file_path, request, call.cancel());
  if (!page.ok()) return with_holders(services, place, args.file_path, std::move(page).error());
  return reply_of(place.workspace.id, std::move(*page));
}

mcp::Declaration declaration() {
  return {
      .name = "codex_read_file",
      .title = "Codex Read File",
      .description =
          "Read a page of one text file of the base checkout; go on with next_start_line. A worker's files: "
          "codex_worker_inspect.",
      .effect = mcp::Effect::kReads,
      .world = mcp::World::kClosed,
      .repeat = mcp::Repeat::kIdempotent,
      .modes = mcp::kAllModes,
      .gate = mcp::Gate::kNone,
      .scope = mcp::Scope::kRead,
      .invoking = "Reading a file",
      .invoked = "File read",
      .takes_handle = true,
      .takes_request_key = false,
  };
}

const Register kTool{&declaration,
                     &read_file,
                     {"workspace_id", "path", "text", "start_line", "end_line", "total_lines", "bytes", "sha256",
                      "truncated", "requested_end_line", "max_bytes_applied", "next_start_line"}};

}  // namespace
}  // namespace patchbay::tools::read_file
