#include "git/merge.h"

#include "git/handle.h"
#include "patchbay/base/text.h"

namespace patchbay::git {
namespace {

constexpr std::size_t kSniff = 8000;
constexpr std::size_t kExcerpt = 2000;
constexpr unsigned kTypeMask = 0170000;
constexpr unsigned kRegular = 0100000;

bool same(const Side& a, const Side& b) {
  return a.mode == b.mode && (a.mode == 0 || git_oid_equal(&a.id, &b.id) != 0);
}
bool same_content(const Side& a, const Side& b) { return git_oid_equal(&a.id, &b.id) != 0; }
bool is_regular(const Side& s) { return (s.mode & kTypeMask) == kRegular; }
bool is_binary(std::string_view bytes) { return bytes.substr(0, kSniff).find('\0') != std::string_view::npos; }

bool all_crlf(std::string_view text) {
  std::size_t lines = 0;
  for (std::size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1), ++lines) {
    if (at == 0 || text[at - 1] != '\r') return false;
  }
  return lines > 0 && !is_binary(text);
}
std::string with_crlf(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 16);
  for (const char c : text) {
    if (c == '\n') out += '\r';
    out += c;
  }
  return out;
}

Merged conflict(std::string reason) { return {Merged::Kind::kConflict, 0, {}, std::move(reason), {}}; }

git_merge_file_input input_of(const Side& side, const char* path) {
  git_merge_file_input in = GIT_MERGE_FILE_INPUT_INIT;
  in.ptr = side.bytes.data();
  in.size = side.bytes.size();
  in.path = path;
  in.mode = side.mode;
  return in;
}

// The regions between conflict markers.
std::string conflict_regions(std::string_view text) {
  std::string out;
  bool inside = false;
  for (std::string_view line : split(text, '\n')) {
    if (line.starts_with("<<<<<<< ")) inside = true;
    if (inside) out.append(line).append("\n");
    if (line.starts_with(">>>>>>> ")) inside = false;
    if (out.size() > kExcerpt) break;
  }
  return std::string(utf8_prefix(out, kExcerpt));
}

Merged merge_lines(const std::string& path, const Side& base, const Side& ours, const Side& theirs) {
  const git_merge_file_input b = input_of(base, path.c_str());
  const git_merge_file_input o = input_of(ours, path.c_str());
  const git_merge_file_input t = input_of(theirs, path.c_str());
  git_merge_file_options options = GIT_MERGE_FILE_OPTIONS_INIT;
  options.ancestor_label = "worker's start";
  options.our_label = "checkout";
  options.their_label = "worker";
  git_merge_file_result result{};
  if (git_merge_file(&result, &b, &o, &t, &options) < 0) return conflict("the two versions cannot be merged");
  Merged out;
  const std::string_view text(result.ptr ? result.ptr : "", result.len);
  if (result.automergeable) {
    out.kind = Merged::Kind::kCombine;
    out.bytes = text;
  } else {
    out = conflict("the worker and the checkout changed the same lines");
    out.excerpt = conflict_regions(text);
  }
  git_merge_file_result_free(&result);
  return out;
}

Merged merge_both_changed(const std::string& path, const Side& base, const Side& ours, const Side& theirs) {
  unsigned mode = ours.mode;
  if (ours.mode == base.mode) {
    mode = theirs.mode;
  } else if (theirs.mode != base.mode && theirs.mode != ours.mode) {
    return conflict("the worker and the checkout changed its type in different ways");
  }
  const bool type_changed =
      (ours.mode & kTypeMask) != (base.mode & kTypeMask) || (theirs.mode & kTypeMask) != (base.mode & kTypeMask);
  if (type_changed) return conflict("one side changed its type, the other its content");

  Merged out;
  out.kind = Merged::Kind::kCombine;
  out.mode = mode;
  if (same_content(theirs, base) || same_content(ours, theirs)) {
    out.bytes = ours.bytes;
  } else if (same_content(ours, base)) {
    out.bytes = theirs.bytes;
  } else if (!is_regular(ours)) {
    return conflict("the worker and the checkout point the symlink to different targets");
  } else if (is_binary(base.bytes) || is_binary(ours.bytes) || is_binary(theirs.bytes)) {
    return conflict("the worker and the checkout changed the same binary file");
  } else {
    out = merge_lines(path, base, ours, theirs);
    out.mode = mode;
  }
  if (out.kind == Merged::Kind::kCombine && out.mode == ours.mode && out.bytes == ours.bytes) {
    out.kind = Merged::Kind::kKeep;
  }
  return out;
}

bool differs_in_line_ends(const Side& base, const Side& ours, const Side& theirs) {
  if (!is_regular(base) || !is_regular(ours) || (theirs.mode != 0 && !is_regular(theirs))) return false;
  return base.bytes.find('\n') != std::string_view::npos && !all_crlf(base.bytes) && all_crlf(ours.bytes) &&
         !is_binary(base.bytes) && !is_binary(theirs.bytes);
}

// All three with LF, and the result with CRLF again.
Merged merge_with_lf(const std::string& path, const Side& base, const Side& ours, const Side& theirs) {
  const std::string texts[] = {with_lf(base.bytes), with_lf(ours.bytes), with_lf(theirs.bytes)};
  const Side sides[] = {{base.mode, blob_id(texts[0]), texts[0]},
                        {ours.mode, blob_id(texts[1]), texts[1]},
                        {theirs.mode, blob_id(texts[2]), texts[2]}};
  Merged out = merge_path(path, sides[0], sides[1], sides[2]);
  if (out.kind == Merged::Kind::kTake && theirs.mode != 0) {
    out.kind = Merged::Kind::kCombine;
    out.bytes = texts[2];
  }
  if (out.kind == Merged::Kind::kCombine) out.bytes = with_crlf(out.bytes);
  return out;
}

}  // namespace

std::string with_lf(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r' || i + 1 == text.size() || text[i + 1] != '\n') out += text[i];
  }
  return out;
}

Merged merge_path(const std::string& path, const Side& base, const Side& ours, const Side& theirs) {
  if (same(ours, theirs)) return {};
  if (same(ours, base)) return {Merged::Kind::kTake, theirs.mode, {}, {}, {}};
  if (same(theirs, base)) return {};
  if (differs_in_line_ends(base, ours, theirs)) return merge_with_lf(path, base, ours, theirs);
  if (base.mode == 0) return conflict("the worker adds it, and the checkout has another file of this name");
  if (theirs.mode == 0) return conflict("the worker deletes it, and the checkout has changed it");
  if (ours.mode == 0) return conflict("the worker changes it, and the checkout has deleted it");
  return merge_both_changed(path, base, ours, theirs);
}

bool link_stays_inside(std::string_view path, std::string_view target) {
  if (target.empty() || target.front() == '/' || target.find('\0') != std::string_view::npos) return false;
  std::ptrdiff_t depth = std::count(path.begin(), path.end(), '/');
  bool descended = false;
  for (const std::string_view part : split(target, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      // "a/.." need not be where it seems: `a` may be a symlink itself.
      if (descended || --depth < 0) return false;
    } else {
      descended = true;
      ++depth;
    }
  }
  return true;
}

}  // namespace patchbay::git
