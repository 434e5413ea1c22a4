#include "patchbay/os/crash.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "patchbay/os/file.h"
#include "patchbay/os/private_file.h"
#include "support/temp_dir.h"

namespace patchbay::os {
namespace {

using testing_support::TempDir;

[[noreturn]] void crash_in_a_thread(const std::string& path, int signo) {
  ::setenv("SECRET", "canary-of-the-environment", 1);
  if (!note_crashes(path, "9.8.7")) ::_exit(1);
  std::thread thread([signo] {
    ::pthread_setname_np(::pthread_self(), "the-guilty-one");
    ::raise(signo);
  });
  thread.join();
  ::_exit(2);
}

TEST(CrashNoteTest, FatalSignalLeavesANoteAndEndsTheProcessAllTheSame) {  // SEC:S14
  for (const auto& [signo, name] : {std::pair{SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"}, {SIGABRT, "SIGABRT"}}) {
    const TempDir dir;
    const std::string path = dir.path("crash");
    EXPECT_EXIT(crash_in_a_thread(path, signo), testing::KilledBySignal(signo), "");
    const auto text = read_file(path);
    ASSERT_TRUE(text.ok()) << name;
    const auto note = CrashNote::from_text(*text);
    ASSERT_TRUE(note.has_value()) << *text;
    EXPECT_EQ(note->signal, name);
    EXPECT_EQ(note->version, "9.8.7");
    EXPECT_EQ(note->thread, "the-guilty-one");
    EXPECT_GT(note->unix_time, 1'600'000'000);
    EXPECT_GE(note->stack.size(), 2u);
    EXPECT_EQ(text->find("canary"), std::string::npos);
    EXPECT_EQ(file_facts(path)->mode & 0777, 0600u);
  }
}

TEST(CrashNoteTest, AbortIsACrashToo) {
  const TempDir dir;
  const auto body = [&] {
    if (!note_crashes(dir.path("crash"), "1")) ::_exit(1);
    std::abort();
  };
  EXPECT_EXIT(body(), testing::KilledBySignal(SIGABRT), "");
  EXPECT_EQ(CrashNote::from_text(*read_file(dir.path("crash")))->signal, "SIGABRT");
}

TEST(CrashNoteTest, FolderThatIsGoneChangesNothingAboutTheEnd) {
  EXPECT_EXIT(crash_in_a_thread("/nowhere/at/all", SIGSEGV), testing::KilledBySignal(SIGSEGV), "");
}

TEST(CrashNoteTest, PathThatIsTooLongIsRefusedBeforehand) {
  EXPECT_EQ(note_crashes("/" + std::string(5000, 'x'), "1").error().code, ErrorCode::kInvalidArgument);
}

TEST(CrashNoteTest, OtherTextIsNoNote) {
  for (const char* text : {"", "signal: SIGSEGV\n", "PatchBay ended by a fatal signal\n",
                           "PatchBay ended by a fatal signal\nstack:\nx\n"}) {
    EXPECT_FALSE(CrashNote::from_text(text).has_value()) << text;
  }
  const auto cut = CrashNote::from_text("PatchBay ended by a fatal signal\nsignal: SIGBUS\ntime: 12");
  ASSERT_TRUE(cut.has_value());
  EXPECT_EQ(cut->unix_time, 12);
}

TEST(ThreadsTest, EveryThreadIsListedWithItsStackAndGoesOn) {  // SEC:S15
  std::mutex mutex;
  std::condition_variable wake;
  bool named = false, done = false;
  std::thread waiting([&] {
    ::pthread_setname_np(::pthread_self(), "waits-here");
    std::unique_lock lock(mutex);
    named = true;
    wake.notify_all();
    wake.wait(lock, [&] { return done; });
  });
  {
    std::unique_lock lock(mutex);
    wake.wait(lock, [&] { return named; });
  }
  const std::string text = describe_threads();
  const std::size_t at = text.find("waits-here, state S");
  ASSERT_NE(at, std::string::npos) << text;
  EXPECT_NE(text.substr(at, text.find("  thread ", at) - at).find("[0x"), std::string::npos) << text;
  EXPECT_NE(text.find("thread " + std::to_string(::getpid())), std::string::npos);
  {
    const std::lock_guard lock(mutex);
    done = true;
  }
  wake.notify_all();
  waiting.join();
}

TEST(ThreadsTest, ThreadThatDoesNotAnswerIsListedWithoutAStack) {
  std::mutex mutex;
  std::condition_variable wake;
  bool deaf = false, done = false;
  std::thread blocked([&] {
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    std::unique_lock lock(mutex);
    deaf = true;
    wake.notify_all();
    wake.wait(lock, [&] { return done; });
  });
  {
    std::unique_lock lock(mutex);
    wake.wait(lock, [&] { return deaf; });
  }
  EXPECT_NE(describe_threads().find("(no answer)"), std::string::npos);
  {
    const std::lock_guard lock(mutex);
    done = true;
  }
  wake.notify_all();
  blocked.join();
}

TEST(ExitAfterTest, EndsAProcessThatHangs) {
  const auto body = [] {
    exit_after(std::chrono::seconds(1), 70);
    for (;;) ::pause();
  };
  EXPECT_EXIT(body(), testing::ExitedWithCode(70), "");
}

}  // namespace
}  // namespace patchbay::os
