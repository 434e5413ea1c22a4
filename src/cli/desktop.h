#pragma once

#include <string>

#include "patchbay/base/result.h"

/// The few things a launcher does on somebody's desktop.
namespace patchbay::cli {

/// Puts text on the clipboard with the first helper that is installed: wl-copy, xclip, xsel, pbcopy. The text goes
/// through a pipe, never onto a command line. kNotFound when there is no helper.
Status copy_to_clipboard(const std::string& text);

/// Opens an address in the browser of the desktop and does not wait for it. kNotFound when nothing can.
Status open_in_browser(const std::string& url);

}  // namespace patchbay::cli
