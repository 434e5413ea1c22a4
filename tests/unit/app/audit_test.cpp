#include "app/audit.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>

#include "patchbay/os/file.h"
#include "support/temp_dir.h"

namespace patchbay::app {
namespace {

std::atomic<bool> g_broken{false};

/// The disk of the audit log.
int break_log(std::string_view step, const std::string& path) {
  const bool ours = path.ends_with("audit.log") && (step == "append" || step == "fsync");
  return g_broken && ours ? EIO : 0;
}

class QuietCall : public mcp::Call {
 public:
  const mcp::Caller& caller() const override { return who_; }
  CancelToken cancel() const override { return {}; }
  MonoTime deadline() const override { return MonoTime::max(); }
  void progress(std::string_view) override {}
  Result<std::string> mint_handle() override { return std::string("h"); }
  Status bind_handle(const std::string&) override { return {}; }
  std::optional<std::string> handle() const override { return std::nullopt; }

 private:
  mcp::Caller who_;
};

struct AuditTest : testing::Test {
  AuditTest() {
    (void)os::make_private_dirs(dir.path("root"));
    roots = std::move(*workspace::Roots::open({.allowed = {dir.path("root")}, .default_root = dir.path("root")}));
    log = std::move(*store::AuditLog::open(dir.path("audit.log"), {}, system_clock()));
    os::set_file_fault_hook(&break_log);
  }
  ~AuditTest() override {
    g_broken = false;
    os::set_file_fault_hook(nullptr);
  }

  mcp::Tool tool(mcp::Effect effect) {
    mcp::Tool one{};
    one.declaration.name = "example";
    one.declaration.effect = effect;
    one.run = [this](mcp::Call&, const Json&) -> Result<mcp::ToolReply> {
      ++ran;
      mcp::ToolReply reply;
      reply.structured = Json::object();
      return reply;
    };
    return audited(std::move(one), *log, *roots, system_clock());
  }
  /// Code of the refusal, "ok" without one.
  std::string call(mcp::Effect effect) {
    QuietCall quiet;
    const auto reply = tool(effect).run(quiet, Json::object());
    return reply ? "ok" : std::string(name_of(reply.error().code));
  }
  std::string written() const { return *os::read_file(dir.path("audit.log")); }

  testing_support::TempDir dir;
  std::unique_ptr<workspace::Roots> roots;
  std::unique_ptr<store::AuditLog> log;
  int ran = 0;
};

TEST_F(AuditTest, NothingIsChangedWhileTheLogCannotBeWritten) {  // SEC:F17
  ASSERT_EQ(call(mcp::Effect::kWrites), "ok");
  g_broken = true;
  // The line of the first change's beginning is not waited for, but its append fails at once.
  EXPECT_EQ(call(mcp::Effect::kWrites), "degraded_readonly");
  EXPECT_EQ(call(mcp::Effect::kDestroys), "degraded_readonly");
  EXPECT_EQ(ran, 1);
}

TEST_F(AuditTest, ReadingGoesOnWithoutTheLog) {  // SEC:F17
  g_broken = true;
  EXPECT_EQ(call(mcp::Effect::kReads), "ok");
  EXPECT_EQ(ran, 1);
}

TEST_F(AuditTest, ChangesAreTakenAgainWhenTheLogWorksAgain) {
  g_broken = true;
  EXPECT_EQ(call(mcp::Effect::kWrites), "degraded_readonly");
  g_broken = false;
  EXPECT_EQ(call(mcp::Effect::kWrites), "ok");
  EXPECT_EQ(ran, 1);
  EXPECT_NE(written().find(R"("event":"end")"), std::string::npos);
}

TEST_F(AuditTest, OperatorIsServedWithoutTheLog) {
  g_broken = true;
  const auto reply = audited_control(*log, {{"control", "stop"}}, [] { return Result<Json>(Json{{"done", true}}); });
  ASSERT_TRUE(reply.ok()) << "an owner that cannot write must still be stopped";
  EXPECT_TRUE(json::get_bool(*reply, "done"));
}

}  // namespace
}  // namespace patchbay::app
