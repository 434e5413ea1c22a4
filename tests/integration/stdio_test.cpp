// `patchbay stdio`: front ends share one owner and take nothing with them (cli.md 9.2, mcp.md 5).

#include "integration/fixture.h"
#include "support/patience.h"

namespace patchbay::integration {
namespace {

class StdioTest : public Integration {
 protected:
  StdioTest() { use_config(); }
};

constexpr char kLongTurn[] = "thread\nturn\nmessage still at it\nsleep 120\n";

std::vector<std::string> worker_names(const Json& list) {
  std::vector<std::string> names;
  if (const Json* workers = json::find(list, "workers")) {
    for (const Json& w : *workers) names.push_back(json::get_string(w, "name"));
  }
  std::sort(names.begin(), names.end());
  return names;
}

Json start_arguments(const std::string& name) {
  return {{"name", name}, {"brief", "Wait."}, {"workspace_mode", "read_only"}};
}

TEST_F(StdioTest, StartsAnOwnerInTheBackgroundAndServes) {
  const auto first = host();
  const Json reply = first->handshake();
  EXPECT_EQ(json::get_string(reply["result"]["serverInfo"], "name"), "patchbay");
  const pid_t owner = owner_pid();
  ASSERT_GT(owner, 0);
  EXPECT_NE(::getsid(owner), ::getsid(first->pid())) << "the owner must not die with its host";
  const Json tools = first->request("tools/list");
  EXPECT_EQ(json::get_string(tools["result"]["tools"][0], "name"), "codex_self_test");
}

TEST_F(StdioTest, TheOtherNameOfTheProgramIsTheSameCommand) {
  StdioHost named({testing_support::patchbay_binary() + "-stdio", "--client-label", "named"}, env_, repo_.path());
  EXPECT_NE(json::find(named.handshake(), "result"), nullptr);
}

TEST_F(StdioTest, LabelOfAnyLengthAndKindIsServedAndShownHarmlessly) {  // SEC:J12
  StdioHost named(
      {testing_support::patchbay_binary(), "stdio", "--client-label", "\x1b[31mred\n" + std::string(9000, 'y')}, env_,
      repo_.path());
  ASSERT_NE(json::find(named.handshake(), "result"), nullptr);
  const Json tested = named.call("codex_self_test");
  const std::string label = json::get_string(tested["coordination"]["client"], "client_label");
  EXPECT_TRUE(label.starts_with("\\u{001B}[31mred")) << label;
  EXPECT_LT(label.size(), 200u);
}

TEST_F(StdioTest, ClaimlessRequestBeforeTheHandshakeIsRefused) {  // S5
  const auto first = host();
  const Json reply = first->request("tools/list");
  EXPECT_EQ(json::get_int(reply["error"], "code"), -32600);
}

TEST_F(StdioTest, TwoHostsAndHttpShareOneListOfWorkers) {
  PatchbayProcess owner(dir_.path("home"), env_);
  owner.start({});
  const auto one = host(), two = host();
  one->handshake();
  two->handshake();
  McpClient web(owner.port());
  ASSERT_TRUE(json::get_bool(one->call("codex_worker_start", start_arguments("From one")), "accepted"));
  ASSERT_TRUE(json::get_bool(two->call("codex_worker_start", start_arguments("From two")), "accepted"));
  ASSERT_TRUE(json::get_bool(web.call("codex_worker_start", start_arguments("From web")), "accepted"));
  const std::vector<std::string> all = {"From one", "From two", "From web"};
  EXPECT_EQ(worker_names(one->call("codex_worker_list", {{"scope", "history"}})), all);
  EXPECT_EQ(worker_names(two->call("codex_worker_list", {{"scope", "history"}})), all);
  EXPECT_EQ(worker_names(web.call("codex_worker_list", {{"scope", "history"}})), all);
}

TEST_F(StdioTest, TurnsAdvanceWhileTheHostSaysNothing) {
  const auto first = host();
  first->handshake();
  ASSERT_TRUE(json::get_bool(first->call("codex_worker_start", start_arguments("Quiet")), "accepted"));
  ASSERT_TRUE(eventually([&] { return !codex_.calls().empty(); }));
  ::sleep(1);
  EXPECT_EQ(json::get_string(first->call("codex_worker_inspect", {{"worker", "Quiet"}, {"wait_seconds", 10}}), "state"),
            "idle");
}

TEST_F(StdioTest, ClosedInputIsTheEndOfInput) {  // S3
  os::SpawnOptions spawn{.argv = {"/bin/sh", "-c", "exec \"$0\" stdio <&-", testing_support::patchbay_binary()},
                         .env = env_,
                         .cwd = repo_.path()};
  os::Child closed = std::move(*os::Child::spawn(spawn));
  const auto status = closed.wait_until(testing_support::end_of_patience());
  ASSERT_TRUE(status.has_value());
  EXPECT_EQ(status->code, 0);
}

TEST_F(StdioTest, EndOfInputEndsOnlyTheFrontEnd) {  // S3
  codex_.script(kLongTurn);
  const auto first = host();
  first->handshake();
  ASSERT_TRUE(json::get_bool(first->call("codex_worker_start", start_arguments("Sleeper")), "accepted"));
  ASSERT_TRUE(eventually([&] { return !codex_.calls().empty(); }));
  const pid_t owner = owner_pid();
  first->end_input();
  const auto status = first->wait();
  ASSERT_TRUE(status.has_value());
  EXPECT_EQ(status->code, 0);
  EXPECT_EQ(owner_pid(), owner);
  EXPECT_EQ(::kill(static_cast<pid_t>(json::get_int(codex_.calls().back(), "pid")), 0), 0);
}

TEST_F(StdioTest, AnswersOfAPipedScriptAllArriveBeforeTheEnd) {
  const Json init = {{"jsonrpc", "2.0"},
                     {"id", 1},
                     {"method", "initialize"},
                     {"params",
                      {{"protocolVersion", "2025-11-25"},
                       {"capabilities", Json::object()},
                       {"clientInfo", {{"name", "script"}, {"version", "1"}}}}}};
  const Json list = {{"jsonrpc", "2.0"}, {"id", 2}, {"method", "tools/list"}};
  const Finished done = run({"stdio"}, json::dump(init) + "\n" + json::dump(list) + "\n");
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("\"id\":1"));
  EXPECT_THAT(done.out, HasSubstr("codex_self_test"));
}

TEST_F(StdioTest, EndSignalEndsTheFrontEndInTime) {  // S3
  const auto first = host();
  first->handshake();
  first->signal(SIGTERM);
  const auto status = first->wait();
  ASSERT_TRUE(status.has_value());
  EXPECT_FALSE(status->signalled);
  EXPECT_GT(owner_pid(), 0);
}

TEST_F(StdioTest, FrontEndDiesAloneAndTheNextOneGoesOn) {
  auto first = host();
  first->handshake();
  ASSERT_TRUE(json::get_bool(first->call("codex_worker_start", start_arguments("Kept")), "accepted"));
  const pid_t owner = owner_pid();
  first->signal(SIGKILL);
  ASSERT_TRUE(first->wait().has_value());
  const auto second = host();
  second->handshake();
  EXPECT_EQ(owner_pid(), owner);
  EXPECT_EQ(worker_names(second->call("codex_worker_list", {{"scope", "history"}})), std::vector<std::string>{"Kept"});
}

TEST_F(StdioTest, FrontEndEndsWhenItsParentDies) {
  auto out = os::make_pipe();
  // The shell writes the front end's pid and dies; the front end's input stays open.
  const auto input = os::make_pipe();
  os::SpawnOptions spawn{.argv = {"/bin/sh", "-c", "\"$0\" stdio <&0 2>/dev/null & echo $! >&4; sleep 1; kill -9 $$",
                                  testing_support::patchbay_binary()},
                         .env = env_,
                         .cwd = repo_.path()};
  spawn.stdin_fd = input->read.get();
  spawn.passed = {{out->write.get(), 4}};
  os::Child shell = std::move(*os::Child::spawn(spawn));
  const std::string text = *os::read_some(out->read.get(), 100);
  const pid_t front_end = std::atoi(text.c_str());
  ASSERT_GT(front_end, 1);
  shell.wait();
  const auto identity = os::identify(front_end);
  if (!identity) return;  // it was faster
  EXPECT_TRUE(eventually([&] { return !os::is_alive(*identity); }));
}

TEST_F(StdioTest, KilledOwnerIsReplacedAndTheHostGoesOn) {
  codex_.script(kLongTurn);
  const auto first = host();
  first->handshake();
  const Json worker = first->call("codex_worker_start", start_arguments("Sleeper"));
  ASSERT_TRUE(eventually([&] { return !codex_.calls().empty(); }));
  const pid_t killed = owner_pid();
  ASSERT_GT(killed, 0);
  ASSERT_EQ(::kill(killed, SIGKILL), 0);
  ASSERT_TRUE(eventually([&] { return owner_pid() != killed && owner_pid() != 0; }));
  const Json seen =
      first->call("codex_worker_inspect", {{"worker", json::get_string(worker, "worker_id")}, {"view", "status"}});
  EXPECT_EQ(json::get_string(seen, "state"), "working");
  EXPECT_EQ(::kill(static_cast<pid_t>(json::get_int(codex_.calls().back(), "pid")), 0), 0);
}

TEST_F(StdioTest, CallWithoutAnAnswerFailsWhenTheOwnerIsKilled) {
  codex_.script(kLongTurn);
  const auto first = host();
  first->handshake();
  first->call("codex_worker_start", start_arguments("Sleeper"));
  first->send(
      {{"jsonrpc", "2.0"},
       {"id", 77},
       {"method", "tools/call"},
       {"params", {{"name", "codex_worker_inspect"}, {"arguments", {{"worker", "Sleeper"}, {"wait_seconds", 25}}}}}});
  ::usleep(500'000);
  ASSERT_EQ(::kill(owner_pid(), SIGKILL), 0);
  const Json lost = first->answer(77);
  EXPECT_EQ(json::get_int(lost["error"], "code"), -32603) << json::dump(lost);
  EXPECT_THAT(json::get_string(lost["error"], "message"), HasSubstr("owner was replaced"));
}

TEST_F(StdioTest, StartTakesOverFromABackgroundOwnerAndHostsGoOn) {
  const auto first = host();
  first->handshake();
  ASSERT_TRUE(json::get_bool(first->call("codex_worker_start", start_arguments("Kept")), "accepted"));
  const pid_t background = owner_pid();
  PatchbayProcess owner(dir_.path("home"), env_);
  owner.start({});
  EXPECT_EQ(owner_pid(), owner.pid());
  EXPECT_TRUE(eventually([&] { return ::kill(background, 0) != 0; })) << "the background owner is still there";
  EXPECT_EQ(worker_names(first->call("codex_worker_list", {{"scope", "history"}})), std::vector<std::string>{"Kept"});
}

TEST_F(StdioTest, StopHoldsAlthoughHostsAreAttached) {
  const auto first = host(), second = host();
  first->handshake();
  second->handshake();
  ASSERT_GT(owner_pid(), 0);
  const Finished done = run({"stop"});
  EXPECT_EQ(done.code, 0) << done.err;
  for (const auto& one : {first.get(), second.get()}) {
    const auto status = one->wait();
    ASSERT_TRUE(status.has_value()) << "the host's connection goes on";
    EXPECT_FALSE(status->signalled);
    EXPECT_EQ(status->code, 0);
  }
  EXPECT_EQ(owner_pid(), 0) << "another owner was started";
  // A host that is started afterwards is somebody's wish.
  const auto third = host();
  EXPECT_NE(json::find(third->handshake(), "result"), nullptr);
}

TEST_F(StdioTest, StopEndsAnOwnerThatIsJustStarting) {
  for (const int ms : {0, 1, 3, 6, 12, 25, 50}) {
    {
      const auto one = host();
      ::usleep(static_cast<useconds_t>(ms) * 1000);
      one->signal(SIGKILL);
      (void)one->wait();
    }
    const Finished done = run({"stop"});
    EXPECT_EQ(done.code, 0) << done.err;
    EXPECT_EQ(owner_pid(), 0) << "started and not seen, after " << ms << " ms";
    // Its helpers end when they notice that it is gone.
    EXPECT_TRUE(eventually([&] { return own_processes().empty(); })) << "after " << ms << " ms";
  }
}

TEST_F(StdioTest, IdleBackgroundOwnerLeaves) {
  use_config("server:\n  owner_idle_minutes: 0.01\n");
  auto first = host();
  first->handshake();
  const pid_t owner = owner_pid();
  ASSERT_GT(owner, 0);
  ::sleep(2);
  EXPECT_EQ(owner_pid(), owner) << "it left although a client was connected";
  first->end_input();
  EXPECT_TRUE(eventually([&] { return owner_pid() == 0; }));
}

TEST_F(StdioTest, NamedConfigurationThatDoesNotFitTheOwnerIsRefused) {
  PatchbayProcess owner(dir_.path("home"), env_);
  owner.start({});
  const std::string same = env_["PATCHBAY_CONFIG"];
  env_.erase("PATCHBAY_CONFIG");
  const auto fits = host({"--config", same});
  EXPECT_NE(json::find(fits->handshake(), "result"), nullptr);

  const std::string other = dir_.path("other.yaml");
  ASSERT_TRUE(os::write_file_atomic(other, *os::read_file(same) + "power_tools:\n  bash_mode: 'off'\n").ok());
  const Finished done = run({"stdio", "--config", other});
  EXPECT_EQ(done.code, 75);
  EXPECT_THAT(done.err, HasSubstr("pid " + std::to_string(owner.pid())));
  EXPECT_THAT(done.err, HasSubstr("PATCHBAY_HOME"));
  EXPECT_EQ(done.out, "");
}

TEST_F(StdioTest, ReasonOfAnOwnerThatCannotStartIsTold) {
  use_config("security:\n  no_such_key: 1\n");
  const Finished done = run({"stdio"});
  EXPECT_EQ(done.code, 78);
  EXPECT_THAT(done.err, HasSubstr("no_such_key"));
  EXPECT_EQ(done.out, "");
}

}  // namespace
}  // namespace patchbay::integration
