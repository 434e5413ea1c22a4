#include "git/ignore.h"

#include "git/tree_fs.h"
#include "git/wildmatch.h"
#include "patchbay/base/text.h"

namespace patchbay::git {
namespace {

constexpr std::size_t kMaxIgnoreFile = 4u << 20;

std::string_view without_trailing_spaces(std::string_view line) {
  while (!line.empty() && line.back() == ' ') {
    if (line.size() >= 2 && line[line.size() - 2] == '\\') break;
    line.remove_suffix(1);
  }
  return line;
}

}  // namespace

IgnoreFile::IgnoreFile(std::string_view text, bool ignore_case) : ignore_case_(ignore_case) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  for (std::string_view line : split(text, '\n')) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line[0] == '#') continue;
    line = without_trailing_spaces(line);
    Pattern p;
    if (line.starts_with('!')) {
      p.negated = true;
      line.remove_prefix(1);
    }
    if (line.ends_with('/')) {
      p.directory_only = true;
      line.remove_suffix(1);
    }
    p.anchored = line.find('/') != std::string_view::npos;
    if (line.starts_with('/')) line.remove_prefix(1);
    if (line.empty()) continue;
    p.text = line;
    p.literal = line.find_first_of("*?[\\") == std::string_view::npos;
    patterns_.push_back(std::move(p));
  }
}

bool IgnoreFile::matches(const Pattern& p, std::string_view path, std::string_view name) const {
  const std::string_view text = p.anchored ? path : name;
  if (p.literal && !ignore_case_) return text == p.text;
  return wildmatch(p.text, text, ignore_case_);
}

std::optional<bool> IgnoreFile::decide(std::string_view path, std::string_view name, bool is_directory) const {
  for (auto it = patterns_.rbegin(); it != patterns_.rend(); ++it) {
    if (it->directory_only && !is_directory) continue;
    if (matches(*it, path, name)) return !it->negated;
  }
  return std::nullopt;
}

IgnoreScope::IgnoreScope(std::shared_ptr<const IgnoreScope> parent, const std::string& name)
    : root_(parent->root_),
      globals_(parent->globals_),
      parent_(std::move(parent)),
      path_(parent_->path_.empty() ? name : parent_->path_ + "/" + name) {}

const IgnoreFile& IgnoreScope::file() const {
  std::call_once(read_once_, [this] {
    const os::Fd dir = open_dir_beneath(root_, path_);
    struct stat st {};
    if (!dir) return;
    auto text = read_entry(dir.get(), ".gitignore", kMaxIgnoreFile, &st);
    if (text.ok() && S_ISREG(st.st_mode)) file_ = IgnoreFile(text.value(), globals_.ignore_case);
  });
  return file_;
}

bool IgnoreScope::directory_is_ignored() const {
  if (!parent_) return false;
  std::call_once(ignored_once_, [this] {
    const std::size_t slash = path_.rfind('/');
    ignored_ = parent_->is_ignored(slash == std::string::npos ? path_ : path_.substr(slash + 1), true);
  });
  return ignored_;
}

std::optional<bool> IgnoreScope::decide(std::string_view full_path, std::string_view name, bool is_directory) const {
  for (const IgnoreScope* scope = this; scope; scope = scope->parent_.get()) {
    const IgnoreFile& rules = scope->file();
    if (rules.empty()) continue;
    const std::string_view relative = scope->path_.empty() ? full_path : full_path.substr(scope->path_.size() + 1);
    if (auto decided = rules.decide(relative, name, is_directory)) return decided;
  }
  if (auto decided = globals_.repository.decide(full_path, name, is_directory)) return decided;
  return globals_.user.decide(full_path, name, is_directory);
}

bool IgnoreScope::is_ignored(std::string_view name, bool is_directory) const {
  if (directory_is_ignored()) return true;
  const std::string full = path_.empty() ? std::string(name) : path_ + "/" + std::string(name);
  return decide(full, name, is_directory).value_or(false);
}

}  // namespace patchbay::git
