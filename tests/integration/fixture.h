#pragma once

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "patchbay/http/client.h"
#include "patchbay/os/lock.h"
#include "patchbay/os/stream.h"
#include "support/fake_codex/fake_codex.h"
#include "support/patchbay_process.h"
#include "support/patience.h"
#include "support/temp_dir.h"

namespace patchbay::integration {

using testing::HasSubstr;
using testing::Not;
using testing_support::eventually;
using testing_support::McpClient;
using testing_support::PatchbayProcess;

struct Finished {
  int code = -1;
  std::string out, err;
};

/// `patchbay stdio` as an MCP host drives it: one JSON message per line.
class StdioHost {
 public:
  StdioHost(std::vector<std::string> argv, const os::Environment& env, const std::string& cwd) {
    auto in = os::make_pipe();
    auto out = os::make_pipe();
    os::SpawnOptions spawn{.argv = std::move(argv), .env = env, .cwd = cwd};
    spawn.stdin_fd = in->read.get();
    spawn.stdout_fd = out->write.get();
    spawn.stderr_fd = 2;
    child_ = std::move(*os::Child::spawn(spawn));
    input_ = std::move(in->write);
    output_ = std::move(out->read);
  }

  void send(const Json& message) { ASSERT_TRUE(os::write_all(input_.get(), json::dump(message) + "\n").ok()); }

  /// The answer with this id; other answers are dropped. Null when none came in time.
  Json answer(int id, std::chrono::seconds within = testing_support::kPatience) {
    const MonoTime deadline = system_clock().mono() + within;
    for (;;) {
      for (std::size_t end; (end = rest_.find('\n')) != std::string::npos;) {
        const auto message = json::parse(rest_.substr(0, end));
        EXPECT_TRUE(message.ok()) << "not JSON on standard output: " << rest_.substr(0, end);
        rest_.erase(0, end + 1);
        if (!message) continue;
        if (json::find(*message, "method") != nullptr && json::find(*message, "id") == nullptr) {
          notifications_.push_back(*message);
          if (id == kNoId) return notifications_.back();
        } else if (json::find_int(*message, "id") == id && json::find(*message, "method") == nullptr) {
          return *message;
        }
      }
      const auto ready = os::wait_any_readable({output_.get()}, deadline);
      if (!ready || *ready < 0) return nullptr;
      const auto piece = os::read_some(output_.get(), 65536);
      if (!piece || piece->empty()) return nullptr;
      rest_ += *piece;
    }
  }

  /// The next notification that nobody has asked for yet. Null when none came in time.
  Json notification(std::chrono::seconds within = testing_support::kPatience) {
    if (seen_ == notifications_.size() && answer(kNoId, within).is_null()) return nullptr;
    return notifications_[seen_++];
  }

  Json request(const std::string& method, Json params = Json::object()) {
    send({{"jsonrpc", "2.0"}, {"id", ++last_id_}, {"method", method}, {"params", std::move(params)}});
    return answer(last_id_);
  }
  /// The 2025-11-25 handshake.
  Json handshake(const std::string& name = "host") {
    const Json reply = request("initialize", {{"protocolVersion", "2025-11-25"},
                                              {"capabilities", Json::object()},
                                              {"clientInfo", {{"name", name}, {"version", "1"}}}});
    send({{"jsonrpc", "2.0"}, {"method", "notifications/initialized"}});
    return reply;
  }
  Json call(const std::string& tool, Json arguments = Json::object()) {
    const Json reply = request("tools/call", {{"name", tool}, {"arguments", std::move(arguments)}});
    const Json* result = json::find(reply, "result");
    EXPECT_NE(result, nullptr) << json::dump(reply);
    const Json* structured = result == nullptr ? nullptr : json::find(*result, "structuredContent");
    return structured == nullptr ? Json::object() : *structured;
  }

  void end_input() { input_.reset(); }
  void signal(int signo) { (void)child_.signal(signo); }
  std::optional<os::ExitStatus> wait() { return child_.wait_until(testing_support::end_of_patience()); }
  pid_t pid() const { return child_.pid(); }
  int output() const { return output_.get(); }

 private:
  static constexpr int kNoId = -1;

  os::Child child_;
  os::Fd input_, output_;
  std::string rest_;
  std::vector<Json> notifications_;
  std::size_t seen_ = 0;
  int last_id_ = 0;
};

/// A repository, a home, and a program that plays Codex. Whatever a test started is ended with it; a process that is
/// left after that is a failure.
class Integration : public testing::Test {
 protected:
  Integration() : repo_(dir_.path("repo")), codex_(dir_.path("codex")) {
    (void)os::make_private_dirs(dir_.path("user"));
    env_ = {{"HOME", dir_.path("user")},
            {"PATH", "/usr/local/bin:/usr/bin:/bin"},
            {"CODEX_HOME", codex_.home()},
            {"PATCHBAY_HOME", dir_.path("home")}};
  }

  void TearDown() override {
    (void)run({"stop", "--turns"});
    for (const std::string& job : names_in(dir_.path("home/runtime/jobs")))
      end_runner(dir_.path("home/runtime/jobs/" + job));
    // Helpers of an owner that was killed see the end of their input.
    if (eventually([&] { return own_processes().empty(); })) return;
    for (const pid_t pid : own_processes()) {
      const auto argv = os::read_file("/proc/" + std::to_string(pid) + "/cmdline");
      std::string shown = argv ? *argv : std::string();
      std::replace(shown.begin(), shown.end(), '\0', ' ');
      ADD_FAILURE() << "a process of the test is left: " << pid << ": " << shown;
      ::kill(pid, SIGKILL);
    }
  }

  /// Every process that has a path of this test in its environment.
  std::vector<pid_t> own_processes() const {
    std::vector<pid_t> found;
    for (const std::string& name : names_in("/proc")) {
      const pid_t pid = std::atoi(name.c_str());
      if (pid <= 1 || pid == ::getpid()) continue;
      // A zombie, and a process that ends meanwhile, has none.
      const auto environment = read_proc("/proc/" + name + "/environ");
      if (environment.find(dir_.path("home")) != std::string::npos) found.push_back(pid);
    }
    return found;
  }
  static std::string read_proc(const std::string& path) {
    const os::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return {};
    const auto text = os::read_to_end(fd.get(), 4u << 20);
    return text ? *text : std::string();
  }

  /// A `start` on a free port with the program that plays Codex. `more` comes last.
  std::unique_ptr<PatchbayProcess> start(std::vector<std::string> more = {}) {
    auto owner = std::make_unique<PatchbayProcess>(dir_.path("home"), env_);
    std::vector<std::string> flags = {"--root", repo_.path(), "--codex", support::FakeCodex::program()};
    flags.insert(flags.end(), more.begin(), more.end());
    owner->start(flags);
    return owner;
  }

  /// The same with everything it says on standard error in a file, `said()`.
  std::unique_ptr<os::Child> start_noting(std::vector<std::string> more = {}) {
    const std::string ready = dir_.path("ready");
    (void)os::remove_file(ready);
    const os::Fd notes(::open(dir_.path("said").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    std::vector<std::string> argv = {
        testing_support::patchbay_binary(), "start",        "--port", "0", "--root", repo_.path(), "--codex",
        support::FakeCodex::program(),      "--ready-file", ready};
    argv.insert(argv.end(), more.begin(), more.end());
    os::SpawnOptions spawn{.argv = argv, .env = env_};
    spawn.stderr_fd = notes.get();
    auto child = os::Child::spawn(spawn);
    EXPECT_TRUE(child.ok());
    auto owner = std::make_unique<os::Child>(std::move(*child));
    EXPECT_TRUE(eventually([&] { return os::exists(ready); })) << said();
    const auto text = os::read_file(ready);
    port_ = text ? static_cast<int>(json::get_int(*json::parse(*text), "port")) : 0;
    return owner;
  }
  std::string said() const {
    const auto text = os::read_file(dir_.path("said"));
    return text ? *text : std::string();
  }

  /// A configuration file for owners that are started without flags.
  std::string write_config(const std::string& more = {}) {
    const std::string path = dir_.path("config.yaml");
    const std::string text = "repositories:\n  default: " + repo_.path() + "\n  allowed: [" + repo_.path() +
                             "]\ncodex:\n  executable: " + support::FakeCodex::program() + "\n" + more;
    EXPECT_TRUE(os::write_file_atomic(path, text).ok());
    return path;
  }
  /// Makes it the one that every process of this home reads.
  void use_config(const std::string& more = {}) { env_["PATCHBAY_CONFIG"] = write_config(more); }

  std::unique_ptr<StdioHost> host(std::vector<std::string> flags = {}) {
    std::vector<std::string> argv = {testing_support::patchbay_binary(), "stdio"};
    argv.insert(argv.end(), flags.begin(), flags.end());
    return std::make_unique<StdioHost>(std::move(argv), env_, repo_.path());
  }

  Finished run(std::vector<std::string> arguments, const std::string& input = {}) {
    arguments.insert(arguments.begin(), testing_support::patchbay_binary());
    os::SpawnOptions spawn{.argv = std::move(arguments), .env = env_, .cwd = repo_.path()};
    const auto done = os::run(spawn, input, testing_support::end_of_patience(), 4u << 20);
    EXPECT_TRUE(done.ok());
    if (!done) return {};
    return {done->status.signalled ? 1000 + done->status.code : done->status.code, done->out, done->err};
  }

  /// The command waits while somebody starts an owner, and ends when that is over.
  void expect_waits_for_a_start(std::vector<std::string> arguments, int code) {
    (void)os::make_private_dirs(dir_.path("home/run"));
    auto gate = os::FileLock::try_acquire(dir_.path("home/run/start.lock"));
    ASSERT_TRUE(gate.ok() && gate->held());
    arguments.insert(arguments.begin(), testing_support::patchbay_binary());
    auto command = os::Child::spawn({.argv = arguments, .env = env_, .cwd = repo_.path()});
    ASSERT_TRUE(command.ok());
    EXPECT_FALSE(command->wait_until(system_clock().mono() + std::chrono::milliseconds(600)).has_value())
        << "it did not wait";
    gate->release();
    const auto ended = command->wait_until(testing_support::end_of_patience());
    ASSERT_TRUE(ended.has_value());
    EXPECT_EQ(ended->code, code);
  }

  /// Pid of the owner, or 0.
  pid_t owner_pid() const {
    const std::string lock = dir_.path("home/run/owner.lock");
    const auto held = os::FileLock::is_held(lock);
    const auto text = os::read_file(lock);
    if (!held || !*held || !text) return 0;
    const auto info = json::parse(*text);
    return info ? static_cast<pid_t>(json::get_int(*info, "pid")) : 0;
  }
  static std::vector<std::string> names_in(const std::string& folder) {
    const auto names = os::list_dir(folder);
    return names ? *names : std::vector<std::string>{};
  }
  static void end_runner(const std::string& job_dir) {
    const auto lock = os::read_file(os::join(job_dir, "run.lock"));
    if (!lock || os::exists(os::join(job_dir, "exit.json"))) return;
    const pid_t pid = std::atoi(lock->c_str());
    if (pid > 1) ::kill(pid, SIGTERM);
    (void)eventually([&] { return os::exists(os::join(job_dir, "exit.json")); });
  }

  testing_support::TempDir dir_;
  testing_support::TestRepository repo_;
  support::FakeCodex codex_;
  os::Environment env_;
  int port_ = 0;  ///< of start_noting()
};

}  // namespace patchbay::integration
