// What the commands print and how they end (cli.md 1, 3, 5).

#include "integration/fixture.h"
#include "patchbay/os/socket.h"
#include "store/crc32c.h"
#include "support/patience.h"

namespace patchbay::integration {
namespace {

using CommandLineTest = Integration;

TEST_F(CommandLineTest, NoArgumentsAndHelpPrintTheTopHelp) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{}, {"-h"}, {"--help"}, {"help"}}) {
    const Finished done = run(arguments);
    EXPECT_EQ(done.code, 0);
    EXPECT_THAT(done.out, HasSubstr("patchbay <command>"));
    EXPECT_EQ(done.err, "");
  }
}

TEST_F(CommandLineTest, UnknownCommandIsAUsageErrorOnStandardError) {
  const Finished done = run({"strat"});
  EXPECT_EQ(done.code, 2);
  EXPECT_EQ(done.out, "");
  EXPECT_THAT(done.err, HasSubstr("Unknown command: strat"));
  EXPECT_THAT(done.err, HasSubstr("`start`"));
}

TEST_F(CommandLineTest, HelpOfACommandNamesItsFlags) {
  const Finished done = run({"start", "--help"});
  EXPECT_EQ(done.code, 0);
  EXPECT_THAT(done.out, HasSubstr("--root"));
  EXPECT_THAT(done.out, HasSubstr("--allow-root"));
}

TEST_F(CommandLineTest, UnknownFlagAndInvalidValueAreUsageErrors) {
  EXPECT_EQ(run({"start", "--nonsense"}).code, 2);
  EXPECT_EQ(run({"start", "--root", repo_.path(), "--port", "70000"}).code, 2);
  EXPECT_EQ(run({"start", "--root", repo_.path(), "--port", "x"}).code, 2);
  EXPECT_EQ(run({"start", "--root", repo_.path(), "--tool-mode", "everything"}).code, 2);
  EXPECT_EQ(run({"start", "--root", repo_.path(), "--verbose-logs", "--log-level", "off", "--print-only"}).code, 2);
}

TEST_F(CommandLineTest, BlankValueIsAUsageErrorAndNotALeftOutFlag) {
  const std::vector<std::string> start = {"start", "--root", repo_.path(), "--print-only"};
  for (const char* flag : {"--port", "--config", "--allow-root", "--codex", "--ready-file", "--public-base-url"}) {
    std::vector<std::string> arguments = start;
    arguments.insert(arguments.end(), {flag, ""});
    const Finished done = run(arguments);
    EXPECT_EQ(done.code, 2) << flag;
    EXPECT_THAT(done.err, HasSubstr(std::string(flag) + " must not be blank"));
  }
  EXPECT_EQ(run({"start", "--root", "", "--print-only"}).code, 2);
  EXPECT_EQ(run({"worker", "stop", ""}).code, 2);
  EXPECT_EQ(run({"start", "--root", repo_.path(), "--bash-session-id", "", "--print-only"}).code, 0);
}

TEST_F(CommandLineTest, VersionNamesTheLibraries) {
  const Finished done = run({"version", "--json"});
  ASSERT_EQ(done.code, 0);
  const Json version = *json::parse(done.out);
  EXPECT_EQ(json::get_string(version, "name"), "patchbay");
  for (const char* library : {"libgit2", "openssl", "sqlite", "cpp-httplib"}) {
    EXPECT_NE(json::get_string(version["libraries"], library), "") << library;
  }
}

TEST_F(CommandLineTest, PrintOnlyTellsTheSetupAndStartsNothing) {
  const Finished done = run({"start", "--root", repo_.path(), "--codex", support::FakeCodex::program(), "--port",
                             "8123", "--print-only", "--json"});
  ASSERT_EQ(done.code, 0) << done.err;
  const Json printed = *json::parse(done.out);
  EXPECT_EQ(json::get_string(printed, "name"), "patchbay");
  EXPECT_TRUE(json::get_bool(printed, "ready"));
  EXPECT_TRUE(os::exists(json::get_string(printed, "runtime_config_path")));
  EXPECT_EQ(json::get_string(printed["connection"], "local_mcp_url"), "http://127.0.0.1:8123/mcp");
  const Json& guide = printed["setup_guide"];
  EXPECT_EQ(json::get_string(guide, "server_url"), "http://127.0.0.1:8123/mcp");
  EXPECT_EQ(guide["chatgpt_steps"].size(), 6u);
  EXPECT_EQ(json::get_string(guide, "default_root"), repo_.path());
  for (const char* member : {"purpose", "authentication", "tool_mode", "tunnel_mode", "allowed_roots", "profile",
                             "operator_commands", "controls", "warnings", "runtime"}) {
    EXPECT_NE(json::find(guide, member), nullptr) << member;
  }
  EXPECT_EQ(owner_pid(), 0);
}

TEST_F(CommandLineTest, PrintOnlyAsTextIsTheDoctorReportAndTheGuide) {
  const Finished done =
      run({"start", "--root", repo_.path(), "--codex", support::FakeCodex::program(), "--print-only"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("Ready: yes"));
  EXPECT_THAT(done.out, HasSubstr("ChatGPT setup"));
  EXPECT_THAT(done.out, HasSubstr("Developer mode"));
  EXPECT_THAT(done.out, HasSubstr("Runtime config: "));
}

TEST_F(CommandLineTest, TokenIsShownOnlyWhenAskedForAndWithAWarning) {
  env_["PATCHBAY_HTTP_TOKEN"] = "canary-token-0123456789abcdef";
  const Finished hidden = run({"start", "--root", repo_.path(), "--print-only", "--json"});
  EXPECT_EQ(hidden.code, 0) << hidden.err;
  EXPECT_THAT(hidden.out + hidden.err, Not(HasSubstr("canary-token")));
  const Finished shown = run({"start", "--root", repo_.path(), "--print-only", "--json", "--reveal-token"});
  EXPECT_THAT(shown.out, HasSubstr("patchbay_token=canary-token-0123456789abcdef"));
  EXPECT_THAT(shown.err, HasSubstr("WARNING: printing a private tokenized"));
  EXPECT_TRUE(json::parse(shown.out).ok());
}

TEST_F(CommandLineTest, DoctorReportsEveryCheckAsJsonAndAsText) {
  use_config();
  const Finished done = run({"doctor", "--json"});
  ASSERT_EQ(done.code, 0) << done.out << done.err;
  const Json report = *json::parse(done.out);
  EXPECT_TRUE(json::get_bool(report, "ready"));
  std::vector<std::string> names;
  for (const Json& check : report["checks"]) names.push_back(json::get_string(check, "name"));
  for (const char* name : {"codex_cli", "host_binding", "http_auth", "default_sandbox", "direct_write", "bash_mode",
                           "allowed_roots", "codex_version", "codex_auth"}) {
    EXPECT_THAT(names, testing::Contains(name));
  }
  const Finished text = run({"doctor"});
  EXPECT_EQ(text.code, 0);
  EXPECT_THAT(text.out, HasSubstr("Ready: yes"));
}

TEST_F(CommandLineTest, MissingCodexIsAWarningAndNoReasonNotToStart) {  // SEC:F13
  use_config();
  env_["PATCHBAY_CONFIG"] = write_config();
  const Finished done = run({"start", "--codex", dir_.path("no-such-codex"), "--print-only", "--json"});
  EXPECT_EQ(done.code, 0) << done.err;
  const Json printed = *json::parse(done.out);
  for (const Json& check : printed["checks"]) {
    if (json::get_string(check, "name") == "codex_cli") {
      EXPECT_EQ(json::get_string(check, "status"), "warn");
    }
  }
}

TEST_F(CommandLineTest, RefusesToBeReachableWithoutAToken) {  // SEC:F1, A1
  for (const char* how : {"--json", "--print-only"}) {
    const Finished done = run({"start", "--root", repo_.path(), "--host", "0.0.0.0", "--force", how});
    EXPECT_EQ(done.code, 78) << done.err;
    EXPECT_THAT(done.err, HasSubstr("--generate-token"));
  }
  EXPECT_EQ(owner_pid(), 0);
}

TEST_F(CommandLineTest, PublicAddressWithoutATokenIsRefused) {  // SEC:F1
  for (const char* how : {"--json", "--print-only"}) {
    const Finished done = run({"start", "--root", repo_.path(), "--public-base-url", "https://bay.example.org", how});
    EXPECT_EQ(done.code, 78) << done.err;
    EXPECT_THAT(done.err, HasSubstr("--generate-token"));
  }
  EXPECT_EQ(run({"start", "--root", repo_.path(), "--public-base-url", "bay.example.org", "--print-only"}).code, 2);
}

TEST_F(CommandLineTest, FlagsOfTheCommandSessionAreTaken) {
  const Finished done =
      run({"start", "--root", repo_.path(), "--codex", support::FakeCodex::program(), "--bash-session-id", "blue",
           "--require-bash-session", "--codex-session-read", "--widget-domain", "https://cards.example.org",
           "--no-copy-url", "--print-only", "--json"});
  ASSERT_EQ(done.code, 0) << done.err;
  const Json tools = (*json::parse(done.out))["power_tools"];
  EXPECT_TRUE(json::get_bool(tools, "bash_session_configured"));
  EXPECT_TRUE(json::get_bool(tools, "require_bash_session"));
  EXPECT_TRUE(json::get_bool(tools, "codex_session_read"));
  EXPECT_EQ(run({"start", "--root", repo_.path(), "--widget-domain", "http://x/y", "--print-only"}).code, 2);
  EXPECT_EQ(run({"start", "--root", repo_.path(), "--bash-session-id", "a b", "--print-only"}).code, 2);
}

TEST_F(CommandLineTest, KeysWithoutEffectAreNamed) {
  use_config("logging:\n  store_job_prompts: true\nserver:\n  stale_running_job_grace_seconds: 5\n");
  const Finished done = run({"doctor", "--json"});
  const Json report = *json::parse(done.out);
  EXPECT_THAT(json::dump(report["warnings"]), HasSubstr("logging.store_job_prompts: has no effect"));
  EXPECT_THAT(json::dump(report["warnings"]), Not(HasSubstr("stale_running")));
  EXPECT_THAT(run({"doctor"}).out, HasSubstr("[warn] "));
}

Json check_named(const Json& report, const std::string& name) {
  for (const Json& check : report["checks"]) {
    if (json::get_string(check, "name") == name) return check;
  }
  return Json::object();
}

TEST_F(CommandLineTest, DoctorReportsWhatAStartWouldBeRefusedFor) {
  use_config("security:\n  allow_dangerous_bypass: false\n");
  const Finished done = run({"doctor", "--json", "--root", repo_.path()});
  EXPECT_EQ(done.code, 1) << done.err;
  const Json report = *json::parse(done.out);
  EXPECT_FALSE(json::get_bool(report, "ready", true));
  const Json file = check_named(report, "config_file");
  EXPECT_EQ(json::get_string(file, "status"), "fail");
  EXPECT_THAT(json::get_string(file, "detail"), HasSubstr("allow_dangerous_bypass"));
  EXPECT_EQ(json::get_string(check_named(report, "allowed_roots"), "status"), "pass");
  EXPECT_EQ(run({"doctor", "--check"}).code, 78);
  EXPECT_THAT(run({"doctor", "--check"}).out, HasSubstr("A start would be refused."));
}

TEST_F(CommandLineTest, DoctorReportsAPublicAddressWithoutAToken) {
  use_config();
  const Finished done = run({"doctor", "--json", "--public-base-url", "https://bay.example.org"});
  EXPECT_EQ(done.code, 1);
  EXPECT_EQ(json::get_string(check_named(*json::parse(done.out), "exposure"), "status"), "fail");
}

TEST_F(CommandLineTest, DoctorFailsForANamedRootThatIsNone) {  // SEC:F7
  const Finished done = run({"doctor", "--json", "--root", "/nonexistent"});
  EXPECT_EQ(done.code, 1);
  const Json report = *json::parse(done.out);
  EXPECT_FALSE(json::get_bool(report, "ready", true));
  const Json roots = check_named(report, "allowed_roots");
  EXPECT_EQ(json::get_string(roots, "status"), "fail");
  EXPECT_THAT(json::get_string(roots, "detail"), HasSubstr("/nonexistent does not exist"));
  EXPECT_THAT(done.out, Not(HasSubstr("The current folder")));
  EXPECT_EQ(done.out.find("allowed_roots"), done.out.rfind("allowed_roots")) << "told twice";
}

TEST_F(CommandLineTest, SavedProfileNamesTheFlagsItDoesNotKeep) {
  const Finished done = run(
      {"start", "--root", repo_.path(), "--posture", "documented", "--port", "8123", "--save-profile", "--print-only"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("a profile does not keep --posture;"));
  EXPECT_THAT(run({"start", "--root", repo_.path(), "--port", "8123", "--save-profile", "--print-only"}).out,
              Not(HasSubstr("does not keep")));
}

TEST_F(CommandLineTest, CommandsWithoutRootFlagSayWhatNamesAWorkspace) {
  for (const char* command : {"stdio", "serve"}) {
    os::SpawnOptions spawn{
        .argv = {testing_support::patchbay_binary(), command}, .env = env_, .cwd = dir_.path("user")};
    const auto done = os::run(spawn, "", testing_support::end_of_patience(), 4u << 20);
    ASSERT_TRUE(done.ok());
    EXPECT_EQ(done->status.code, 2) << done->err;
    EXPECT_THAT(done->err, testing::StartsWith(std::string("patchbay ") + command + ": the current folder"));
    EXPECT_THAT(done->err, HasSubstr("repositories.default in " + dir_.path("home/config.yaml")));
    EXPECT_THAT(done->err, Not(HasSubstr("Give --root")));
  }
}

TEST_F(CommandLineTest, StartPrintsThePortThatItGot) {
  const os::Fd out(::open(dir_.path("out").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  os::SpawnOptions spawn{.argv = {testing_support::patchbay_binary(), "start", "--root", repo_.path(), "--port", "0"},
                         .env = env_};
  spawn.stdout_fd = out.get();
  const auto owner = os::Child::spawn(spawn);
  ASSERT_TRUE(owner.ok());
  std::string text;
  EXPECT_TRUE(eventually([&] {
    text = *os::read_file(dir_.path("out"));
    return text.find("Runtime config: ") != std::string::npos;
  }));
  EXPECT_THAT(text, HasSubstr("Reach: this machine only, 127.0.0.1:"));
  EXPECT_THAT(text, Not(HasSubstr("127.0.0.1:0")));
}

TEST_F(CommandLineTest, DoctorWorksFromTheHomeDirectory) {
  os::SpawnOptions spawn{
      .argv = {testing_support::patchbay_binary(), "doctor", "--json"}, .env = env_, .cwd = dir_.path("user")};
  const auto done = os::run(spawn, "", testing_support::end_of_patience(), 4u << 20);
  ASSERT_TRUE(done.ok());
  const Json report = *json::parse(done->out);
  EXPECT_EQ(json::get_string(check_named(report, "allowed_roots"), "status"), "warn") << done->out;
  EXPECT_THAT(json::dump(report["warnings"]), HasSubstr("home directory"));
}

TEST_F(CommandLineTest, DoctorLooksWhetherThePortIsFree) {
  const auto owner = start();
  env_["PATCHBAY_HOME"] = dir_.path("home2");
  use_config("server:\n  port: " + std::to_string(owner->port()) + "\n");
  const Finished done = run({"doctor", "--json"});
  EXPECT_EQ(done.code, 1);
  EXPECT_EQ(json::get_string(check_named(*json::parse(done.out), "port_free"), "status"), "fail") << done.out;
  env_["PATCHBAY_HOME"] = dir_.path("home");
  EXPECT_EQ(json::get_string(check_named(*json::parse(run({"doctor", "--json"}).out), "port_free"), "status"), "pass");
}

TEST_F(CommandLineTest, StrictDoctorWantsACodexThatCanWork) {
  use_config();
  env_["PATH"] = "/nowhere";
  env_["PATCHBAY_CONFIG"] = dir_.path("bare.yaml");
  ASSERT_TRUE(os::write_file_atomic(env_["PATCHBAY_CONFIG"], "server:\n  port: 0\n").ok());
  const Json easy = *json::parse(run({"doctor", "--json"}).out);
  EXPECT_EQ(json::get_string(check_named(easy, "codex_cli"), "status"), "warn");
  const Finished strict = run({"doctor", "--strict", "--json"});
  EXPECT_EQ(strict.code, 1);
  EXPECT_EQ(json::get_string(check_named(*json::parse(strict.out), "codex_cli"), "status"), "fail");
}

TEST_F(CommandLineTest, MisspeltSafetyKeyIsRefused) {  // SEC:F4
  use_config("security:\n  allow_dangerous_bypass: false\n");
  const Finished done = run({"start", "--print-only"});
  EXPECT_EQ(done.code, 78);
  EXPECT_THAT(done.err, HasSubstr("allow_dangerous_bypass"));
}

TEST_F(CommandLineTest, MissingAllowedRootIsRefused) {  // SEC:F7
  EXPECT_EQ(run({"start", "--root", repo_.path(), "--allow-root", dir_.path("nowhere"), "--print-only"}).code, 78);
}

TEST_F(CommandLineTest, HomeThatOthersMayWriteIsRefused) {  // SEC:F5
  ASSERT_TRUE(os::make_private_dirs(dir_.path("home")).ok());
  ASSERT_EQ(::chmod(dir_.path("home").c_str(), 0777), 0);
  EXPECT_EQ(run({"start", "--root", repo_.path(), "--print-only"}).code, 78);
  ASSERT_EQ(::chmod(dir_.path("home").c_str(), 0700), 0);
}

TEST_F(CommandLineTest, StateOfANewerVersionIsLeftAlone) {  // SEC:F11
  const std::string record = dir_.path("home/runtime/jobs/11111111-1111-4111-8111-111111111111/record.json");
  ASSERT_TRUE(os::make_private_dirs(os::parent_of(record)).ok());
  const std::string tail = ",\n  \"job_id\": \"x\"\n}\n";
  const std::string head =
      fmt::format("{{\n  \"_check\": {{\"schema\": 999, \"created\": 1, \"revision\": 1, \"bytes\": {}, \"crc32c\": \"",
                  tail.size());
  const std::string text =
      head + fmt::format("{:08x}", store::crc32c("\"}" + tail, store::crc32c(head))) + "\"}" + tail;
  ASSERT_TRUE(os::write_file_atomic(record, text).ok());
  const Finished done = run({"start", "--root", repo_.path(), "--port", "0"});
  EXPECT_EQ(done.code, 65) << done.err;
  EXPECT_EQ(*os::read_file(record), text);
}

TEST_F(CommandLineTest, EveryCommandRefusesWhatItDoesNotKnowAsAUsageError) {
  for (const char* command : {"start", "stdio", "worker", "doctor", "token", "stop", "demo", "version", "serve"}) {
    const Finished done = run({command, "--nonsense"});
    EXPECT_EQ(done.code, 2) << command;
    EXPECT_THAT(done.err, HasSubstr(std::string("patchbay ") + command + ": ")) << command;
    EXPECT_EQ(done.out, "") << command;
  }
}

TEST_F(CommandLineTest, ConfigurationFileThatIsMissingIsAUsageErrorThatNamesIt) {
  for (const char* command : {"start", "stdio", "serve"}) {
    const Finished done = run({command, "--config", dir_.path("nowhere.yaml")});
    EXPECT_EQ(done.code, 2) << command;
    EXPECT_THAT(done.err, HasSubstr("there is no config file " + dir_.path("nowhere.yaml"))) << command;
  }
  EXPECT_EQ(run({"doctor", "--config", dir_.path("nowhere.yaml")}).code, 1) << "doctor tells, it does not fail";
}

TEST_F(CommandLineTest, WhatIsNotThereIsNoUsageError) {
  EXPECT_EQ(run({"token", "show"}).code, 1);
  EXPECT_EQ(run({"token", "revoke", "nobody"}).code, 1);
  EXPECT_EQ(run({"worker", "list"}).code, 1);
  EXPECT_EQ(run({"worker", "frobnicate"}).code, 2);
  EXPECT_EQ(run({"token", "create", "x", "--expires", "3y"}).code, 2);
  EXPECT_EQ(run({"token", "create", "x", "--scope", "all"}).code, 2);
}

TEST_F(CommandLineTest, StartThatIsNotReadyIsRefusedUnlessForced) {
  ASSERT_TRUE(os::make_private_dirs(dir_.path("empty")).ok());
  use_config("server:\n  port: 0\nworkers:\n  git_filters: true\n");
  env_["PATH"] = dir_.path("empty");
  const Finished refused = run({"start"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("not ready (git: "));
  EXPECT_THAT(refused.err, HasSubstr("--force"));
  EXPECT_EQ(owner_pid(), 0);
  EXPECT_EQ(run({"start", "--print-only"}).code, 1);
  env_["PATCHBAY_CONFIG"] = dir_.path("config.yaml");
  const auto forced = start_noting({"--force"});
  EXPECT_GT(owner_pid(), 0);
}

TEST_F(CommandLineTest, CurrentFolderIsNoRootWhenItIsTheHomeDirectory) {  // cli.md 1
  os::SpawnOptions spawn{
      .argv = {testing_support::patchbay_binary(), "start", "--print-only"}, .env = env_, .cwd = dir_.path("user")};
  const auto done = os::run(spawn, "", testing_support::end_of_patience(), 4u << 20);
  ASSERT_TRUE(done.ok());
  EXPECT_EQ(done->status.code, 2) << done->err;
}

TEST_F(CommandLineTest, StopWaitsForAnOwnerThatHoldsTheHomeAndDoesNotListenYet) {
  ASSERT_TRUE(os::make_private_dirs(dir_.path("home/run")).ok());
  auto lock = os::FileLock::try_acquire(dir_.path("home/run/owner.lock"));
  ASSERT_TRUE(lock.ok() && lock->held());
  os::SpawnOptions spawn{.argv = {testing_support::patchbay_binary(), "stop"}, .env = env_, .cwd = repo_.path()};
  auto out = os::make_pipe();
  spawn.stdout_fd = out->write.get();
  os::Child stop = std::move(*os::Child::spawn(spawn));
  out->write.reset();
  EXPECT_FALSE(stop.wait_until(system_clock().mono() + std::chrono::milliseconds(500)).has_value())
      << "it ended although somebody holds the home";
  {
    const auto listener = os::listen_unix(dir_.path("home/run/owner.sock"));
    const auto peer = os::accept_same_user(listener->get());
    ASSERT_TRUE(peer.ok());
    const auto asked = os::peek_line(peer->get(), 4096, testing_support::end_of_patience());
    EXPECT_THAT(*asked, HasSubstr("\"stop\""));
    os::discard(peer->get(), asked->size() + 1);
    ASSERT_TRUE(os::write_all(peer->get(), "{\"active_turns\":2,\"cancelled_turns\":0}\n").ok());
  }
  lock->release();
  EXPECT_EQ(stop.wait().code, 0);
  EXPECT_THAT(*os::read_to_end(out->read.get(), 4096), HasSubstr("2 turns go on"));
}

TEST_F(CommandLineTest, CommandsOfTheOperatorWaitForAnOwnerThatIsBeingStarted) {
  expect_waits_for_a_start({"stop"}, 0);
  expect_waits_for_a_start({"worker", "list"}, 1);  // and then nothing tells what to serve
}

TEST_F(CommandLineTest, StopWithoutAnOwnerSaysSo) {
  const Finished done = run({"stop"});
  EXPECT_EQ(done.code, 0);
  EXPECT_THAT(done.out, HasSubstr("No PatchBay owner runs"));
}

}  // namespace
}  // namespace patchbay::integration
