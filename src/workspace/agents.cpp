#include "patchbay/workspace/agents.h"

#include <algorithm>
#include <array>
#include <deque>

#include "patchbay/base/text.h"
#include "patchbay/os/file.h"
#include "search_budget.h"

namespace patchbay::workspace {
namespace {

constexpr std::array<std::string_view, 4> kNames = {"AGENTS.override.md", "AGENTS.md", "agents.md", ".agents.md"};

class Walk {
 public:
  Walk(const WorkspaceFs& fs, const InstructionScan& scan, const CancelToken& cancel)
      : fs_(fs), scan_(scan), budget_(scan.max_entries, system_clock().mono() + scan.max_time, cancel) {}

  InstructionFiles run() {
    if (scan_.tracked != nullptr) add_tracked();
    std::deque<std::string> queue{"."};
    while (!queue.empty() && !exhausted()) {
      const std::string path = std::move(queue.front());
      queue.pop_front();
      visit(path, queue);
    }
    std::sort(found_.paths.begin(), found_.paths.end());
    found_.paths.erase(std::unique(found_.paths.begin(), found_.paths.end()), found_.paths.end());
    if (found_.paths.size() > scan_.max_files) {
      found_.paths.resize(scan_.max_files);
      found_.truncated = true;
    }
    return std::move(found_);
  }

 private:
  void add_tracked() {
    for (const std::string& path : *scan_.tracked) {
      if (is_instruction_file(os::base_name(path)) && !fs_.blocked(path) && fs_.find(display_safe(path))) {
        found_.paths.push_back(display_safe(path));
      }
    }
  }

  bool exhausted() {
    const bool enough = budget_.is_spent() || found_.paths.size() > scan_.max_files;
    found_.truncated = found_.truncated || enough;
    return enough;
  }

  void visit(const std::string& path, std::deque<std::string>& queue) {
    const auto dir = fs_.open_listed_dir(path);
    if (!dir) return;
    auto listing = fs_.list(*dir, budget_.entries_left());
    if (!listing) return;
    budget_.spend(listing->entries.size());
    found_.truncated = found_.truncated || listing->truncated;
    auto& entries = listing->entries;
    const bool nested =
        path != "." && std::any_of(entries.begin(), entries.end(), [](const DirEntry& e) { return e.name == ".git"; });
    if (nested) return;
    std::sort(entries.begin(), entries.end(), [](const DirEntry& a, const DirEntry& b) { return a.name < b.name; });
    for (const DirEntry& entry : entries) {
      const std::string below = join_relative(path, entry.name);
      if (entry.type == FileType::kDirectory) {
        const bool walk =
            scan_.tracked == nullptr && !is_noise_directory(entry.name) && !fs_.blocked_globs().matches_entry(below);
        if (walk) queue.push_back(below);
      } else if (entry.type == FileType::kRegular && is_instruction_file(entry.name) &&
                 !fs_.blocked_globs().matches_entry(below)) {
        found_.paths.push_back(display_safe(below));
      }
    }
  }

  const WorkspaceFs& fs_;
  const InstructionScan& scan_;
  SearchBudget budget_;
  InstructionFiles found_;
};

}  // namespace

bool is_instruction_file(std::string_view name) {
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

InstructionFiles find_instruction_files(const WorkspaceFs& fs, const InstructionScan& scan, const CancelToken& cancel) {
  return Walk(fs, scan, cancel).run();
}

}  // namespace patchbay::workspace
