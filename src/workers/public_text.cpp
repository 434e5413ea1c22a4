#include "patchbay/workers/public_text.h"

#include <algorithm>

#include "patchbay/base/redact.h"

namespace patchbay::workers {
namespace {

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

struct Name {
  std::string_view prefix;
  std::size_t digits;
  std::string_view by;
};
constexpr Name kNames[] = {{"codex/worker-wrk-", 20, "[worker-branch]"},
                           {"codex/job-", 8, "[worker-branch]"},
                           {"worker-wrk-", 20, "[worker]"}};

}  // namespace

std::string hide_branches(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto fits = std::find_if(std::begin(kNames), std::end(kNames), [&](const Name& n) {
      if (!text.starts_with(n.prefix)) return false;
      const std::string_view digits = text.substr(n.prefix.size(), n.digits);
      const bool longer = text.size() > n.prefix.size() + n.digits && is_hex(text[n.prefix.size() + n.digits]);
      return digits.size() == n.digits && std::all_of(digits.begin(), digits.end(), is_hex) && !longer;
    });
    if (fits == std::end(kNames)) {
      const std::size_t next = text.find_first_of("cw", 1);
      out += text.substr(0, next);
      text.remove_prefix(std::min(next, text.size()));
    } else {
      out += fits->by;
      text.remove_prefix(fits->prefix.size() + fits->digits);
    }
  }
  return out;
}

std::string name_some(const std::vector<std::string>& named, std::size_t total) {
  std::string out;
  for (const std::string& name : named) out += (out.empty() ? "" : ", ") + name;
  return total > named.size() ? out + " and " + std::to_string(total - named.size()) + " more" : out;
}

int redactions_in(std::string_view text) {
  int count = 0;
  for (std::size_t at = text.find(kRedacted); at != std::string_view::npos;
       at = text.find(kRedacted, at + kRedacted.size())) {
    ++count;
  }
  return count;
}

}  // namespace patchbay::workers
