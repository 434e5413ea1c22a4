#pragma once

#include "patchbay/codex/codex_engine.h"
#include "patchbay/config/launch.h"
#include "patchbay/jobs/jobs.h"
#include "patchbay/mcp/limits.h"
#include "patchbay/transport/http_endpoint.h"
#include "patchbay/workers/plain_jobs.h"
#include "patchbay/workers/workers.h"
#include "patchbay/workspace/roots.h"

/// The configuration in the words of each module: plain translation, no decision.
namespace patchbay::app {

workspace::RootsOptions roots_options(const config::Launch& launch);
codex::EngineOptions engine_options(const config::Launch& launch, const os::Environment& env);
jobs::JobsOptions jobs_options(const config::Config& config, std::vector<std::string> runner_argv);
workers::WorkersOptions workers_options(const config::Launch& launch);
workers::PlainJobsOptions plain_jobs_options(const config::Launch& launch);
mcp::Limits protocol_limits(const config::Config& config);
transport::HttpOptions http_options(const config::Launch& launch);
http::Limits http_limits(const config::Config& config);

}  // namespace patchbay::app
