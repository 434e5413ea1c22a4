#include "workers/file_view.h"

#include "patchbay/base/text.h"
#include "patchbay/workspace/text_file.h"
#include "patchbay/workspace/workspace_fs.h"
#include "workers/view.h"

namespace patchbay::workers {
namespace {

Result<workspace::WorkspaceFs> open_workspace(Core& self, const Worker& worker) {
  if (worker.isolated()) {
    return workspace::WorkspaceFs::open_own(worker.worktree(), self.blocked_in(worker.base_repo()),
                                            self.parts.roots.protected_paths());
  }
  const auto chosen = PB_TRY(self.parts.roots.choose(worker.base_repo()));
  return workspace::WorkspaceFs::open(self.parts.roots, chosen, self.parts.blocked);
}

}  // namespace

Result<FileFields> read_worker_file(Core& self, const Worker& worker, const InspectArgs& args) {
  FileFields f;
  f.source = worker.isolated() ? "worker_workspace" : "base_checkout";
  f.file_path = display_safe(args.file_path);
  const workspace::WorkspaceFs fs = PB_TRY(open_workspace(self, worker));

  workspace::PageRequest request;
  request.start_line = args.start_line.value_or(1);
  request.start_column = args.start_column.value_or(1);
  if (args.end_line) request.end_line = *args.end_line;
  request.max_bytes = std::min<std::int64_t>(args.max_bytes.value_or(static_cast<int>(self.options.page_bytes)),
                                             self.options.max_read_bytes);
  const auto page = workspace::read_text_page(fs, args.file_path, request);
  if (!page) {
    switch (page.error().code) {
      case ErrorCode::kNotFound: return f;
      case ErrorCode::kBinaryFile:
      case ErrorCode::kNotUtf8: f.exists = f.binary = true; return f;
      case ErrorCode::kFileTooLarge: f.exists = f.too_large = true; return f;
      default: return page.error();
    }
  }
  f.exists = true;
  f.text = codex::replace_paths(page->text, private_strings(self, worker).paths, "[workspace]");
  f.start_line = static_cast<int>(page->start_line);
  f.end_line = static_cast<int>(page->end_line);
  f.total_lines = page->total_lines;
  f.bytes = static_cast<std::int64_t>(page->bytes);
  f.sha256 = page->sha256;
  f.truncated = page->truncated;
  if (page->next_start_line) f.next_start_line = static_cast<int>(*page->next_start_line);
  f.next_column = page->next_column;
  return f;
}

}  // namespace patchbay::workers
