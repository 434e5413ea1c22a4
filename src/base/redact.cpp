// One pass jumps from anchor to anchor: the few characters that every kind of secret must contain. Text
// without secrets costs little more than the search for them.

#include "patchbay/base/redact.h"

#include <algorithm>
#include <atomic>
#include <mutex>

#include "redact_anchors.h"
#include "redact_scan.h"

namespace patchbay {
namespace {

constexpr std::size_t kMinLiteral = 8;
constexpr std::size_t kMinKeyRun = 16;  // characters of base64 that follow each other
constexpr int kMaxPasses = 8;

/// Grows at its head and is never taken apart, so that it can be read while a token is replaced.
struct Literal {
  std::string value;
  const Literal* next;
};
constinit std::atomic<const Literal*> literals{nullptr};

const Literal* find_literal(const Literal* from, std::string_view value) {
  while (from != nullptr && from->value != value) from = from->next;
  return from;
}

std::vector<std::string>& mutable_query_token_names() {
  static std::vector<std::string> names{"patchbay_token", "token"};
  return names;
}

void find_literals(redaction::Scan& scan) {
  for (const Literal* known = literals.load(std::memory_order_acquire); known != nullptr; known = known->next) {
    const std::string& value = known->value;
    for (std::size_t at = scan.text().find(value); at != std::string_view::npos;
         at = scan.text().find(value, at + value.size())) {
      scan.add(at, at + value.size(), SecretConfidence::kHigh, "own_token");
    }
  }
}

void find_by_anchors(redaction::Scan& scan) {
  redaction::Anchors anchors(scan.text());
  for (std::size_t i = anchors.next(); i != redaction::Anchors::kNone; i = anchors.next()) {
    switch (scan.at(i)) {
      case ':':
        if (scan.at(i + 1) == '/') {
          redaction::find_url_password(scan, i);
          break;
        }
        [[fallthrough]];
      case '=': redaction::find_assigned_secret(scan, i); break;
      case '-':
        if (scan.at(i + 5) == 'B' && scan.at(i + 1) == '-') redaction::find_private_key(scan, i);
        [[fallthrough]];
      default: redaction::find_key_format(scan, i);
    }
  }
}

std::string replace_spans(std::string_view text, const std::vector<SecretSpan>& spans) {
  std::string out;
  out.reserve(text.size() + spans.size() * kRedacted.size());
  std::size_t at = 0;
  for (const SecretSpan& s : spans) {
    out.append(text, at, s.begin - at).append(kRedacted);
    at = s.end;
  }
  return out.append(text, at, std::string_view::npos);
}

}  // namespace

const std::vector<std::string>& redaction::query_token_names() { return mutable_query_token_names(); }

std::vector<SecretSpan> find_secrets(std::string_view text) {
  redaction::Scan scan(text);
  find_literals(scan);
  find_by_anchors(scan);
  return scan.take();
}

std::string redact(std::string_view text, int* count) {
  std::string out(text);
  // A marker can end a word that hid the start of another secret, so the result is looked at again.
  for (int pass = 0; pass < kMaxPasses; ++pass) {
    const std::vector<SecretSpan> spans = find_secrets(out);
    if (spans.empty()) break;
    if (count != nullptr) *count += static_cast<int>(spans.size());
    out = replace_spans(out, spans);
  }
  return out;
}

bool may_be_inside_private_key(std::string_view line) {
  if (line.find("PRIVATE KEY") != std::string_view::npos) return true;
  std::size_t run = 0;
  for (const char c : line) {
    const bool base64 =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/' || c == '=';
    run = base64 ? run + 1 : 0;
    if (run == kMinKeyRun) return true;
  }
  return false;
}

void register_secret_literal(std::string_view value) {
  if (value.size() < kMinLiteral) return;
  static std::mutex mutex;
  std::lock_guard lock(mutex);
  const Literal* head = literals.load(std::memory_order_relaxed);
  if (find_literal(head, value) != nullptr) return;
  literals.store(new Literal{std::string(value), head}, std::memory_order_release);
}

void register_query_token_name(std::string_view name) {
  auto& all = mutable_query_token_names();
  if (!name.empty() && std::find(all.begin(), all.end(), name) == all.end()) all.emplace_back(name);
}

}  // namespace patchbay
