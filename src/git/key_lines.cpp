#include "git/key_lines.h"

#include <algorithm>

#include "patchbay/base/redact.h"

namespace patchbay::git {
namespace {

constexpr std::string_view kMark = "PRIVATE KEY";

}  // namespace

KeyLines::KeyLines(std::string_view content) {
  if (content.find(kMark) == std::string_view::npos) return;
  int line = 1;
  std::size_t counted = 0;
  for (const SecretSpan& s : find_secrets(content)) {
    if (s.kind != "private_key") continue;
    const std::string_view passed = content.substr(counted, s.begin - counted);
    line += static_cast<int>(std::count(passed.begin(), passed.end(), '\n'));
    counted = s.begin;
    secrets_.emplace(line, content.substr(s.begin, s.end - s.begin));
  }
}

std::string_view KeyLines::secret_of(int line) const {
  const auto it = secrets_.find(line);
  return it == secrets_.end() ? std::string_view() : it->second;
}

bool KeyLines::is_in(std::string_view text) const {
  return std::any_of(secrets_.begin(), secrets_.end(),
                     [&](const auto& secret) { return text.find(secret.second) != std::string_view::npos; });
}

}  // namespace patchbay::git
