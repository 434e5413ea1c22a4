#include "workers/preview.h"

#include "patchbay/base/hash.h"
#include "patchbay/base/text.h"
#include "workers/merged_files.h"
#include "workers/view.h"

namespace patchbay::workers {
namespace {

constexpr std::size_t kShortRevision = 12;
constexpr std::size_t kMaxListed = 500;
constexpr std::size_t kConflictBytes = 12'000;
constexpr std::size_t kBindingDigits = 12;
constexpr std::size_t kSignatureDigits = 32;
// The order in which a token carries its bindings.
constexpr const char* kBindings[] = {"worker", "turns", "snapshot", "patch", "base", "base_state", "options", "owner"};

std::vector<std::string> shown(const std::vector<std::string>& paths) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < std::min(paths.size(), kMaxListed); ++i) out.push_back(display_safe(paths[i]));
  return out;
}

/// Dirty files of the base that nobody accepted.
std::vector<std::string> unaccepted(const git::BaseState& base, const DirtyOptions& dirty) {
  std::vector<std::string> left = base.collisions;
  if (dirty.allow_dirty_base) return left;
  const workspace::BlockedGlobs accepted(dirty.accepted_dirty_base);
  for (const std::string& path : base.tracked_dirty) {
    if (!accepted.matches(path)) left.push_back(path);
  }
  return left;
}

class PreviewBuilder {
 public:
  PreviewBuilder(Core& self, const Actor& actor, const Worker& worker, const DirtyOptions& dirty)
      : self_(self), actor_(actor), worker_(worker), dirty_(dirty) {}

  Result<Preview> build() {
    if (worker_.active()) {
      return refused(ErrorCode::kTurnActive, "The worker is still working; integrate when its turn has ended.");
    }
    if (worker_.unresolved()) {
      return refused(ErrorCode::kCleanupPending, "Processes of an earlier turn are not proven gone yet.");
    }
    if (!worker_.isolated()) {
      return refused(ErrorCode::kNotIsolated,
                     "There is nothing to integrate: only isolated writing workers have changes "
                     "of their own.");
    }
    if (!self_.workspace_available(worker_)) {
      return refused(ErrorCode::kWorkspaceUnavailable, "The worker's workspace is gone.");
    }
    if (worker_.newest_with(key::kOutcomeUnknown) != nullptr) {
      return refused(
          ErrorCode::kIntegrationOutcomeUnknown,
          "An earlier integration was cut short and files were changed by somebody else since, so it cannot be "
          "told what of it arrived. Compare the checkout with the worker's changes by hand.");
    }
    const WorkerChanges changes = PB_TRY(worker_changes(self_, worker_));
    const git::Target base = self_.base_target(worker_.base_repo());
    preview_.spec.baseline = changes.baseline;
    preview_.spec.snapshot = changes.snapshot.tree;
    preview_.spec.base_revision = worker_.base_revision();
    preview_.spec.start = worker_.start_tree();
    preview_.spec.max_bytes = static_cast<std::uint64_t>(self_.options.max_integration_bytes);
    preview_.spec.special = changes.snapshot.special;
    preview_.spec.merged = merged_files(worker_);
    const git::IntegrationPlan plan = PB_TRY(self_.parts.git.plan(base, preview_.spec));
    preview_.plan_sha256 = plan.plan_sha256;
    preview_.merged = merged_after(preview_.spec.merged, plan.writes);
    fill(plan);
    bind(plan);
    judge(plan);
    return std::move(preview_);
  }

 private:
  Result<Preview> refused(ErrorCode code, std::string note) {
    preview_.refusal = Core::refuse(code, std::move(note));
    return std::move(preview_);
  }

  void fill(const git::IntegrationPlan& plan) {
    PreviewFields& f = preview_.fields;
    f.base_dirty = plan.base.dirty();
    f.base_moved = plan.base.moved;
    std::vector<std::string> dirty = plan.base.tracked_dirty;
    dirty.insert(dirty.end(), plan.base.collisions.begin(), plan.base.collisions.end());
    dirty.insert(dirty.end(), plan.base.untracked.begin(), plan.base.untracked.end());
    f.base_changed_files = shown(dirty);
    f.base_revision = plan.base.head.substr(0, kShortRevision);
    f.worker_base_revision = worker_.base_revision().substr(0, kShortRevision);
    for (const git::Change& c : plan.changes.entries) {
      if (f.changed_files.size() == kMaxListed) break;
      f.changed_files.push_back(display_safe(c.path));
      f.changes.push_back(change_json(c));
    }
    f.change_count = static_cast<int>(plan.changes.entries.size());
    f.skipped_files = shown(plan.skipped_files);
    f.blocked_files = shown(blocked(plan));
    f.patch_sha256 = plan.changes.patch_sha256;
    f.patch_bytes = static_cast<std::int64_t>(plan.changes.patch_bytes);
    f.patch_truncated = plan.too_large;
    f.applied_with_3way = plan.applied_with_3way;
  }

  std::vector<std::string> blocked(const git::IntegrationPlan& plan) const {
    std::vector<std::string> list;
    const workspace::BlockedGlobs globs = self_.blocked_in(worker_.base_repo());
    for (const git::Change& c : plan.changes.entries) {
      // Both ends of a rename count (SEC:W11).
      if (globs.matches(c.path) || (c.old_path && globs.matches(*c.old_path))) {
        list.push_back(c.path);
      }
    }
    return list;
  }

  void bind(const git::IntegrationPlan& plan) {
    std::string options = dirty_.allow_dirty_base ? "1" : "0";
    for (const std::string& g : dirty_.accepted_dirty_base) options += '\n' + g;
    preview_.bindings = {{"worker", worker_.id()},
                         {"turns", std::to_string(worker_.turns().size())},
                         {"snapshot", preview_.spec.snapshot + preview_.spec.baseline},
                         {"patch", plan.changes.patch_sha256},
                         {"base", plan.base.head},
                         {"base_state", plan.base.fingerprint},
                         {"options", options},
                         {"owner", worker_.latest().option("_mcp_owner_session_hash")}};
  }

  void judge(const git::IntegrationPlan& plan) {
    PreviewFields& f = preview_.fields;
    const auto refuse = [&](ErrorCode code, std::string note) {
      preview_.refusal = Core::refuse(code, std::move(note));
    };
    if (plan.changes.entries.empty() && plan.unsafe.empty()) {
      return refuse(
          ErrorCode::kNoChanges,
          fmt::format("The worker has changed nothing since {}.",
                      worker_.newest_with(key::kIntegratedTree) != nullptr ? "its last integration" : "it started"));
    }
    if (!f.blocked_files.empty()) {
      return refuse(ErrorCode::kBlockedFiles, "Some changed files are blocked by security.blocked_globs.");
    }
    if (const auto dirty = unaccepted(plan.base, dirty_); !dirty.empty()) {
      return refuse(ErrorCode::kBaseDirty,
                    "The checkout is dirty: " + display_safe(dirty.front()) +
                        (dirty.size() > 1 ? fmt::format(" and {} more", dirty.size() - 1) : std::string()) +
                        ". Commit or stash there, or set allow_dirty_base; files both sides changed still refuse.");
    }
    if (!plan.unsafe.empty()) {
      return refuse(
          ErrorCode::kUnsafeChange,
          fmt::format("{}: {}. It cannot be brought into the checkout: message the worker to take it out of its "
                      "changes, then preview again.",
                      display_safe(plan.unsafe.front().path), display_safe(plan.unsafe.front().reason)));
    }
    if (plan.too_large) {
      return refuse(
          ErrorCode::kUnsafeChange,
          fmt::format(
              "The changes have more than workers.max_integration_bytes ({}). Message the worker to leave large "
              "files out of its changes, or ask the operator to raise the limit.",
              self_.options.max_integration_bytes));
    }
    if (!plan.conflicts.empty()) {
      f.apply_check = "conflict";
      f.conflict_summary = public_text(self_, worker_, plan.conflict_summary, kConflictBytes);
      return refuse(
          ErrorCode::kPatchConflict,
          "The changes cannot be merged into the checkout; conflict_summary says where and why. Message the worker "
          "with it, or settle it in the checkout (commit or stash what is uncommitted there), then call again.");
    }
    if (plan.writes.empty()) {
      return refuse(ErrorCode::kNoChanges, "The checkout already holds everything the worker changed.");
    }
    f.apply_check = "clean";
    f.can_apply = true;
  }

  Core& self_;
  const Actor& actor_;
  const Worker& worker_;
  const DirtyOptions& dirty_;
  Preview preview_;
};

std::string digest(const std::string& value) { return sha256_hex(value).substr(0, kBindingDigits); }

}  // namespace

Result<Preview> make_preview(Core& self, const Actor& actor, const Worker& worker, const DirtyOptions& dirty) {
  return PreviewBuilder(self, actor, worker, dirty).build();
}

std::string preview_token(const Core& self, const Preview& preview) {
  const double expires = epoch_seconds(self.parts.clock.wall()) + self.options.preview_token_ttl_seconds;
  std::string body = fmt::format("pvt_{:x}", static_cast<std::int64_t>(expires));
  for (const char* name : kBindings) body += "." + digest(preview.bindings.at(name));
  return body + "." + to_hex(hmac_sha256(self.parts.key, body)).substr(0, kSignatureDigits);
}

std::vector<std::string> stale_bindings(const Core& self, const std::string& token, const Preview& preview) {
  const std::vector<std::string> unusable = {"token"};
  const std::size_t dot = token.rfind('.');
  if (!token.starts_with("pvt_") || dot == std::string::npos) return unusable;
  const std::string body = token.substr(0, dot);
  const std::string signature = to_hex(hmac_sha256(self.parts.key, body)).substr(0, kSignatureDigits);
  if (!equal_constant_time(signature, token.substr(dot + 1))) return unusable;
  const auto parts = split(std::string_view(body).substr(4), '.');
  if (parts.size() != std::size(kBindings) + 1) return unusable;
  const double expires = static_cast<double>(std::strtoll(std::string(parts[0]).c_str(), nullptr, 16));
  if (expires < epoch_seconds(self.parts.clock.wall())) return unusable;
  std::vector<std::string> stale;
  for (std::size_t i = 0; i < std::size(kBindings); ++i) {
    const auto it = preview.bindings.find(kBindings[i]);
    // A preview that was refused early has no bindings; then nothing fits any more.
    if (it == preview.bindings.end() || digest(it->second) != parts[i + 1]) stale.emplace_back(kBindings[i]);
  }
  return stale;
}

}  // namespace patchbay::workers
