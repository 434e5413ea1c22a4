#include "redact_scan.h"

#include <algorithm>

namespace patchbay::redaction {

void Scan::locate_line(std::size_t i) {
  if (line_begin_ <= i && i <= line_end_) return;
  const std::size_t before = i == 0 ? std::string_view::npos : text_.rfind('\n', i - 1);
  line_begin_ = before == std::string_view::npos ? 0 : before + 1;
  const std::size_t after = text_.find('\n', i);
  line_end_ = after == std::string_view::npos ? text_.size() : after;
}

std::size_t Scan::key_run_end(std::size_t i) {
  if (run_begin_ <= i && i < run_end_) return run_end_;
  run_begin_ = run_end_ = i;
  while (run_end_ < text_.size() && is_key_char(text_[run_end_])) ++run_end_;
  return run_end_;
}

std::size_t Scan::bare_end(std::size_t i) {
  if (bare_begin_ <= i && i < bare_end_) return bare_end_;
  bare_begin_ = bare_end_ = i;
  while (bare_end_ < text_.size() && !ends_bare_value(text_[bare_end_])) ++bare_end_;
  return bare_end_;
}

std::size_t Scan::closing_quote(char quote, std::size_t from) {
  QuoteMemo& m = memo(quote);
  if (from < m.asked || from > m.found) {
    m.asked = from;
    m.found = from;
    for (;; ++m.found) {
      m.found = text_.find(quote, m.found);
      if (m.found == std::string_view::npos) {
        m.found = text_.size();
        break;
      }
      if (m.found == from || text_[m.found - 1] != '\\') break;
    }
  }
  return m.found < text_.size() && m.found < line_end(from) ? m.found : std::string_view::npos;
}

bool Scan::inside_quotes(char quote, std::size_t i) {
  QuoteMemo& m = memo(quote);
  const std::size_t begin = line_begin(i);
  if (m.line != begin || m.counted_to > i) {
    m.line = m.counted_to = begin;
    m.odd = false;
  }
  for (; m.counted_to < i; ++m.counted_to) {
    const std::size_t at = m.counted_to;
    if (text_[at] == quote && (at == begin || text_[at - 1] != '\\')) m.odd = !m.odd;
  }
  return m.odd;
}

void Scan::add(std::size_t begin, std::size_t end, SecretConfidence confidence, std::string_view kind) {
  if (begin >= end) return;
  if (!spans_.empty()) {
    SecretSpan& last = spans_.back();
    if (begin < last.end && begin >= last.begin) {
      // What a precise rule found is not blurred by a vague one.
      if (confidence == SecretConfidence::kMedium && last.confidence == SecretConfidence::kHigh) return;
      last.end = std::max(last.end, end);
      if (confidence == SecretConfidence::kHigh && last.confidence != SecretConfidence::kHigh) {
        last.confidence = confidence;
        last.kind = kind;
      }
      return;
    }
    sorted_ = sorted_ && begin >= last.end;
  }
  spans_.push_back({begin, end, confidence, kind});
}

std::vector<SecretSpan> Scan::take() {
  if (sorted_) return std::move(spans_);
  std::vector<SecretSpan> all = std::move(spans_);
  std::sort(all.begin(), all.end(), [](const SecretSpan& a, const SecretSpan& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
  });
  spans_.clear();
  sorted_ = true;
  for (const SecretSpan& s : all) add(s.begin, s.end, s.confidence, s.kind);
  return std::move(spans_);
}

}  // namespace patchbay::redaction
