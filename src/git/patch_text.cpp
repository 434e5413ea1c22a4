#include "git/patch_text.h"

#include <charconv>

#include "git/key_lines.h"
#include "patchbay/base/hash.h"
#include "patchbay/base/redact.h"
#include "patchbay/base/text.h"

// Paths in headers are quoted as git does it with core.quotePath=false: bytes above 0x7f stay, control
// characters, quotes and backslashes are escaped inside double quotes.

namespace patchbay::git {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t kMarkDigits = 8;

std::string quoted(const std::string& path) {
  const bool plain = std::none_of(path.begin(), path.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '"' || c == '\\';
  });
  if (plain) return path;
  std::string out = "\"";
  for (const char c : path) {
    const auto u = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (u < 0x20 || u == 0x7f) {
      out += fmt::format("\\{:03o}", u);
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string short_hex(const git_oid& id) {
  char text[GIT_OID_HEXSZ + 1];
  git_oid_tostr(text, sizeof text, &id);
  return std::string(text, kShortId);
}

// Where a page starts: a file, a hunk in it, a byte in that hunk's text. `mark` tells what is compared there.
struct Cursor {
  std::size_t file = 0, hunk = 0, offset = 0;
  std::string mark;

  std::string text() const { return fmt::format("{}.{}.{}.{}", file, hunk, offset, mark); }

  static Result<Cursor> parse(const std::string& text) {
    Cursor c;
    const char* p = text.data();
    const char* end = p + text.size();
    for (std::size_t* part : {&c.file, &c.hunk, &c.offset}) {
      const auto [next, ec] = std::from_chars(p, end, *part);
      if (ec != std::errc() || next == end || *next != '.') {
        return make_error(ErrorCode::kInvalidArgument, "The cursor is not one that a diff returned.");
      }
      p = next + 1;
    }
    c.mark.assign(p, end);
    return c;
  }
};

Error other_diff() {
  return make_error(ErrorCode::kInvalidArgument, "The cursor belongs to another diff, or its file has changed since.",
                    "Begin again without a cursor.");
}

// The text of one file's patch, cut into its hunks; the header belongs to the first.
struct FilePatch {
  std::vector<std::string> units;
  bool binary = false;
  std::size_t additions = 0, deletions = 0;
  bool may_hold_keys = false;   ///< some line looks like one of a private key
  KeyLines old_keys, new_keys;  ///< lines that are not shown; none while nobody has looked

  std::size_t bytes() const {
    std::size_t sum = 0;
    for (const auto& u : units) sum += u.size();
    return sum;
  }
};

std::string without_key(const FilePatch& patch, const git_diff_line& line, std::string_view content) {
  const std::string_view old_secret = patch.old_keys.secret_of(line.old_lineno);
  const std::string_view secret = old_secret.empty() ? patch.new_keys.secret_of(line.new_lineno) : old_secret;
  const std::size_t at = secret.empty() ? std::string_view::npos : content.find(secret);
  if (at == std::string_view::npos) return std::string(content);
  return fmt::format("{}{}{}", content.substr(0, at), kRedacted, content.substr(at + secret.size()));
}

std::string_view without_key_heading(const FilePatch& out, std::string_view hunk) {
  const std::size_t end = hunk.find(" @@", 2);
  if (end == std::string_view::npos) return hunk;
  const std::string_view heading = hunk.substr(end + 3);
  return out.old_keys.is_in(heading) || out.new_keys.is_in(heading) ? hunk.substr(0, end + 3) : hunk;
}

int collect_line(const git_diff_delta*, const git_diff_hunk*, const git_diff_line* line, void* payload) {
  auto& out = *static_cast<FilePatch*>(payload);
  const std::string_view content(line->content, line->content_len);
  out.may_hold_keys = out.may_hold_keys || may_be_inside_private_key(content);
  switch (line->origin) {
    case GIT_DIFF_LINE_FILE_HDR:
    case GIT_DIFF_LINE_BINARY: break;
    case GIT_DIFF_LINE_HUNK_HDR:
      if (out.units.back().find("\n@@ ") != std::string::npos || out.units.back().starts_with("@@ ")) {
        out.units.emplace_back();
      }
      out.units.back() += without_key_heading(out, content);
      if (!out.units.back().ends_with('\n')) out.units.back() += '\n';
      break;
    case GIT_DIFF_LINE_ADDITION:
    case GIT_DIFF_LINE_DELETION:
    case GIT_DIFF_LINE_CONTEXT:
      out.additions += line->origin == GIT_DIFF_LINE_ADDITION ? 1 : 0;
      out.deletions += line->origin == GIT_DIFF_LINE_DELETION ? 1 : 0;
      out.units.back() += line->origin;
      out.units.back() += without_key(out, *line, content);
      break;
    default: out.units.back() += content;
  }
  return 0;
}

class Renderer {
 public:
  Renderer(git_diff* diff, const RenderOptions& options) : diff_(diff), options_(options) {}

  Result<Diff> run() {
    if (!options_.page.cursor.empty()) start_ = PB_TRY(Cursor::parse(options_.page.cursor));
    const auto end = Steady::now() + options_.budget;
    for (std::size_t i = 0; i < git_diff_num_deltas(diff_); ++i) {
      const git_diff_delta* delta = git_diff_get_delta(diff_, i);
      if (options_.want && !options_.want(*delta)) continue;
      if (out_.file_count == start_.file) PB_TRY(check_start(*delta));
      PB_TRY(one_file(i, *delta, Steady::now() < end));
    }
    if (!options_.page.cursor.empty() && start_.file >= out_.file_count) return other_diff();
    return std::move(out_);
  }

 private:
  std::string shown(const char* path) const {
    std::string text = path ? path : "";
    if (!options_.strip.empty() && text.starts_with(options_.strip)) text.erase(0, options_.strip.size());
    return text;
  }

  // What is compared with what, in few characters.
  std::string mark_of(const git_diff_delta& delta) const {
    const std::string whole = fmt::format("{}\n{}\n{}\n{}", options_.page.context_lines, to_id(delta.old_file.id),
                                          to_id(delta.new_file.id), delta.new_file.path);
    return sha256_hex(whole).substr(0, kMarkDigits);
  }

  Status check_start(const git_diff_delta& delta) const {
    if (options_.page.cursor.empty() || start_.mark == mark_of(delta)) return {};
    return other_diff();
  }

  bool on_page() const { return options_.page.max_bytes > 0 && !out_.next_cursor && out_.file_count >= start_.file; }

  Status one_file(std::size_t i, const git_diff_delta& delta, bool in_time) {
    DiffFile file;
    file.path = shown(delta.new_file.path);
    file.status = letter_of(delta.status);
    if (file.status == 'R') file.old_path = shown(delta.old_file.path);
    file.old_mode = file.status == 'A' ? 0 : delta.old_file.mode;
    file.new_mode = file.status == 'D' ? 0 : delta.new_file.mode;
    file.untracked = options_.untracked.contains(delta.new_file.path);

    FilePatch patch;
    patch.units.push_back(header(file, delta));
    if (withheld(file)) {
      patch.units.back() += "Content withheld\n";
    } else if (in_time) {
      PB_TRY(compare(i, file, patch));
    } else {
      out_.totals_partial = true;
    }
    file.binary = patch.binary;
    file.additions = static_cast<int>(patch.additions);
    file.deletions = static_cast<int>(patch.deletions);
    out_.additions += file.additions;
    out_.deletions += file.deletions;
    out_.total_bytes += patch.bytes();
    if (on_page()) add_to_page(delta, patch);
    ++out_.file_count;
    if (out_.files.size() < options_.max_files) {
      out_.files.push_back(std::move(file));
    } else {
      out_.files_truncated = true;
    }
    return {};
  }

  bool withheld(const DiffFile& file) const {
    return options_.withheld.contains(file.path) || (file.old_path && options_.withheld.contains(*file.old_path));
  }

  std::string header(const DiffFile& f, const git_diff_delta& delta) const {
    const std::string old_name = f.old_path.value_or(f.path);
    std::string h = "diff --git " + quoted("a/" + old_name) + " " + quoted("b/" + f.path) + "\n";
    if (f.old_mode == 0) {
      h += fmt::format("new file mode {:06o}\n", f.new_mode);
    } else if (f.new_mode == 0) {
      h += fmt::format("deleted file mode {:06o}\n", f.old_mode);
    } else if (f.old_mode != f.new_mode) {
      h += fmt::format("old mode {:06o}\nnew mode {:06o}\n", f.old_mode, f.new_mode);
    }
    if (f.old_path) {
      h += fmt::format("similarity index {}%\nrename from {}\nrename to {}\n", delta.similarity, quoted(old_name),
                       quoted(f.path));
    }
    if (!git_oid_equal(&delta.old_file.id, &delta.new_file.id)) {
      h += "index " + short_hex(delta.old_file.id) + ".." + short_hex(delta.new_file.id);
      if (f.old_mode == f.new_mode) h += fmt::format(" {:06o}", f.new_mode);
      h += '\n';
    }
    return h;
  }

  Status compare(std::size_t i, const DiffFile& file, FilePatch& out) {
    git_patch* raw = nullptr;
    PB_TRY(check(git_patch_from_diff(&raw, diff_, i), "Comparing a file"));
    const PatchHandle patch(raw);
    if (!raw) return {};
    const std::string from = file.old_mode == 0 ? "/dev/null" : quoted("a/" + file.old_path.value_or(file.path));
    const std::string to = file.new_mode == 0 ? "/dev/null" : quoted("b/" + file.path);
    if ((git_patch_get_delta(raw)->flags & GIT_DIFF_FLAG_BINARY) != 0) {
      out.binary = true;
      out.units.back() += "Binary files " + from + " and " + to + " differ\n";
      return {};
    }
    if (git_patch_num_hunks(raw) == 0) return {};
    out.units.back() += "--- " + from + "\n+++ " + to + "\n";
    const std::string head = out.units.back();
    PB_TRY(check(git_patch_print(raw, collect_line, &out), "Comparing a file"));
    if (!out.may_hold_keys || !on_page()) return {};
    FilePatch again;
    again.old_keys = keys_of(git_patch_get_delta(raw)->old_file);
    again.new_keys = keys_of(git_patch_get_delta(raw)->new_file);
    if (again.old_keys.empty() && again.new_keys.empty()) return {};
    again.units.push_back(head);
    out = std::move(again);
    return check(git_patch_print(raw, collect_line, &out), "Comparing a file");
  }

  KeyLines keys_of(const git_diff_file& side) const {
    git_blob* raw = nullptr;
    if (git_oid_is_zero(&side.id) || git_blob_lookup(&raw, options_.repo, &side.id) != 0) return {};
    const BlobHandle blob(raw);
    return KeyLines({static_cast<const char*>(git_blob_rawcontent(raw)), git_blob_rawsize(raw)});
  }

  // Secrets are replaced before anything is cut: half of one would not be known for what it is.
  void add_to_page(const git_diff_delta& delta, const FilePatch& patch) {
    const std::size_t file = out_.file_count;
    for (std::size_t hunk = file == start_.file ? start_.hunk : 0; hunk < patch.units.size(); ++hunk) {
      const std::string shown = redact(patch.units[hunk]);
      std::string_view unit = shown;
      const std::size_t offset = file == start_.file && hunk == start_.hunk ? start_.offset : 0;
      unit.remove_prefix(std::min(offset, unit.size()));
      const bool hides = shown != patch.units[hunk] || !patch.old_keys.empty() || !patch.new_keys.empty();
      const std::size_t room = options_.page.max_bytes - out_.text.size();
      if (unit.size() <= room) {
        add(unit, hides);
        continue;
      }
      out_.truncated = true;
      Cursor next{file, hunk, offset, mark_of(delta)};
      if (out_.text.empty()) {
        const std::size_t length = cut_of(unit, room);
        add(unit.substr(0, length), hides);
        next.offset += length;
      }
      out_.next_cursor = next.text();
      return;
    }
  }

  void add(std::string_view text, bool hides) {
    out_.text += text;
    for (std::size_t at = text.find(kRedacted); hides && at != text.npos; at = text.find(kRedacted, at + 1))
      ++out_.redactions;
  }

  // A hunk that no page can hold is cut after a line, or inside a line that is too long: between characters, and not
  // inside the mark of a secret.
  static std::size_t cut_of(std::string_view unit, std::size_t room) {
    const std::size_t line = unit.substr(0, room).rfind('\n');
    if (line != std::string_view::npos) return line + 1;
    const std::size_t mark = unit.substr(0, room + kRedacted.size() - 1).rfind(kRedacted);
    if (mark != std::string_view::npos && mark > 0 && mark < room && mark + kRedacted.size() > room) return mark;
    const std::size_t length = utf8_prefix(unit, room).size();
    return length > 0 ? length : room;
  }

  git_diff* diff_;
  const RenderOptions& options_;
  Cursor start_;
  Diff out_;
};

}  // namespace

char letter_of(git_delta_t status) {
  switch (status) {
    case GIT_DELTA_ADDED:
    case GIT_DELTA_UNTRACKED: return 'A';
    case GIT_DELTA_DELETED: return 'D';
    case GIT_DELTA_RENAMED: return 'R';
    case GIT_DELTA_TYPECHANGE: return 'T';
    default: return 'M';
  }
}

Result<Diff> render(git_diff* diff, const RenderOptions& options) { return Renderer(diff, options).run(); }

}  // namespace patchbay::git
