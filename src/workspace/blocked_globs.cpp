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
  bool matches(const std::vector<std::string_view>& components) const {
    for (auto glob = globs.rbegin(); glob != globs.rend(); ++glob) {
      if (glob->matches(components)) return !glob->negated();
    }
    return false;
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

bool BlockedGlobs::matches(std::string_view path) const {
  if (impl_->globs.empty()) return false;
  // A blocked directory blocks all below it, so every leading part of the path is asked.
  std::vector<std::string_view> components;
  for (const std::string_view component : split(path, '/')) {
    if (component.empty() || component == ".") continue;
    components.push_back(component);
    if (impl_->matches(components)) return true;
  }
  return false;
}

bool BlockedGlobs::matches_entry(std::string_view path) const {
  return !impl_->globs.empty() && impl_->matches(split(path, '/'));
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
