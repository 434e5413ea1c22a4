#include "patchbay/workspace/blocked_globs.h"

#include <algorithm>
#include <array>

#include "glob.h"
#include "noise.h"
#include "patchbay/base/text.h"

namespace patchbay::workspace {
namespace {

constexpr std::array kBuiltIn = {
    ".git",
    ".env",
    ".env.*",
    "!.env.example",
    "!.env.sample",
    "!.env.template",
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "id_rsa*",
    "id_ed25519*",
    "*_rsa",
    "*_ed25519",
    ".ssh",
    ".gnupg",
    ".aws",
    ".netrc",
    ".npmrc",
    ".pypirc",
    "secrets.*",
    "*.kdbx",
    "*credentials*.json",
    "**/.codex/auth.json",
};

/// Sorted.
constexpr std::array<std::string_view, 19> kNoise = {
    ".cache", ".git",  ".gradle",     ".mypy_cache",      ".next", ".nox", ".pytest_cache", ".ruff_cache",
    ".tox",   ".venv", "__pycache__", "bower_components", "build", "dist", "logs",          "node_modules",
    "target", "venv",  "worktrees"};
static_assert(std::is_sorted(kNoise.begin(), kNoise.end()));

/// Could `exception` take back something that `pattern` blocks? Yes when in doubt.
bool may_overlap(const Glob& pattern, const Glob& exception) {
  if (!exception.literal()) return true;
  const std::string path = exception.as_path();
  const auto parts = split(path, '/');
  return pattern.matches(parts) || (pattern.is_name_pattern() && pattern.matches_name(parts.back()));
}

}  // namespace

struct BlockedGlobs::Impl {
  std::vector<Glob> globs;

  /// Last match wins, as in gitignore.
  bool matches_whole(const std::vector<std::string_view>& components) const {
    for (auto glob = globs.rbegin(); glob != globs.rend(); ++glob) {
      if (glob->matches(components)) return !glob->negated();
    }
    return false;
  }

  /// A blocked directory blocks all below it, so every leading part of `path` is asked, seen from `place`.
  bool matches(std::string_view place, std::string_view path) const {
    std::vector<std::string_view> components = components_of_place(place);
    for (const std::string_view component : split(path, '/')) {
      if (component.empty() || component == ".") continue;
      components.push_back(component);
      if (matches_whole(components)) return true;
    }
    return false;
  }

  bool matches_entry(std::string_view place, std::string_view path) const {
    if (path == ".") return false;
    std::vector<std::string_view> components = components_of_place(place);
    for (const std::string_view component : split(path, '/')) components.push_back(component);
    return matches_whole(components);
  }

 private:
  static std::vector<std::string_view> components_of_place(std::string_view place) {
    return place.empty() ? std::vector<std::string_view>() : split(place, '/');
  }
};

BlockedGlobs::BlockedGlobs(std::vector<std::string> patterns) {
  auto impl = std::make_shared<Impl>();
  for (const std::string& pattern : patterns) {
    Glob glob(pattern);
    if (!glob.empty()) impl->globs.push_back(std::move(glob));
  }
  impl_ = std::move(impl);
}

BlockedGlobs BlockedGlobs::built_in() { return BlockedGlobs({kBuiltIn.begin(), kBuiltIn.end()}); }

BlockedGlobs BlockedGlobs::within(std::vector<std::string> places) const {
  BlockedGlobs placed = *this;
  std::erase(places, "");
  // A pattern for names alone says the same from everywhere.
  const auto& globs = impl_->globs;
  if (std::all_of(globs.begin(), globs.end(), [](const Glob& glob) { return glob.is_name_pattern(); })) places.clear();
  placed.places_ = std::move(places);
  return placed;
}

bool BlockedGlobs::matches(std::string_view path) const {
  if (impl_->globs.empty()) return false;
  return impl_->matches({}, path) ||
         std::any_of(places_.begin(), places_.end(), [&](const auto& place) { return impl_->matches(place, path); });
}

bool BlockedGlobs::matches_entry(std::string_view path) const {
  if (impl_->globs.empty()) return false;
  return impl_->matches_entry({}, path) || std::any_of(places_.begin(), places_.end(), [&](const auto& place) {
           return impl_->matches_entry(place, path);
         });
}

std::vector<std::string> BlockedGlobs::ripgrep_globs() const {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < impl_->globs.size(); ++i) {
    const Glob& glob = impl_->globs[i];
    if (glob.negated()) continue;
    const bool taken_back = std::any_of(impl_->globs.begin() + static_cast<std::ptrdiff_t>(i), impl_->globs.end(),
                                        [&](const Glob& g) { return g.negated() && may_overlap(glob, g); });
    if (!taken_back) out.push_back("!" + glob.for_ripgrep());
  }
  return out;
}

std::size_t BlockedGlobs::size() const { return impl_->globs.size(); }

std::span<const std::string_view> noise_directories() { return kNoise; }

bool is_noise_directory(std::string_view name) { return std::binary_search(kNoise.begin(), kNoise.end(), name); }

}  // namespace patchbay::workspace
