#pragma once

#include <functional>
#include <memory>
#include <string>

#include "patchbay/app/recovery_gate.h"
#include "patchbay/codex/codex_engine.h"
#include "patchbay/codex/models.h"
#include "patchbay/config/launch.h"
#include "patchbay/git/client.h"
#include "patchbay/jobs/jobs.h"
#include "patchbay/mcp/catalog.h"
#include "patchbay/mcp/provider.h"
#include "patchbay/mcp/server.h"
#include "patchbay/mcp/state_store.h"
#include "patchbay/store/audit_log.h"
#include "patchbay/store/record_store.h"
#include "patchbay/store/state_db.h"
#include "patchbay/tools/services.h"
#include "patchbay/transport/credentials.h"
#include "patchbay/transport/http_endpoint.h"
#include "patchbay/workers/plain_jobs.h"
#include "patchbay/workers/workers.h"
#include "patchbay/workspace/blocked_globs.h"
#include "patchbay/workspace/repo_lock.h"
#include "patchbay/workspace/roots.h"

namespace patchbay::app {

class TokenCredentials;

/// Everything one owner holds, in start order; destruction ends it in reverse. No behaviour here.
struct App {
  App(config::Launch launch_settings, const Clock& machine_clock);

  const config::Launch launch;
  const Clock& clock;
  const WallTime started;
  std::string instance;  ///< random per start; what launchers recognise their own owner by
  std::string key;       ///< the home's secret: signs session ids, cursors, preview tokens

  RecoveryGate recovered;

  std::unique_ptr<store::AuditLog> audit;
  std::unique_ptr<store::StateDb> state;
  std::unique_ptr<mcp::StateStore> protocol_state;
  std::unique_ptr<TokenCredentials> credentials;
  std::unique_ptr<store::RecordStore> records;

  std::unique_ptr<workspace::Roots> roots;
  workspace::BlockedGlobs blocked;
  std::unique_ptr<workspace::RepoLocks> locks;
  std::unique_ptr<git::Client> git;
  std::unique_ptr<codex::CodexEngine> codex;
  std::unique_ptr<codex::ModelCatalog> models;
  std::unique_ptr<jobs::Jobs> jobs;
  std::unique_ptr<workers::PlainJobs> plain_jobs;
  std::unique_ptr<workers::Workers> workers;

  std::unique_ptr<tools::Services> services;
  std::unique_ptr<mcp::Catalog> catalog;
  std::unique_ptr<mcp::ResourceProvider> card, work_resources;
  std::unique_ptr<mcp::PromptProvider> prompts;
  std::unique_ptr<mcp::CompletionProvider> completion;
  std::unique_ptr<mcp::Server> server;
  std::unique_ptr<transport::HttpTransport> http;  ///< set by listen()

  ~App();
};

/// What the program itself is: the argv that starts one of its internal helpers.
struct Program {
  std::vector<std::string> run_turn;    ///< {"/usr/bin/patchbay", "run-turn"}
  std::vector<std::string> git_helper;  ///< {"/usr/bin/patchbay", "git-helper"}
};

/// Builds the object graph of an owner. The caller holds the owner's lock of `launch.home`.
///
/// Only what the first answer needs is done here: no database is opened, no program is run.
/// kConfigRefused (an allowed root, a secret file), kIoError and kDiskFull (the state directory).
Result<std::unique_ptr<App>> build(config::Launch launch, const Program& program, const os::Environment& env,
                                   const Clock& clock);

/// Reads the job records, goes on where the last owner stopped, and lets waiting requests in. Once. kStateTooNew.
Status recover(App& app);

/// Opens the HTTP port of the configuration, before the records are read: `initialize` and the lists are answered at
/// once however many there are, and what needs them waits for recover(). kPortInUse, kConfigRefused.
Status listen(App& app);

/// Codex as this launch sees it, for a program that owns nothing (doctor). Paths of requests are refused.
std::unique_ptr<codex::CodexEngine> make_engine(const config::Launch& launch, const os::Environment& env);

/// Bodies of GET / and GET /status (tools.md 2.1).
Json root_page(const App& app);
Json status_page(const App& app);

/// Jobs that are pending or running now.
int active_turns(const App& app);

}  // namespace patchbay::app
