#pragma once

#include <string>
#include <string_view>

namespace patchbay {

/// What happened, then what to do next, as one text. A message without an end of its own gets a full stop.
inline std::string with_hint(std::string message, std::string_view hint) {
  constexpr std::string_view kEnds = ".!?:";
  if (!message.empty() && !hint.empty()) message += kEnds.find(message.back()) == std::string_view::npos ? ". " : " ";
  return message.append(hint);
}

}  // namespace patchbay
