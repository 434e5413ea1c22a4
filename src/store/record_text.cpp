#include "store/record_text.h"

#include <charconv>

#include "store/crc32c.h"

namespace patchbay::store {
namespace {

constexpr std::size_t kSumDigits = 8;
constexpr std::string_view kAfterSum = "\"}";

std::string sum_text(std::string_view head, std::string_view tail) {
  return fmt::format("{:08x}", crc32c(tail, crc32c(head)));
}

/// Reads the line of `_check` piece by piece; any other byte than the expected one is damage.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text), size_(text.size()) {}

  bool literal(std::string_view expected) {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(expected.size());
    return true;
  }
  template <class T>
  bool number(T& out) {
    const auto [end, err] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), out);
    if (err != std::errc()) return false;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return true;
  }
  std::size_t position() const { return size_ - rest_.size(); }

 private:
  std::string_view rest_;
  std::size_t size_;
};

}  // namespace

std::string seal(const RecordOrder& order, const Json& record) {
  const std::string body = json::dump_pretty(record);
  // The record's own brace goes; what follows it is a line feed, or the closing brace of an empty object.
  const std::string tail = (record.empty() ? "\n" : ",") + body.substr(1) + "\n";
  const std::string head = fmt::format(
      "{{\n  \"_check\": {{\"schema\": {}, \"created\": {}, \"revision\": {}, \"bytes\": {}, \"crc32c\": \"",
      kRecordSchema, order.created, order.revision, tail.size());
  const std::string rest = std::string(kAfterSum) + tail;
  return head + sum_text(head, rest) + rest;
}

Unsealed unseal(std::string& text) {
  Unsealed out;
  Cursor cursor(text);
  int schema = 0;
  std::size_t bytes = 0;
  const bool formed = cursor.literal("{\n  \"_check\": {\"schema\": ") && cursor.number(schema) &&
                      cursor.literal(", \"created\": ") && cursor.number(out.order.created) &&
                      cursor.literal(", \"revision\": ") && cursor.number(out.order.revision) &&
                      cursor.literal(", \"bytes\": ") && cursor.number(bytes) && cursor.literal(", \"crc32c\": \"");
  const std::size_t sum_at = cursor.position();
  const std::size_t after = sum_at + kSumDigits;
  if (!formed || text.size() < after + kAfterSum.size()) {
    out.reason = text.empty() ? "the file is empty" : "the line of _check is not readable";
    return out;
  }
  const std::string_view all = text;
  const std::size_t tail_at = after + kAfterSum.size();
  if (text.size() - tail_at != bytes) {
    out.reason = fmt::format("{} bytes where {} belong", text.size() - tail_at, bytes);
    return out;
  }
  if (all.substr(sum_at, kSumDigits) != sum_text(all.substr(0, sum_at), all.substr(after))) {
    out.reason = "the checksum does not fit";
    return out;
  }
  if (schema > kRecordSchema) {
    out.seal = Seal::kTooNew;
    return out;
  }
  // The comma (or the line feed of an empty record) becomes the record's own opening brace.
  text[tail_at] = '{';
  out.body = std::string_view(text).substr(tail_at);
  out.seal = Seal::kIntact;
  return out;
}

}  // namespace patchbay::store
