#include "unit/tools/tools_fixture.h"

#include "mcp/tool_result.h"
#include "support/patience.h"

namespace patchbay::tools {

using git::must;
using namespace std::chrono_literals;

namespace {

const Json& complete_output_schema(const std::string& name) {
  static const std::vector<mcp::Tool> kTools = described_tools(Schemas::kComplete);
  for (const mcp::Tool& tool : kTools) {
    if (tool.declaration.name == name) return tool.output_schema;
  }
  throw std::runtime_error("no tool " + name);
}

}  // namespace

ToolsTest::ToolsTest() {
  put("README.md", "# Project\n\nIt holds a marker word.\n");
  put("AGENTS.md", "Be careful.\n");
  put("src/app.py", "def main():\n    return 'marker'\n");
  commit_all("first commit");
  put(".env", "TOKEN=not-for-anybody\n");

  launch.home = config::Home(home);
  launch.config.repositories.allowed = {root, dir.path("other")};
  launch.config.repositories.default_root = root;
  launch.config.workers.worktree_root = worktrees;
  must(os::make_private_dirs(dir.path("other")));
  job_options.runner_argv = {os::self_executable(), "run-turn"};
  job_options.limits.interrupt_seconds = 0.1;
  job_options.limits.terminate_seconds = 0.2;
  open();
}

ToolsTest::~ToolsTest() {
  for (const jobs::JobPtr& job : parts->jobs->all()) {
    if (job->unresolved()) parts->jobs->cancel(job->job_id, "end of test", 10s);
  }
  parts->jobs->stop_following();
}

void ToolsTest::open() {
  if (parts) parts->jobs->stop_following();
  parts.reset();
  parts = std::make_unique<Parts>();
  Parts& p = *parts;
  workspace::RootsOptions roots;
  roots.allowed = launch.config.repositories.allowed;
  roots.default_root = launch.config.repositories.default_root;
  roots.blocked = p.blocked;
  p.roots = must(workspace::Roots::open(roots));
  p.locks = std::make_unique<workspace::RepoLocks>(dir.path("locks"));

  codex::EngineOptions engine;
  engine.executable = support::FakeCodex::program();
  engine.codex_home = codex_program.home();
  engine.allowed_env = {"PATH", "HOME"};
  engine.default_sandbox = std::string(name_of(launch.config.security.default_sandbox));
  engine.private_dir = dir.path("private");
  engine.answer_limit = std::chrono::seconds(60);
  p.engine = std::make_unique<codex::CodexEngine>(engine);
  p.models = std::make_unique<codex::ModelCatalog>(*p.engine, system_clock());

  p.records = must(store::RecordStore::open(dir.path("jobs"), dir.path("corrupt")));
  p.jobs = std::make_unique<jobs::Jobs>(*p.records, *p.engine, system_clock(), job_options);
  p.plain = std::make_unique<workers::PlainJobs>(
      *p.jobs, *client, *p.roots, *p.locks, *p.engine,
      workers::PlainJobsOptions{.worktrees_dir = dir.path("job-worktrees"), .git_locks_dir = dir.path("git-locks")});
  workers::WorkersOptions options;
  options.home = home;
  options.worktree_root = worktrees;
  options.journal_dir = dir.path("journals");
  options.git_locks_dir = dir.path("git-locks");
  must(os::make_private_dirs(options.journal_dir));
  must(os::make_private_dirs(options.git_locks_dir));
  p.workers = std::make_unique<workers::Workers>(
      workers::Workers::Parts{*p.jobs, *client, *p.models, *p.roots, *p.locks, p.blocked, system_clock(),
                              [](const std::string&) { return true; }, std::string(32, 'k')},
      options);
  must(p.jobs->recover());
  must(p.workers->recover());

  p.services = std::make_unique<Services>(Services{launch, system_clock(), *p.roots, p.blocked, *p.locks, *client,
                                                   *p.engine, *p.models, *p.jobs, *p.plain, *p.workers});
  p.catalog = must(mcp::Catalog::build(all_tools(*p.services), catalog_options(launch.config, "")));
  mcp::Server::Options server;
  server.info = {.name = "patchbay", .title = "PatchBay", .version = "0"};
  server.catalog = p.catalog.get();
  server.store = &p.store;
  server.clock = &system_clock();
  server.key = std::string(32, 'k');
  p.server = std::make_unique<mcp::Server>(server);
  p.services->server = p.server.get();
}

Result<mcp::ToolReply> ToolsTest::run(const std::string& tool, const Json& args) {
  const mcp::Catalog::Entry* entry = parts->catalog->find(tool);
  if (entry == nullptr) throw std::runtime_error("no tool " + tool);
  return entry->tool.run(as, args);
}

Json ToolsTest::call(const std::string& tool, const Json& args) {
  auto reply = run(tool, args);
  if (!reply.ok()) {
    ADD_FAILURE() << tool << ": " << name_of(reply.error().code) << ": " << reply.error().message << " ("
                  << reply.error().detail << ")";
    return Json::object();
  }
  const Json& structured = reply->structured;
  const auto mismatch = mcp::schema_mismatch(complete_output_schema(tool), structured);
  EXPECT_FALSE(mismatch) << tool << ": " << mismatch.value_or("");
  if (tool != "codex_open_workspace" && tool != "codex_list_workspaces") {
    EXPECT_EQ(json::dump(structured).find(dir.root()), std::string::npos) << tool << ": " << json::dump(structured);
    EXPECT_EQ(reply->text.find(dir.root()), std::string::npos) << tool << ": " << reply->text;
  }
  last_text = reply->text;
  return structured;
}

std::string ToolsTest::text(const std::string& tool, const Json& args) {
  (void)call(tool, args);
  return last_text;
}

std::string ToolsTest::refused(const std::string& tool, const Json& args) {
  const auto reply = run(tool, args);
  if (reply.ok()) return "ok";
  EXPECT_EQ((reply.error().message + reply.error().hint).find(dir.root()), std::string::npos) << reply.error().message;
  return std::string(name_of(reply.error().code));
}

void ToolsTest::wait_for_job(const std::string& job_id) {
  EXPECT_TRUE(parts->jobs->wait([&] { return !parts->jobs->find(job_id)->unresolved(); },
                                testing_support::end_of_patience(), {}))
      << job_id;
}

void ToolsTest::wait_for_worker(const std::string& name) {
  EXPECT_TRUE(parts->jobs->wait(
      [&] {
        for (const jobs::JobPtr& job : parts->jobs->all()) {
          if (job->option("_worker_name") == name && job->unresolved()) return false;
        }
        return true;
      },
      testing_support::end_of_patience(), {}))
      << name;
}

}  // namespace patchbay::tools
