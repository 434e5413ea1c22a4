#include "git/patch_text.h"

#include <charconv>

// Paths in headers are quoted as git does it with core.quotePath=false: bytes above 0x7f stay, control
// characters, quotes and backslashes are escaped inside double quotes.

namespace patchbay::git {
namespace {

using Steady = std::chrono::steady_clock;

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

// Where a page starts: a file, a hunk in it, a byte in that hunk's text.
struct Cursor {
  std::size_t file = 0, hunk = 0, offset = 0;

  std::string text() const { return fmt::format("{}.{}.{}", file, hunk, offset); }

  static Result<Cursor> parse(const std::string& text) {
    Cursor c;
    const char* p = text.data();
    const char* end = p + text.size();
    for (std::size_t* part : {&c.file, &c.hunk, &c.offset}) {
      const auto [next, ec] = std::from_chars(p, end, *part);
      const bool last = part == &c.offset;
      if (ec != std::errc() || (last ? next != end : (next == end || *next != '.'))) {
        return make_error(ErrorCode::kInvalidArgument, "The cursor is not one that a diff returned.");
      }
      p = next + 1;
    }
    return c;
  }
};

// The text of one file's patch, cut into its hunks; the header belongs to the first.
struct FilePatch {
  std::vector<std::string> units;
  bool binary = false;
  std::size_t additions = 0, deletions = 0;

  std::size_t bytes() const {
    std::size_t sum = 0;
    for (const auto& u : units) sum += u.size();
    return sum;
  }
};

int collect_line(const git_diff_delta*, const git_diff_hunk*, const git_diff_line* line, void* payload) {
  auto& out = *static_cast<FilePatch*>(payload);
  const std::string_view content(line->content, line->content_len);
  switch (line->origin) {
    case GIT_DIFF_LINE_FILE_HDR:
    case GIT_DIFF_LINE_BINARY: break;
    case GIT_DIFF_LINE_HUNK_HDR:
      if (out.units.back().find("\n@@ ") != std::string::npos || out.units.back().starts_with("@@ ")) {
        out.units.emplace_back();
      }
      out.units.back() += content;
      break;
    case GIT_DIFF_LINE_ADDITION:
      ++out.additions;
      out.units.back() += '+';
      out.units.back() += content;
      break;
    case GIT_DIFF_LINE_DELETION:
      ++out.deletions;
      out.units.back() += '-';
      out.units.back() += content;
      break;
    case GIT_DIFF_LINE_CONTEXT: out.units.back() += ' '; [[fallthrough]];
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
      PB_TRY(one_file(i, *delta, Steady::now() < end));
    }
    return std::move(out_);
  }

 private:
  std::string shown(const char* path) const {
    std::string text = path ? path : "";
    if (!options_.strip.empty() && text.starts_with(options_.strip)) text.erase(0, options_.strip.size());
    return text;
  }

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
    add_to_page(out_.file_count, patch);
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
    return check(git_patch_print(raw, collect_line, &out), "Comparing a file");
  }

  void add_to_page(std::size_t file, const FilePatch& patch) {
    if (options_.page.max_bytes == 0) return;
    for (std::size_t hunk = 0; hunk < patch.units.size(); ++hunk) {
      if (file < start_.file || (file == start_.file && hunk < start_.hunk)) continue;
      std::string_view unit = patch.units[hunk];
      const std::size_t offset = file == start_.file && hunk == start_.hunk ? start_.offset : 0;
      unit.remove_prefix(std::min(offset, unit.size()));
      if (out_.next_cursor) return;
      const std::size_t room = options_.page.max_bytes - out_.text.size();
      if (unit.size() <= room) {
        out_.text += unit;
        continue;
      }
      out_.truncated = true;
      Cursor next{file, hunk, offset};
      if (out_.text.empty()) next.offset += cut_inside(unit, room);
      out_.next_cursor = next.text();
      return;
    }
  }

  // A hunk that no page can hold is cut after a line, or anywhere when a line alone is too long.
  std::size_t cut_inside(std::string_view unit, std::size_t room) {
    const std::size_t line = unit.substr(0, room).rfind('\n');
    const std::size_t length = line == std::string_view::npos ? room : line + 1;
    out_.text += unit.substr(0, length);
    return length;
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
