#include "patchbay/store/record_store.h"

#include <cerrno>
#include <thread>

#include "patchbay/base/ids.h"
#include "patchbay/base/text.h"
#include "patchbay/os/file.h"
#include "patchbay/os/private_file.h"
#include "store/record_text.h"

// Loading reads all files from a few threads and parses there: at ten thousand records that takes less than
// an index file would save, so there is none that could be wrong. Nothing is moved or changed before the last
// file was read, because one record of a newer version means hands off for all of them.

namespace patchbay::store {
namespace {

constexpr std::string_view kRecordFile = "record.json";
constexpr std::string_view kCheckMember = "_check";
constexpr std::size_t kRecordsPerThread = 128;
constexpr unsigned kMaxThreads = 4;

bool is_id(std::string_view id) {
  return !id.empty() && id.size() <= 128 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

Error bad_id(const std::string& id) { return {ErrorCode::kInvalidArgument, "not a record id", {}, display_safe(id)}; }

/// Conditions of this process, which say nothing about the record.
bool is_our_trouble(int err) { return err == EMFILE || err == ENFILE || err == ENOMEM; }

struct Found {
  enum class What { kRecord, kNone, kDamaged } what = What::kNone;
  RecordOrder order;
  std::string reason;
};

/// One pass over all folders, shared by its threads.
class Loading {
 public:
  Loading(const os::Directory& dir, const std::vector<std::string>& ids, const RecordStore::Visit& visit)
      : dir_(dir), ids_(ids), visit_(visit), found_(ids.size()) {}

  void run() {
    const std::size_t wanted = std::min<std::size_t>(std::min(kMaxThreads, std::thread::hardware_concurrency()),
                                                     ids_.size() / kRecordsPerThread + 1);
    std::vector<std::thread> helpers;
    for (std::size_t i = 1; i < wanted; ++i) helpers.emplace_back([this] { work(); });
    work();
    for (std::thread& t : helpers) t.join();
  }

  bool too_new() const { return too_new_; }
  int trouble() const { return trouble_; }
  const std::vector<Found>& found() const { return found_; }

 private:
  void work() {
    std::string buffer;
    for (;;) {
      const std::size_t begin = next_.fetch_add(kRecordsPerThread);
      if (begin >= ids_.size() || too_new_ || trouble_ != 0) return;
      const std::size_t end = std::min(begin + kRecordsPerThread, ids_.size());
      for (std::size_t i = begin; i < end; ++i) read_one(i, buffer);
    }
  }

  void read_one(std::size_t i, std::string& buffer) {
    Found& found = found_[i];
    const std::string relative = ids_[i] + "/" + std::string(kRecordFile);
    const int err = dir_.read(relative.c_str(), kMaxRecordBytes, buffer);
    if (err == ENOENT || err == ENOTDIR) return;  // a folder without a record, or a stray file
    if (is_our_trouble(err)) {
      trouble_ = err;
      return;
    }
    found.what = Found::What::kDamaged;
    if (err != 0) {
      const char* name = ::strerrorname_np(err);
      found.reason = "reading failed: " + std::string(name != nullptr ? name : "unknown error");
      return;
    }
    const Unsealed record = unseal(buffer);
    if (record.seal == Seal::kTooNew) {
      too_new_ = true;
      return;
    }
    if (record.seal == Seal::kDamaged) {
      found.reason = record.reason;
      return;
    }
    auto value = parse_body(record.body);
    if (!value.ok() || !value->is_object()) {
      found.reason = "the record is not an object";
      return;
    }
    found.what = Found::What::kRecord;
    found.order = record.order;
    visit_(ids_[i], record.order, std::move(value).value());
  }

  const os::Directory& dir_;
  const std::vector<std::string>& ids_;
  const RecordStore::Visit& visit_;
  std::vector<Found> found_;
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> too_new_{false};
  std::atomic<int> trouble_{0};
};

bool is_deeper_than(const Json& value, int levels) {
  if (!value.is_structured()) return false;
  return levels == 0 ||
         std::any_of(value.begin(), value.end(), [&](const Json& item) { return is_deeper_than(item, levels - 1); });
}

Error too_new_error() {
  return {ErrorCode::kStateTooNew,
          "a record was written by a newer version of PatchBay",
          "Use that version, or another PATCHBAY_HOME. Nothing was changed.",
          {}};
}

}  // namespace

RecordStore::RecordStore(std::string root, std::string corrupt_dir)
    : root_(std::move(root)), corrupt_dir_(std::move(corrupt_dir)) {}

Result<std::unique_ptr<RecordStore>> RecordStore::open(std::string root, std::string corrupt_dir) {
  PB_TRY(os::make_private_dirs(root));
  return std::unique_ptr<RecordStore>(new RecordStore(std::move(root), std::move(corrupt_dir)));
}

std::string RecordStore::folder(const std::string& id) const { return os::join(root_, id); }

std::mutex& RecordStore::stripe(const std::string& id) const {
  return stripes_[std::hash<std::string>{}(id) % stripes_.size()];
}

Result<LoadReport> RecordStore::load_all(const Visit& visit) {
  std::vector<std::string> ids = PB_TRY(os::list_dir(root_));
  std::erase_if(ids, [](const std::string& id) { return !is_id(id); });
  const os::Directory dir = PB_TRY(os::Directory::open(root_));
  Loading loading(dir, ids, visit);
  loading.run();
  if (loading.too_new()) return too_new_error();
  if (loading.trouble() != 0) return errno_error(loading.trouble(), "reading the records", root_);

  LoadReport report;
  std::uint64_t highest = last_number_;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const Found& found = loading.found()[i];
    switch (found.what) {
      case Found::What::kRecord:
        ++report.loaded;
        highest = std::max({highest, found.order.created, found.order.revision});
        break;
      case Found::What::kDamaged: report.quarantined.push_back(set_aside(ids[i], found.reason)); break;
      case Found::What::kNone:
        if (os::is_directory(folder(ids[i]))) report.without_record.push_back(ids[i]);
        break;
    }
  }
  last_number_ = highest;
  return report;
}

Quarantined RecordStore::set_aside(const std::string& id, const std::string& reason) const {
  Quarantined q{id, reason, {}};
  const std::string target = os::join(corrupt_dir_, id + "." + random_hex(8) + ".record.json");
  Status moved = os::make_private_dirs(corrupt_dir_);
  // The reason first: a record without one could not be told from a forgotten file.
  if (moved.ok()) moved = os::write_file_atomic(target + ".reason", "record " + id + ": " + reason + "\n");
  if (moved.ok()) moved = os::move_file(os::join(folder(id), kRecordFile), target);
  if (moved.ok()) {
    q.moved_to = target;
  } else {
    q.reason += "; it could not be moved: " + moved.error().message;
  }
  return q;
}

Result<Json> RecordStore::get(const std::string& id) const {
  if (!is_id(id)) return bad_id(id);
  auto text = os::read_file(os::join(folder(id), kRecordFile), kMaxRecordBytes);
  if (!text.ok()) return std::move(text).error();
  const Unsealed record = unseal(*text);
  if (record.seal == Seal::kTooNew) return too_new_error();
  if (record.seal == Seal::kDamaged) {
    return Error{ErrorCode::kStateCorrupt, "the record cannot be read: " + record.reason, {}, folder(id)};
  }
  return parse_body(record.body);
}

Result<RecordOrder> RecordStore::put(const std::string& id, const Json& record) {
  if (!is_id(id)) return bad_id(id);
  if (!record.is_object() || record.contains(kCheckMember) || is_deeper_than(record, kMaxRecordDepth)) {
    return Error{ErrorCode::kInvalidArgument, "not a record", {}, id};
  }
  std::lock_guard lock(stripe(id));
  RecordOrder order;
  bool known = false;
  auto old = os::read_file(os::join(folder(id), kRecordFile), kMaxRecordBytes);
  if (old.ok()) {
    const std::string text = *old;
    const Unsealed current = unseal(*old);
    if (current.seal == Seal::kTooNew) return too_new_error();
    if (current.seal == Seal::kIntact) {
      known = true;
      order = current.order;
      if (seal(order, record) == text) {
        // What a failed or killed write left behind is readable and may still not be on the disk.
        if (is_proven(id))
          ++skipped_;
        else
          PB_TRY(write(id, text));
        return order;
      }
    }
  }
  order.revision = next_number();
  if (!known) order.created = order.revision;
  const std::string text = seal(order, record);
  if (text.size() > kMaxRecordBytes) {
    return Error{ErrorCode::kContentTooLarge, "the record is larger than 8 MiB", {}, id};
  }
  PB_TRY(write(id, text));
  return order;
}

Status RecordStore::write(const std::string& id, const std::string& text) {
  const std::string path = os::join(folder(id), kRecordFile);
  const bool before = is_proven(id);
  set_proven(id, false);
  Status done = write_once(path, text, before);
  // A failed fsync is never tried again on the same file; one fresh file is (SEC:D2).
  if (!done.ok() && done.error().code != ErrorCode::kDiskFull) done = write_once(path, text, false);
  if (done.ok()) {
    set_proven(id, true);
    return {};
  }
  Error e = done.error();
  if (e.code == ErrorCode::kDiskFull) return e;
  return Error{ErrorCode::kDegradedReadonly, "a record could not be saved: " + e.message,
               "Nothing that changes state is accepted until the state directory can be written.", e.detail};
}

Status RecordStore::write_once(const std::string& path, const std::string& text, bool proven_before) {
  if (!proven_before) PB_TRY(os::make_private_dirs(os::parent_of(path)));
  PB_TRY(os::write_file_atomic(path, text));
  // Last: by then the name of a new folder mostly lies on the disk already, in one commit with the record's.
  return proven_before ? Status() : os::sync_dir(root_);
}

bool RecordStore::is_proven(const std::string& id) {
  std::lock_guard lock(proven_mutex_);
  return proven_.contains(id);
}

void RecordStore::set_proven(const std::string& id, bool proven) {
  std::lock_guard lock(proven_mutex_);
  if (proven)
    proven_.insert(id);
  else
    proven_.erase(id);
}

Status RecordStore::remove(const std::string& id) {
  if (!is_id(id)) return bad_id(id);
  std::lock_guard lock(stripe(id));
  // The record first: a crash half way leaves a folder without one, never a record without its files' folder.
  PB_TRY(os::remove_file(os::join(folder(id), kRecordFile)));
  PB_TRY(os::remove_tree(folder(id)));
  set_proven(id, false);
  return os::sync_dir(root_);
}

std::size_t RecordStore::sweep_leftovers() {
  std::size_t removed = 0;
  const auto ids = os::list_dir(root_);
  if (!ids.ok()) return 0;
  const std::string prefix = "." + std::string(kRecordFile) + ".pb-";
  for (const std::string& id : *ids) {
    if (!is_id(id)) continue;
    std::lock_guard lock(stripe(id));
    const auto names = os::list_dir(folder(id));
    if (!names.ok()) continue;
    for (const std::string& name : *names) {
      if (name.starts_with(prefix) && os::remove_file(os::join(folder(id), name)).ok()) ++removed;
    }
  }
  return removed;
}

}  // namespace patchbay::store
