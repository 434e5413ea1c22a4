// Bringing a worker's changes into the base checkout.
//
//   ownership -> repository lock -> preview made anew -> token checked -> intent recorded -> applied -> result recorded
//
// The intent (tree, patch, plan) is durable before the first file is touched, so that after a crash recover() can tell
// what was meant to happen and compare it with what did.

#include "patchbay/base/hash.h"
#include "patchbay/base/log.h"
#include "patchbay/base/text.h"
#include "patchbay/os/file.h"
#include "workers/core.h"
#include "workers/merged_files.h"
#include "workers/preview.h"
#include "workers/recovery.h"
#include "workers/view.h"

namespace patchbay::workers {
namespace {

constexpr std::size_t kMaxSeenPreviews = 1000;

class Integrator {
 public:
  Integrator(Core& self, const Actor& actor, WorkerPtr worker, const IntegrateArgs& args)
      : self_(self), actor_(actor), worker_(std::move(worker)), args_(args) {}

  Result<IntegrateReply> run() {
    claim_ = self_.claim(actor_, *worker_, args_.takeover);
    if (claim_.refusal) return finish(*claim_.refusal);
    if (is_replay()) return replay();

    auto lock = self_.parts.locks.acquire(worker_->base_repo(),
                                          {.operation = "codex_worker_integrate", .worker_name = worker_->name()});
    if (!lock) return finish(busy_refusal(lock.error(), "codex_worker_integrate"));

    // An integration that was cut short is settled before anything is said about the changes.
    if (recover_integration(self_, *worker_)) worker_ = self_.directory.by_id(worker_->id());
    if (is_replay()) return replay();
    const DirtyOptions dirty{args_.allow_dirty_base, args_.accepted_dirty_base};
    preview_ = PB_TRY(make_preview(self_, actor_, *worker_, dirty));
    reply_.preview = preview_.fields;
    if (auto stale = stale_refusal()) return finish(std::move(*stale));
    if (preview_.refusal.error_code) return finish(preview_.refusal);
    return apply();
  }

 private:
  /// The same token again after success: the first answer is given again.
  bool is_replay() const {
    if (args_.preview_token.empty()) return false;
    const jobs::JobRecord* done = worker_->newest_with(key::kIntegratedToken);
    return done != nullptr && done->option(key::kIntegratedToken) == sha256_hex(args_.preview_token);
  }

  Result<IntegrateReply> replay() {
    const jobs::JobRecord* done = worker_->newest_with(key::kIntegratedToken);
    reply_.preview.applied = true;
    reply_.preview.apply_check = "clean";
    reply_.preview.patch_sha256 = done->option(key::kIntegratedSha);
    if (const Json* files = json::find(done->options, key::kIntegratedFiles); files != nullptr && files->is_array()) {
      for (const Json& f : *files) {
        if (f.is_string()) reply_.preview.changed_files.push_back(f.get<std::string>());
      }
    }
    reply_.preview.change_count = static_cast<int>(reply_.preview.changed_files.size());
    reply_.replayed_integration = true;
    Refusal r;
    r.note = "This preview was integrated before; nothing was applied again.";
    return finish(std::move(r));
  }

  std::optional<Refusal> stale_refusal() {
    if (!args_.preview_token.empty()) {
      auto stale = stale_bindings(self_, args_.preview_token, preview_);
      if (stale.empty()) return std::nullopt;
      reply_.stale_bindings = std::move(stale);
      attach_fresh_preview();
      return Core::refuse(ErrorCode::kStalePreviewToken,
                          "What the preview showed is no longer what would be applied. Look at fresh_preview.");
    }
    // Without a token: once, when this caller has seen something else (SEC:W3).
    std::lock_guard lock(self_.previews_mutex);
    const auto it = self_.previews.find({actor_.scope_key, worker_->id()});
    if (it == self_.previews.end() || !preview_.fields.patch_sha256 ||
        it->second.patch_sha256 == *preview_.fields.patch_sha256) {
      return std::nullopt;
    }
    it->second.patch_sha256 = *preview_.fields.patch_sha256;
    attach_fresh_preview();
    return Core::refuse(ErrorCode::kPatchChanged,
                        "The worker's changes are not the ones you previewed. Look at fresh_preview, then call "
                        "again.");
  }

  void attach_fresh_preview() {
    PreviewFields fresh = preview_.fields;
    if (fresh.can_apply) fresh.preview_token = preview_token(self_, preview_);
    reply_.fresh_preview = json::to_json(fresh);
  }

  Result<IntegrateReply> apply() {
    const std::string job_id = worker_->latest().job_id;
    PB_TRY(os::make_private_dirs(self_.options.journal_dir));
    PB_TRY(self_.parts.jobs.update(job_id, [&](jobs::JobRecord& r) {
      r.options[key::kIntegrating] = {{"tree", preview_.spec.snapshot},
                                      {"baseline", preview_.spec.baseline},
                                      {"patch_sha256", *preview_.fields.patch_sha256},
                                      {"plan_sha256", preview_.plan_sha256},
                                      {"token", token_digest()},
                                      {"files", preview_.fields.changed_files},
                                      {"merged", merged_json(preview_.merged)}};
      self_.stamp_owner(actor_, claim_, args_.takeover, r.options);
      return true;
    }));
    owner_recorded_ = true;
    git::ApplySpec spec;
    spec.integration = preview_.spec;
    spec.plan_sha256 = preview_.plan_sha256;
    spec.journal_path = journal_path(self_, worker_->id());
    const auto applied = self_.parts.git.apply(self_.base_target(worker_->base_repo()), spec);
    if (!applied) return failed(applied.error());
    const Status marked = self_.parts.jobs.update(job_id, [&](jobs::JobRecord& r) {
      mark_integrated(r, epoch_seconds(self_.parts.clock.wall()));
      return true;
    });
    // The intent stays on record then, and tells the next look at the worker what has arrived.
    if (!marked.ok())
      log::error("worker {}: its integration could not be recorded: {}", worker_->id(), marked.error().message);
    remember_integration();
    reply_.preview.applied = true;
    reply_.preview.can_apply = false;
    reply_.preview.applied_with_3way = applied->applied_with_3way;
    for (const std::string& path : applied->main_changed_files) reply_.main_changed_files.push_back(display_safe(path));
    Refusal r;
    r.note =
        "Applied to the checkout as uncommitted changes; its index is untouched and the worktree is kept. Review with "
        "codex_show_changes, then commit yourself.";
    for (const std::string& warning : applied->warnings) *r.note += " " + warning;
    return finish(std::move(r));
  }

  Result<IntegrateReply> failed(const Error& error) {
    if (error.code == ErrorCode::kIntegrationOutcomeUnknown) {
      (void)self_.parts.jobs.update(worker_->latest().job_id, [](jobs::JobRecord& r) {
        r.options[key::kOutcomeUnknown] = true;
        return true;
      });
    } else {
      (void)self_.parts.jobs.update(worker_->latest().job_id, [](jobs::JobRecord& r) {
        r.options.erase(key::kIntegrating);
        return true;
      });
    }
    switch (error.code) {
      case ErrorCode::kPatchConflict:
      case ErrorCode::kPatchChanged:
      case ErrorCode::kUnsafeChange:
      case ErrorCode::kContentTooLarge:
      case ErrorCode::kIntegrationOutcomeUnknown:
        reply_.preview.apply_check = "failed_at_apply";
        reply_.preview.can_apply = false;
        return finish(Core::refuse(error.code, error.message));
      default: return error;
    }
  }

  std::string token_digest() const {
    return args_.preview_token.empty() ? std::string() : sha256_hex(args_.preview_token);
  }

  void remember_integration() {
    std::lock_guard lock(self_.previews_mutex);
    self_.previews.erase({actor_.scope_key, worker_->id()});
  }

  Result<IntegrateReply> finish(Refusal refusal) {
    reply_.worker = make_view(self_, actor_, *self_.directory.by_id(worker_->id()), Detail::kBrief);
    reply_.worker.changes_checked = preview_.fields.patch_sha256.has_value();
    if (reply_.worker.changes_checked) {
      reply_.worker.has_changes = preview_.fields.change_count > 0 && !reply_.preview.applied;
      if (*reply_.worker.has_changes && reply_.worker.integration_state == "applied_to_checkout") {
        reply_.worker.integration_state = "partially_integrated";
      }
    }
    if (owner_recorded_) claim_.tell(refusal);
    reply_.refusal = std::move(refusal);
    return std::move(reply_);
  }

  Core& self_;
  const Actor& actor_;
  WorkerPtr worker_;
  const IntegrateArgs& args_;
  Core::Claim claim_;
  bool owner_recorded_ = false;
  Preview preview_;
  IntegrateReply reply_;
};

}  // namespace

void remember_preview(Core& self, const Actor& actor, const std::string& worker_id, const std::string& patch_sha256) {
  std::lock_guard lock(self.previews_mutex);
  if (self.previews.size() >= kMaxSeenPreviews) {
    auto oldest = self.previews.begin();
    for (auto it = self.previews.begin(); it != self.previews.end(); ++it) {
      if (it->second.at < oldest->second.at) oldest = it;
    }
    self.previews.erase(oldest);
  }
  self.previews[{actor.scope_key, worker_id}] = {patch_sha256, self.parts.clock.mono()};
}

Result<IntegrateReply> Workers::integrate(const Actor& actor, const CallContext& call, const IntegrateArgs& args) {
  const Core::HeldWorker held = PB_TRY(core_->hold(args.worker, args.repo_path, call));
  return Integrator(*core_, actor, held.worker, args).run();
}

}  // namespace patchbay::workers
