#include "patchbay/store/state_db.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "patchbay/base/hash.h"
#include "patchbay/os/file.h"
#include "support/patience.h"
#include "support/temp_dir.h"
#include "unit/store/fakes.h"

namespace patchbay::store {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using Kind = RequestClaim::Kind;

struct State : testing::Test {
  testing_support::TempDir dir;
  FakeClock clock;
  std::string path = dir.path("runtime/state.db");
  std::unique_ptr<StateDb> db = open();

  std::unique_ptr<StateDb> open() { return std::make_unique<StateDb>(path, dir.path("corrupt"), clock); }
  void restart() {
    db.reset();
    db = open();
  }
  std::string mint(const std::string& credential = "local") {
    auto h = db->mint_handle(credential);
    EXPECT_TRUE(h.ok()) << h.error().detail;
    return h.ok() ? *h : "";
  }
  bool works(const std::string& handle, const std::string& credential = "local") {
    const Status s = db->check_handle(handle, credential);
    EXPECT_TRUE(s.ok() || s.error().code == ErrorCode::kHandleUnknown) << s.error().detail;
    return s.ok();
  }
  /// Asks the file itself, past the class.
  std::string ask(const char* sql) {
    sqlite3* raw = nullptr;
    std::string out;
    sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE, nullptr);
    sqlite3_exec(
        raw, sql,
        [](void* to, int n, char** values, char**) {
          for (int i = 0; i < n; ++i)
            *static_cast<std::string*>(to) += std::string(values[i] ? values[i] : "null") + ";";
          return 0;
        },
        &out, nullptr);
    sqlite3_close(raw);
    return out;
  }
};

// ---- the file
// -------------------------------------------------------------------------------------------------

TEST_F(State, TouchesNoFileBeforeItsFirstUse) {
  EXPECT_FALSE(os::exists(path));
  db.reset();
  EXPECT_FALSE(os::exists(path));
}

TEST_F(State, IsAPrivateWalFile) {  // SEC:D6
  ASSERT_TRUE(db->put_value("a", "b").ok());
  for (const char* side : {"", "-wal", "-shm"}) {
    struct stat st {};
    ASSERT_EQ(::stat((path + side).c_str(), &st), 0) << side;
    EXPECT_EQ(st.st_mode & 07777, 0600u) << side;
  }
  EXPECT_EQ(ask("PRAGMA journal_mode"), "wal;");
  EXPECT_EQ(ask("PRAGMA user_version"), "1;");
}

TEST_F(State, OfANewerVersionIsRefusedUntouched) {  // SEC:F11
  ASSERT_TRUE(db->put_value("a", "b").ok());
  db.reset();
  ask("PRAGMA user_version=2");
  const std::string before = *os::read_file(path);
  db = open();
  EXPECT_EQ(db->open().error().code, ErrorCode::kStateTooNew);
  EXPECT_EQ(db->value("a").error().code, ErrorCode::kStateTooNew);
  db.reset();
  EXPECT_EQ(*os::read_file(path), before);
}

TEST_F(State, ThatIsALinkOrWritableByOthersIsRefused) {  // SEC:F5
  ASSERT_TRUE(db->open().ok());
  db.reset();
  ASSERT_EQ(::chmod(path.c_str(), 0620), 0);
  db = open();
  EXPECT_EQ(db->open().error().code, ErrorCode::kConfigRefused);
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  ASSERT_EQ(::rename(path.c_str(), dir.path("elsewhere").c_str()), 0);
  ASSERT_EQ(::symlink(dir.path("elsewhere").c_str(), path.c_str()), 0);
  EXPECT_EQ(db->open().error().code, ErrorCode::kConfigRefused);
}

TEST_F(State, ThatIsDamagedIsSetAsideAndBegunAnew) {  // SEC:D3, D6
  ASSERT_TRUE(db->create_token({"ci", "aa", "read", clock.wall(), {}, {}}).ok());
  db.reset();
  ASSERT_TRUE(os::write_file_atomic(path, std::string(8192, 'x')).ok());
  db = open();
  ASSERT_TRUE(db->open().ok());
  EXPECT_TRUE(db->tokens()->empty());
  EXPECT_TRUE(os::exists(db->set_aside()));
  EXPECT_EQ(*os::read_file(db->set_aside()), std::string(8192, 'x'));
  EXPECT_THAT(*os::read_file(db->set_aside() + ".reason"), HasSubstr("not a database"));
  EXPECT_TRUE(db->put_value("a", "b").ok());
}

TEST_F(State, DamageInsideIsFoundWhenTheLastOwnerDidNotClose) {  // SEC:D6
  const pid_t child = ::fork();
  if (child == 0) {
    auto own = open();
    (void)own->put_value("a", "b");
    ask("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<4000) "
        "INSERT INTO vals SELECT 'k'||i, hex(zeroblob(100)) FROM n; PRAGMA wal_checkpoint");
    (void)own->put_value("last", "write");  // a log that says nothing about the pages below
    ::kill(::getpid(), SIGKILL);
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  {
    // Bytes in the middle of a page that was already moved into the main file.
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    for (int page = 1; page < 200; ++page) {
      file.seekp(page * 4096 + 8);
      file.write("\xff\xff\xff\xff\xff\xff\xff\xff", 8);
    }
  }
  ASSERT_TRUE(db->open().ok());
  EXPECT_FALSE(db->set_aside().empty());
  EXPECT_FALSE(db->value("k1")->has_value());
}

TEST_F(State, KeepsWhatWasAcknowledgedWhenItsOwnerIsKilled) {  // SEC:I4, D5
  for (int round = 0; round < 5; ++round) {
    int pipe_fds[2];
    ASSERT_EQ(::pipe(pipe_fds), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      auto own = open();
      for (int i = 0;; ++i) {
        if (!own->put_value("round" + std::to_string(round), std::to_string(i)).ok()) ::_exit(1);
        if (::write(pipe_fds[1], &i, sizeof i) != sizeof i) ::_exit(1);
      }
    }
    ::close(pipe_fds[1]);
    int last = -1, seen = -1;
    while (seen < 3 + round && ::read(pipe_fds[0], &seen, sizeof seen) == sizeof seen) last = seen;
    ::kill(child, SIGKILL);
    while (::read(pipe_fds[0], &seen, sizeof seen) == sizeof seen) last = seen;
    ::close(pipe_fds[0]);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    restart();
    const auto value = db->value("round" + std::to_string(round));
    ASSERT_TRUE(value.ok() && value->has_value());
    EXPECT_GE(std::stoi(**value), last);
  }
  EXPECT_TRUE(db->set_aside().empty());
}

// ---- handles
// --------------------------------------------------------------------------------------------------

TEST_F(State, HandlesAreRandomAndStoredAsADigest) {  // mcp Q1, Q3
  const std::string h = mint();
  EXPECT_EQ(h.size(), 30u);
  EXPECT_TRUE(h.starts_with("pbh_"));
  EXPECT_EQ(h.find_first_not_of("abcdefghijklmnopqrstuvwxyz234567", 4), std::string::npos);
  EXPECT_NE(mint(), h);
  EXPECT_TRUE(works(h));
  EXPECT_EQ(ask("SELECT count(*) FROM handles WHERE hash LIKE 'pbh%'"), "0;");
}

TEST_F(State, HandlesBelongToTheirCredential) {  // mcp Q2
  const std::string h = mint("ci");
  EXPECT_TRUE(works(h, "ci"));
  EXPECT_FALSE(works(h, "laptop"));
  const Error foreign = db->check_handle(h, "laptop").error();
  const Error unknown = db->check_handle("pbh_aaaaaaaaaaaaaaaaaaaaaaaaaa", "laptop").error();
  EXPECT_EQ(foreign.code, unknown.code);
  EXPECT_EQ(foreign.message, unknown.message);
  EXPECT_THAT(unknown.message, HasSubstr("call codex_self_test for a new one"));  // mcp Q4
  for (const char* odd : {"", "pbh_", "x", "pbh_' OR 1=1 --aaaaaaaaaaaaaaa"}) EXPECT_FALSE(works(odd)) << odd;
}

TEST_F(State, HandlesSurviveARestart) {  // mcp Q3
  const std::string h = mint();
  restart();
  EXPECT_TRUE(works(h));
}

TEST_F(State, HandlesEndWhenIdleForADay) {  // mcp Q3
  const std::string idle = mint(), used = mint();
  clock.advance(23h);
  EXPECT_TRUE(works(used));
  clock.advance(1h);
  EXPECT_FALSE(works(idle));
  EXPECT_TRUE(works(used));
  restart();
  EXPECT_TRUE(works(used)) << "the last use was kept over the restart";
}

TEST_F(State, HandlesEndAfterSevenDaysOfUse) {  // mcp Q3
  const std::string h = mint();
  for (int hours = 23; hours < 7 * 24; hours += 23) {
    clock.advance(23h);
    ASSERT_TRUE(works(h)) << hours;
  }
  clock.advance(7h);
  EXPECT_FALSE(works(h));
}

TEST_F(State, TheLeastRecentlyUsedOfAThousandHandlesGoes) {  // mcp Q3
  const std::string first = mint(), second = mint();
  ask("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<998) "
      "INSERT INTO handles SELECT 'other'||i, 'local', s+60000, s+60000 FROM n, (SELECT max(seen) AS s FROM "
      "handles)");
  ASSERT_EQ(*db->handle_count(), StateDb::kMaxHandles);
  clock.advance(2min);
  EXPECT_TRUE(works(first));
  const std::string newest = mint();
  EXPECT_EQ(*db->handle_count(), StateDb::kMaxHandles);
  EXPECT_TRUE(works(first)) << "the older one, but used since";
  EXPECT_FALSE(works(second));
  EXPECT_TRUE(works(newest));
}

TEST_F(State, LookingAHandleUpWritesAtMostOnceAMinute) {
  const std::string a = mint(), b = mint();
  const auto version = [&] { return ask("SELECT sum(seen) FROM handles"); };
  const std::string before = version();
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(works(i % 2 == 0 ? a : b));
  EXPECT_EQ(version(), before);
  clock.advance(61s);
  EXPECT_TRUE(works(a));
  const std::string once = version();
  EXPECT_NE(once, before);
  EXPECT_TRUE(works(b));
  EXPECT_EQ(version(), once) << "the other one waits for the next minute";
  clock.advance(61s);
  EXPECT_TRUE(works(a));
  EXPECT_NE(version(), once);
}

// ---- request keys
// ---------------------------------------------------------------------------------------------

struct Requests : State {
  RequestKey key{"scope", "codex_worker_start", "k1", "args-1"};

  RequestClaim claim(const RequestKey& k) {
    auto c = db->claim_request(k, std::chrono::steady_clock::now());
    EXPECT_TRUE(c.ok()) << c.error().detail;
    return std::move(c).value();
  }
  void carry_out(const RequestKey& k, std::string_view result) {
    auto c = claim(k);
    ASSERT_EQ(c.kind(), Kind::kFresh);
    ASSERT_TRUE(c.complete(result).ok());
  }
};

TEST_F(Requests, AreAnsweredAgainWithTheFirstResult) {  // mcp B7, SEC:D12
  carry_out(key, "{\"worker_id\":\"w1\"}");
  EXPECT_EQ(claim(key).kind(), Kind::kReplay);
  EXPECT_EQ(claim(key).result(), "{\"worker_id\":\"w1\"}");
  restart();
  EXPECT_EQ(claim(key).kind(), Kind::kReplay);
}

TEST_F(Requests, WithOtherArgumentsAreAConflict) {  // mcp B7
  carry_out(key, "r");
  RequestKey other = key;
  other.arguments_sha256 = "args-2";
  EXPECT_EQ(claim(other).kind(), Kind::kConflict);
  EXPECT_TRUE(claim(other).result().empty()) << "somebody else's result is not shown";
}

TEST_F(Requests, OfAnotherScopeOrToolAreOthers) {  // mcp B7
  carry_out(key, "r");
  for (auto member : {&RequestKey::scope, &RequestKey::tool, &RequestKey::key}) {
    RequestKey other = key;
    other.*member += "x";
    EXPECT_EQ(claim(other).kind(), Kind::kFresh);
  }
}

TEST_F(Requests, AreForgottenAfterADay) {  // mcp B7
  carry_out(key, "old");
  clock.advance(24h);
  carry_out(key, "new");
  EXPECT_EQ(claim(key).result(), "new");
}

TEST_F(Requests, GivenUpOrCutOffMayBeTriedAgain) {
  { const auto c = claim(key); }
  EXPECT_EQ(claim(key).kind(), Kind::kFresh);
  const pid_t child = ::fork();
  if (child == 0) {
    auto own = open();
    auto c = own->claim_request(key, std::chrono::steady_clock::now());
    ::kill(::getpid(), SIGKILL);  // after the claim, before the result
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  restart();
  EXPECT_EQ(claim(key).kind(), Kind::kFresh);
}

TEST_F(Requests, EqualOnesWaitForTheFirst) {
  auto first = claim(key);
  EXPECT_EQ(claim(key).kind(), Kind::kBusy);
  RequestKey other = key;
  other.arguments_sha256 = "args-2";
  EXPECT_EQ(claim(other).kind(), Kind::kConflict);

  std::thread second([&] {
    auto c = db->claim_request(key, testing_support::end_of_patience());
    ASSERT_TRUE(c.ok());
    EXPECT_EQ(c->kind(), Kind::kReplay);
    EXPECT_EQ(c->result(), "done");
  });
  EXPECT_TRUE(first.complete("done").ok());
  second.join();
}

TEST_F(Requests, AreCompletedOnce) {
  auto first = claim(key);
  ASSERT_TRUE(first.complete("a").ok());
  EXPECT_FALSE(first.complete("b").ok());
  auto replay = claim(key);
  EXPECT_FALSE(replay.complete("c").ok());
  EXPECT_EQ(claim(key).result(), "a");
}

TEST_F(Requests, AreCarriedOutByExactlyOneOfMany) {
  std::atomic<int> fresh{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      auto c = db->claim_request(key, testing_support::end_of_patience());
      ASSERT_TRUE(c.ok());
      if (c->kind() == Kind::kFresh) {
        ++fresh;
        EXPECT_TRUE(c->complete("result").ok());
      } else {
        EXPECT_EQ(c->result(), "result");
      }
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(fresh, 1);
}

// ---- modes, sessions, values
// --------------------------------------------------------------------------------------

TEST_F(State, ModesAreKeptPerScopeAndEndWhenIdle) {
  ASSERT_TRUE(db->set_mode("a", "full").ok());
  ASSERT_TRUE(db->set_mode("b", "minimal").ok());
  EXPECT_EQ(*db->find_mode("a"), "full");
  EXPECT_EQ(*db->find_mode("c"), std::nullopt);
  restart();
  clock.advance(20h);
  EXPECT_EQ(*db->find_mode("a"), "full");
  clock.advance(20h);
  EXPECT_EQ(*db->find_mode("a"), "full");
  EXPECT_EQ(*db->find_mode("b"), std::nullopt);
  ASSERT_TRUE(db->clear_mode("a").ok());
  EXPECT_EQ(*db->find_mode("a"), std::nullopt);
}

TEST_F(State, AModeWithAnEndStopsThereHoweverOftenItIsUsed) {  // mcp 7.3, scope url
  ASSERT_TRUE(db->set_mode("url", "full", clock.wall() + 1h).ok());
  clock.advance(59min);
  EXPECT_EQ(*db->find_mode("url"), "full");
  clock.advance(1min);
  EXPECT_EQ(*db->find_mode("url"), std::nullopt);
}

TEST_F(State, EndedSessionsStayEnded) {  // mcp G11
  ASSERT_TRUE(db->bury_session("s1", clock.wall() + 1h).ok());
  restart();
  EXPECT_TRUE(*db->is_buried("s1"));
  EXPECT_FALSE(*db->is_buried("s2"));
  clock.advance(1h);
  EXPECT_FALSE(*db->is_buried("s1"));
}

TEST_F(State, ValuesArePutAndErased) {
  EXPECT_EQ(*db->value("x"), std::nullopt);
  const std::string odd("a\0b'\"\n\xc3\xa4", 8);
  ASSERT_TRUE(db->put_value("x", odd).ok());
  restart();
  EXPECT_EQ(*db->value("x"), odd);
  ASSERT_TRUE(db->erase_value("x").ok());
  EXPECT_EQ(*db->value("x"), std::nullopt);
}

TEST_F(State, WhatExpiredIsRemoved) {
  mint();
  ASSERT_TRUE(db->set_mode("a", "full").ok());
  ASSERT_TRUE(db->set_mode("b", "full", clock.wall() + 1h).ok());
  ASSERT_TRUE(db->bury_session("s", clock.wall() + 1h).ok());
  { ASSERT_TRUE(db->claim_request({"s", "t", "k", "a"}, {})->complete("r").ok()); }
  clock.advance(25h);
  const std::string alive = mint();
  ASSERT_TRUE(db->remove_expired().ok());
  EXPECT_EQ(ask("SELECT (SELECT count(*) FROM handles), (SELECT count(*) FROM modes), (SELECT count(*) FROM "
                "buried), "
                "(SELECT count(*) FROM requests)"),
            "1;0;0;0;");
  EXPECT_TRUE(works(alive));
}

// ---- named tokens
// -------------------------------------------------------------------------------------------------

TEST_F(State, TokensAreCreatedRotatedAndRevoked) {  // SEC:A5, A6
  EXPECT_EQ(*db->token_generation(), 0);
  ASSERT_TRUE(db->create_token({"ci", sha256_hex("t1"), "worker", clock.wall(), clock.wall() + 48h, {}}).ok());
  ASSERT_TRUE(db->create_token({"a", sha256_hex("t2"), "read", clock.wall(), {}, {}}).ok());
  const auto generation = *db->token_generation();
  EXPECT_GT(generation, 0);
  restart();
  auto list = *db->tokens();
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].name, "a");
  EXPECT_EQ(list[1].scope, "worker");
  EXPECT_EQ(list[1].sha256_hex, sha256_hex("t1"));
  EXPECT_TRUE(list[1].valid_at(clock.wall()));
  EXPECT_FALSE(list[1].valid_at(clock.wall() + 48h));

  EXPECT_EQ(db->create_token({"ci", "x", "read", clock.wall(), {}, {}}).error().code, ErrorCode::kAlreadyExists);
  ASSERT_TRUE(db->rotate_token("ci", sha256_hex("t3")).ok());
  EXPECT_EQ((*db->tokens())[1].sha256_hex, sha256_hex("t3"));
  ASSERT_TRUE(db->revoke_token("ci").ok());
  EXPECT_FALSE((*db->tokens())[1].valid_at(clock.wall()));
  EXPECT_EQ(*db->token_generation(), generation + 2);
  EXPECT_EQ(db->revoke_token("ci").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(db->rotate_token("ci", "x").error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(db->create_token({"ci", sha256_hex("t4"), "power", clock.wall(), {}, {}}).ok());
}

TEST_F(State, AnExpiredTokenCannotBeRotatedAndGivesItsNameBack) {
  ASSERT_TRUE(db->create_token({"ci", "aa", "read", clock.wall(), clock.wall() + 1h, {}}).ok());
  clock.advance(1h);
  EXPECT_EQ(db->rotate_token("ci", "bb").error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(db->create_token({"ci", "cc", "read", clock.wall(), {}, {}}).ok());
}

TEST_F(State, AChangeOfTokensByAnotherProcessIsSeen) {  // SEC:A6
  ASSERT_TRUE(db->create_token({"ci", "aa", "read", clock.wall(), {}, {}}).ok());
  const auto before = *db->token_generation();
  auto other = open();
  ASSERT_TRUE(other->revoke_token("ci").ok());
  EXPECT_NE(*db->token_generation(), before);
  EXPECT_FALSE(db->tokens()->at(0).valid_at(clock.wall()));
}

}  // namespace
}  // namespace patchbay::store
