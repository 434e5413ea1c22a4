#include "patchbay/codex/report.h"

#include <algorithm>

#include "patchbay/base/ids.h"
#include "patchbay/base/redact.h"
#include "patchbay/base/text.h"

namespace patchbay::codex {
namespace {

constexpr std::string_view kNothing = "The turn ended without a readable report.";
constexpr std::string_view kImportedFolder = ".ai-bridge/imported-artifacts";
constexpr std::string_view kCut = "\n\n[report cut here: it is longer than this view shows]";

std::string text_of(const Json& value) {
  if (value.is_string()) return std::string(trim(value.get_ref<const std::string&>()));
  if (value.is_number() || value.is_boolean()) return json::dump(value);
  return {};
}

/// A list of several as "- item" lines; one item, or a string, as it is.
std::string lines_of(const Json* value) {
  if (value == nullptr) return {};
  if (!value->is_array()) return text_of(*value);
  if (value->size() == 1) return text_of(value->front());
  std::string out;
  for (const Json& item : *value) {
    if (const std::string text = text_of(item); !text.empty()) out.append(out.empty() ? "- " : "\n- ").append(text);
  }
  return out;
}

std::string joined(const Json* value, std::string_view separator) {
  if (value == nullptr) return {};
  if (!value->is_array()) return text_of(*value);
  std::string out;
  for (const Json& item : *value) {
    const std::string text = text_of(item);
    if (text.empty()) continue;
    if (!out.empty()) out.append(separator);
    out.append(text);
  }
  return out;
}

bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/// The text before `at` does not end within a path's component.
bool begins_on_boundary(std::string_view text, std::size_t at) {
  return at == 0 || !(is_word_character(text[at - 1]) || text[at - 1] == '.');
}

/// What follows is not more of the same component: "/srv/repo" is in "/srv/repo/x" and ends a sentence in
/// "/srv/repo.", but is another folder in "/srv/repo-two" and "/srv/repo.git".
bool ends_on_boundary(std::string_view text, std::size_t end) {
  if (end >= text.size()) return true;
  if (text[end] == '.') return end + 1 >= text.size() || !is_word_character(text[end + 1]);
  return !is_word_character(text[end]);
}

struct Replacement {
  std::string what;
  std::string_view by;
};

/// One pass: at each place the first replacement of the list that fits. Text that was put in is not looked at
/// again.
std::string replace_on_boundaries(std::string_view text, const std::vector<Replacement>& list) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto fits = std::find_if(list.begin(), list.end(), [&](const Replacement& r) {
      return text.compare(at, r.what.size(), r.what) == 0 && begins_on_boundary(text, at) &&
             ends_on_boundary(text, at + r.what.size());
    });
    if (fits == list.end()) {
      out += text[at++];
    } else {
      out.append(fits->by);
      at += fits->what.size();
    }
  }
  return out;
}

void longest_first(std::vector<std::string>& texts) {
  std::stable_sort(texts.begin(), texts.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

std::string without_uuids(std::string_view text) {
  constexpr std::size_t kLength = 36;
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const bool edge = at == 0 || !is_word_character(text[at - 1]) || text[at - 1] == '-' || text[at - 1] == '_';
    if (edge && is_uuid(text.substr(at, kLength))) {
      out += "[id]";
      at += kLength;
    } else {
      out += text[at++];
    }
  }
  return out;
}

std::string without_branches(std::string_view text, std::vector<std::string> branches) {
  longest_first(branches);
  std::vector<Replacement> list;
  for (std::string& branch : branches) {
    if (!branch.empty()) list.push_back({std::move(branch), "[worker-branch]"});
  }
  return replace_on_boundaries(text, list);
}

}  // namespace

std::string report_text(const Json& result) {
  std::string out;
  const auto add = [&out](std::string_view title, const std::string& text) {
    if (text.empty()) return;
    if (!out.empty()) out += "\n\n";
    if (!title.empty()) out.append(title).append(text.find('\n') == std::string::npos ? ": " : ":\n");
    out += text;
  };
  add("", lines_of(json::find(result, "summary")));
  add("", lines_of(json::find(result, "detailed_report")));
  add("Evidence", lines_of(json::find(result, "evidence")));
  add("Notes", lines_of(json::find(result, "notes")));
  add("Risks", lines_of(json::find(result, "risks")));
  add("Open questions", lines_of(json::find(result, "open_questions")));
  add("Recommended next", joined(json::find(result, "next_steps"), "; "));
  return out.empty() ? std::string(kNothing) : out;
}

std::string replace_paths(std::string_view text, std::vector<std::string> paths, std::string_view replacement) {
  std::vector<std::string> usable;
  for (std::string& path : paths) {
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    if (path.size() > 1 && path[0] == '/') usable.push_back(std::move(path));
  }
  longest_first(usable);
  std::vector<Replacement> list;
  for (std::string& path : usable) list.push_back({std::move(path), replacement});
  return replace_on_boundaries(text, list);
}

std::string public_report(std::string_view text, const PrivateStrings& secrets, std::size_t max_bytes,
                          bool* truncated) {
  // Paths come first: they may contain branch names and ids, and would not be found any more behind those.
  std::string out = replace_paths(redact(sanitize_utf8(text)), secrets.paths, "[workspace]");
  out = without_branches(out, secrets.branches);
  out = replace_all(std::move(out), kImportedFolder, "[imported-artifact-context]");
  out = display_safe(without_uuids(out), true);
  const bool cut = out.size() > max_bytes;
  if (truncated != nullptr) *truncated = cut;
  if (!cut) return out;
  const std::size_t room = max_bytes > kCut.size() ? max_bytes - kCut.size() : 0;
  return std::string(utf8_prefix(out, room)).append(utf8_prefix(kCut, max_bytes));
}

std::string public_code(std::string_view text, const PrivateStrings& secrets) {
  return replace_paths(redact(text), secrets.paths, "[workspace]");
}

}  // namespace patchbay::codex
