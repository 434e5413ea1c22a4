#include "git/apply.h"

#include "git/ops.h"
#include "git/transaction.h"
#include "patchbay/os/file.h"

namespace patchbay::git {
namespace {

using Phase = Journal::Phase;

ApplyHook hook = nullptr;

Error outcome_unknown(const std::string& detail) {
  return make_error(ErrorCode::kIntegrationOutcomeUnknown, "The integration was interrupted and could not be undone.",
                    "Look at the checkout's status; the old files are kept in its git directory.", detail);
}

Status undo(Transaction& transaction, const Error& cause) {
  // Should this fail, a crash from here on makes recovery go forward instead: all, not nothing.
  (void)transaction.begin_undo();
  Status undone = transaction.backward();
  if (undone.ok()) undone = transaction.finish();
  if (!undone.ok()) return outcome_unknown(cause.detail + "; " + undone.error().message + " " + undone.error().detail);
  return cause;
}

}  // namespace

void announce_step(const char* name) {
  if (hook) hook(name);
}

void set_apply_hook(ApplyHook h) { hook = h; }

Status apply_ops(const Repo& repo, const PreparedPlan& prepared, const std::string& journal_path,
                 std::vector<std::string>& warnings) {
  if (prepared.ops.empty()) return {};
  if (os::exists(journal_path)) {
    return make_error(ErrorCode::kIntegrationOutcomeUnknown, "An earlier integration was cut short.",
                      "Recover it first.", journal_path);
  }
  Journal journal;
  journal.root = repo.layout.toplevel;
  journal.device = repo.layout.device;
  journal.inode = repo.layout.inode;
  journal.staging = staging_for(repo.layout);
  journal.plan_sha256 = prepared.plan.plan_sha256;
  for (FileOp op : prepared.ops) {
    op.bytes.clear();
    journal.ops.push_back(std::move(op));
  }
  Transaction transaction(std::move(journal), journal_path);
  Status ready = transaction.stage(prepared.ops);
  if (ready.ok()) ready = transaction.verify_unchanged();
  if (ready.ok()) ready = transaction.commit();
  if (!ready.ok()) {
    (void)transaction.finish();  // no file of the checkout was touched
    return ready;
  }
  const Status moved = transaction.forward();
  if (!moved.ok()) return undo(transaction, moved.error());
  // Everything is in place and on stable storage: nothing that fails from here on makes it less applied.
  if (!transaction.finish().ok()) {
    (void)os::remove_file(journal_path);
    warnings.emplace_back(
        "The replaced files could not be removed; they are in a folder patchbay-apply-* of the git directory.");
  }
  return {};
}

const char* name_of(RecoveryOutcome outcome) {
  switch (outcome) {
    case RecoveryOutcome::kNothing: return "nothing";
    case RecoveryOutcome::kRolledBack: return "rolled_back";
    case RecoveryOutcome::kRolledForward: return "rolled_forward";
    case RecoveryOutcome::kUndecided: return "undecided";
  }
  return "undecided";
}

namespace ops {

Result<Recovery> recover(const std::string& journal_path) {
  Recovery out;
  auto loaded = Journal::load(journal_path);
  if (!loaded.ok()) {
    if (loaded.error().code == ErrorCode::kNotFound) return out;
    return std::move(loaded).error();
  }
  Transaction transaction(std::move(loaded).value(), journal_path);
  const Journal& journal = transaction.journal();
  out.root = journal.root;
  out.plan_sha256 = journal.plan_sha256;
  for (const FileOp& op : journal.ops) (op.new_mode == 0 ? out.deleted : out.written).push_back(op.path);
  if (journal.phase == Phase::kPreparing) {
    PB_TRY(transaction.finish());
    out.outcome = RecoveryOutcome::kRolledBack;
    return out;
  }
  out.outcome = RecoveryOutcome::kUndecided;
  if (!transaction.open().ok()) return out;
  out.foreign = PB_TRY(transaction.foreign_paths());
  if (!out.foreign.empty()) return out;
  if (journal.phase == Phase::kCommitted && PB_TRY(transaction.can_go_forward())) {
    PB_TRY(transaction.forward());
    out.outcome = RecoveryOutcome::kRolledForward;
  } else {
    if (journal.phase == Phase::kCommitted) PB_TRY(transaction.begin_undo());
    PB_TRY(transaction.backward());
    out.outcome = RecoveryOutcome::kRolledBack;
  }
  PB_TRY(transaction.finish());
  return out;
}

Result<Applied> apply(const Target& base, const ApplySpec& spec) {
  const Repo repo = PB_TRY(open_repo(base));
  PreparedPlan prepared = PB_TRY(prepare_plan(repo, spec.integration));
  const IntegrationPlan& plan = prepared.plan;
  if (!plan.unsafe.empty()) {
    return make_error(ErrorCode::kUnsafeChange, "The change holds files that cannot be applied.", "",
                      plan.unsafe.front().path + ": " + plan.unsafe.front().reason);
  }
  if (plan.too_large) return make_error(ErrorCode::kContentTooLarge, "The change is larger than the limit.");
  if (!plan.conflicts.empty()) {
    return make_error(ErrorCode::kPatchConflict, "The change conflicts with the checkout.", "", plan.conflict_summary);
  }
  if (!spec.plan_sha256.empty() && plan.plan_sha256 != spec.plan_sha256) {
    return make_error(ErrorCode::kPatchChanged, "The change or the checkout is not what the preview showed.",
                      "Look at the preview again.");
  }
  Applied out;
  PB_TRY(apply_ops(repo, prepared, spec.journal_path, out.warnings));
  out.changes = plan.changes;
  out.applied_with_3way = plan.applied_with_3way;
  for (const FileOp& op : prepared.ops) (op.new_mode == 0 ? out.deleted : out.written).push_back(op.path);
  StatusOptions options;
  options.each_untracked_file = true;
  auto after = ops::status({repo.layout.toplevel, "", base.roots}, options);
  if (!after.ok()) {
    out.warnings.emplace_back(kNoStatus);
    return out;
  }
  for (StatusEntry& entry : after->entries) out.main_changed_files.push_back(std::move(entry.path));
  return out;
}

}  // namespace ops
}  // namespace patchbay::git
