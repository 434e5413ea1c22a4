#include "search_cursor.h"

#include <charconv>
#include <limits>

#include "patchbay/base/hash.h"

namespace patchbay::workspace {
namespace {

constexpr std::size_t kBinding = 16;  // hex digits

/// What binds a cursor to its search.
std::string binding_of(const WorkspaceFs& fs, const SearchRequest& request) {
  std::string all;
  for (const std::string& text : {fs.root(), request.query, request.path, request.glob}) {
    all += std::to_string(text.size()) + ":" + text;
  }
  for (const int choice : {int{request.regex}, int{request.include_hidden}, static_cast<int>(request.case_mode),
                           int{request.files_only}}) {
    all += static_cast<char>('0' + choice);
  }
  return sha256_hex(all).substr(0, kBinding);
}

/// "binding:line:path".
std::optional<HitPosition> read_position(const std::string& text, const std::string& binding) {
  if (!text.starts_with(binding + ":")) return std::nullopt;
  const std::size_t begin = binding.size() + 1;
  const std::size_t colon = text.find(':', begin);
  if (colon == std::string::npos || colon + 1 == text.size()) return std::nullopt;
  HitPosition position;
  const auto read = std::from_chars(text.data() + begin, text.data() + colon, position.line);
  if (read.ec != std::errc() || read.ptr != text.data() + colon) return std::nullopt;
  position.path = text.substr(colon + 1);
  return position;
}

}  // namespace

std::string encode_search_cursor(const WorkspaceFs& fs, const SearchRequest& request, const HitPosition& last) {
  // With files only, the whole file is behind the cursor.
  const std::int64_t line = request.files_only ? std::numeric_limits<std::int64_t>::max() : last.line;
  return base64url_encode(binding_of(fs, request) + ":" + std::to_string(line) + ":" + last.path);
}

Result<std::optional<HitPosition>> decode_search_cursor(const WorkspaceFs& fs, const SearchRequest& request) {
  if (request.cursor.empty()) return std::optional<HitPosition>();
  std::string text;
  if (base64url_decode(request.cursor, &text)) {
    if (auto position = read_position(text, binding_of(fs, request))) return position;
  }
  return Error{ErrorCode::kInvalidArgument,
               "The cursor does not belong to this search.",
               "Use next_cursor of the page before, with the same arguments.",
               {}};
}

}  // namespace patchbay::workspace
