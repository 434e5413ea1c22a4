#include "patchbay/base/text.h"
#include "patchbay/os/private_file.h"
#include "patchbay/workspace/agents.h"
#include "patchbay/workspace/skills.h"
#include "tools/calls.h"
#include "tools/git_view.h"
#include "tools/place.h"
#include "tools/registry.h"
#include "tools/tree_view.h"

namespace patchbay::tools::open_workspace {
namespace {

constexpr int kTreeEntries = 200;

struct Args {
  std::optional<std::string> repo_path;
  bool include_tree = false;
  int max_depth = 2;
  int max_entries = kTreeEntries;
  bool include_hidden = false;
  bool include_skills = true, include_global_skills = true;
  std::optional<int> max_skills;

  template <class V>
  static void describe(V& v) {
    v.optional("repo_path", &Args::repo_path, "", json::MaxLength{4096});
    v.optional("include_tree", &Args::include_tree, "");
    v.optional("max_depth", &Args::max_depth, "", json::Range{1, 8});
    v.optional("max_entries", &Args::max_entries, "", json::Range{1, 100'000});
    v.optional("include_hidden", &Args::include_hidden, "");
    v.optional("include_skills", &Args::include_skills, "");
    v.optional("include_global_skills", &Args::include_global_skills, "");
    v.optional("max_skills", &Args::max_skills, "", json::Range{1, 500});
  }
};

struct SkillCounts {
  int total = 0, workspace = 0, user = 0, plugin = 0, other = 0;

  template <class V>
  static void describe(V& v) {
    v.field("total", &SkillCounts::total);
    v.field("workspace", &SkillCounts::workspace);
    v.field("user", &SkillCounts::user);
    v.field("plugin", &SkillCounts::plugin);
    v.field("other", &SkillCounts::other);
  }
};

struct Reply {
  std::string workspace_id, root;
  GitView git;
  std::optional<std::string> default_branch, head_subject;
  std::vector<std::string> agents_files;
  bool agents_truncated = false;
  std::vector<std::string> skills;
  std::vector<Json> skill_inventory;
  SkillCounts skill_counts;
  int blocked_globs_count = 0;
  std::optional<TreeView> tree;
  std::string effective_tool_mode;
  bool writable = false;
  std::vector<std::string> aliases, next;
  bool untrusted_content = true;
  std::string provenance = "workspace_names";

  template <class V>
  static void describe(V& v) {
    v.field("workspace_id", &Reply::workspace_id);
    v.field("root", &Reply::root);
    v.field("git", &Reply::git);
    v.field("default_branch", &Reply::default_branch);
    v.field("head_subject", &Reply::head_subject);
    v.field("agents_files", &Reply::agents_files);
    v.field("agents_truncated", &Reply::agents_truncated);
    v.field("skills", &Reply::skills);
    v.field("skill_inventory", &Reply::skill_inventory);
    v.field("skill_counts", &Reply::skill_counts);
    v.field("blocked_globs_count", &Reply::blocked_globs_count);
    v.field("tree", &Reply::tree);
    v.field("effective_tool_mode", &Reply::effective_tool_mode);
    v.field("writable", &Reply::writable);
    v.field("aliases", &Reply::aliases);
    v.field("next", &Reply::next);
    v.field("untrusted_content", &Reply::untrusted_content);
    v.field("provenance", &Reply::provenance);
  }

  std::string text() const {
    std::string out = fmt::format("Workspace {} at {}: {}.", workspace_id, root, git_phrase(git));
    if (head_subject) out += fmt::format(" Last commit: {}", *head_subject);
    if (!agents_files.empty()) out += fmt::format("\nInstruction files: {}", fmt::join(agents_files, ", "));
    if (!skills.empty()) out += fmt::format("\nSkills: {}", fmt::join(skills, ", "));
    if (tree) out += "\n" + tree->text;
    return out + fmt::format("\nTool mode {}. Next: {}.", effective_tool_mode, fmt::join(next, ", "));
  }
};

bool writable(const std::string& directory) {
  constexpr unsigned kOwnerWrites = 0200, kOthersWrite = 0002;
  const auto facts = os::file_facts(directory);
  if (!facts.ok()) return false;
  return os::current_uid() == 0 || (facts->mode & (facts->uid == os::current_uid() ? kOwnerWrites : kOthersWrite)) != 0;
}

/// From the index when git has one: a large checkout is then not walked at all.
workspace::InstructionFiles instruction_files(Services& services, mcp::Call& call, const Place& place, bool in_git) {
  static const std::vector<std::string> kNames = {"AGENTS.override.md", "AGENTS.md", "agents.md", ".agents.md"};
  workspace::InstructionScan scan;
  std::vector<std::string> tracked;
  if (in_git) {
    if (auto listed = services.git.tracked_files(place.git, kNames, scan.max_entries); listed.ok()) {
      tracked = std::move(*listed);
      scan.tracked = &tracked;
    }
  }
  return workspace::find_instruction_files(place.fs, scan, call.cancel());
}

std::vector<std::string> next_tools(const Services& services, const mcp::Caller& caller) {
  std::vector<std::string> next;
  for (const char* name : {"codex_worker_list", "codex_worker_start", "codex_repo_tree", "codex_read_file"}) {
    const mcp::Catalog& catalog = services.server->catalog();
    const mcp::Catalog::Entry* entry = catalog.find(name);
    if (entry != nullptr && catalog.visible(*entry, caller.mode, caller.scope)) next.emplace_back(name);
  }
  return next;
}

void look_at_git(Services& services, const Place& place, Reply& reply) {
  const auto summary = services.git.summary(place.git, kSummaryLines);
  if (!summary.ok()) {
    reply.git = git_view(summary.error());
    return;
  }
  reply.git = git_view(summary->status);
  if (summary->default_branch) reply.default_branch = display_safe(*summary->default_branch);
  if (summary->head_subject) reply.head_subject = display_safe(*summary->head_subject);
}

int& count_of(SkillCounts& counts, workspace::SkillSource source) {
  switch (source) {
    case workspace::SkillSource::kWorkspace: return counts.workspace;
    case workspace::SkillSource::kUser: return counts.user;
    case workspace::SkillSource::kPlugin: return counts.plugin;
  }
  return counts.other;
}

void look_for_skills(Services& services, mcp::Call& call, const Place& place, const Args& args, Reply& reply) {
  workspace::SkillScan scan;
  const std::int64_t most = services.launch.config.security.max_skill_count;
  scan.max_skills = static_cast<std::size_t>(capped(args.max_skills, static_cast<int>(most), 500));
  std::optional<workspace::WorkspaceFs> home;
  if (args.include_global_skills) {
    const auto path = os::real_path(os::expand_home("~"));
    auto opened = path ? workspace::WorkspaceFs::open_own(*path, workspace::BlockedGlobs(std::vector<std::string>{}),
                                                          services.roots.protected_paths())
                       : Result<workspace::WorkspaceFs>(path.error());
    if (opened) home = std::move(*opened);
    if (home) scan.home = &*home;
  }
  const workspace::SkillList list = workspace::find_skills(place.fs, scan, call.cancel());
  for (const workspace::Skill& skill : list.skills) {
    if (!skill.shadowed_by) reply.skills.push_back(skill.name);
    Json item = {{"name", skill.name},
                 {"description", skill.description},
                 {"source", std::string(name_of(skill.source))},
                 {"path", skill.path}};
    if (skill.shadowed_by) item["shadowed_by"] = *skill.shadowed_by;
    reply.skill_inventory.push_back(std::move(item));
    ++reply.skill_counts.total;
    ++count_of(reply.skill_counts, skill.source);
  }
}

Result<Reply> open_workspace(Services& services, mcp::Call& call, const Args& args) {
  const Place place = PB_TRY(open_place(services, args.repo_path));
  Reply reply;
  reply.workspace_id = place.workspace.id;
  reply.root = place.workspace.path;
  look_at_git(services, place, reply);

  const workspace::InstructionFiles agents = instruction_files(services, call, place, reply.git.is_git_repo);
  reply.agents_files = agents.paths;
  reply.agents_truncated = agents.truncated;
  if (args.include_skills) look_for_skills(services, call, place, args, reply);
  reply.blocked_globs_count = static_cast<int>(services.blocked.size());
  if (args.include_tree) {
    workspace::TreeRequest request;
    request.max_depth = args.max_depth;
    request.max_entries = static_cast<std::size_t>(
        capped(args.max_entries, kTreeEntries, services.launch.config.security.max_tree_entries));
    request.include_hidden = args.include_hidden;
    request.deadline = call.deadline() - kAnswerTime;
    reply.tree = tree_view(reply.workspace_id, PB_TRY(workspace::draw_tree(place.fs, request, call.cancel())));
  }
  reply.effective_tool_mode = std::string(name_of(call.caller().mode));
  reply.writable = writable(place.workspace.path);
  for (const workspace::Alias& alias : services.roots.options().aliases) {
    if (alias.local == place.workspace.path) reply.aliases.push_back(alias.canonical);
  }
  reply.next = next_tools(services, call.caller());
  return reply;
}

mcp::Declaration declaration() {
  return {
      .name = "codex_open_workspace",
      .title = "Codex Open Workspace",
      .description =
          "Orient yourself in a repository: branch, uncommitted changes, instruction files. Use it once "
          "after codex_self_test.",
      .effect = mcp::Effect::kReads,
      .world = mcp::World::kClosed,
      .repeat = mcp::Repeat::kIdempotent,
      .modes = mcp::kAllModes,
      .gate = mcp::Gate::kNone,
      .scope = mcp::Scope::kRead,
      .invoking = "Opening repository",
      .invoked = "Repository ready",
      .takes_handle = true,
      .takes_request_key = false,
  };
}

const Register kTool{
    &declaration, &open_workspace, {"workspace_id", "root", "git", "agents_files", "blocked_globs_count", "tree"}};

}  // namespace
}  // namespace patchbay::tools::open_workspace
