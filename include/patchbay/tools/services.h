#pragma once

#include <functional>
#include <string>
#include <vector>

#include "patchbay/base/clock.h"
#include "patchbay/codex/codex_engine.h"
#include "patchbay/codex/models.h"
#include "patchbay/config/launch.h"
#include "patchbay/git/client.h"
#include "patchbay/jobs/jobs.h"
#include "patchbay/mcp/server.h"
#include "patchbay/mcp/tool.h"
#include "patchbay/workers/plain_jobs.h"
#include "patchbay/workers/workers.h"
#include "patchbay/workspace/blocked_globs.h"
#include "patchbay/workspace/repo_lock.h"
#include "patchbay/workspace/roots.h"

/// The tools of PatchBay. Each .cpp of this module declares one tool: its arguments, its reply, its handler.
namespace patchbay::tools {

/// What handlers work with. A plain struct of borrowed parts; the program that builds it outlives every call.
struct Services {
  const config::Launch& launch;
  const Clock& clock;
  workspace::Roots& roots;
  const workspace::BlockedGlobs& blocked;
  workspace::RepoLocks& locks;
  git::Client& git;
  codex::CodexEngine& codex;
  codex::ModelCatalog& models;
  jobs::Jobs& jobs;
  workers::PlainJobs& plain_jobs;
  workers::Workers& workers;
  /// Set before the first call; the protocol server is built after the tools.
  mcp::Server* server = nullptr;
  /// Port the HTTP server listens on, 0 without one.
  std::function<int()> http_port = [] { return 0; };
};

/// Every tool with its handler bound, in the order of the catalogue (tools.md 8.1, codex_self_test first).
std::vector<mcp::Tool> all_tools(Services& services);

/// What clients are shown, or everything that is known: each limit, each member of a reply.
enum class Schemas { kListed, kComplete };

/// The same tools without handlers, for pages and checks that only look at the declarations.
std::vector<mcp::Tool> described_tools(Schemas schemas = Schemas::kListed);

}  // namespace patchbay::tools
