#include "codex/grammar.h"

#include <algorithm>

#include "patchbay/codex/models.h"

namespace patchbay::codex {
namespace {

bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_alnum(char c) { return is_alpha(c) || (c >= '0' && c <= '9'); }

bool matches(std::string_view text, std::string_view punctuation, std::size_t longest) {
  return !text.empty() && text.size() <= longest && is_alnum(text[0]) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return is_alnum(c) || punctuation.find(c) != std::string_view::npos; });
}

}  // namespace

bool is_model_name(std::string_view text) { return matches(text, "._:/+-", 160); }
bool is_feature_name(std::string_view text) { return matches(text, "._:/-", 128); }
bool is_profile_name(std::string_view text) { return matches(text, "._-", 128); }
bool is_effort_name(std::string_view text) { return matches(text, "_-", 32) && is_alpha(text[0]); }

bool is_sandbox_mode(std::string_view text) {
  return text == "read-only" || text == "workspace-write" || text == "danger-full-access";
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

int sandbox_width(std::string_view mode) {
  if (mode == "read-only") return 0;
  return mode == "workspace-write" ? 1 : 2;
}

}  // namespace patchbay::codex
