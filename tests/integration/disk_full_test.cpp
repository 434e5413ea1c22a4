// A full disk: what was acknowledged stays, what cannot be kept is refused with its reason (SEC:D2, F10, F17).

#include <fcntl.h>
#include <sys/mount.h>

#include "integration/fixture.h"

namespace patchbay::integration {
namespace {

/// A home on a small file system of its own.
class DiskFullTest : public Integration {
 protected:
  void SetUp() override {
    (void)os::make_private_dirs(dir_.path("home"));
    if (::mount("patchbay-test", dir_.path("home").c_str(), "tmpfs", 0, "size=96m,mode=0700") != 0)
      GTEST_SKIP() << "needs the right to mount a file system";
    mounted_ = true;
  }
  void TearDown() override {
    if (!mounted_) return;
    make_room();
    Integration::TearDown();
    EXPECT_TRUE(eventually([&] { return ::umount(dir_.path("home").c_str()) == 0; }));
  }

  void fill() {
    const os::Fd file(::open(dir_.path("home/ballast").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    for (std::size_t size : {65536u, 4096u, 1u}) {
      const std::string piece(size, 'x');
      while (::write(file.get(), piece.data(), piece.size()) == static_cast<ssize_t>(piece.size())) {
      }
    }
  }
  void make_room() { (void)os::remove_file(dir_.path("home/ballast")); }

  static Json arguments(const std::string& name) {
    return {{"name", name}, {"brief", "Do it."}, {"workspace_mode", "read_only"}};
  }
  static std::vector<std::string> names(const Json& list) {
    std::vector<std::string> all;
    for (const Json& worker : list["workers"]) all.push_back(json::get_string(worker, "name"));
    std::sort(all.begin(), all.end());
    return all;
  }

  bool mounted_ = false;
};

TEST_F(DiskFullTest, RefusesWithItsReasonGoesOnAndLosesNothing) {
  auto owner = start();
  {
    McpClient client(owner->port());
    ASSERT_TRUE(json::get_bool(client.call("codex_worker_start", arguments("Before")), "accepted"));
    client.wait_for("Before");
    fill();
    const std::string refused = client.call_error("codex_worker_start", arguments("Refused"));
    EXPECT_THAT(refused, testing::AnyOf("disk_full", "degraded_readonly", "io_error"));
    EXPECT_EQ(client.call_error("codex_read_file", {{"file_path", "README.md"}}), "") << "reading needs no disk";
    EXPECT_EQ(names(client.call("codex_worker_list", {{"scope", "history"}})), std::vector<std::string>{"Before"});
    make_room();
    Json started;
    EXPECT_TRUE(eventually([&] {
      const Json result = client.call_raw("codex_worker_start", arguments("After"));
      return !json::get_bool(result, "isError") && json::get_bool(result["structuredContent"], "accepted");
    }));
    client.wait_for("After");
  }
  EXPECT_EQ(owner_pid(), owner->pid());
  owner->kill9();
  owner = start();
  McpClient client(owner->port());
  const std::vector<std::string> kept = {"After", "Before"};
  EXPECT_EQ(names(client.call("codex_worker_list", {{"scope", "history"}})), kept);
}

TEST_F(DiskFullTest, TurnThatRunsMeanwhileEndsWithAnOutcome) {
  codex_.script("thread\nturn\nmessage begun\nwait-file " + dir_.path("go") + "\nreport Made it.\ndone\n");
  auto owner = start();
  McpClient client(owner->port());
  ASSERT_TRUE(json::get_bool(client.call("codex_worker_start", arguments("Worker")), "accepted"));
  ASSERT_TRUE(eventually([&] { return !codex_.calls().empty(); }));
  fill();
  ASSERT_TRUE(os::write_file_atomic(dir_.path("go"), "").ok());
  ::usleep(1'000'000);
  make_room();
  const Json seen = client.wait_for("Worker");
  EXPECT_THAT(json::get_string(seen, "state"), testing::AnyOf("idle", "failed")) << json::dump(seen);
  EXPECT_EQ(owner_pid(), owner->pid());
}

}  // namespace
}  // namespace patchbay::integration
