#pragma once

#include <map>
#include <string>
#include <vector>

#include "patchbay/app/recovery_gate.h"
#include "patchbay/base/guarded.h"
#include "patchbay/jobs/jobs.h"
#include "patchbay/mcp/provider.h"
#include "patchbay/workers/workers.h"

/// What a client can read besides calling tools: bounded summaries of workers and jobs (mcp.md 6.3).
namespace patchbay::app {

std::string worker_uri(const std::string& worker_id);
std::string job_uri(const std::string& job_id);

class WorkResources final : public mcp::ResourceProvider {
 public:
  WorkResources(workers::Workers& workers, const jobs::Jobs& jobs, const RecoveryGate& recovered)
      : workers_(workers), jobs_(jobs), recovered_(recovered) {}

  /// Empty: workers and jobs are found through their templates and through the tools.
  Json list(const mcp::Caller& caller) override;
  Json templates(const mcp::Caller& caller) override;
  std::optional<Result<mcp::ResourceReply>> read(mcp::RichCall& call, const std::string& uri) override;

 private:
  Result<Json> job_summary(const std::string& job_id) const;

  workers::Workers& workers_;
  const jobs::Jobs& jobs_;
  const RecoveryGate& recovered_;
};

/// Which changes of plain jobs are news to their readers: a new state or the end of its record, not every step of
/// its progress (B6). Threads: any.
class JobNews {
 public:
  bool is_news(const jobs::JobRecord& job, jobs::Jobs::Change change);

 private:
  Guarded<std::map<std::string, jobs::JobState>> told_;
};

/// Candidates for worker_id, job_id and the arguments of the prompts.
class WorkCompletion final : public mcp::CompletionProvider {
 public:
  WorkCompletion(workers::Workers& workers, const jobs::Jobs& jobs, const RecoveryGate& recovered)
      : workers_(workers), jobs_(jobs), recovered_(recovered) {}
  std::vector<std::string> complete(const mcp::Caller& caller, const mcp::CompletionQuery& query) override;

 private:
  workers::Workers& workers_;
  const jobs::Jobs& jobs_;
  const RecoveryGate& recovered_;
};

}  // namespace patchbay::app
