#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <tuple>

#include "patchbay/store/state_db.h"
#include "store/sqlite.h"

namespace patchbay::store {

inline std::int64_t to_ms(WallTime t) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(t.time_since_epoch()).count();
}
inline WallTime from_ms(std::int64_t ms) { return WallTime(std::chrono::milliseconds(ms)); }
template <class Duration>
constexpr std::int64_t ms(Duration d) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
}

/// Layout of the file, its `user_version`.
inline constexpr int kStateSchema = 1;
Result<std::int64_t> schema_version(sqlite::Connection& db);
Error state_too_new(const std::string& path);

/// Two connections: a commit waits for the disk, and a look-up must not wait for a commit.
struct StateDb::Impl {
  Impl(std::string file, std::string corrupt, const Clock& c)
      : path(std::move(file)), corrupt_dir(std::move(corrupt)), clock(c), last_flush(c.mono()) {}

  /// A connection with its lock held.
  struct Locked {
    std::unique_lock<std::mutex> lock;
    sqlite::Connection* db;
    sqlite::Connection* operator->() const { return db; }
    sqlite::Connection& operator*() const { return *db; }
  };
  Result<Locked> writer();
  Result<Locked> reader();

  std::int64_t now() const { return to_ms(clock.wall()); }

  const std::string path, corrupt_dir;
  const Clock& clock;

  std::mutex open_mutex;
  bool opened = false;  // guarded by open_mutex
  std::string aside;    // guarded by open_mutex
  std::mutex write_mutex, read_mutex;
  sqlite::Connection write_db, read_db;  // set once under open_mutex, then each under its own mutex

  // Last-seen times not yet written. "h" + hash of a handle, "m" + scope key of a mode.
  std::mutex seen_mutex;
  std::map<std::string, std::int64_t> seen;
  MonoTime last_flush;

  /// Notes that a row was used; `stored` is the time in the row. Writes all notes when the last write is long
  /// ago.
  void touch(const std::string& row, std::int64_t stored);
  /// The later of the stored and the noted time.
  std::int64_t last_seen(const std::string& row, std::int64_t stored);
  /// Writes the notes inside the caller's transaction; forget_seen() once that has committed.
  Status write_seen(sqlite::Connection& db, const std::map<std::string, std::int64_t>& notes);
  std::map<std::string, std::int64_t> noted();
  void forget_seen(const std::map<std::string, std::int64_t>& written);
  Status flush_seen();

  // Requests that are being carried out: key -> digest of the arguments.
  using RunningKey = std::tuple<std::string, std::string, std::string>;
  std::mutex running_mutex;
  std::condition_variable running_changed;
  std::map<RunningKey, std::string> running;

 private:
  Status ensure_open();
  Status open_file();
  Status move_aside(const std::string& reason);
};

}  // namespace patchbay::store
