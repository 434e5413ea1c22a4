#include "patchbay/store/audit_log.h"

#include "patchbay/base/redact.h"
#include "patchbay/base/text.h"
#include "patchbay/os/file.h"

// Writers append their line under the lock, which costs a write into the page cache. A mutating one then
// waits until the syncing thread has covered its number: lines that come while one fdatasync runs share the
// next. Lines nobody waits for are left to gather for one interval.

namespace patchbay::store {
namespace {

/// Makes every string harmless in a line of a log: redacted, control and bidi characters shown as escapes.
void clean(Json& value, int depth) {
  constexpr int kMaxDepth = 16;
  if (value.is_string()) {
    auto& text = value.get_ref<std::string&>();
    if (!find_secrets(text).empty()) text = redact(text);
    text = display_safe(text);
  } else if (value.is_structured()) {
    if (depth >= kMaxDepth) {
      value = "(nested too deeply)";
      return;
    }
    for (auto& item : value) clean(item, depth + 1);
  }
}

}  // namespace

AuditLog::AuditLog(std::string path, const Options& options, const Clock& clock, os::AppendFile file)
    : path_(std::move(path)), options_(options), clock_(clock), file_(std::move(file)) {
  syncer_ = std::thread([this] { sync_loop(); });
}

Result<std::unique_ptr<AuditLog>> AuditLog::open(std::string path, const Options& options, const Clock& clock) {
  PB_TRY(os::make_private_dirs(os::parent_of(path)));
  os::AppendFile file = PB_TRY(os::AppendFile::open(path));
  PB_TRY(os::sync_dir(os::parent_of(path)));
  return std::unique_ptr<AuditLog>(new AuditLog(std::move(path), options, clock, std::move(file)));
}

AuditLog::~AuditLog() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  syncer_.join();
}

bool AuditLog::failed() const {
  std::lock_guard lock(mutex_);
  return failed_;
}

std::size_t AuditLog::size() const {
  std::lock_guard lock(mutex_);
  return file_.size();
}

Status AuditLog::write(const Json& event, Kind kind) {
  Json members = event;
  for (const char* ours : {"time", "seq"}) members.erase(ours);
  clean(members, 0);
  std::string rest = json::dump(members) + "\n";
  rest.front() = members.empty() ? ' ' : ',';
  std::unique_lock lock(mutex_);
  done_.wait(lock, [&] { return !rotating_; });
  rotate_if_full(lock);
  const std::uint64_t seq = last_seq_ + 1;
  // A line that was cut short, by a crash or a full disk, is closed first so that it spoils no other.
  std::string text = file_.mid_line() ? "\n" : "";
  text.append(R"({"time":")").append(iso8601(clock_.wall())).append(R"(","seq":)").append(std::to_string(seq));
  if (Status s = file_.append(text.append(rest)); !s.ok()) return failed_ = true, s;
  last_seq_ = seq;
  if (!gathering_) work_.notify_one();
  if (kind == Kind::kReading) return {};
  Waiter waiter{seq};
  waiters_.push_back(&waiter);
  work_.notify_one();
  done_.wait(lock, [&] { return waiter.outcome.has_value(); });
  return *waiter.outcome;
}

void AuditLog::sync_loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    work_.wait(lock, [&] { return stopping_ || last_seq_ > covered_seq_; });
    if (last_seq_ == covered_seq_) return;
    gathering_ = true;
    work_.wait_for(lock, options_.group, [&] { return stopping_ || !waiters_.empty(); });
    gathering_ = false;
    if (syncing_) {
      done_.wait(lock, [&] { return !syncing_; });  // a rotation syncs on its own
    } else if (last_seq_ > covered_seq_) {
      sync_group(lock);
    }
  }
}

void AuditLog::sync_group(std::unique_lock<std::mutex>& lock) {
  const std::uint64_t upto = last_seq_;
  syncing_ = true;
  lock.unlock();
  // `file_` is replaced only while nobody syncs, so it may be used without the lock.
  const Status s = file_.sync();
  lock.lock();
  syncing_ = false;
  failed_ = !s.ok();
  // What this file will say after a failed sync and a power cut is unknown; the next line opens another
  // (SEC:D2).
  start_new_ = start_new_ || failed_;
  covered_seq_ = upto;
  std::erase_if(waiters_, [&](Waiter* w) {
    if (w->seq > upto) return false;
    w->outcome = s;
    return true;
  });
  done_.notify_all();
}

void AuditLog::rotate_if_full(std::unique_lock<std::mutex>& lock) {
  if (file_.size() < options_.max_bytes && !start_new_) return;
  rotating_ = true;
  // No line may wait for a sync of the new file while it stands in the old one.
  while (syncing_ || last_seq_ > covered_seq_) {
    if (syncing_)
      done_.wait(lock, [&] { return !syncing_; });
    else
      sync_group(lock);
  }
  const auto old_name = [&](int i) { return path_ + "." + std::to_string(i); };
  for (int i = options_.old_files - 1; i >= 1; --i) {
    if (os::exists(old_name(i))) (void)os::move_file(old_name(i), old_name(i + 1));
  }
  if (os::move_file(path_, old_name(1)).ok()) {
    auto fresh = os::AppendFile::open(path_);
    if (fresh.ok()) {
      file_ = std::move(fresh).value();
      start_new_ = false;
    } else {
      (void)os::move_file(old_name(1), path_);
    }
  }
  // A rotation that failed is tried again with the next line; the log goes on in the file it has (SEC:D11).
  rotating_ = false;
  done_.notify_all();
}

}  // namespace patchbay::store
