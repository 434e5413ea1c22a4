#pragma once

#include <tuple>

#include "patchbay/base/hash.h"
#include "patchbay/base/text.h"
#include "patchbay/git/diff.h"
#include "patchbay/git/integration.h"
#include "patchbay/git/snapshot.h"
#include "patchbay/git/status.h"
#include "patchbay/git/worktree.h"
#include "patchbay/json/json.h"
#include "patchbay/os/fd.h"

/// How requests and replies travel between git::Client and a helper.
///
/// A frame is two lengths (32 bits of JSON, 64 bits of raw bytes, native order: both ends are one
/// machine), the JSON, the raw bytes. File names and other byte strings are JSON strings when they are
/// UTF-8, else {"b64": "..."}; long texts are not in the JSON but in the raw part, as [offset, length].
namespace patchbay::git::wire {

struct Frame {
  Json json;
  std::string raw;
};

/// kTimeout when `deadline` passes, kIoError when the other end is gone.
Status send(int fd, const Frame& frame, MonoTime deadline);
Result<Frame> receive(int fd, MonoTime deadline);

// ---- one field list per struct, for both directions -----------------------------------------------------

template <class V>
void fields(V& v, Target& x) {
  v("path", x.path), v("ceiling", x.ceiling), v("roots", x.roots);
}
template <class V>
void fields(V& v, Layout& x) {
  v("toplevel", x.toplevel), v("subdir", x.subdir), v("git_dir", x.git_dir), v("common_dir", x.common_dir);
  v("linked", x.linked_worktree), v("dev", x.device), v("ino", x.inode);
  v("common_dev", x.common_device), v("common_ino", x.common_inode);
}
template <class V>
void fields(V& v, Branch& x) {
  v("name", x.name), v("detached", x.detached), v("unborn", x.unborn), v("head", x.head);
  v("upstream", x.upstream), v("ahead", x.ahead), v("behind", x.behind);
}
template <class V>
void fields(V& v, Commit& x) {
  v("id", x.id), v("subject", x.subject), v("author", x.author), v("time", x.author_time);
  v("decorations", x.decorations);
}
template <class V>
void fields(V& v, StatusOptions& x) {
  v("file_path", x.file_path), v("max_entries", x.max_entries), v("each", x.each_untracked_file);
  v("renames", x.renames), v("upstream", x.upstream);
}
template <class V>
void fields(V& v, StatusEntry& x) {
  v("path", x.path), v("x", x.index), v("y", x.worktree), v("orig", x.orig_path);
}
template <class V>
void fields(V& v, StatusCounts& x) {
  v("staged", x.staged), v("unstaged", x.unstaged), v("untracked", x.untracked), v("conflicted", x.conflicted);
}
template <class V>
void fields(V& v, StatusReport& x) {
  v("layout", x.layout), v("branch", x.branch), v("counts", x.counts), v("entries", x.entries);
  v("truncated", x.truncated);
}
template <class V>
void fields(V& v, Summary& x) {
  v("status", x.status), v("default_branch", x.default_branch), v("head_subject", x.head_subject);
}
template <class V>
void fields(V& v, PatchPage& x) {
  v("max_bytes", x.max_bytes), v("cursor", x.cursor), v("context", x.context_lines);
}
template <class V>
void fields(V& v, DiffOptions& x) {
  v("sides", x.sides), v("base", x.base), v("file_path", x.file_path), v("untracked", x.include_untracked);
  v("page", x.page), v("max_files", x.max_files), v("withheld", x.withheld);
}
template <class V>
void fields(V& v, DiffFile& x) {
  v("path", x.path), v("old_path", x.old_path), v("status", x.status), v("untracked", x.untracked);
  v("binary", x.binary), v("additions", x.additions), v("deletions", x.deletions);
  v("old_mode", x.old_mode), v("new_mode", x.new_mode);
}
template <class V>
void fields(V& v, Diff& x) {
  v("files", x.files), v("files_truncated", x.files_truncated), v("count", x.file_count);
  v("additions", x.additions), v("deletions", x.deletions), v("partial", x.totals_partial);
  v.raw("text", x.text), v("total", x.total_bytes), v("truncated", x.truncated), v("next", x.next_cursor);
  v("redactions", x.redactions);
}
template <class V>
void fields(V& v, WorktreeSpec& x) {
  v("directory", x.directory), v("branch", x.branch), v("commit", x.commit), v("lock", x.lock_path);
  v("git_filters", x.git_filters);
}
template <class V>
void fields(V& v, Worktree& x) {
  v("directory", x.directory), v("branch", x.branch), v("commit", x.commit), v("tree", x.tree);
  v("files", x.files), v("bytes", x.bytes), v("filtered", x.filtered_files), v("submodules", x.submodules);
}
template <class V>
void fields(V& v, WorktreeRemoval& x) {
  v("directory", x.directory), v("branch", x.branch), v("lock", x.lock_path);
}
template <class V>
void fields(V& v, CopySpec& x) {
  v("directory", x.directory), v("paths", x.paths), v("max_bytes", x.max_bytes);
}
template <class V>
void fields(V& v, Copied& x) {
  v("files", x.files), v("skipped", x.skipped), v("bytes", x.bytes);
}
template <class V>
void fields(V& v, WorktreeInfo& x) {
  v("name", x.name), v("directory", x.directory), v("branch", x.branch), v("head", x.head);
  v("present", x.present);
}
template <class V>
void fields(V& v, SnapshotSpec& x) {
  v("directory", x.directory), v("worker_id", x.worker_id), v("kind", x.kind), v("lock", x.lock_path);
  v("excluded", x.excluded);
}
template <class V>
void fields(V& v, SpecialFile& x) {
  v("path", x.path), v("type", x.type);
}
template <class V>
void fields(V& v, Snapshot& x) {
  v("tree", x.tree), v("commit", x.commit), v("head", x.head), v("ref", x.ref), v("special", x.special);
  v("excluded", x.excluded);
}
template <class V>
void fields(V& v, Pin& x) {
  v("ref", x.ref), v("kind", x.kind), v("worker_id", x.worker_id), v("seq", x.seq), v("commit", x.commit);
  v("tree", x.tree), v("head", x.head), v("time", x.time);
}
template <class V>
void fields(V& v, PinPruning& x) {
  v("days", x.days), v("keep", x.keep), v("lock", x.lock_path);
}
template <class V>
void fields(V& v, Change& x) {
  v("path", x.path), v("status", x.status), v("old_path", x.old_path), v("old_mode", x.old_mode);
  v("new_mode", x.new_mode), v("old_id", x.old_id), v("new_id", x.new_id), v("binary", x.binary);
  v("additions", x.additions), v("deletions", x.deletions), v("bytes", x.bytes);
}
template <class V>
void fields(V& v, Changes& x) {
  v("entries", x.entries), v("sha256", x.patch_sha256), v("bytes", x.patch_bytes);
  v("partial", x.counts_partial);
}
template <class V>
void fields(V& v, Blob& x) {
  v("exists", x.exists), v("mode", x.mode), v("id", x.id), v("size", x.size), v.raw("bytes", x.bytes);
}
template <class V>
void fields(V& v, MergedFile& x) {
  v("path", x.path), v("mode", x.mode), v("id", x.id);
}
template <class V>
void fields(V& v, IntegrationSpec& x) {
  v("baseline", x.baseline), v("snapshot", x.snapshot), v("base_revision", x.base_revision);
  v("start", x.start), v("max_bytes", x.max_bytes), v("special", x.special), v("merged", x.merged);
}
template <class V>
void fields(V& v, PlannedWrite& x) {
  v("path", x.path), v("kind", x.kind), v("mode", x.mode), v("bytes", x.bytes), v("merged", x.merged);
  v("id", x.id);
}
template <class V>
void fields(V& v, PathReason& x) {
  v("path", x.path), v("reason", x.reason);
}
template <class V>
void fields(V& v, BaseState& x) {
  v("head", x.head), v("moved", x.moved), v("tracked_dirty", x.tracked_dirty), v("collisions", x.collisions);
  v("untracked", x.untracked), v("integrated", x.integrated), v("fingerprint", x.fingerprint);
}
template <class V>
void fields(V& v, IntegrationPlan& x) {
  v("changes", x.changes), v("writes", x.writes), v("conflicts", x.conflicts), v("summary", x.conflict_summary);
  v("unsafe", x.unsafe), v("skipped", x.skipped_files), v("three_way", x.applied_with_3way);
  v("too_large", x.too_large), v("base", x.base), v("plan_sha256", x.plan_sha256);
}
template <class V>
void fields(V& v, ApplySpec& x) {
  v("integration", x.integration), v("plan_sha256", x.plan_sha256), v("journal", x.journal_path);
}
template <class V>
void fields(V& v, Applied& x) {
  v("changes", x.changes), v("written", x.written), v("deleted", x.deleted), v("three_way", x.applied_with_3way);
  v("main_changed", x.main_changed_files), v("warnings", x.warnings);
}
template <class V>
void fields(V& v, Recovery& x) {
  v("outcome", x.outcome), v("root", x.root), v("plan_sha256", x.plan_sha256), v("written", x.written);
  v("deleted", x.deleted), v("foreign", x.foreign);
}

// ---- writing --------------------------------------------------------------------------------------------

template <class T>
struct is_vector : std::false_type {};
template <class T>
struct is_vector<std::vector<T>> : std::true_type {};
template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};

template <class T>
Json write(const T& value, std::string& raw);

class Writer {
 public:
  explicit Writer(std::string& raw) : raw_(raw) {}
  template <class T>
  void operator()(const char* name, T& value) {
    out_[name] = write(value, raw_);
  }
  void raw(const char* name, std::string& value) {
    out_[name] = Json::array({raw_.size(), value.size()});
    raw_ += value;
  }
  Json take() { return std::move(out_); }

 private:
  std::string& raw_;
  Json out_ = Json::object();
};

template <class T>
Json write(const T& value, std::string& raw) {
  if constexpr (std::is_same_v<T, std::string>) {
    if (is_valid_utf8(value)) return Json(value);
    return Json{{"b64", base64_encode(value)}};
  } else if constexpr (std::is_same_v<T, char>) {
    return Json(static_cast<int>(value));
  } else if constexpr (std::is_enum_v<T>) {
    return Json(static_cast<int>(value));
  } else if constexpr (std::is_arithmetic_v<T>) {
    return Json(value);
  } else if constexpr (is_vector<T>::value) {
    Json list = Json::array();
    for (const auto& item : value) list.push_back(write(item, raw));
    return list;
  } else if constexpr (is_optional<T>::value) {
    return value ? write(*value, raw) : Json(nullptr);
  } else {
    Writer w(raw);
    fields(w, const_cast<T&>(value));  // field lists are shared with the reader, which changes the object
    return w.take();
  }
}

// ---- reading: false when the JSON is not what `write` makes ----------------------------------------------

template <class T>
bool read(const Json& json, std::string_view raw, T& out);

class Reader {
 public:
  Reader(const Json& json, std::string_view raw) : json_(json), raw_(raw), ok_(json.is_object()) {}
  template <class T>
  void operator()(const char* name, T& value) {
    if (!ok_) return;
    const auto it = json_.find(name);
    ok_ = it != json_.end() && read(*it, raw_, value);
  }
  void raw(const char* name, std::string& value) {
    if (!ok_) return;
    std::vector<std::uint64_t> span;
    (*this)(name, span);
    ok_ = ok_ && span.size() == 2 && span[0] <= raw_.size() && span[1] <= raw_.size() - span[0];
    if (ok_) value = raw_.substr(span[0], span[1]);
  }
  bool ok() const { return ok_; }

 private:
  const Json& json_;
  std::string_view raw_;
  bool ok_;
};

template <class T>
bool read(const Json& json, std::string_view raw, T& out) {
  if constexpr (std::is_same_v<T, std::string>) {
    if (json.is_string()) return out = json.get_ref<const std::string&>(), true;
    const auto it = json.is_object() ? json.find("b64") : json.end();
    return json.is_object() && it != json.end() && it->is_string() &&
           base64_decode(it->get_ref<const std::string&>(), &out);
  } else if constexpr (std::is_same_v<T, bool>) {
    return json.is_boolean() && (out = json.get<bool>(), true);
  } else if constexpr (std::is_enum_v<T>) {
    return json.is_number_integer() && (out = static_cast<T>(json.get<int>()), true);
  } else if constexpr (std::is_arithmetic_v<T>) {
    return json.is_number() && (out = json.get<T>(), true);
  } else if constexpr (is_vector<T>::value) {
    if (!json.is_array()) return false;
    out.clear();
    out.reserve(json.size());
    for (const Json& item : json) {
      if (!read(item, raw, out.emplace_back())) return false;
    }
    return true;
  } else if constexpr (is_optional<T>::value) {
    out.reset();
    return json.is_null() || read(json, raw, out.emplace());
  } else {
    Reader r(json, raw);
    fields(r, out);
    return r.ok();
  }
}

Json write_error(const Error& error);
Error read_error(const Json& json);

}  // namespace patchbay::git::wire
