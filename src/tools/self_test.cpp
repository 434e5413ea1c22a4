#include "patchbay/tools/readiness.h"
#include "tools/calls.h"
#include "tools/registry.h"

namespace patchbay::tools::self_test {
namespace {

struct Args {
  std::string public_base_url;

  template <class V>
  static void describe(V& v) {
    v.optional("public_base_url", &Args::public_base_url, "", json::MaxLength{2000});
  }
};

struct Reply {
  std::string name = "patchbay";
  Readiness readiness;
  std::string tool_mode_effective;
  int tool_count = 0;
  std::string catalogue_version, posture;
  std::optional<std::string> handle;
  Json coordination = Json::object(), jobs = Json::object();

  template <class V>
  static void describe(V& v) {
    v.field("name", &Reply::name);
    v.members(&Reply::readiness);
    v.field("tool_mode_effective", &Reply::tool_mode_effective);
    v.field("tool_count", &Reply::tool_count);
    v.field("catalogue_version", &Reply::catalogue_version);
    v.field("posture", &Reply::posture);
    v.field("handle", &Reply::handle);
    v.field("coordination", &Reply::coordination);
    v.field("jobs", &Reply::jobs);
  }

  std::string text() const {
    return fmt::format("{}\nTool mode {} with {} tools, catalogue {}.{}\nNext: codex_open_workspace.",
                       readiness_text(readiness), tool_mode_effective, tool_count, catalogue_version,
                       handle ? "\nhandle: " + *handle + " (pass it with every call)" : "");
  }
};

std::string posture_of(const config::Launch& launch) {
  return std::string(name_of(launch.posture)) + (launch.exposed() ? "+exposed" : "");
}

/// What callers should know about sharing this server. `shared_url`: nothing told this caller from others.
Json coordination_of(const mcp::Server& server, const mcp::Caller& caller, bool shared_url) {
  Json client = {{"client_ref", caller.client_ref}, {"has_mcp_session", caller.has_session}};
  if (!caller.label.empty()) client["client_label"] = caller.label;
  client["tool_mode"] = name_of(caller.mode);
  client["active_mcp_sessions"] = server.session_count();
  return {{"shared_server", true},
          {"client", std::move(client)},
          {"client_ref", caller.client_ref},
          {"active_mcp_sessions", server.session_count()},
          {"raw_session_ids_returned", false},
          {"ownership_model", "coordination_not_authentication"},
          {"ownership", shared_url ? "shared-url" : "conversation"},
          {"note", shared_url ? "This client sends nothing that tells one conversation from another. Pass the handle "
                                "with every call, or everybody on this URL counts as one owner."
                              : "Workers of another live conversation change only with takeover: true."}};
}

Result<Reply> self_test(Services& services, mcp::Call& call, const Args& args) {
  ReadinessOptions options{.run_codex = !services.launch.connection_test};
  options.port = services.http_port();
  if (!args.public_base_url.empty()) options.public_base_url = PB_TRY(check_public_base_url(args.public_base_url));

  Reply reply;
  reply.readiness = check_readiness(services.launch, services.codex, os::current_environment(), options);
  reply.posture = posture_of(services.launch);

  const bool shared_url = call.caller().kind == mcp::ScopeKind::kCredential;
  reply.handle = call.handle();
  if (!reply.handle) {
    // Without a handle everything else still works, so a full disk must not hide what this test has found.
    if (auto minted = call.mint_handle(); minted.ok()) {
      reply.handle = std::move(*minted);
    } else {
      reply.readiness.checks.push_back({"handle", "warn", minted.error().message});
    }
  }

  const mcp::Server& server = *services.server;
  const mcp::Caller& caller = call.caller();
  reply.tool_mode_effective = std::string(name_of(caller.mode));
  reply.tool_count = static_cast<int>(server.catalog().size(caller.mode, caller.scope));
  reply.catalogue_version = server.catalog().version();
  reply.coordination = coordination_of(server, caller, shared_url);
  reply.jobs = {{"active_jobs", services.jobs.active_count()},
                {"max_concurrent_jobs", services.jobs.options().max_concurrent},
                {"active_job_definition", "pending_plus_running"},
                {"queue_enabled", services.jobs.options().queue_enabled}};
  return reply;
}

mcp::Declaration declaration() {
  return {
      .name = "codex_self_test",
      .title = "Codex Self Test",
      .description =
          "Begin here: checks that everything is ready and returns the handle that identifies you on later "
          "calls. Then codex_open_workspace.",
      .effect = mcp::Effect::kReads,
      .world = mcp::World::kClosed,
      .repeat = mcp::Repeat::kIdempotent,
      .modes = mcp::kAllModes,
      .gate = mcp::Gate::kNone,
      .scope = mcp::Scope::kRead,
      .invoking = "Testing connector",
      .invoked = "Connector tested",
      .takes_handle = true,
      .takes_request_key = false,
  };
}

const Register kTool{
    &declaration, &self_test, {"name", "ready", "checks", "connection", "auth", "power_tools", "handle"}};

}  // namespace
}  // namespace patchbay::tools::self_test
