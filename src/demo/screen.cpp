#include "demo/screen.h"

#include <fmt/format.h>

#include "patchbay/base/text.h"

namespace patchbay::demo {
namespace {

constexpr const char* kBold = "\033[1m";
constexpr const char* kDim = "\033[2m";
constexpr const char* kRed = "\033[31m";
constexpr const char* kGreen = "\033[32m";
constexpr const char* kYellow = "\033[33m";
constexpr const char* kCyan = "\033[36m";
constexpr const char* kReset = "\033[0m";
constexpr const char* kEraseLine = "\r\033[K";
constexpr std::size_t kPassingWidth = 76;

}  // namespace

std::string spell(std::chrono::milliseconds time) {
  if (time < std::chrono::minutes(1)) return fmt::format("{:.1f} s", static_cast<double>(time.count()) / 1000);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time).count();
  return fmt::format("{} min {} s", seconds / 60, seconds % 60);
}

std::chrono::milliseconds since(MonoTime start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(system_clock().mono() - start);
}

std::string Screen::paint(const char* colour, std::string_view text) const {
  return terminal_ ? std::string(colour).append(text).append(kReset) : std::string(text);
}

void Screen::put(std::string_view text) {
  if (passing_) out_ << kEraseLine;
  passing_ = false;
  out_ << text << '\n' << std::flush;
}

void Screen::title(std::string_view text) { put("\n" + paint(kBold, text) + "\n"); }

void Screen::heading(std::string_view text) { put("\n" + paint(kBold, fmt::format("{}  {}", ++number_, text))); }

void Screen::line(std::string_view text) { put("   " + display_safe(text)); }

void Screen::fact(std::string_view name, std::string_view value) {
  put("   " + paint(kDim, fmt::format("{:<12}", name)) + " " + display_safe(value));
}

void Screen::good(std::string_view text) { put("   " + paint(kGreen, display_safe(text))); }

void Screen::warning(std::string_view text) { put("   " + paint(kYellow, display_safe(text))); }

void Screen::block(std::string_view text) {
  for (const std::string_view row : split(trim(text), '\n')) {
    put("   " + paint(kDim, "|") + " " + display_safe(row));
  }
}

void Screen::diff(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  for (const std::string_view row : split(text, '\n')) {
    const bool names = row.starts_with("+++") || row.starts_with("---") || row.starts_with("diff ");
    const char* colour = names                   ? kBold
                         : row.starts_with('+')  ? kGreen
                         : row.starts_with('-')  ? kRed
                         : row.starts_with("@@") ? kCyan
                                                 : nullptr;
    const std::string safe = display_safe(row);
    put("   " + paint(kDim, "|") + " " + (colour == nullptr ? safe : paint(colour, safe)));
  }
}

void Screen::passing(std::string_view text) {
  if (!terminal_) return;
  out_ << kEraseLine << "   " << kDim << utf8_prefix(display_safe(text), kPassingWidth) << kReset << std::flush;
  passing_ = true;
}

void Screen::failure(const Error& error) {
  put("\n" + paint(kRed, "The demo failed: ") + display_safe(error.message));
  if (!error.hint.empty()) put(display_safe(error.hint));
}

void Screen::end(std::string_view text) { put("\n" + paint(kBold, text)); }

}  // namespace patchbay::demo
