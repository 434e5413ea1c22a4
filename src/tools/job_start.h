#pragma once

#include "patchbay/tools/services.h"

/// What the tools that start a job without a worker have in common.
namespace patchbay::tools {

struct FeatureArgs {
  std::vector<std::string> enable, disable;

  template <class V>
  static void describe(V& v) {
    v.optional("enable", &FeatureArgs::enable, "");
    v.optional("disable", &FeatureArgs::disable, "");
  }
};

/// The common Codex options (workers.md 2.3).
struct CodexArgs {
  std::string model;
  std::optional<std::vector<std::string>> images;
  std::optional<bool> search;
  std::optional<FeatureArgs> features;
  std::optional<std::string> profile;
  std::optional<std::vector<std::string>> add_dirs;
  std::string sandbox;
  std::optional<bool> dangerously_bypass;
  std::optional<std::string> approval_policy;
  std::optional<bool> network;
  std::optional<std::vector<std::string>> config_overrides;
  std::optional<bool> full_auto;
  bool structured_output = true;
  std::optional<bool> json_events;

  template <class V>
  static void describe(V& v) {
    v.optional("model", &CodexArgs::model, "", json::MaxLength{160});
    v.optional("images", &CodexArgs::images, "Image files in the workspace.", json::MaxLength{4096});
    v.optional("search", &CodexArgs::search, "Let Codex search the web.");
    v.optional("features", &CodexArgs::features, "");
    v.optional("profile", &CodexArgs::profile, "", json::MaxLength{160});
    v.optional("add_dirs", &CodexArgs::add_dirs, "Further writable folders below the allowed roots.",
               json::MaxLength{4096});
    v.optional("sandbox", &CodexArgs::sandbox, "",
               json::Choice{{"read-only", "workspace-write", "danger-full-access"}});
    v.optional("dangerously_bypass", &CodexArgs::dangerously_bypass, "No sandbox at all, if the operator allows it.");
    v.optional("approval_policy", &CodexArgs::approval_policy, "Only never works: nobody can be asked.",
               json::Choice{{"untrusted", "on-failure", "on-request", "never"}});
    v.optional("network", &CodexArgs::network, "Network for commands in a workspace-write sandbox.");
    v.optional("config_overrides", &CodexArgs::config_overrides,
               "key=value settings of Codex that the operator allows.", json::MaxLength{4096});
    v.optional("full_auto", &CodexArgs::full_auto, "workspace-write when no sandbox is given.");
    v.optional("structured_output", &CodexArgs::structured_output, "");
    v.optional("json_events", &CodexArgs::json_events, "");
  }
};

struct JobStartArgs {
  std::string spec;
  std::optional<std::string> repo_path;
  CodexArgs codex;

  template <class V>
  static void describe(V& v) {
    v.required("spec", &JobStartArgs::spec, "The task in plain words.", json::MaxLength{4u << 20});
    v.optional("repo_path", &JobStartArgs::repo_path, "", json::MaxLength{4096});
    v.members(&JobStartArgs::codex);
  }
};

/// Pointer to a started job, or why another writer kept it from starting.
struct JobStartReply {
  std::string status = "accepted";  ///< "accepted", "refused"
  std::string operation_type;       ///< "plan", "apply"
  std::string mode;
  std::optional<std::string> job_id, state, branch_name, base_revision;
  std::optional<bool> base_dirty;
  std::string note;
  std::optional<std::string> workspace_name;
  workers::Refusal refusal;
  std::optional<workers::NextCall> next;

  template <class V>
  static void describe(V& v) {
    v.field("status", &JobStartReply::status);
    v.field("operation_type", &JobStartReply::operation_type);
    v.field("mode", &JobStartReply::mode);
    v.optional("job_id", &JobStartReply::job_id, "");
    v.optional("state", &JobStartReply::state, "");
    v.optional("branch_name", &JobStartReply::branch_name, "");
    v.optional("base_revision", &JobStartReply::base_revision, "");
    v.optional("base_dirty", &JobStartReply::base_dirty, "");
    v.optional("workspace_name", &JobStartReply::workspace_name, "");
    v.members(&JobStartReply::refusal);
    v.field("note", &JobStartReply::note);
    v.optional("next", &JobStartReply::next, "");
  }
  std::string text() const;
};

/// Starts a job of this mode for the caller. A busy base checkout is a refusal inside the reply, not an
/// Error.
Result<JobStartReply> start_job(Services& services, mcp::Call& call, jobs::JobMode mode, const JobStartArgs& args);

}  // namespace patchbay::tools
