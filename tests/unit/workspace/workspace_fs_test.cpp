#include "patchbay/workspace/workspace_fs.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "patchbay/base/text.h"
#include "patchbay/os/socket.h"
#include "support/temp_dir.h"
#include "workspace/beneath.h"

namespace patchbay::workspace {
namespace {

using testing_support::TempDir;

class WorkspaceFsTest : public ::testing::Test {
 protected:
  WorkspaceFsTest() {
    for (const char* d : {"root/a/b", "root/.ssh", "root-evil", "outside", "home/tokens"}) {
      EXPECT_TRUE(os::make_private_dirs(dir.path(d)).ok());
    }
    write("root/a/file.txt", "inside\n");
    write("root/a/b/deep.txt", "deep\n");
    write("root/.ssh/config", "host\n");
    write("root/server.pem", "key\n");
    write("root-evil/x", "evil\n");
    write("outside/canary", "CANARY\n");
    write("home/token", "t0ken\n");
    write("home/tokens/one", "t1\n");
  }

  void write(const std::string& path, std::string_view text) {
    EXPECT_TRUE(os::write_file_atomic(dir.path(path), text).ok());
  }
  void link(const std::string& target, const std::string& path) {
    EXPECT_EQ(::symlink(target.c_str(), dir.path(path).c_str()), 0);
  }
  WorkspaceFs fs(BlockedGlobs blocked = BlockedGlobs::built_in()) {
    auto opened = WorkspaceFs::open_own(dir.path("root"), std::move(blocked),
                                        ProtectedPaths({dir.path("home"), dir.path("home/token")}));
    EXPECT_TRUE(opened.ok());
    return std::move(opened).value();
  }
  std::string read(const WorkspaceFs& fs, std::string_view path) {
    const auto file = fs.open_file(path);
    if (!file) return "error: " + std::string(name_of(file.error().code));
    return os::read_to_end(file->fd.get(), 1 << 20).value();
  }

  TempDir dir;
};

TEST_F(WorkspaceFsTest, OpensRelativeAndAbsoluteSpellings) {
  const WorkspaceFs f = fs();
  for (const std::string& path :
       {std::string("a/file.txt"), std::string("./a//file.txt"), std::string("a/b/../file.txt"),
        std::string("nowhere/../a/file.txt"), dir.path("root/a/file.txt"), dir.path("root/../root/a/file.txt")}) {
    EXPECT_EQ(read(f, path), "inside\n") << path;
    EXPECT_EQ(f.open_file(path)->path, "a/file.txt");
  }
  EXPECT_EQ(f.open_dir("")->path, ".");
  EXPECT_EQ(f.open_dir(dir.path("root"))->path, ".");
  EXPECT_EQ(f.open_file("a/file.txt")->size, 7u);
}

TEST_F(WorkspaceFsTest, ExpandsOnlyTheOwnHome) {  // SEC:P16
  const WorkspaceFs f = fs();
  EXPECT_EQ(f.open_file("~/x").error().code, ErrorCode::kPathEscapesWorkspace);
  EXPECT_EQ(f.open_file("~root/x").error().code, ErrorCode::kNotFound);
  write("root/~root", "literal\n");
  EXPECT_EQ(read(f, "~root"), "literal\n");
}

TEST_F(WorkspaceFsTest, RefusesEveryWayOut) {  // SEC:P1
  const WorkspaceFs f = fs();
  for (const std::string& path :
       {std::string(".."), std::string("../root-evil/x"), std::string("a/../../outside/canary"),
        std::string("/etc/passwd"), dir.path("root-evil/x"), dir.path("root/../outside/canary"), dir.path("roo"),
        std::string("/"), std::string("a/b/../../../outside/canary"), std::string("./../outside/canary")}) {
    EXPECT_EQ(f.open_file(path).error().code, ErrorCode::kPathEscapesWorkspace) << path;
    EXPECT_EQ(f.open_dir(path).error().code, ErrorCode::kPathEscapesWorkspace) << path;
    EXPECT_EQ(f.find(path).error().code, ErrorCode::kPathEscapesWorkspace) << path;
  }
  // Bytes that mean a step up elsewhere are names here.
  for (const char* path : {"..\\outside\\canary", "%2e%2e/outside", "a/..;/x", "... ", "a/. /x", ".. /outside/canary",
                           "\xe2\x80\xa4\xe2\x80\xa4/x", "file:///etc/passwd", "a/file.txt.", "a/file.txt "}) {
    EXPECT_EQ(f.open_file(path).error().code, ErrorCode::kNotFound) << path;
  }
}

TEST_F(WorkspaceFsTest, RefusesMalformedPaths) {
  const WorkspaceFs f = fs();
  EXPECT_EQ(f.open_file(std::string_view("a\0/x", 4)).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(f.open_file("\xff\xfe").error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(f.open_file(std::string(4097, 'a')).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(f.open_file(std::string(256, 'a')).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(WorkspaceFsTest, FollowsLinksThatStayInside) {
  link("file.txt", "root/a/rel");
  link("../a/./b/../file.txt", "root/a/dots");
  link(dir.path("root/a/b"), "root/abs");
  link("abs", "root/chain");
  const WorkspaceFs f = fs();
  EXPECT_EQ(read(f, "a/rel"), "inside\n");
  EXPECT_EQ(read(f, "a/dots"), "inside\n");
  EXPECT_EQ(read(f, "chain/deep.txt"), "deep\n");
  EXPECT_EQ(f.open_file("chain/deep.txt")->path, "a/b/deep.txt");
}

TEST_F(WorkspaceFsTest, RefusesLinksThatLeadOut) {  // SEC:P2
  link("/etc/passwd", "root/l1");
  link("../outside/canary", "root/l2");
  link("../outside", "root/d1");
  link(dir.path("outside"), "root/d2");
  link("a/../../outside/canary", "root/l3");
  link("l1", "root/l4");
  link("/proc/self/root", "root/magic");
  link(dir.path("root-evil/x"), "root/l5");
  const WorkspaceFs f = fs();
  for (const char* path : {"l1", "l2", "d1/canary", "d2/canary", "d1", "l3", "l4", "magic/etc/passwd", "l5"}) {
    EXPECT_EQ(f.open_file(path).error().code, ErrorCode::kPathSymlinkEscape) << path;
  }
}

TEST_F(WorkspaceFsTest, RefusesLoopsLongChainsAndDanglingLinks) {  // SEC:P2
  link("loop2", "root/loop1");
  link("loop1", "root/loop2");
  link("self/self", "root/self");
  link("nothing", "root/dangling");
  link("a/file.txt", "root/c0");
  for (int i = 1; i <= 41; ++i) link("c" + std::to_string(i - 1), "root/c" + std::to_string(i));
  const WorkspaceFs f = fs();
  EXPECT_EQ(f.open_file("loop1").error().code, ErrorCode::kPathSymlinkEscape);
  EXPECT_EQ(f.open_file("self").error().code, ErrorCode::kPathSymlinkEscape);
  EXPECT_EQ(f.open_file("dangling").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(read(f, "c39"), "inside\n");
  EXPECT_EQ(f.open_file("c41").error().code, ErrorCode::kPathSymlinkEscape);
}

TEST_F(WorkspaceFsTest, RefusesSpecialFilesAtOnce) {  // SEC:P4
  ASSERT_EQ(::mkfifo(dir.path("root/fifo").c_str(), 0600), 0);
  const auto socket = os::listen_unix(dir.path("root/socket"));
  ASSERT_TRUE(socket.ok());
  const WorkspaceFs f = fs();
  EXPECT_EQ(f.open_file("fifo").error().code, ErrorCode::kPathSpecialFile);
  EXPECT_EQ(f.open_file("socket").error().code, ErrorCode::kPathSpecialFile);
  EXPECT_EQ(f.open_dir("fifo").error().code, ErrorCode::kPathSpecialFile);

  const auto machine = WorkspaceFs::open_own("/", BlockedGlobs(), ProtectedPaths());
  ASSERT_TRUE(machine.ok());
  for (const char* path : {"/proc/self/environ", "/proc/self/mem", "/proc/self/fd/0", "/proc/version",
                           "/sys/kernel/notes", "/dev/zero", "/dev/null", "/dev/tty", "/proc"}) {
    EXPECT_EQ(machine->open_file(path).error().code, ErrorCode::kPathSpecialFile) << path;
  }
}

TEST_F(WorkspaceFsTest, SeparatesFilesAndFolders) {
  const WorkspaceFs f = fs();
  EXPECT_EQ(f.open_file("a").error().code, ErrorCode::kNotAFile);
  EXPECT_EQ(f.open_dir("a/file.txt").error().code, ErrorCode::kNotADirectory);
  EXPECT_EQ(f.open_file("a/file.txt/x").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(f.open_file("missing").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(f.find("a")->type, FileType::kDirectory);
}

TEST_F(WorkspaceFsTest, BlocksByNameAndByWhatALinkLeadsTo) {  // W15
  link("server.pem", "root/harmless.txt");
  link(".ssh", "root/dir");
  const WorkspaceFs f = fs();
  for (const char* path :
       {"server.pem", "SERVER.PEM", ".ssh/config", "harmless.txt", "dir/config", "a/.env", "x/../.ssh"}) {
    EXPECT_EQ(f.open_file(path).error().code, ErrorCode::kPathBlocked) << path;
  }
  EXPECT_EQ(read(fs(BlockedGlobs()), "harmless.txt"), "key\n");
}

TEST_F(WorkspaceFsTest, OwnSecretsAreOutOfReachUnderEveryName) {  // SEC:P5
  ASSERT_EQ(::link(dir.path("home/token").c_str(), dir.path("root/hard").c_str()), 0);
  auto opened =
      WorkspaceFs::open_own(dir.root(), BlockedGlobs(), ProtectedPaths({dir.path("home"), dir.path("home/token")}));
  ASSERT_TRUE(opened.ok());
  link("../home/token", "root/soft");
  link("../home", "root/homelink");
  for (const char* path :
       {"home/token", "home", "home/tokens/one", "root/hard", "root/soft", "root/homelink/tokens/one"}) {
    EXPECT_EQ(opened->open_file(path).error().code, ErrorCode::kPathBlocked) << path;
    EXPECT_EQ(opened->find(path).error().code, ErrorCode::kPathBlocked) << path;
  }
  // A new token written over the old one is protected at once.
  write("home/token", "rotated\n");
  ASSERT_EQ(::link(dir.path("home/token").c_str(), dir.path("root/again").c_str()), 0);
  EXPECT_EQ(opened->open_file("root/again").error().code, ErrorCode::kPathBlocked);
  EXPECT_EQ(opened->open_listed_dir("home").error().code, ErrorCode::kPathBlocked);
  const auto listing = opened->list(*opened->open_dir("."), 100);
  ASSERT_TRUE(listing.ok());
  EXPECT_EQ(listing->left_out, 1u);
  for (const DirEntry& entry : listing->entries) EXPECT_NE(entry.name, "home");
}

TEST_F(WorkspaceFsTest, OddNamesAreReachedAsTheyAreShown) {  // SEC:P13
  const std::vector<std::string> names = {"\xff\xfe",  "line\nbreak", "tab\there",   "bidi\xe2\x80\xae.txt",
                                          "a\xcc\x81", "\xc3\xa1",    "back\\slash", "col:on",
                                          " lead",     "-dash",       "caf\xe9"};
  for (const std::string& name : names) write("root/" + name, name);
  const WorkspaceFs f = fs();
  for (const std::string& name : names) EXPECT_EQ(read(f, display_safe(name)), name) << display_safe(name);
  write("root/\\xFF\\xFE", "literal");
  EXPECT_EQ(read(f, "\\xFF\\xFE"), "literal") << "a literal name wins over an escaped one";
  EXPECT_EQ(f.open_file("\\x2e\\x2e/outside/canary").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(f.open_file("\\x2essh/config").error().code, ErrorCode::kPathBlocked);
}

TEST_F(WorkspaceFsTest, ListsRawNamesWithTypes) {
  link("b", "root/a/l");
  const WorkspaceFs f = fs();
  const auto a = f.open_dir("a");
  ASSERT_TRUE(a.ok());
  auto listing = f.list(*a, 100);
  ASSERT_TRUE(listing.ok());
  std::map<std::string, FileType> types;
  for (const DirEntry& e : listing->entries) types[e.name] = e.type;
  EXPECT_EQ(types, (std::map<std::string, FileType>{
                       {"b", FileType::kDirectory}, {"file.txt", FileType::kRegular}, {"l", FileType::kSymlink}}));
  EXPECT_TRUE(f.list(*a, 2)->truncated);
  EXPECT_FALSE(f.list(*a, 3)->truncated);
  EXPECT_EQ(f.open_listed_dir("a/b")->path, "a/b");
  EXPECT_EQ(f.open_listed_dir("a/l").error().code, ErrorCode::kPathSymlinkEscape);
}

TEST_F(WorkspaceFsTest, ShowsOnlyLinkTargetsThatStayInside) {  // W52
  link("a", "root/in");
  link("../outside", "root/out");
  link("/etc/passwd", "root/abs");
  link("gone", "root/dangling");
  link("../outside/gone", "root/dangling-out");
  const WorkspaceFs f = fs();
  const auto root = f.open_dir(".");
  ASSERT_TRUE(root.ok());
  EXPECT_EQ(f.read_link(*root, "in").text, "a");
  EXPECT_TRUE(f.read_link(*root, "in").directory);
  for (const char* name : {"out", "abs", "dangling-out"}) {
    EXPECT_FALSE(f.read_link(*root, name).inside) << name;
    EXPECT_EQ(f.read_link(*root, name).text, "") << name;
  }
  EXPECT_EQ(f.read_link(*root, "dangling").text, "gone");
}

TEST_F(WorkspaceFsTest, WorksTheSameWithoutOpenat2) {
  link("a/b", "root/l");
  link("../outside", "root/out");
  set_openat2_available(false);
  const WorkspaceFs f = fs();
  EXPECT_EQ(read(f, "l/deep.txt"), "deep\n");
  EXPECT_EQ(f.open_dir(".")->path, ".");
  EXPECT_EQ(f.open_file("out/canary").error().code, ErrorCode::kPathSymlinkEscape);
  set_openat2_available(true);
}

// One side swaps a folder with a link to the outside as fast as it can, the other reads through it. Whatever
// is read must be the file inside.
void race(const TempDir& dir, const WorkspaceFs& f, std::chrono::milliseconds time) {
  std::atomic<bool> stop{false};
  std::atomic<long> inside{0}, refused{0}, escaped{0};
  std::thread flipper([&] {
    while (!stop) {
      ::renameat2(AT_FDCWD, dir.path("root/a").c_str(), AT_FDCWD, dir.path("root/swap").c_str(), RENAME_EXCHANGE);
      ::renameat2(AT_FDCWD, dir.path("root/b").c_str(), AT_FDCWD, dir.path("root/swap2").c_str(), RENAME_EXCHANGE);
    }
  });
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&, i] {
      const char* paths[] = {"a/canary", "b", "a/canary", "b"};
      while (!stop) {
        const auto file = f.open_file(paths[i]);
        if (!file) {
          ++refused;
          continue;
        }
        const auto text = os::read_to_end(file->fd.get(), 100);
        ++(text && *text == "INSIDE\n" ? inside : escaped);
      }
    });
  }
  std::this_thread::sleep_for(time);
  stop = true;
  flipper.join();
  for (auto& t : readers) t.join();
  EXPECT_EQ(escaped, 0);
  EXPECT_GT(inside, 0);
  EXPECT_GT(refused, 0);
}

TEST_F(WorkspaceFsTest, NoRaceLeadsOut) {  // SEC:P3
  ASSERT_TRUE(os::remove_tree(dir.path("root/a")).ok());
  ASSERT_TRUE(os::make_private_dirs(dir.path("root/a")).ok());
  write("root/a/canary", "INSIDE\n");
  write("root/b", "INSIDE\n");
  link("../outside", "root/swap");
  link("../outside/canary", "root/swap2");
  race(dir, fs(), std::chrono::milliseconds(1000));
  set_openat2_available(false);
  race(dir, fs(), std::chrono::milliseconds(1000));
  set_openat2_available(true);
}

}  // namespace
}  // namespace patchbay::workspace
