#include "patchbay/base/text.h"
#include "patchbay/workers/public_text.h"
#include "patchbay/workspace/workspace_fs.h"
#include "workers/changes.h"
#include "workers/core.h"
#include "workers/file_view.h"
#include "workers/preview.h"
#include "workers/recovery.h"
#include "workers/view.h"

namespace patchbay::workers {
namespace {

constexpr std::size_t kMaxListed = 500;
constexpr std::size_t kCompactReport = 2'000;
constexpr std::size_t kDiagnosedTurns = 20;

/// The path as a tree names it. Names are accepted as they are shown, with bytes that are not UTF-8 as \xNN.
Result<std::string> tree_path(const std::string& asked) {
  const std::string text = workspace::unescape_shown_name(asked).value_or(asked);
  std::vector<std::string_view> parts;
  bool outside = text.starts_with('/');
  for (const std::string_view part : split(text, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (parts.empty()) {
      outside = true;
    } else {
      parts.pop_back();
    }
  }
  if (!outside) return fmt::format("{}", fmt::join(parts, "/"));
  return Error{
      ErrorCode::kPathEscapesWorkspace, "file_path leads out of the workspace.", "Take a path from view changes.", {}};
}

class Inspector {
 public:
  Inspector(Core& self, const Actor& actor, const InspectArgs& args) : self_(self), actor_(actor), args_(args) {}

  Result<InspectReply> run(const CallContext& call) {
    worker_ = PB_TRY(self_.resolve(args_.worker, args_.repo_path));
    const auto root = self_.choose_root(worker_->base_repo());
    // What a worker has reported outlives its repository.
    const bool from_records = args_.view == "report" || args_.view == "status";
    if (!root && !(from_records && root.error().code == ErrorCode::kWorkspaceMissing)) return root.error();
    if (args_.wait_seconds > 0) {
      self_.wait_for_end(worker_->id(), args_.wait_seconds, call);
      worker_ = self_.directory.by_id(worker_->id());
      reply_.wait_seconds_applied = args_.wait_seconds;
    }
    reply_.view = args_.view;
    reply_.worker = make_view(self_, actor_, *worker_, args_.compact ? Detail::kBrief : Detail::kFull);
    if (args_.view == "status") reply_.worker.report.clear();
    if (args_.compact) shorten_report();
    if (args_.diagnostics) reply_.diagnostics = diagnostics();
    count_redactions(reply_.worker.report);
    if (args_.view == "changes") PB_TRY(changes());
    if (args_.view == "diff") PB_TRY(diff());
    if (args_.view == "file") PB_TRY(file());
    if (args_.view == "integration_preview") PB_TRY(preview());
    return std::move(reply_);
  }

 private:
  void count_redactions(std::string_view text) {
    if (const int n = redactions_in(text); n > 0) reply_.redactions = reply_.redactions.value_or(0) + n;
  }

  void shorten_report() {
    std::string& report = reply_.worker.report;
    if (report.size() <= kCompactReport) return;
    report = std::string(utf8_prefix(report, kCompactReport)) + "\n[shortened; ask without compact for all of it]";
  }

  /// How each turn ended, in the words of the records.
  Json diagnostics() const {
    Json turns = Json::array();
    const auto& all = worker_->turns();
    for (std::size_t i = all.size() - std::min(all.size(), kDiagnosedTurns); i < all.size(); ++i) {
      const jobs::JobRecord& job = *all[i];
      const Json* why = json::find(job.result, "failure_diagnostic");
      turns.push_back({{"number", i + 1},
                       {"state", std::string(jobs::name_of(job.state))},
                       {"ended_by", job.terminal_source.empty() ? Json(nullptr) : Json(job.terminal_source)},
                       {"error_code", job.error_code.empty() ? Json(nullptr) : Json(job.error_code)},
                       {"exit_code", job.exit_code ? Json(*job.exit_code) : Json(nullptr)},
                       {"failure", why == nullptr ? Json(nullptr) : Json(json::get_string(*why, "category"))},
                       {"cleanup", job.cleanup.empty() ? Json(nullptr) : Json(job.cleanup)}});
    }
    return {{"turn_count", all.size()}, {"turns", std::move(turns)}};
  }

  /// Views of a workspace that is not the worker's own, or is gone, are empty with a note.
  bool no_own_workspace() {
    if (!worker_->isolated()) {
      reply_.refusal.note = "This worker has no workspace of its own; look at the checkout with codex_show_changes.";
      return true;
    }
    if (!self_.workspace_available(*worker_)) {
      reply_.refusal.note = "The worker's workspace is gone.";
      return true;
    }
    return false;
  }

  Status need_file_path() const {
    if (!args_.file_path.empty()) return {};
    return Error{
        ErrorCode::kMissingArgument, "view " + args_.view + " needs file_path.", "Take a path from view changes.", {}};
  }

  void note_changes(std::size_t count) {
    reply_.worker.changes_checked = true;
    reply_.worker.has_changes = count > 0;
    if (count > 0 && reply_.worker.integration_state == "applied_to_checkout") {
      reply_.worker.integration_state = "partially_integrated";
    }
  }

  Status changes() {
    ChangesFields f;
    if (!no_own_workspace()) {
      const WorkerChanges c = PB_TRY(worker_changes(self_, *worker_));
      f.change_count = static_cast<int>(c.changes.entries.size());
      for (const git::Change& change : c.changes.entries) {
        if (f.changed_files.size() == kMaxListed) break;
        f.changed_files.push_back(display_safe(change.path));
        f.changes.push_back(change_json(change));
      }
      note_changes(c.changes.entries.size() + c.snapshot.special.size());
      if (!c.snapshot.special.empty()) {
        reply_.refusal.note =
            "Beside these there is what cannot be part of an integration and blocks it: " + named(c.snapshot.special) +
            ".";
      }
    }
    reply_.changes = std::move(f);
    return {};
  }

  Status diff() {
    PB_TRY(need_file_path());
    DiffFields f;
    const std::string path = PB_TRY(tree_path(args_.file_path));
    f.file_path = display_safe(path);
    if (!no_own_workspace()) {
      if (self_.blocked_in(worker_->base_repo()).matches(path)) return blocked();
      const WorkerChanges c = PB_TRY(worker_changes(self_, *worker_));
      git::PatchPage page;
      page.max_bytes = static_cast<std::size_t>(std::min<std::int64_t>(
          args_.max_bytes.value_or(static_cast<int>(self_.options.page_bytes)), self_.options.max_diff_bytes));
      page.cursor = args_.cursor;
      const git::Diff d = PB_TRY(worker_diff(self_, *worker_, c, path, page));
      f.diff = codex::public_code(sanitize_utf8(d.text), private_strings(self_, *worker_));
      count_redactions(f.diff);
      f.binary = !d.files.empty() && d.files.front().binary;
      f.truncated = d.truncated;
      f.additions = d.additions;
      f.deletions = d.deletions;
      f.total_bytes = static_cast<std::int64_t>(d.total_bytes);
      f.next_cursor = d.next_cursor;
      if (f.truncated) {
        f.diff += fmt::format("\n...[diff truncated to {} bytes]", page.max_bytes);
        if (f.next_cursor) reply_.refusal.note = "More of this diff with cursor " + *f.next_cursor + ".";
      }
      if (d.file_count == 0) reply_.refusal.note = "The worker has not changed this file.";
      note_changes(c.changes.entries.size());
    }
    reply_.diff = std::move(f);
    return {};
  }

  Status file() {
    PB_TRY(need_file_path());
    if (self_.blocked_in(worker_->base_repo()).matches(args_.file_path)) return blocked();
    FileFields f;
    f.file_path = display_safe(args_.file_path);
    if (self_.workspace_available(*worker_)) {
      f = PB_TRY(read_worker_file(self_, *worker_, args_));
      count_redactions(f.text);
      if (f.next_column) {
        reply_.refusal.note = fmt::format("The line goes on with start_line {} and start_column {}.",
                                          f.next_start_line.value_or(f.end_line), *f.next_column);
      }
    } else {
      reply_.refusal.note = "The worker's workspace is gone.";
    }
    reply_.file = std::move(f);
    return {};
  }

  Status blocked() const {
    return Error{ErrorCode::kPathBlocked,
                 "This path is blocked here.",
                 "security.blocked_globs decides; only the operator can change it.",
                 {}};
  }

  Status preview() {
    Preview p = PB_TRY(make_preview(self_, actor_, *worker_, {}));
    if (p.fields.can_apply) {
      p.fields.preview_token = preview_token(self_, p);
    }
    if (p.fields.patch_sha256) {
      note_changes(static_cast<std::size_t>(p.fields.change_count));
      remember_preview(self_, actor_, worker_->id(), *p.fields.patch_sha256);
    }
    reply_.preview = std::move(p.fields);
    reply_.refusal = std::move(p.refusal);
    if (!reply_.refusal.note)
      reply_.refusal.note = "Nothing has been applied. Integrate with the preview_token to apply it.";
    return {};
  }

  Core& self_;
  const Actor& actor_;
  const InspectArgs& args_;
  WorkerPtr worker_;
  InspectReply reply_;
};

}  // namespace

Result<InspectReply> Workers::inspect(const Actor& actor, const CallContext& call, const InspectArgs& args) {
  return Inspector(*core_, actor, args).run(call);
}

}  // namespace patchbay::workers
