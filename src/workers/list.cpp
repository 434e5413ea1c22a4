#include "patchbay/base/text.h"
#include "workers/filter.h"
#include "workers/liveness.h"
#include "workers/view.h"

namespace patchbay::workers {
namespace {

constexpr std::size_t kPageSize = 25;
constexpr std::size_t kReportPreview = 220;

/// One line of the team report: name, state, mode, readiness, first words of the report.
std::string team_line(const WorkerView& v) {
  return fmt::format("- {}: {}, {}, {}. {}", display_safe(v.name), v.state, v.workspace_mode,
                     v.can_message ? "ready for a message" : replace_all(v.can_message_reason, "_", " "),
                     collapse_whitespace(utf8_prefix(v.report, kReportPreview)));
}

}  // namespace

Result<ListReply> Workers::list(const Actor& actor, const ListArgs& args) {
  Core& self = *core_;
  const Selection selection = PB_TRY(select(self, actor, args.filter, "history", true));
  std::size_t offset = 0;
  if (!args.cursor.empty()) {
    const bool digits = args.cursor.size() <= 9 && args.cursor.find_first_not_of("0123456789") == std::string::npos;
    if (!digits) return Error{ErrorCode::kInvalidArgument, "cursor is not one of this list.", "Start without it.", {}};
    offset = std::stoul(args.cursor);
  }
  ListReply reply;
  reply.scope = selection.scope;
  reply.count = static_cast<int>(selection.workers.size());
  reply.active = static_cast<int>(
      std::count_if(selection.workers.begin(), selection.workers.end(), [](const Worker* w) { return w->active(); }));
  reply.team_status = team_status(selection.workers, epoch_seconds(self.parts.clock.wall()), self.options).json();
  reply.hidden_workers = selection.hidden_json();
  reply.poll_guidance = "To wait for a turn, call codex_worker_wait instead of listing again.";
  std::string lines;
  const std::size_t end = std::min(selection.workers.size(), offset + kPageSize);
  for (std::size_t i = offset; i < end; ++i) {
    const WorkerView view = make_view(self, actor, *selection.workers[i], Detail::kBrief);
    lines += "\n" + team_line(view);
    reply.workers.push_back(json::to_json(view));
  }
  if (end < selection.workers.size()) reply.next_cursor = std::to_string(end);
  if (selection.workers.empty()) {
    reply.team_report = "There are no workers yet. Start one with codex_worker_start.";
  } else {
    reply.team_report = fmt::format("Team: {} workers, {} active", reply.count, reply.active) + lines;
    if (reply.next_cursor) reply.team_report += fmt::format("\nMore with cursor {}.", *reply.next_cursor);
  }
  return reply;
}

}  // namespace patchbay::workers
