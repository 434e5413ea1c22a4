#include "git/index_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "patchbay/base/hash.h"
#include "patchbay/os/fd.h"

namespace patchbay::git {
namespace {

constexpr std::size_t kHeader = 12;
constexpr std::size_t kFixed = 62;  // stat data, id and flags of an entry
constexpr std::size_t kHash = 20;
constexpr std::size_t kMaxIndex = 2u << 30;
constexpr int kMaxTreeDepth = 2048;

Error damaged() { return Error{ErrorCode::kGitError, "The repository's index is damaged.", "", ""}; }

std::uint32_t be32(const char* p) {
  const auto* u = reinterpret_cast<const unsigned char*>(p);
  return static_cast<std::uint32_t>(u[0]) << 24 | static_cast<std::uint32_t>(u[1]) << 16 |
         static_cast<std::uint32_t>(u[2]) << 8 | u[3];
}
std::uint16_t be16(const char* p) {
  const auto* u = reinterpret_cast<const unsigned char*>(p);
  return static_cast<std::uint16_t>(u[0] << 8 | u[1]);
}
void put32(std::string& out, std::uint32_t v) {
  const char b[4] = {static_cast<char>(v >> 24), static_cast<char>(v >> 16), static_cast<char>(v >> 8),
                     static_cast<char>(v)};
  out.append(b, 4);
}

bool parse_tree(std::string_view data, std::size_t& at, CachedTree& node, int depth) {
  if (depth > kMaxTreeDepth) return false;
  const std::size_t nul = data.find('\0', at);
  if (nul == std::string_view::npos) return false;
  node.name = data.substr(at, nul - at);
  const std::size_t line = data.find('\n', nul);
  if (line == std::string_view::npos || line - nul > 40) return false;
  const std::string numbers(data.substr(nul + 1, line - nul - 1));
  int subtrees = 0;
  if (std::sscanf(numbers.c_str(), "%d %d", &node.entry_count, &subtrees) != 2 || subtrees < 0) return false;
  at = line + 1;
  if (node.entry_count >= 0) {
    if (data.size() - at < kHash) return false;
    git_oid_fromraw(&node.id, reinterpret_cast<const unsigned char*>(data.data() + at));
    at += kHash;
  }
  for (int i = 0; i < subtrees; ++i) {
    if (!parse_tree(data, at, node.children.emplace_back(), depth + 1)) return false;
  }
  return true;
}

void write_tree(std::string& out, const CachedTree& node) {
  out += node.name;
  out += '\0';
  out += std::to_string(node.entry_count) + " " + std::to_string(node.children.size()) + "\n";
  if (node.entry_count >= 0) out.append(reinterpret_cast<const char*>(node.id.id), kHash);
  for (const CachedTree& child : node.children) write_tree(out, child);
}

}  // namespace

Result<IndexFile> IndexFile::read(const std::string& path) {
  IndexFile index;
  os::Fd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!fd) {
    if (errno == ENOENT) return index;
    return errno_error(errno, "reading the index", path);
  }
  struct stat st {};
  if (::fstat(fd.get(), &st) != 0 || !S_ISREG(st.st_mode)) return damaged();
  index.mtime_s_ = st.st_mtim.tv_sec;
  index.mtime_ns_ = st.st_mtim.tv_nsec;
  index.data_ = PB_TRY(os::read_to_end(fd.get(), kMaxIndex));
  if (!index.data_.empty()) PB_TRY(index.parse(index.data_));
  return index;
}

Status IndexFile::parse(std::string_view data) {
  if (data.size() < kHeader + kHash || data.substr(0, 4) != "DIRC") return damaged();
  const std::uint32_t version = be32(data.data() + 4);
  const std::uint32_t count = be32(data.data() + 8);
  if (version < 2 || version > 4 || count > data.size() / 8) return damaged();
  data.remove_suffix(kHash);
  std::size_t at = kHeader;
  PB_TRY(parse_entries(data, version, count, &at));
  return parse_extensions(data, at);
}

Status IndexFile::parse_entries(std::string_view data, std::uint32_t version, std::uint32_t count,
                                std::size_t* position) {
  std::size_t at = *position;
  std::string names;  // version 4 stores each path as a change of the one before
  std::vector<std::pair<std::size_t, std::size_t>> spans;
  std::string previous;
  entries_.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (data.size() - at < kFixed) return damaged();
    const char* p = data.data() + at;
    IndexEntry e;
    e.ctime_s = be32(p);
    e.ctime_ns = be32(p + 4);
    e.mtime_s = be32(p + 8);
    e.mtime_ns = be32(p + 12);
    e.dev = be32(p + 16);
    e.ino = be32(p + 20);
    e.mode = be32(p + 24);
    e.uid = be32(p + 28);
    e.gid = be32(p + 32);
    e.size = be32(p + 36);
    git_oid_fromraw(&e.id, reinterpret_cast<const unsigned char*>(p + 40));
    const std::uint16_t flags = be16(p + 60);
    e.assume_unchanged = (flags & 0x8000) != 0;
    e.stage = static_cast<std::uint8_t>(flags >> 12 & 3);
    std::size_t name_at = at + kFixed;
    if ((flags & 0x4000) != 0) {
      if (version < 3 || data.size() - name_at < 2) return damaged();
      const std::uint16_t more = be16(data.data() + name_at);
      e.skip_worktree = (more & 0x4000) != 0;
      e.intent_to_add = (more & 0x2000) != 0;
      name_at += 2;
    }
    std::size_t strip = 0;
    if (version == 4) {
      unsigned char c = 0;
      bool first = true;
      do {
        if (name_at >= data.size() || strip > (1u << 24)) return damaged();
        c = static_cast<unsigned char>(data[name_at++]);
        strip = first ? (c & 127u) : ((strip + 1) << 7 | (c & 127u));
        first = false;
      } while ((c & 128) != 0);
    }
    const std::size_t nul = data.find('\0', name_at);
    if (nul == std::string_view::npos) return damaged();
    const std::string_view name = data.substr(name_at, nul - name_at);
    if (version == 4) {
      if (strip > previous.size()) return damaged();
      previous.erase(previous.size() - strip);
      previous += name;
      spans.emplace_back(names.size(), previous.size());
      names += previous;
      at = nul + 1;
    } else {
      e.path = name;
      // Padded with 1 to 8 NULs to a multiple of eight, counted from the entry's start.
      at += ((nul - at) + 8) & ~static_cast<std::size_t>(7);
      if (at > data.size()) return damaged();
    }
    entries_.push_back(e);
  }
  if (version == 4) {
    names_ = std::make_unique<char[]>(names.size() + 1);
    std::memcpy(names_.get(), names.data(), names.size());
    for (std::size_t i = 0; i < spans.size(); ++i) {
      entries_[i].path = {names_.get() + spans[i].first, spans[i].second};
    }
  }
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const std::string_view path = entries_[i].path;
    if (path.empty() || path.front() == '/') return damaged();
    if (i == 0) continue;
    const int order = entries_[i - 1].path.compare(path);
    if (order > 0 || (order == 0 && entries_[i - 1].stage >= entries_[i].stage)) return damaged();
  }
  *position = at;
  return {};
}

Status IndexFile::parse_extensions(std::string_view data, std::size_t at) {
  while (data.size() - at >= 8) {
    const std::string_view name = data.substr(at, 4);
    const std::uint32_t size = be32(data.data() + at + 4);
    at += 8;
    if (size > data.size() - at) return damaged();
    if (name == "TREE") {
      std::size_t pos = 0;
      has_tree_ = parse_tree(data.substr(at, size), pos, tree_, 0);
    } else if (name[0] < 'A' || name[0] > 'Z') {
      return Error{ErrorCode::kGitError, "The repository uses an index format that is not supported.",
                   "Turn off the split or sparse index: git update-index --no-split-index, "
                   "git sparse-checkout reapply --no-sparse-index.",
                   std::string(name)};
    }
    at += size;
  }
  return {};
}

std::size_t IndexFile::lower_bound(std::string_view path) const {
  const auto it = std::lower_bound(entries_.begin(), entries_.end(), path,
                                   [](const IndexEntry& e, std::string_view p) { return e.path < p; });
  return static_cast<std::size_t>(it - entries_.begin());
}

const IndexEntry* IndexFile::find(std::string_view path) const {
  const std::size_t i = lower_bound(path);
  if (i == entries_.size() || entries_[i].path != path || entries_[i].stage != 0) return nullptr;
  return &entries_[i];
}

bool IndexFile::is_unchanged(const IndexEntry& e, const struct stat& st, bool trust_mode) const {
  const bool link = e.mode == 0120000;
  if (link != S_ISLNK(st.st_mode)) return false;
  if (!link && !S_ISREG(st.st_mode)) return false;
  if (trust_mode && !link && ((e.mode & 0100) != 0) != ((st.st_mode & 0100) != 0)) return false;
  if (e.size != static_cast<std::uint32_t>(st.st_size)) return false;
  if (e.mtime_s != static_cast<std::uint32_t>(st.st_mtim.tv_sec)) return false;
  if (e.mtime_ns != 0 && e.mtime_ns != static_cast<std::uint32_t>(st.st_mtim.tv_nsec)) return false;
  if (e.ctime_s != static_cast<std::uint32_t>(st.st_ctim.tv_sec)) return false;
  if (e.ctime_ns != 0 && e.ctime_ns != static_cast<std::uint32_t>(st.st_ctim.tv_nsec)) return false;
  if (e.ino != static_cast<std::uint32_t>(st.st_ino)) return false;
  if (e.uid != st.st_uid || e.gid != st.st_gid) return false;
  // Written in the same tick as the index: a later change could carry the same times.
  if (st.st_mtim.tv_sec > mtime_s_) return false;
  if (st.st_mtim.tv_sec < mtime_s_) return true;
  return e.mtime_ns != 0 && mtime_ns_ != 0 && st.st_mtim.tv_nsec < mtime_ns_;
}

std::string serialize_index(const std::vector<IndexEntry>& entries, const CachedTree* tree) {
  std::string out = "DIRC";
  std::size_t bytes = kHeader + kHash;
  for (const IndexEntry& e : entries) bytes += kFixed + e.path.size() + 8;
  out.reserve(bytes);
  put32(out, 2);
  put32(out, static_cast<std::uint32_t>(entries.size()));
  for (const IndexEntry& e : entries) {
    const std::size_t start = out.size();
    for (const std::uint32_t v :
         {e.ctime_s, e.ctime_ns, e.mtime_s, e.mtime_ns, e.dev, e.ino, e.mode, e.uid, e.gid, e.size}) {
      put32(out, v);
    }
    out.append(reinterpret_cast<const char*>(e.id.id), kHash);
    const auto length = static_cast<std::uint16_t>(std::min<std::size_t>(e.path.size(), 0xfff));
    const auto flags = static_cast<std::uint16_t>(length | e.stage << 12 | (e.assume_unchanged ? 0x8000 : 0));
    out += static_cast<char>(flags >> 8);
    out += static_cast<char>(flags & 0xff);
    out += e.path;
    out.append(8 - (out.size() - start) % 8, '\0');
  }
  if (tree) {
    std::string body;
    write_tree(body, *tree);
    out += "TREE";
    put32(out, static_cast<std::uint32_t>(body.size()));
    out += body;
  }
  Sha1 sum;
  sum.update(out);
  out += sum.finish();
  return out;
}

}  // namespace patchbay::git
