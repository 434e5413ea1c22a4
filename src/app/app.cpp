#include "patchbay/app/app.h"

#include "app/audit.h"
#include "app/codex_config_watch.h"
#include "app/module_options.h"
#include "app/prompts.h"
#include "app/resources.h"
#include "app/state_store.h"
#include "app/token_credentials.h"
#include "app/watchdog.h"
#include "patchbay/base/hash.h"
#include "patchbay/base/ids.h"
#include "patchbay/base/log.h"
#include "patchbay/base/text.h"
#include "patchbay/mcp/card.h"
#include "patchbay/os/file.h"
#include "patchbay/store/secret_file.h"
#include "patchbay/tools/catalog.h"

namespace patchbay::app {
namespace {

constexpr std::size_t kInstanceDigits = 16;

Result<std::string> home_key(const config::Home& home, const os::Environment& env) {
  const auto salt = env.find("PATCHBAY_SESSION_REF_SALT");
  if (salt != env.end() && !salt->second.empty()) return sha256(salt->second);
  const Secret secret = PB_TRY(store::load_or_create_secret(home.ref_salt()));
  return std::string(secret.reveal());
}

/// `localhost` is ::1 first for many clients (X1).
std::string other_loopback(const std::string& host) { return host == "127.0.0.1" ? "::1" : ""; }

/// A path of a request may be shown to Codex when it lies in an allowed root and is none of our own (SEC:P5).
codex::PathCheck path_check(const workspace::Roots& roots) {
  return [&roots](const std::string& path) -> Result<std::string> {
    const std::string resolved = PB_TRY(os::real_path(path));
    if (roots.allowed_root_of(resolved).empty()) {
      return Error{ErrorCode::kRootNotAllowed,
                   "This path is outside the allowed repository roots.",
                   "Ask the operator to start PatchBay with --allow-root for it.",
                   {}};
    }
    if (roots.protected_paths().hold(resolved)) {
      return Error{ErrorCode::kPathBlocked, "PatchBay's own files are not given to Codex.", {}, {}};
    }
    return resolved;
  };
}

void build_state(App& app) {
  const config::Home& home = app.launch.home;
  const bool database_exists = os::exists(home.state_db());
  app.state = std::make_unique<store::StateDb>(home.state_db(), home.corrupt_dir(), app.clock);
  app.protocol_state = std::make_unique<DurableStateStore>(*app.state, database_exists);
}

Status build_credentials(App& app, const os::Environment& env) {
  const auto read_token = [&app, env]() -> Result<config::Token> {
    config::Token token = PB_TRY(config::find_token(app.launch.config, app.launch.home, env));
    std::vector<std::string> weak;
    if (app.launch.exposed() && !token.value.empty()) PB_TRY(config::check_token_strength(token.value, weak));
    return token;
  };
  app.credentials = std::make_unique<TokenCredentials>(*app.state, app.launch.home.state_db(), app.clock, read_token);
  if (app.launch.auth.required()) PB_TRY(app.credentials->reload());
  return {};
}

Status build_work(App& app, const Program& program, const os::Environment& env) {
  const config::Config& config = app.launch.config;
  app.records = PB_TRY(store::RecordStore::open(config.logging.job_state_dir, app.launch.home.corrupt_dir()));
  app.roots = PB_TRY(workspace::Roots::open(roots_options(app.launch)));
  app.blocked = app.roots->options().blocked;
  app.locks = std::make_unique<workspace::RepoLocks>(config.locks.root);
  app.git = std::make_unique<git::Client>(git::ClientOptions{.helper = program.git_helper});
  codex::EngineOptions engine = engine_options(app.launch, env);
  engine.check_path = path_check(*app.roots);
  app.codex = std::make_unique<codex::CodexEngine>(std::move(engine));
  app.models = std::make_unique<codex::ModelCatalog>(*app.codex, app.clock);
  app.jobs = std::make_unique<jobs::Jobs>(*app.records, *app.codex, app.clock, jobs_options(config, program.run_turn));
  app.plain_jobs = std::make_unique<workers::PlainJobs>(*app.jobs, *app.git, *app.roots, *app.locks, *app.codex,
                                                        plain_jobs_options(app.launch));
  const auto idle = std::chrono::seconds(static_cast<std::int64_t>(config.ownership.idle_minutes * 60));
  app.workers = std::make_unique<workers::Workers>(
      workers::Workers::Parts{.jobs = *app.jobs,
                              .git = *app.git,
                              .models = *app.models,
                              .roots = *app.roots,
                              .locks = *app.locks,
                              .blocked = app.blocked,
                              .clock = app.clock,
                              .scope_live =
                                  [&app, idle](const std::string& scope_key) {
                                    return app.server && app.server->scope_live(scope_key, idle);
                                  },
                              .key = hmac_sha256(app.key, "workers")},
      workers_options(app.launch));
  return {};
}

/// `start --connection-test`: what shows that a client gets through, and does nothing else.
bool is_for_connection_test(std::string_view tool) {
  return tool == "codex_self_test" || tool == "codex_get_config" || tool == "codex_tool_mode_info" ||
         tool == "codex_open_workspace";
}

/// The same tool, waiting for the records when it comes before they were read.
mcp::Tool after_recovery(mcp::Tool tool, const RecoveryGate& recovered) {
  tool.run = [run = std::move(tool.run), &recovered](mcp::Call& call, const Json& args) -> Result<mcp::ToolReply> {
    PB_TRY(recovered.pass(call.deadline(), call.cancel()));
    return run(call, args);
  };
  return tool;
}

Status build_catalog(App& app) {
  const config::Config& config = app.launch.config;
  app.services = std::make_unique<tools::Services>(tools::Services{.launch = app.launch,
                                                                   .clock = app.clock,
                                                                   .roots = *app.roots,
                                                                   .blocked = app.blocked,
                                                                   .locks = *app.locks,
                                                                   .git = *app.git,
                                                                   .codex = *app.codex,
                                                                   .models = *app.models,
                                                                   .jobs = *app.jobs,
                                                                   .plain_jobs = *app.plain_jobs,
                                                                   .workers = *app.workers});
  app.services->http_port = [&app] { return app.http ? app.http->port() : 0; };
  std::vector<mcp::Tool> tools;
  for (mcp::Tool& tool : tools::all_tools(*app.services)) {
    if (app.launch.connection_test && !is_for_connection_test(tool.declaration.name)) continue;
    tools.push_back(audited(after_recovery(std::move(tool), app.recovered), *app.audit, *app.roots, app.clock));
  }
  const std::string card_uri = config.app.tool_cards ? std::string(mcp::card_uri()) : std::string();
  app.catalog = PB_TRY(mcp::Catalog::build(std::move(tools), tools::catalog_options(config, card_uri)));
  return {};
}

void build_protocol(App& app) {
  const config::Config& config = app.launch.config;
  app.card = std::make_unique<mcp::CardResource>(
      mcp::CardResource::Options{.enabled = config.app.tool_cards, .widget_domain = config.app.widget_domain});
  app.work_resources = std::make_unique<WorkResources>(*app.workers, *app.jobs, app.recovered);
  app.prompts = std::make_unique<WorkPrompts>();
  app.completion = std::make_unique<WorkCompletion>(*app.workers, *app.jobs, app.recovered);

  mcp::Server::Options options;
  options.info = {
      .name = "patchbay", .title = "PatchBay", .version = PATCHBAY_VERSION, .instructions = tools::instructions()};
  options.catalog = app.catalog.get();
  options.resources = {app.card.get(), app.work_resources.get()};
  options.prompts = {app.prompts.get()};
  options.completions = {app.completion.get()};
  options.store = app.protocol_state.get();
  options.clock = &app.clock;
  options.key = hmac_sha256(app.key, "protocol");
  options.limits = protocol_limits(config);
  options.sessionless_legacy = config.mcp.sessionless_legacy;
  options.prompts_change = options.resources_change = false;
  if (config.app.tool_cards) options.extensions["io.modelcontextprotocol/ui"] = Json::object();
  app.server = std::make_unique<mcp::Server>(std::move(options));
  app.services->server = app.server.get();
}

/// One line per request; the query may hold a token and stays out.
void log_request(const http::Request& head, int refused_with) {
  if (head.path == "/health" && head.header("User-Agent") == kWatchdogAgent) return;
  log::info("{} {} from {}: {}", display_safe(head.method), display_safe(head.path), head.peer_address,
            refused_with == 0 ? std::string("taken up") : std::to_string(refused_with));
}

/// Tells readers of a worker or job that there is something new. The observers live as long as the jobs,
/// which outlive the server.
void announce_changes(App& app) {
  app.workers->on_change([&app](const std::string& worker_id) {
    if (app.server) app.server->notify_resource_updated(worker_uri(worker_id));
  });
  const auto news = std::make_shared<JobNews>();
  app.jobs->observe([&app, news](const jobs::JobPtr& job, jobs::Jobs::Change change) {
    if (!job->worker_id().empty() || !news->is_news(*job, change)) return;
    if (app.server) app.server->notify_resource_updated(job_uri(job->job_id));
  });
}

/// Codex's own settings are the operator's; that a turn changed them is told in the log and in the audit log.
void watch_codex_config(App& app, const os::Environment& env) {
  const auto tell = [&app](const CodexConfigWatch::Change& change) {
    log::warn("Codex's config.toml changed while job {} ran", change.job_id);
    [[maybe_unused]] const Status written = app.audit->write(Json{{"event", "codex_config_changed"},
                                                                  {"job_id", change.job_id},
                                                                  {"sha256_before", change.before},
                                                                  {"sha256_after", change.after}},
                                                             store::AuditLog::Kind::kReading);
  };
  const auto watch = std::make_shared<CodexConfigWatch>(engine_options(app.launch, env).codex_home, tell);
  app.jobs->observe([watch](const jobs::JobPtr& job, jobs::Jobs::Change change) { watch->look(*job, change); });
}

}  // namespace

App::App(config::Launch launch_settings, const Clock& machine_clock)
    : launch(std::move(launch_settings)), clock(machine_clock), started(machine_clock.wall()) {}

App::~App() {
  if (server) server->shutdown();
  if (credentials) credentials->on_tokens({});
  http.reset();
  // From here on nothing reports to the server any more.
  if (jobs) jobs->stop_following();
  workers.reset();
}

Result<std::unique_ptr<App>> build(config::Launch launch, const Program& program, const os::Environment& env,
                                   const Clock& clock) {
  auto app = std::make_unique<App>(std::move(launch), clock);
  const config::Home& home = app->launch.home;
  for (const std::string& dir : {home.runtime_dir(), home.logs_dir(), home.run_dir()})
    PB_TRY(os::make_private_dirs(dir));
  app->instance = random_hex(kInstanceDigits);
  app->key = PB_TRY(home_key(home, env));
  app->audit = PB_TRY(store::AuditLog::open(app->launch.config.logging.audit_file, {}, clock));
  build_state(*app);
  PB_TRY(build_credentials(*app, env));
  PB_TRY(build_work(*app, program, env));
  PB_TRY(build_catalog(*app));
  build_protocol(*app);
  announce_changes(*app);
  watch_codex_config(*app, env);
  return app;
}

Status recover(App& app) {
  PB_TRY(app.jobs->recover());
  PB_TRY(app.workers->recover());
  app.recovered.open();
  return {};
}

Status listen(App& app) {
  const config::Config& config = app.launch.config;
  transport::HttpOptions options = http_options(app.launch);
  options.root_page = [&app] { return root_page(app); };
  options.status_page = [&app] { return status_page(app); };
  options.ready = [&app] { return app.recovered.is_open(); };
  if (config.logging.access_log) options.on_request = &log_request;
  options.on_login_failure = [&app](const std::string& peer) {
    [[maybe_unused]] const Status written =
        app.audit->write(Json{{"event", "login_failure"}, {"peer", peer}}, store::AuditLog::Kind::kReading);
  };
  app.http = PB_TRY(transport::HttpTransport::start(*app.server,
                                                    {.host = config.server.host,
                                                     .port = static_cast<int>(config.server.port),
                                                     .limits = http_limits(config),
                                                     .also_host = other_loopback(config.server.host)},
                                                    std::move(options), app.credentials.get()));
  app.credentials->on_tokens([&app] { app.http->endpoint().require_auth(true); });
  if (const std::string host = config::host_of_url(app.launch.public_base_url); !host.empty()) {
    app.http->endpoint().allow_host(host);
    app.http->endpoint().allow_origin("https://chatgpt.com");
  }
  return {};
}

std::unique_ptr<codex::CodexEngine> make_engine(const config::Launch& launch, const os::Environment& env) {
  return std::make_unique<codex::CodexEngine>(engine_options(launch, env));
}

int active_turns(const App& app) { return app.jobs->active_count(); }

}  // namespace patchbay::app
