#include "tools/mode_view.h"

namespace patchbay::tools {

std::string ModeView::text() const {
  std::string out;
  for (const Json& mode : modes) {
    out += fmt::format("{}{} ({} tools): {}\n", json::get_bool(mode, "current") ? "* " : "  ",
                       json::get_string(mode, "mode"), json::get_int(mode, "tool_count"),
                       json::get_string(mode, "purpose"));
  }
  return out + chatgpt_refresh_note;
}

}  // namespace patchbay::tools
