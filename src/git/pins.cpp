#include "git/pins.h"

#include <charconv>
#include <ctime>

#include "git/head.h"
#include "git/layout.h"
#include "git/lock_wait.h"
#include "git/ops.h"

namespace patchbay::git {
namespace {

constexpr const char* kSignatureName = "PatchBay";
constexpr const char* kSignatureMail = "patchbay@localhost";
constexpr std::int64_t kDay = 24 * 3600;

// "refs/patchbay/trash/<worker>/<seq>"
bool parse_name(std::string_view name, std::string_view prefix, Pin& pin) {
  if (!name.starts_with(prefix)) return false;
  name.remove_prefix(prefix.size());
  const std::size_t slash = name.rfind('/');
  if (slash == std::string_view::npos || slash == 0) return false;
  pin.worker_id = name.substr(0, slash);
  const std::string_view number = name.substr(slash + 1);
  const auto [end, ec] = std::from_chars(number.data(), number.data() + number.size(), pin.seq);
  return ec == std::errc() && end == number.data() + number.size() && pin.seq > 0;
}

Status check_worker_id(const std::string& worker_id) {
  int valid = 0;
  git_reference_name_is_valid(&valid, (pin_prefix(PinKind::kSnapshot) + worker_id + "/1").c_str());
  if (valid == 1 && !worker_id.empty() && worker_id.find_first_of("/*") == std::string::npos) return {};
  return make_error(ErrorCode::kInvalidArgument, "The worker id cannot be part of a reference name.", "", worker_id);
}

}  // namespace

std::string pin_prefix(PinKind kind) {
  return kind == PinKind::kSnapshot ? "refs/patchbay/snapshots/" : "refs/patchbay/trash/";
}

Result<std::vector<Pin>> read_pins(git_repository* repo, PinKind kind, const std::string& worker_id) {
  const std::string prefix = pin_prefix(kind);
  const std::string glob = prefix + (worker_id.empty() ? "*" : worker_id + "/*");
  git_reference_iterator* iterator_raw = nullptr;
  PB_TRY(check(git_reference_iterator_glob_new(&iterator_raw, repo, glob.c_str()), "Listing snapshots"));
  const ReferenceIteratorHandle iterator(iterator_raw);
  std::vector<Pin> out;
  git_reference* raw = nullptr;
  int rc = 0;
  while ((rc = git_reference_next(&raw, iterator_raw)) == 0) {
    const ReferenceHandle ref(raw);
    Pin pin;
    pin.ref = git_reference_name(raw);
    pin.kind = kind;
    if (!parse_name(pin.ref, prefix, pin)) continue;
    git_object* object = nullptr;
    if (git_reference_peel(&object, raw, GIT_OBJECT_COMMIT) != 0) continue;
    const CommitHandle commit(reinterpret_cast<git_commit*>(object));
    pin.commit = to_id(*git_commit_id(commit.get()));
    pin.tree = to_id(*git_commit_tree_id(commit.get()));
    if (git_commit_parentcount(commit.get()) > 0) pin.head = to_id(*git_commit_parent_id(commit.get(), 0));
    pin.time = git_commit_time(commit.get());
    out.push_back(std::move(pin));
  }
  if (rc != GIT_ITEROVER) return git_failure(rc, "Listing snapshots");
  std::sort(out.begin(), out.end(), [](const Pin& a, const Pin& b) {
    return a.worker_id != b.worker_id ? a.worker_id < b.worker_id : a.seq < b.seq;
  });
  return out;
}

Result<Pin> add_pin(git_repository* repo, PinKind kind, const std::string& worker_id, const git_oid& tree,
                    const ObjectId& head) {
  PB_TRY(check_worker_id(worker_id));
  const std::vector<Pin> before = PB_TRY(read_pins(repo, kind, worker_id));
  // A snapshot is what was looked at last and may be looked at again; something thrown away is kept from its own day
  // on.
  const bool same = !before.empty() && before.back().tree == to_id(tree) && before.back().head == head;
  if (same && kind == PinKind::kSnapshot) return before.back();

  auto tree_object = PB_TRY(acquire<TreeHandle>("Writing the snapshot", git_tree_lookup, repo, &tree));
  auto signature =
      PB_TRY(acquire<SignatureHandle>("Writing the snapshot", git_signature_now, kSignatureName, kSignatureMail));
  CommitHandle parent;
  if (!head.empty()) {
    const git_oid id = PB_TRY(from_id(head));
    parent = PB_TRY(acquire<CommitHandle>("Reading the worktree's HEAD", git_commit_lookup, repo, &id));
  }
  const git_commit* parents[] = {parent.get()};
  const std::string message = "Working state of " + worker_id + "\n";
  git_oid commit{};
  PB_TRY(check(git_commit_create(&commit, repo, nullptr, signature.get(), signature.get(), "UTF-8", message.c_str(),
                                 tree_object.get(), parent ? 1 : 0, parents),
               "Writing the snapshot"));
  Pin pin;
  pin.kind = kind;
  pin.worker_id = worker_id;
  pin.seq = before.empty() ? 1 : before.back().seq + 1;
  pin.ref = pin_prefix(kind) + worker_id + "/" + std::to_string(pin.seq);
  pin.commit = to_id(commit);
  pin.tree = to_id(tree);
  pin.head = head;
  pin.time = signature->when.time;
  git_reference* raw = nullptr;
  const int rc = git_reference_create(&raw, repo, pin.ref.c_str(), &commit, 0, nullptr);
  const ReferenceHandle owner(raw);
  PB_TRY(check(rc, "Pinning the snapshot"));
  return pin;
}

namespace ops {

Result<std::vector<Pin>> list_pins(const Target& base, PinKind kind, const std::string& worker_id) {
  const Repo repo = PB_TRY(open_repo(base));
  if (!worker_id.empty()) PB_TRY(check_worker_id(worker_id));
  return read_pins(repo.get(), kind, worker_id);
}

Result<int> prune_pins(const Target& base, const PinPruning& pruning) {
  const Repo repo = PB_TRY(open_repo(base));
  const os::FileLock lock = PB_TRY(wait_for_lock(pruning.lock_path));
  const std::int64_t limit = std::time(nullptr) - pruning.days * kDay;
  int deleted = 0;
  for (const PinKind kind : {PinKind::kSnapshot, PinKind::kTrash}) {
    const std::vector<Pin> pins = PB_TRY(read_pins(repo.get(), kind, {}));
    for (std::size_t i = 0; i < pins.size(); ++i) {
      const bool newest = i + 1 == pins.size() || pins[i + 1].worker_id != pins[i].worker_id;
      const bool kept = std::find(pruning.keep.begin(), pruning.keep.end(), pins[i].ref) != pruning.keep.end();
      if (pins[i].time >= limit || kept || (newest && kind == PinKind::kSnapshot)) continue;
      PB_TRY(check(git_reference_remove(repo.get(), pins[i].ref.c_str()), "Deleting an old snapshot"));
      ++deleted;
    }
  }
  return deleted;
}

}  // namespace ops
}  // namespace patchbay::git
