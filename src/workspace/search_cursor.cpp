#include "search_cursor.h"

#include <charconv>
#include <limits>

#include "patchbay/base/hash.h"
#include "patchbay/base/redact.h"
#include "patchbay/base/text.h"
#include "patchbay/os/file.h"

namespace patchbay::workspace {
namespace {

constexpr std::size_t kBinding = 16;     // hex digits
constexpr std::size_t kNameDigest = 16;  // hex digits
constexpr std::size_t kMaxNames = 1'000'000;
constexpr char kClearPath = '=', kHiddenNames = '#';

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

std::string digest_of_name(const std::string& binding, std::string_view name) {
  return sha256_hex(binding + ":" + std::string(name)).substr(0, kNameDigest);
}

/// How much of a path is a folder that redaction leaves as it is, when it does not leave the whole path.
std::optional<std::size_t> clear_folder(const std::string& path) {
  const std::string shown = display_safe(path);
  const std::string redacted = redact(path);
  if (redacted == path && redact(shown) == shown) return std::nullopt;
  std::size_t same = 0;
  while (same < path.size() && same < redacted.size() && path[same] == redacted[same]) ++same;
  const std::size_t slash = path.rfind('/', same);
  return redacted == path || slash == std::string::npos ? 0 : slash;
}

/// A path in a cursor: "=path", or "#digest/digest:folder" where redaction hides a name below the folder.
std::string write_path(const std::string& path, const std::string& binding) {
  const auto folder = clear_folder(path);
  if (!folder) return kClearPath + path;
  std::string digests;
  for (const std::string_view name : split(std::string_view(path).substr(*folder == 0 ? 0 : *folder + 1), '/')) {
    if (!digests.empty()) digests += '/';
    digests += digest_of_name(binding, name);
  }
  return kHiddenNames + digests + ":" + path.substr(0, *folder);
}

/// The name in a folder that has this digest.
std::optional<std::string> find_name(const WorkspaceFs& fs, const std::string& folder, const std::string& binding,
                                     std::string_view digest) {
  const auto opened = fs.open_listed_dir(folder.empty() ? "." : folder);
  if (!opened) return std::nullopt;
  const auto listing = fs.list(*opened, kMaxNames);
  if (!listing) return std::nullopt;
  for (const DirEntry& entry : listing->entries) {
    if (digest_of_name(binding, entry.name) == digest) return entry.name;
  }
  return std::nullopt;
}

Error foreign_cursor() {
  return Error{ErrorCode::kInvalidArgument,
               "The cursor does not belong to this search.",
               "Use next_cursor of the page before, with the same arguments.",
               {}};
}

Result<std::string> read_path(const WorkspaceFs& fs, const std::string& text, const std::string& binding) {
  if (text.size() < 2) return foreign_cursor();
  if (text[0] == kClearPath) return text.substr(1);
  const std::size_t colon = text.find(':');
  if (text[0] != kHiddenNames || colon == std::string::npos) return foreign_cursor();
  std::string path = text.substr(colon + 1);
  for (const std::string_view digest : split(std::string_view(text).substr(1, colon - 1), '/')) {
    const auto name = find_name(fs, path, binding, digest);
    if (!name) {
      return Error{ErrorCode::kInvalidArgument,
                   "The file at which the page before ended is gone.",
                   "Search again without a cursor.",
                   {}};
    }
    path = path.empty() ? *name : os::join(path, *name);
  }
  return path;
}

/// "binding:line:" and a path.
Result<std::optional<HitPosition>> read_position(const WorkspaceFs& fs, const std::string& text,
                                                 const std::string& binding) {
  if (!text.starts_with(binding + ":")) return foreign_cursor();
  const std::size_t begin = binding.size() + 1;
  const std::size_t colon = text.find(':', begin);
  if (colon == std::string::npos) return foreign_cursor();
  HitPosition position;
  const auto read = std::from_chars(text.data() + begin, text.data() + colon, position.line);
  if (read.ec != std::errc() || read.ptr != text.data() + colon) return foreign_cursor();
  position.path = PB_TRY(read_path(fs, text.substr(colon + 1), binding));
  return std::optional(std::move(position));
}

}  // namespace

std::string encode_search_cursor(const WorkspaceFs& fs, const SearchRequest& request, const HitPosition& last) {
  // With files only, the whole file is behind the cursor.
  const std::int64_t line = request.files_only ? std::numeric_limits<std::int64_t>::max() : last.line;
  const std::string binding = binding_of(fs, request);
  return base64url_encode(binding + ":" + std::to_string(line) + ":" + write_path(last.path, binding));
}

Result<std::optional<HitPosition>> decode_search_cursor(const WorkspaceFs& fs, const SearchRequest& request) {
  if (request.cursor.empty()) return std::optional<HitPosition>();
  std::string text;
  if (!base64url_decode(request.cursor, &text)) return foreign_cursor();
  return read_position(fs, text, binding_of(fs, request));
}

}  // namespace patchbay::workspace
