#include "e2e/e2e.h"
#include "support/patience.h"

namespace patchbay::e2e {
namespace {

class PlainJobs : public EndToEnd {
 protected:
  Json result_of(McpClient& c, const std::string& job) {
    Json r;
    for (int i = 0; i < 10; ++i) {
      r = c.call("codex_get_result", {{"job_id", job}, {"wait_seconds", 20}});
      const std::string state = json::get_string(r, "state");
      if (state != "pending" && state != "running") return r;
    }
    return r;
  }
};

TEST_F(PlainJobs, APlanJobReportsAndChangesNothing) {
  auto c = client();
  const Json started = c->call("codex_plan_job", {{"spec", "Plan it. [[say The plan.]]"}, {"sandbox", "read-only"}});
  const Json result = result_of(*c, json::get_string(started, "job_id"));
  EXPECT_EQ(json::get_string(result, "state"), "completed") << json::dump(result);
  EXPECT_THAT(json::dump(result), HasSubstr("The plan."));
  EXPECT_EQ(model_->requests().front().sandbox, "read-only");
  EXPECT_EQ(repo_.git("status --porcelain"), "");
}

TEST_F(PlainJobs, AnApplyJobWorksInItsOwnWorktree) {
  auto c = client();
  const Json started = c->call("codex_apply_job", {{"spec", "[[write path=x.txt content=made\\n]] [[say Applied.]]"}});
  const std::string job = json::get_string(started, "job_id");
  EXPECT_EQ(json::get_string(result_of(*c, job), "state"), "completed");
  EXPECT_THAT(json::get_string(c->call("codex_get_diff", {{"job_id", job}, {"file_path", "x.txt"}}), "delta_content"),
              HasSubstr("+made"));
  EXPECT_EQ(repo_.git("status --porcelain"), "");
  EXPECT_EQ(repo_.read("x.txt"), "<missing>");
}

TEST_F(PlainJobs, ACancelledJobIsCancelledForGood) {
  auto c = client();
  const Json started = c->call("codex_plan_job", {{"spec", "[[stall]]"}});
  const std::string job = json::get_string(started, "job_id");
  ASSERT_TRUE(testing_support::eventually([&] { return !model_->requests().empty(); }));
  const Json cancelled = c->call("codex_cancel_job", {{"job_id", job}});
  EXPECT_TRUE(json::get_bool(cancelled, "cancelled")) << json::dump(cancelled);
  EXPECT_EQ(json::get_string(c->call("codex_get_status", {{"job_id", job}}), "state"), "cancelled");
  EXPECT_FALSE(json::get_bool(c->call("codex_cancel_job", {{"job_id", job}}), "cancelled"));
}

TEST_F(PlainJobs, UnknownJobsAreErrorsThatSaySo) {
  auto c = client();
  EXPECT_EQ(c->call_error("codex_get_status", {{"job_id", "11111111-1111-4111-8111-111111111111"}}), "job_not_found");
}

}  // namespace
}  // namespace patchbay::e2e
