#include "patchbay/workspace/skills.h"

#include <algorithm>
#include <deque>
#include <set>

#include "file_scan.h"
#include "patchbay/base/redact.h"
#include "patchbay/base/text.h"
#include "patchbay/config/front_matter.h"
#include "patchbay/os/file.h"
#include "search_budget.h"

namespace patchbay::workspace {
namespace {

constexpr std::string_view kFileName = "SKILL.md";
constexpr std::size_t kHeadBytes = 16'000, kHeadLines = 80;
constexpr std::size_t kNameBytes = 100, kDescriptionBytes = 600;
constexpr std::string_view kPassedOver[] = {".git", "node_modules", "__pycache__", ".pytest_cache"};

struct Place {
  const WorkspaceFs* fs;
  std::string folder;  ///< relative to it
  int depth;           ///< folders below it that are looked into
  SkillSource source;
};

std::vector<Place> places(const WorkspaceFs& workspace, const WorkspaceFs* home) {
  constexpr int kDepth = 3, kCacheDepth = 9;
  std::vector<Place> all;
  for (const char* folder : {".codex/skills", ".agents/skills", "skills"}) {
    all.push_back({&workspace, folder, kDepth, SkillSource::kWorkspace});
  }
  if (home == nullptr) return all;
  if (home->root() != workspace.root()) {
    for (const char* folder : {".codex/skills", ".agents/skills"}) {
      all.push_back({home, folder, kDepth, SkillSource::kUser});
    }
  }
  all.push_back({home, ".codex/plugins/cache", kCacheDepth, SkillSource::kPlugin});
  return all;
}

/// The first line that begins with `label`, whatever its case; quotes go.
std::string labelled(std::string_view text, std::string_view label) {
  std::size_t lines = 0;
  for (const std::string_view line : split(text, '\n')) {
    if (++lines > kHeadLines) break;
    if (line.size() < label.size() || to_lower_ascii(line.substr(0, label.size())) != label) continue;
    std::string_view value = trim(line.substr(label.size()));
    const bool quoted =
        value.size() >= 2 && value.front() == value.back() && (value.front() == '"' || value.front() == '\'');
    return std::string(quoted ? value.substr(1, value.size() - 2) : value);
  }
  return {};
}

std::string shown(const std::string& text, std::size_t max_bytes) {
  return display_safe(utf8_prefix(redact(collapse_whitespace(text)), max_bytes));
}

/// Looks through one place.
class Walk {
 public:
  Walk(const Place& place, const SkillScan& scan, const CancelToken& cancel, MonoTime deadline)
      : place_(place), scan_(scan), budget_(scan.max_entries, deadline, cancel) {}

  std::vector<Skill> run(bool& truncated) {
    if (place_.fs->blocked(place_.folder)) return {};
    std::deque<Folder> queue{{place_.folder, place_.folder, 0, false}};
    while (!queue.empty()) {
      if (budget_.is_spent() || found_.size() > scan_.max_skills) {
        truncated = true;
        break;
      }
      const Folder folder = std::move(queue.front());
      queue.pop_front();
      visit(folder, queue);
    }
    return std::move(found_);
  }

 private:
  struct Folder {
    std::string path;   ///< without links
    std::string shown;  ///< the way that led here
    int depth;
    bool linked;  ///< a link was followed already
  };

  void visit(const Folder& folder, std::deque<Folder>& queue) {
    const auto dir = place_.fs->open_listed_dir(folder.path);
    if (!dir) return;
    auto listing = place_.fs->list(*dir, budget_.entries_left());
    if (!listing) return;
    budget_.spend(listing->entries.size());
    std::sort(listing->entries.begin(), listing->entries.end(),
              [](const DirEntry& a, const DirEntry& b) { return a.name < b.name; });
    for (const DirEntry& entry : listing->entries) {
      const std::string path = join_relative(folder.path, entry.name);
      const std::string way = join_relative(folder.shown, entry.name);
      if (place_.fs->blocked_globs().matches_entry(path) || place_.fs->blocked_globs().matches_entry(way)) continue;
      if (entry.type == FileType::kRegular && entry.name == kFileName) {
        add(path, way);
      } else if (folder.depth < place_.depth && !is_passed_over(entry.name)) {
        if (entry.type == FileType::kDirectory) {
          queue.push_back({path, way, folder.depth + 1, folder.linked});
        } else if (entry.type == FileType::kSymlink && !folder.linked) {
          follow(*dir, entry.name, way, folder.depth + 1, queue);
        }
      }
    }
  }

  /// Managers of skills install links to folders that lie elsewhere in the home.
  void follow(const OpenedPath& dir, const std::string& name, const std::string& way, int depth,
              std::deque<Folder>& queue) {
    const LinkTarget target = place_.fs->read_link(dir, name);
    if (!target.inside || !target.directory) return;
    const auto found = place_.fs->find(display_safe(way));
    if (found && found->type == FileType::kDirectory) queue.push_back({found->path, way, depth, true});
  }

  void add(const std::string& path, const std::string& way) {
    const auto file = place_.fs->open_reported_file(path);
    if (!file) return;
    const auto head = read_range(file->fd.get(), 0, kHeadBytes);
    const std::string text = head ? sanitize_utf8(*head) : std::string();
    const auto members = config::front_matter(text);
    const auto member = [&](const char* name, std::string_view label) {
      const auto it = members.find(name);
      return it != members.end() && !trim(it->second).empty() ? it->second : labelled(text, label);
    };
    std::string name = member("name", "name:");
    if (name.empty()) name = os::base_name(os::parent_of(way));
    Skill skill;
    skill.name = shown(name, kNameBytes);
    skill.description = shown(member("description", "description:"), kDescriptionBytes);
    skill.source = place_.source;
    skill.path = (place_.source == SkillSource::kWorkspace ? "$WORKSPACE/" : "~/") + display_safe(way);
    found_.push_back(std::move(skill));
  }

  static bool is_passed_over(const std::string& name) {
    return std::find(std::begin(kPassedOver), std::end(kPassedOver), name) != std::end(kPassedOver);
  }

  const Place& place_;
  const SkillScan& scan_;
  SearchBudget budget_;
  std::vector<Skill> found_;
};

/// One of each place in turn, so that a place with many hides none of the others.
std::vector<Skill> take_in_turn(std::vector<std::vector<Skill>> found, std::size_t most, bool& truncated) {
  std::vector<Skill> taken;
  for (std::size_t round = 0;; ++round) {
    bool any = false;
    for (std::vector<Skill>& place : found) {
      if (round >= place.size()) continue;
      any = true;
      if (taken.size() == most) return truncated = true, taken;
      taken.push_back(std::move(place[round]));
    }
    if (!any) return taken;
  }
}

}  // namespace

std::string_view name_of(SkillSource source) {
  static constexpr std::string_view kNames[] = {"workspace", "user", "plugin"};
  return kNames[static_cast<int>(source)];
}

SkillList find_skills(const WorkspaceFs& workspace, const SkillScan& scan, const CancelToken& cancel) {
  const MonoTime deadline = system_clock().mono() + scan.max_time;
  SkillList list;
  std::vector<std::vector<Skill>> found;
  for (const Place& place : places(workspace, scan.home)) {
    found.push_back(Walk(place, scan, cancel, deadline).run(list.truncated));
  }
  list.skills = take_in_turn(std::move(found), scan.max_skills, list.truncated);
  std::sort(list.skills.begin(), list.skills.end(), [](const Skill& a, const Skill& b) {
    const auto key = [](const Skill& s) { return std::tuple(s.source, to_lower_ascii(s.name), s.path); };
    return key(a) < key(b);
  });
  std::map<std::string, std::string> first;  // path by name
  for (Skill& skill : list.skills) {
    const auto [it, fresh] = first.emplace(skill.name, skill.path);
    if (!fresh) skill.shadowed_by = it->second;
  }
  return list;
}

}  // namespace patchbay::workspace
