#include "workers/view.h"

#include "patchbay/base/text.h"
#include "patchbay/os/file.h"
#include "patchbay/workers/public_text.h"
#include "workers/liveness.h"

namespace patchbay::workers {
namespace {

using jobs::JobRecord;
using jobs::JobState;

constexpr std::size_t kPreviewBytes = 220;
constexpr std::size_t kMaxCheckpoints = 8;
constexpr char kReportFilesNote[] =
    "Files that the worker wrote are listed by codex_worker_inspect with view changes and read with view file.";

std::string result_text(const Core& self, const JobRecord& job, Detail detail) {
  if (detail == Detail::kFull) {
    const Json full = self.parts.jobs.full_result(job.job_id);
    if (full.is_object() && !full.empty()) return codex::report_text(full);
  }
  return job.result.is_object() ? codex::report_text(job.result) : std::string();
}

std::string integration_state(const Worker& worker) {
  return worker.newest_with(key::kIntegratedAt) == nullptr ? "not_integrated" : "applied_to_checkout";
}

Json turn_json(const Worker& worker) {
  const JobRecord& job = worker.latest();
  Json usage = nullptr;
  if (job.usage_turn) {
    usage = Json::object();
    for (const auto& [k, v] : *job.usage_turn) usage[k] = v;
  }
  const auto time = [](double t) { return t > 0 ? Json(t) : Json(nullptr); };
  return {{"number", worker.turns().size()},
          {"state", std::string(jobs::name_of(job.state))},
          {"started_at", time(job.started_at)},
          {"completed_at", time(job.completed_at)},
          {"error_code", job.error_code.empty() ? Json(nullptr) : Json(job.error_code)},
          {"usage", std::move(usage)}};
}

}  // namespace

codex::PrivateStrings private_strings(const Core& self, const Worker& worker) {
  codex::PrivateStrings s;
  s.paths = {worker.base_repo(), worker.worktree(), self.options.home, self.options.codex_home,
             self.options.worktree_root};
  for (const auto& turn : worker.turns()) s.paths.push_back(self.parts.jobs.job_dir(turn->job_id));
  std::erase(s.paths, "");
  if (!worker.branch().empty()) s.branches.push_back(worker.branch());
  return s;
}

std::string public_text(const Core& self, const Worker& worker, std::string_view text, std::size_t max_bytes) {
  return hide_branches(codex::public_report(text, private_strings(self, worker), max_bytes));
}

std::string report_of(const Core& self, const Worker& worker, Detail detail) {
  const JobRecord& job = worker.latest();
  std::string text;
  switch (job.state) {
    case JobState::kPending:
      text = job.progress.phase == "queued" ? "The turn waits in the queue; there is no report yet."
                                            : "The turn is starting; there is no report yet.";
      break;
    case JobState::kRunning: text = "The turn is running; there is no final report yet."; break;
    case JobState::kCompleted: text = result_text(self, job, detail); break;
    case JobState::kFailed:
      text = "The turn failed: " + (job.error.empty() ? "no reason is known." : job.error);
      if (const std::string next = codex::next_step(job.result); !next.empty()) text += "\nNext: " + next;
      break;
    case JobState::kCancelled:
      text = worker.session().empty()
                 ? "The turn was stopped before its conversation began. Start a new worker with the same brief."
                 : "The turn was stopped. The worker can be continued with a new message.";
      if (!job.cancel_reason.empty()) text += " Reason: " + job.cancel_reason;
      break;
  }
  if (job.state == JobState::kFailed || job.state == JobState::kCancelled) {
    const std::string partial = result_text(self, job, detail);
    if (!partial.empty() && job.result.is_object()) text += "\n\nPartial result:\n" + partial;
  }
  if (job.state != JobState::kCompleted && job.state != JobState::kFailed) {
    if (const JobRecord* earlier = worker.previous_completed()) {
      text += "\n\nPrevious report:\n" + result_text(self, *earlier, detail);
    }
  }
  return public_text(self, worker, text);
}

WorkerView make_view(const Core& self, const Actor& actor, const Worker& worker, Detail detail) {
  const JobRecord& job = worker.latest();
  const double now = epoch_seconds(self.parts.clock.wall());
  WorkerView v;
  v.worker_id = worker.id();
  v.name = worker.name();
  v.workspace_id = worker.workspace_id();
  v.workspace_name = os::base_name(worker.base_repo());
  v.workspace_mode = name_of(worker.mode());
  v.workspace_available = self.workspace_available(worker);
  v.workspace_location = worker.isolated()                              ? "worker_worktree_only"
                         : worker.mode() == WorkspaceMode::kSharedWrite ? "base_checkout"
                                                                        : "base_checkout_read_only";
  v.state = public_state(job);
  v.report = report_of(self, worker, detail);
  if (detail == Detail::kFull) v.worker_report_files_note = kReportFilesNote;
  v.has_session = !worker.session().empty();
  v.can_message = !worker.active() && v.has_session && v.workspace_available && !worker.unresolved();
  v.can_message_reason = worker.active()          ? "active_turn_running"
                         : worker.unresolved()    ? "cleanup_pending"
                         : !v.has_session         ? "no_resumable_codex_session"
                         : !v.workspace_available ? "worker_workspace_unavailable"
                                                  : "ready_for_next_turn";
  v.integration_state = integration_state(worker);
  if (const std::string model = worker.model(); !model.empty()) v.model = model;
  if (const std::string effort = worker.reasoning_effort(); !effort.empty()) v.reasoning_effort = effort;
  if (worker.last_activity() > 0) v.last_activity_at = worker.last_activity();

  const OwnershipView owner = self.ownership.view(actor, worker);
  v.owned_by_current_client = owner.owned;
  v.ownership_status = owner.status;
  if (!owner.label.empty()) v.owner_label = display_safe(owner.label);
  if (!owner.note.empty()) v.ownership_note = owner.note;

  Liveness live = liveness_of(worker, now, self.options);
  v.status_line = live.line;
  if (const int position = self.parts.jobs.queue_position(job.job_id); position > 0) {
    live.json["queue_position"] = position;
  }
  v.liveness = std::move(live.json);
  v.latest_turn = turn_json(worker);

  const auto& notes = job.progress.checkpoints;
  v.checkpoint_count = static_cast<int>(notes.size());
  if (notes.empty()) {
    v.latest_partial_note = {{"available", false}, {"preview", ""}, {"age_seconds", nullptr}, {"count", 0}};
  } else {
    v.latest_partial_note = {{"available", true},
                             {"preview", public_text(self, worker, notes.back().summary, kPreviewBytes)},
                             {"age_seconds", static_cast<std::int64_t>(now - notes.back().at)},
                             {"count", notes.size()}};
    if (detail == Detail::kFull) {
      for (std::size_t i = notes.size() - std::min(notes.size(), kMaxCheckpoints); i < notes.size(); ++i) {
        v.latest_checkpoints.push_back({{"at", notes[i].at}, {"summary", public_text(self, worker, notes[i].summary)}});
      }
    }
  }
  return v;
}

}  // namespace patchbay::workers
