#include "rg_stream.h"

#include <charconv>

#include "patchbay/base/hash.h"
#include "patchbay/json/json.h"

namespace patchbay::workspace {
namespace {

constexpr std::string_view kBegin = R"({"type":"begin")";
constexpr std::string_view kMatch = R"({"type":"match")";
constexpr std::string_view kEnd = R"({"type":"end")";
constexpr std::string_view kTextPath = R"("path":{"text":")";
constexpr std::string_view kBytesPath = R"("path":{"bytes":")";
constexpr std::string_view kLine = R"("},"line_number":)";
constexpr std::string_view kOffset = R"(,"absolute_offset":)";
constexpr std::string_view kStart = R"("},"start":)";
constexpr std::string_view kNotBinary = R"("binary_offset":null)";

constexpr std::size_t kCompactAbove = 1 << 20;
constexpr std::size_t kNumbers = 128;  // a mark with the numbers and marks that follow it
constexpr std::size_t kOverlap = 32;   // longer than any mark

template <class T>
bool number_after(std::string_view record, std::size_t from, std::string_view mark, T* value) {
  const std::size_t at = record.find(mark, from);
  if (at == std::string_view::npos) return false;
  const char* begin = record.data() + at + mark.size();
  return std::from_chars(begin, record.data() + record.size(), *value).ec == std::errc();
}

/// The JSON string that starts at `from`, decoded.
std::string decode_string(std::string_view record, std::size_t from) {
  std::size_t end = from;
  bool escaped = false;
  while (end < record.size() && record[end] != '"') {
    escaped = escaped || record[end] == '\\';
    end += record[end] == '\\' ? 2 : 1;
  }
  const std::string_view raw = record.substr(from, end - from);
  if (!escaped) return std::string(raw);
  const auto parsed = json::parse("\"" + std::string(raw) + "\"");
  return parsed && parsed->is_string() ? parsed->get<std::string>() : std::string();
}

}  // namespace

bool RgStream::feed(std::string_view chunk) {
  while (!chunk.empty()) {
    const std::size_t feed = chunk.find('\n');
    if (feed == std::string_view::npos) {
      if (!skip_rest_) pending_.append(chunk);
      if (pending_.size() > kCompactAbove) compact();
      return true;
    }
    bool go_on;
    if (pending_.empty()) {
      go_on = handle(chunk.substr(0, feed));
    } else {
      if (!skip_rest_) pending_.append(chunk, 0, feed);
      go_on = handle(pending_);
      pending_.clear();
      skip_rest_ = false;
    }
    if (!go_on) return false;
    chunk.remove_prefix(feed + 1);
  }
  return true;
}

void RgStream::compact() {
  const std::string head = pending_.substr(0, kMatch.size());
  const std::size_t line = pending_.find(kLine);
  std::string kept = head;
  if (line == std::string::npos) {
    kept += pending_.substr(pending_.size() - kOverlap);
  } else {
    kept += pending_.substr(line, kNumbers);
    const std::size_t start = pending_.find(kStart, line);
    if (start == std::string::npos) {
      kept += pending_.substr(pending_.size() - kOverlap);
    } else {
      kept += pending_.substr(start, kNumbers);
      skip_rest_ = pending_.size() > start + kNumbers;
    }
  }
  pending_ = std::move(kept);
}

bool RgStream::handle(std::string_view record) {
  if (record.starts_with(kMatch)) return wanted_ ? handle_match(record) : listener_.on_counted_match();
  if (record.starts_with(kBegin)) {
    handle_begin(record);
  } else if (record.starts_with(kEnd)) {
    listener_.on_file_end(record.find(kNotBinary) == std::string_view::npos);
  }
  return true;
}

bool RgStream::handle_match(std::string_view record) {
  RgHit hit;
  const std::size_t line = record.find(kLine);
  if (line == std::string_view::npos) return true;
  if (!number_after(record, line, kLine, &hit.line) || !number_after(record, line, kOffset, &hit.offset)) return true;
  number_after(record, line, kStart, &hit.column);
  return listener_.on_match(hit);
}

void RgStream::handle_begin(std::string_view record) {
  std::string path;
  if (const std::size_t at = record.find(kTextPath); at != std::string_view::npos) {
    path = decode_string(record, at + kTextPath.size());
  } else if (const std::size_t bytes = record.find(kBytesPath); bytes != std::string_view::npos) {
    (void)base64_decode(decode_string(record, bytes + kBytesPath.size()), &path);
  }
  wanted_ = !path.empty() && listener_.on_file(std::move(path));
}

}  // namespace patchbay::workspace
