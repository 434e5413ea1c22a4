#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "patchbay/base/result.h"
#include "patchbay/json/json.h"

namespace patchbay::store {

/// Where a record stands among all others. Numbers only grow, also across restarts; wall time plays no part.
struct RecordOrder {
  std::uint64_t created = 0;   ///< number of the record's first write
  std::uint64_t revision = 0;  ///< number of its latest write
};

/// A record that could not be read and was set aside.
struct Quarantined {
  std::string id;
  std::string reason;  ///< one clause
  std::string moved_to;
};

struct LoadReport {
  std::size_t loaded = 0;
  std::vector<Quarantined> quarantined;
  std::vector<std::string> without_record;  ///< folders with no record in them: a start cut short
};

/// One durable JSON object per folder: `<root>/<id>/record.json`.
///
/// The file is indented JSON with a first member `_check` that holds the format version, the order numbers,
/// the file's length and a CRC-32C over every byte of it. The store gives records no meaning.
///
/// Threads:    any thread; writes of one id wait for each other, others run side by side.
/// Durability: put() returns after the record, its name and its folder's name are on stable storage. A crash
///             leaves the old record or the new one (SEC:D1, I5).
/// Errors:     kDiskFull; kDegradedReadonly when writing failed twice for another reason (SEC:D2): stop
/// accepting
///             work. kInvalidArgument for an id that is not 1..128 of [A-Za-z0-9_-] and for a record nested
///             more than 64 levels deep; kContentTooLarge above 8 MiB: what could not be read back is not
///             written.
class RecordStore {
 public:
  /// `root` is created when needed; unreadable records go to `corrupt_dir`.
  static Result<std::unique_ptr<RecordStore>> open(std::string root, std::string corrupt_dir);

  using Visit = std::function<void(const std::string& id, const RecordOrder& order, Json&& record)>;
  /// Reads every record once, before the first put(). `visit` is called from several threads at once and in
  /// no particular order; turn the record into what you keep there, where it runs in parallel. kStateTooNew
  /// when any record was written by a newer version: then nothing at all was touched (SEC:F11). An unreadable
  /// record is moved to the corrupt folder and reported, never deleted (SEC:D3).
  Result<LoadReport> load_all(const Visit& visit);

  /// Writes the record unless it says the same already. Numbers, and `_check`, are the store's own business.
  Result<RecordOrder> put(const std::string& id, const Json& record);

  /// kNotFound; kStateCorrupt (the record is left where it is); kStateTooNew.
  Result<Json> get(const std::string& id) const;

  /// Removes the folder with everything in it. Absent is success.
  Status remove(const std::string& id);

  /// The folder of a record, for the files that lie beside it. It exists after the first put().
  std::string folder(const std::string& id) const;

  /// The next order number, for things that are ordered among records without being one.
  std::uint64_t next_number() { return ++last_number_; }

  /// Removes temporary files that a crash left behind. Off the start path: it lists every folder.
  std::size_t sweep_leftovers();

  /// Writes that changed nothing and were therefore skipped.
  std::uint64_t skipped_writes() const { return skipped_; }

 private:
  RecordStore(std::string root, std::string corrupt_dir);
  std::mutex& stripe(const std::string& id) const;
  Status write(const std::string& id, const std::string& text);
  Status write_once(const std::string& path, const std::string& text, bool proven_before);
  Quarantined set_aside(const std::string& id, const std::string& reason) const;
  bool is_proven(const std::string& id);
  void set_proven(const std::string& id, bool proven);

  const std::string root_, corrupt_dir_;
  std::atomic<std::uint64_t> last_number_{0};
  std::atomic<std::uint64_t> skipped_{0};
  mutable std::array<std::mutex, 32> stripes_;  // by hash of the id
  std::mutex proven_mutex_;
  std::set<std::string> proven_;  // put() of this process saw file and names reach the disk
};

}  // namespace patchbay::store
