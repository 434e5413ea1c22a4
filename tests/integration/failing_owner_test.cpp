// What an owner leaves behind when it fails, and what it tells when it is asked (SEC:S14, S15, F10, F12, C13).

#include "integration/fixture.h"
#include "support/patience.h"

namespace patchbay::integration {
namespace {

class FailingOwnerTest : public Integration {
 protected:
  Json start_sleeper(const std::string& brief = "Wait.") {
    codex_.script("thread\nturn\nmessage still at it\nsleep 120\n");
    McpClient client(port_);
    const Json worker =
        client.call("codex_worker_start", {{"name", "Sleeper"}, {"brief", brief}, {"workspace_mode", "read_only"}});
    EXPECT_TRUE(json::get_bool(worker, "accepted"));
    EXPECT_TRUE(eventually([&] { return !codex_.calls().empty(); }));
    return worker;
  }
  int health() {
    http::Client http({.port = port_});
    const auto reply = http.get("/health");
    return reply ? reply->status : 0;
  }
  std::string doctor_says(const std::string& name, const std::string& member) {
    const Json report = *json::parse(run({"doctor", "--json", "--root", repo_.path()}).out);
    for (const Json& check : report["checks"]) {
      if (json::get_string(check, "name") == name) return json::get_string(check, member);
    }
    return "absent";
  }
};

TEST_F(FailingOwnerTest, CrashLeavesANoteThatTheNextStartTells) {
  env_["PATCHBAY_HTTP_TOKEN"] = "canary-token-0123456789abcdef";
  const auto owner = start_noting();
  ASSERT_TRUE(owner->signal(SIGSEGV).ok());
  const os::ExitStatus ended = owner->wait();
  EXPECT_TRUE(ended.signalled);
  EXPECT_EQ(ended.code, SIGSEGV);

  const auto note = os::read_file(dir_.path("home/run/crash"));
  ASSERT_TRUE(note.ok());
  EXPECT_THAT(*note, HasSubstr("signal: SIGSEGV\n"));
  EXPECT_THAT(*note, Not(HasSubstr("canary")));
  EXPECT_EQ(doctor_says("last_crash", "status"), "warn");
  EXPECT_THAT(doctor_says("last_crash", "detail"), HasSubstr("SIGSEGV"));

  const auto next = start_noting();
  EXPECT_THAT(said(), HasSubstr("crashed (SIGSEGV)"));
  EXPECT_FALSE(os::exists(dir_.path("home/run/crash")));
  EXPECT_EQ(doctor_says("last_crash", "status"), "pass");
  EXPECT_THAT(doctor_says("last_crash", "detail"), HasSubstr("home/runtime/logs/crash.txt"));
}

TEST_F(FailingOwnerTest, CrashTakesNoTurnWithIt) {
  auto owner = start_noting();
  const Json worker = start_sleeper();
  const pid_t turn = static_cast<pid_t>(json::get_int(codex_.calls().back(), "pid"));
  ASSERT_TRUE(owner->signal(SIGABRT).ok());
  EXPECT_EQ(owner->wait().code, SIGABRT);
  owner = start_noting();
  McpClient client(port_);
  const Json seen =
      client.call("codex_worker_inspect", {{"worker", json::get_string(worker, "worker_id")}, {"view", "status"}});
  EXPECT_EQ(json::get_string(seen, "state"), "working");
  EXPECT_EQ(::kill(turn, 0), 0);
}

TEST_F(FailingOwnerTest, QuitSignalWritesTheStateAndTheOwnerGoesOn) {
  env_["PATCHBAY_HTTP_TOKEN"] = "";
  const auto owner = start_noting();
  start_sleeper("A brief about zebras.");
  const std::string dump = dir_.path("home/runtime/logs/dump.txt");
  for (int round = 0; round < 3; ++round) {
    (void)os::remove_file(dump);
    ASSERT_TRUE(owner->signal(SIGQUIT).ok());
    const auto complete = [&] {
      const auto text = os::read_file(dump);
      return text && text->find("Repository locks") != std::string::npos;
    };
    ASSERT_TRUE(eventually(complete)) << said();
    EXPECT_EQ(health(), 200);
  }
  const std::string text = *os::read_file(dump);
  EXPECT_THAT(text, HasSubstr("Threads\n  thread " + std::to_string(owner->pid())));
  EXPECT_THAT(text, HasSubstr("sessions: 1"));
  EXPECT_THAT(text, HasSubstr(names_in(dir_.path("home/runtime/jobs")).front() + " interactive running"));
  EXPECT_THAT(text, HasSubstr(" watchdog, state "));
  EXPECT_THAT(text, Not(HasSubstr("(no answer)")));
  EXPECT_THAT(text, Not(HasSubstr("zebra")));
  EXPECT_THAT(text, Not(HasSubstr("Sleeper")));
  EXPECT_THAT(said(), HasSubstr("dump.txt"));
  ASSERT_TRUE(owner->signal(SIGTERM).ok());
  const os::ExitStatus ended = owner->wait();
  EXPECT_FALSE(ended.signalled);
  EXPECT_EQ(ended.code, 0);
}

TEST_F(FailingOwnerTest, HangupOpensTheLogOfABackgroundOwnerAgain) {
  use_config();
  const auto first = host();
  first->handshake();
  const pid_t owner = owner_pid();
  ASSERT_GT(owner, 0);
  const std::string log = dir_.path("home/runtime/logs/owner.log");
  ASSERT_EQ(::rename(log.c_str(), (log + ".old").c_str()), 0);
  ASSERT_EQ(::kill(owner, SIGHUP), 0);
  ASSERT_TRUE(eventually([&] { return os::exists(log); }));
  ASSERT_EQ(::kill(owner, SIGTERM), 0);
  EXPECT_TRUE(eventually([&] {
    const auto text = os::read_file(log);
    return text && text->find("PatchBay ends") != std::string::npos;
  }));
  first->end_input();
  (void)first->wait();
}

TEST_F(FailingOwnerTest, InterruptEndsAStartLikeAnEndSignal) {  // SEC:S14
  const auto owner = start_noting();
  ASSERT_TRUE(owner->signal(SIGINT).ok());
  const os::ExitStatus ended = owner->wait();
  EXPECT_FALSE(ended.signalled);
  EXPECT_EQ(ended.code, 0);
  EXPECT_THAT(said(), HasSubstr("PatchBay ends (interrupted)"));
}

TEST_F(FailingOwnerTest, HomeThatCannotBeUsedEndsTheStartWithItsOwnCode) {  // SEC:F10
  ASSERT_TRUE(os::make_private_dirs(dir_.path("home")).ok());
  ASSERT_TRUE(os::write_file_atomic(dir_.path("home/run"), "in the way\n").ok());
  EXPECT_EQ(run({"start", "--root", repo_.path(), "--port", "0"}).code, 74);
  ASSERT_TRUE(os::remove_file(dir_.path("home/run")).ok());
  ASSERT_TRUE(os::make_private_dirs(dir_.path("home/runtime/logs/audit.log")).ok());
  const Finished done = run({"start", "--root", repo_.path(), "--port", "0"});
  EXPECT_EQ(done.code, 74) << done.err;
  EXPECT_EQ(owner_pid(), 0);
}

TEST_F(FailingOwnerTest, DoctorExaminesThePathGuardAndTheVersionOfCodex) {  // SEC:F12, cli.md 5.1
  const auto owner = start_noting();
  EXPECT_EQ(doctor_says("path_guard", "status"), "pass");
  env_["PATCHBAY_CONFIG"] = write_config();
  EXPECT_EQ(doctor_says("codex_version", "status"), "pass");
  codex_.put("fake-version", "0.99.3");
  EXPECT_EQ(doctor_says("codex_version", "status"), "warn");
  EXPECT_THAT(doctor_says("codex_version", "detail"), HasSubstr("too old: the minimum is 0.142.2"));
  EXPECT_EQ(run({"doctor", "--strict", "--root", repo_.path()}).code, 1);
}

TEST_F(FailingOwnerTest, ChangeOfCodexSettingsDuringATurnIsReported) {  // SEC:C13
  codex_.put("config.toml", "model = \"one\"\n");
  codex_.script("thread\nturn\nwrite " + codex_.file("config.toml") + " model = \"two\"\nreport Done.\ndone\n");
  const auto owner = start_noting();
  McpClient client(port_);
  ASSERT_TRUE(
      json::get_bool(client.call("codex_worker_start", {{"name", "Meddler"}, {"brief", "Do it."}}), "accepted"));
  client.wait_for("Meddler");
  EXPECT_TRUE(eventually([&] { return said().find("config.toml changed while job") != std::string::npos; })) << said();
  EXPECT_TRUE(eventually([&] {
    return os::read_file(dir_.path("home/runtime/logs/audit.log"))->find("codex_config_changed") != std::string::npos;
  }));
}

}  // namespace
}  // namespace patchbay::integration
