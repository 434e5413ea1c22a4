#include <gtest/gtest.h>
#include <sqlite3.h>

#include "patchbay/store/state_db.h"
#include "support/temp_dir.h"
#include "unit/store/fakes.h"

// The database over a file system that fails on demand (SEC:D6).

namespace patchbay::store {
namespace {

using namespace std::chrono_literals;

int g_write_result = SQLITE_OK;
int g_sync_result = SQLITE_OK;
int g_read_result = SQLITE_OK;

/// A file of the real file system behind methods that can fail.
struct FaultyFile {
  sqlite3_file base;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};
FaultyFile* of(sqlite3_file* f) { return reinterpret_cast<FaultyFile*>(f); }
sqlite3_file* real(sqlite3_file* f) { return of(f)->real(); }

int close_file(sqlite3_file* f) { return real(f)->pMethods->xClose(real(f)); }
int read_file(sqlite3_file* f, void* to, int n, sqlite3_int64 at) {
  return g_read_result != SQLITE_OK ? g_read_result : real(f)->pMethods->xRead(real(f), to, n, at);
}
int write_file(sqlite3_file* f, const void* from, int n, sqlite3_int64 at) {
  return g_write_result != SQLITE_OK ? g_write_result : real(f)->pMethods->xWrite(real(f), from, n, at);
}
int truncate_file(sqlite3_file* f, sqlite3_int64 n) { return real(f)->pMethods->xTruncate(real(f), n); }
int sync_file(sqlite3_file* f, int flags) {
  return g_sync_result != SQLITE_OK ? g_sync_result : real(f)->pMethods->xSync(real(f), flags);
}
int file_size(sqlite3_file* f, sqlite3_int64* n) { return real(f)->pMethods->xFileSize(real(f), n); }
int lock_file(sqlite3_file* f, int l) { return real(f)->pMethods->xLock(real(f), l); }
int unlock_file(sqlite3_file* f, int l) { return real(f)->pMethods->xUnlock(real(f), l); }
int check_lock(sqlite3_file* f, int* out) { return real(f)->pMethods->xCheckReservedLock(real(f), out); }
int control(sqlite3_file* f, int op, void* arg) { return real(f)->pMethods->xFileControl(real(f), op, arg); }
int sector_size(sqlite3_file* f) { return real(f)->pMethods->xSectorSize(real(f)); }
int characteristics(sqlite3_file* f) { return real(f)->pMethods->xDeviceCharacteristics(real(f)); }
int shm_map(sqlite3_file* f, int page, int n, int extend, void volatile** out) {
  return real(f)->pMethods->xShmMap(real(f), page, n, extend, out);
}
int shm_lock(sqlite3_file* f, int at, int n, int flags) { return real(f)->pMethods->xShmLock(real(f), at, n, flags); }
void shm_barrier(sqlite3_file* f) { real(f)->pMethods->xShmBarrier(real(f)); }
int shm_unmap(sqlite3_file* f, int remove) { return real(f)->pMethods->xShmUnmap(real(f), remove); }

const sqlite3_io_methods kMethods = {2,           close_file,  read_file,       write_file,  truncate_file,
                                     sync_file,   file_size,   lock_file,       unlock_file, check_lock,
                                     control,     sector_size, characteristics, shm_map,     shm_lock,
                                     shm_barrier, shm_unmap,   nullptr,         nullptr};

sqlite3_vfs* g_real_vfs = nullptr;

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* f, int flags, int* out_flags) {
  of(f)->base.pMethods = nullptr;
  const int rc = g_real_vfs->xOpen(g_real_vfs, name, real(f), flags, out_flags);
  if (real(f)->pMethods != nullptr) of(f)->base.pMethods = &kMethods;
  return rc;
}

/// Makes the failing file system the default one for a test.
class FaultyDisk : public testing::Test {
 protected:
  FaultyDisk() {
    g_real_vfs = sqlite3_vfs_find(nullptr);
    vfs_ = *g_real_vfs;
    vfs_.zName = "faulty";
    vfs_.szOsFile = static_cast<int>(sizeof(FaultyFile)) + g_real_vfs->szOsFile;
    vfs_.xOpen = &open_file;
    sqlite3_vfs_register(&vfs_, 1);
  }
  ~FaultyDisk() override {
    heal();
    db.reset();
    sqlite3_vfs_register(g_real_vfs, 1);
    sqlite3_vfs_unregister(&vfs_);
  }
  static void heal() { g_write_result = g_sync_result = g_read_result = SQLITE_OK; }

  testing_support::TempDir dir;
  FakeClock clock;
  sqlite3_vfs vfs_{};
  std::unique_ptr<StateDb> db = std::make_unique<StateDb>(dir.path("state.db"), dir.path("corrupt"), clock);
};

TEST_F(FaultyDisk, AFullDiskIsATypedErrorAndChangesNothing) {  // SEC:D7
  ASSERT_TRUE(db->put_value("a", "1").ok());
  const std::string handle = *db->mint_handle("local");
  g_write_result = SQLITE_FULL;
  EXPECT_EQ(db->put_value("a", "2").error().code, ErrorCode::kDiskFull);
  EXPECT_EQ(db->mint_handle("local").error().code, ErrorCode::kDiskFull);
  EXPECT_EQ(db->create_token({"t", "aa", "read", clock.wall(), {}, {}}).error().code, ErrorCode::kDiskFull);
  EXPECT_EQ(**db->value("a"), "1") << "reading goes on";
  EXPECT_TRUE(db->check_handle(handle, "local").ok());
  heal();
  EXPECT_TRUE(db->put_value("a", "3").ok()) << "recovery is automatic";
  EXPECT_EQ(**db->value("a"), "3");
}

TEST_F(FaultyDisk, AFailedWriteOrSyncIsNeverAcknowledged) {  // SEC:D2, I4
  ASSERT_TRUE(db->put_value("a", "1").ok());
  g_write_result = SQLITE_IOERR_WRITE;
  EXPECT_EQ(db->put_value("a", "2").error().code, ErrorCode::kIoError);
  heal();
  g_sync_result = SQLITE_IOERR_FSYNC;
  EXPECT_EQ(db->put_value("a", "3").error().code, ErrorCode::kIoError);
  heal();
  EXPECT_EQ(**db->value("a"), "1");
  EXPECT_TRUE(db->put_value("a", "4").ok());
}

TEST_F(FaultyDisk, ALookUpDoesNotFailBecauseItsTimeCannotBeSaved) {
  const std::string handle = *db->mint_handle("local");
  clock.advance(2min);
  g_write_result = SQLITE_FULL;
  EXPECT_TRUE(db->check_handle(handle, "local").ok());
  heal();
  clock.advance(23h + 59min);
  EXPECT_TRUE(db->check_handle(handle, "local").ok()) << "the time of the failed write was remembered";
}

TEST_F(FaultyDisk, AResultThatCannotBeStoredLeavesTheRequestRetryable) {
  const RequestKey key{"s", "t", "k", "a"};
  {
    auto claim = db->claim_request(key, {});
    ASSERT_TRUE(claim.ok());
    g_sync_result = SQLITE_IOERR_FSYNC;
    EXPECT_EQ(claim->complete("r").error().code, ErrorCode::kIoError);
    heal();
  }
  EXPECT_EQ(db->claim_request(key, {})->kind(), RequestClaim::Kind::kFresh);
}

TEST_F(FaultyDisk, DamageMetWhileRunningIsATypedError) {  // SEC:D6
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(db->put_value("k" + std::to_string(i), std::string(500, 'v')).ok());
  db = std::make_unique<StateDb>(dir.path("state.db"), dir.path("corrupt"), clock);
  ASSERT_TRUE(db->open().ok());
  g_read_result = SQLITE_CORRUPT;
  EXPECT_EQ(db->value("k5").error().code, ErrorCode::kStateCorrupt);
  heal();
  EXPECT_TRUE(db->value("k5")->has_value());
}

TEST_F(FaultyDisk, ADatabaseThatCannotBeMadeIsAnErrorNotACrash) {
  g_write_result = SQLITE_FULL;
  EXPECT_EQ(db->open().error().code, ErrorCode::kDiskFull);
  heal();
  EXPECT_TRUE(db->open().ok());
  EXPECT_TRUE(db->set_aside().empty()) << "a full disk is no damage";
}

}  // namespace
}  // namespace patchbay::store
