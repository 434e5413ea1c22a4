#pragma once

#include <sqlite3.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "patchbay/base/result.h"

namespace patchbay::store::sqlite {

/// One result row; valid inside the callback only.
class Row {
 public:
  explicit Row(sqlite3_stmt* s) : s_(s) {}
  std::string text(int column) const {
    const auto* p = reinterpret_cast<const char*>(sqlite3_column_text(s_, column));
    return p == nullptr ? std::string() : std::string(p, static_cast<std::size_t>(sqlite3_column_bytes(s_, column)));
  }
  std::int64_t number(int column) const { return sqlite3_column_int64(s_, column); }
  bool is_null(int column) const { return sqlite3_column_type(s_, column) == SQLITE_NULL; }

 private:
  sqlite3_stmt* s_;
};

/// One connection with its prepared statements. Values are only ever bound, never written into SQL. Not
/// thread-safe.
class Connection {
 public:
  /// kLook is for a file that this process does not own: nothing at all is written, not even what a crash left in
  /// its log.
  enum class Use { kReadWrite, kReadOnly, kLook };
  /// Opens an existing file (an empty one is a new database) and sets what every connection needs.
  static Result<Connection> open(const std::string& path, Use use);

  Connection() = default;

  /// Statements without parameters and rows.
  Status exec(const char* sql);

  /// Runs a statement; `sql` must be a literal, its address finds the prepared statement. `on_row(const
  /// Row&)`.
  template <class F, class... A>
  Status each(const char* sql, F&& on_row, const A&... args) {
    sqlite3_stmt* s = PB_TRY(statement(sql));
    const Resetter resetter{s};
    int index = 0;
    (bind(s, ++index, args), ...);
    int rc;
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) on_row(Row(s));
    return rc == SQLITE_DONE ? Status() : Status(error(rc));
  }
  template <class... A>
  Status run(const char* sql, const A&... args) {
    return each(
        sql, [](const Row&) {}, args...);
  }
  /// Rows changed by the last run().
  int changes() const { return sqlite3_changes(db_.get()); }

 private:
  struct Close {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  };
  struct Finalize {
    void operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
  };
  struct Resetter {
    sqlite3_stmt* s;
    ~Resetter() {
      sqlite3_reset(s);
      sqlite3_clear_bindings(s);
    }
  };

  Result<sqlite3_stmt*> statement(const char* sql);
  Error error(int rc) const;

  static void bind(sqlite3_stmt* s, int i, std::string_view v) {
    sqlite3_bind_text(s, i, v.data() == nullptr ? "" : v.data(), static_cast<int>(v.size()), SQLITE_TRANSIENT);
  }
  static void bind(sqlite3_stmt* s, int i, std::int64_t v) { sqlite3_bind_int64(s, i, v); }
  static void bind(sqlite3_stmt* s, int i, const std::optional<std::int64_t>& v) {
    if (v)
      sqlite3_bind_int64(s, i, *v);
    else
      sqlite3_bind_null(s, i);
  }

  std::unique_ptr<sqlite3, Close> db_;
  std::map<const char*, std::unique_ptr<sqlite3_stmt, Finalize>> statements_;
};

/// A write transaction; rolled back unless committed.
class Transaction {
 public:
  static Result<Transaction> begin(Connection& c);
  Transaction(Transaction&& o) noexcept : c_(std::exchange(o.c_, nullptr)) {}
  ~Transaction();
  Status commit();

 private:
  explicit Transaction(Connection& c) : c_(&c) {}
  Connection* c_;
};

}  // namespace patchbay::store::sqlite
