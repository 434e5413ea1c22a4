#pragma once

#include <string>
#include <vector>

#include "patchbay/json/describe.h"

namespace patchbay::tools {

/// The overview of the modes as the protocol server gives it.
struct ModeView {
  std::string current_mode, default_mode, max_mode;
  std::vector<std::string> available_modes;
  std::vector<Json> modes;  ///< mode, current, permitted, tool_count, purpose, tool_names
  std::string recommended_default;
  bool persisted_to_config = false;
  std::string chatgpt_refresh_note;

  template <class V>
  static void describe(V& v) {
    v.field("current_mode", &ModeView::current_mode);
    v.field("default_mode", &ModeView::default_mode);
    v.field("max_mode", &ModeView::max_mode);
    v.field("available_modes", &ModeView::available_modes);
    v.field("modes", &ModeView::modes);
    v.field("recommended_default", &ModeView::recommended_default);
    v.field("persisted_to_config", &ModeView::persisted_to_config);
    v.field("chatgpt_refresh_note", &ModeView::chatgpt_refresh_note);
  }

  /// "mode (n tools): purpose" for each mode, the current one marked.
  std::string text() const;
};

}  // namespace patchbay::tools
