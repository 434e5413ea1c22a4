#include "workers/untracked_copies.h"

#include "patchbay/base/text.h"
#include "patchbay/os/file.h"
#include "patchbay/workers/public_text.h"

namespace patchbay::workers {
namespace {

constexpr std::size_t kMaxCopies = 1'000;
constexpr std::uint64_t kMaxCopiedBytes = 64u << 20;
constexpr std::size_t kMaxLookedAt = 100'000;
constexpr std::size_t kMaxNamed = 5;

Status check_glob(const std::string& glob) {
  const std::string_view pattern = std::string_view(glob).substr(glob.starts_with('!') ? 1 : 0);
  const auto parts = split(pattern, '/');
  const bool escapes = std::any_of(parts.begin(), parts.end(), [](std::string_view p) { return p == ".."; });
  if (!pattern.empty() && pattern.front() != '/' && pattern.front() != '~' && !escapes) return {};
  return Error{ErrorCode::kInvalidArgument,
               "include_untracked_from_base takes globs relative to the workspace, not " + display_safe(glob) + ".",
               "Name files below the workspace, for example notes/*.md.",
               {}};
}

Error too_many() {
  return Error{ErrorCode::kContentTooLarge,
               "include_untracked_from_base matches too many files.",
               fmt::format("Choose at most {} files, or commit them.", kMaxCopies),
               {}};
}

std::string some_of(const Strings& paths) {
  Strings shown;
  for (std::size_t i = 0; i < std::min(paths.size(), kMaxNamed); ++i) shown.push_back(display_safe(paths[i]));
  return name_some(shown, paths.size());
}

}  // namespace

Result<UntrackedChoice> choose_untracked(Core& self, const git::Target& base, const git::Layout& layout,
                                         const Strings& globs) {
  UntrackedChoice out;
  if (globs.empty()) return out;
  for (const std::string& glob : globs) PB_TRY(check_glob(glob));
  git::StatusOptions options;
  options.each_untracked_file = true;
  options.renames = options.upstream = false;
  options.max_entries = kMaxLookedAt;
  const git::StatusReport status = PB_TRY(self.parts.git.status(base, options));
  if (status.truncated) return too_many();

  // The matcher of blocked paths is the one for globs everywhere: a folder stands for what it holds.
  const workspace::BlockedGlobs wanted(globs);
  const workspace::BlockedGlobs forbidden = self.blocked_in(base.path);
  std::vector<std::pair<workspace::BlockedGlobs, std::string>> unmatched;
  for (const std::string& glob : globs) {
    if (!glob.starts_with('!')) unmatched.emplace_back(workspace::BlockedGlobs({glob}), glob);
  }
  for (const git::StatusEntry& entry : status.entries) {
    if (entry.worktree != '?' || entry.path.ends_with('/')) continue;
    std::erase_if(unmatched, [&](const auto& glob) { return glob.first.matches(entry.path); });
    if (!wanted.matches(entry.path)) continue;
    const bool blocked = forbidden.matches(entry.path) || forbidden.matches(os::join(layout.subdir, entry.path));
    (blocked ? out.blocked : out.paths).push_back(entry.path);
  }
  if (out.paths.size() > kMaxCopies) return too_many();
  for (auto& [matcher, glob] : unmatched) out.unmatched.push_back(std::move(glob));
  return out;
}

Result<UntrackedCopies> copy_untracked(Core& self, const git::Target& base, const Strings& paths,
                                       const git::SnapshotSpec& worktree) {
  UntrackedCopies out;
  if (paths.empty()) return out;
  git::Copied copied = PB_TRY(
      self.parts.git.copy_files(base, {.directory = worktree.directory, .paths = paths, .max_bytes = kMaxCopiedBytes}));
  out.files = std::move(copied.files);
  out.skipped = std::move(copied.skipped);
  if (!out.files.empty()) out.start_tree = PB_TRY(self.parts.git.snapshot(base, worktree)).tree;
  return out;
}

std::string left_out_sentence(const UntrackedChoice& choice, const Strings& skipped) {
  std::string text;
  const auto tell = [&text](std::string_view about, const Strings& paths) {
    if (!paths.empty()) text += fmt::format(" {}: {}.", about, some_of(paths));
  };
  tell("Not copied because security.blocked_globs blocks them", choice.blocked);
  tell("Not copied because they are no regular files, or the commit has something there", skipped);
  tell("These globs match no untracked file", choice.unmatched);
  return text;
}

}  // namespace patchbay::workers
