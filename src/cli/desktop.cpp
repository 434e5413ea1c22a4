#include "cli/desktop.h"

#include "patchbay/os/file.h"
#include "patchbay/os/process.h"
#include "patchbay/os/stream.h"

namespace patchbay::cli {
namespace {

constexpr auto kHelperWithin = std::chrono::seconds(5);

using Argv = std::vector<std::string>;

/// The first of these programs that is installed, with its arguments; empty when none is.
Argv first_installed(const std::vector<Argv>& programs) {
  const os::Environment env = os::current_environment();
  const auto path = env.find("PATH");
  for (Argv argv : programs) {
    const std::string found = path == env.end() ? std::string() : os::find_program(argv.front(), path->second);
    if (found.empty()) continue;
    argv.front() = found;
    return argv;
  }
  return {};
}

}  // namespace

Status copy_to_clipboard(const std::string& text) {
  const Argv argv = first_installed(
      {{"wl-copy"}, {"xclip", "-selection", "clipboard"}, {"xsel", "--clipboard", "--input"}, {"pbcopy"}});
  if (argv.empty()) {
    return Error{ErrorCode::kNotFound, "no clipboard helper is installed", "Install wl-clipboard, xclip or xsel.", {}};
  }
  auto pipe = PB_TRY(os::make_pipe());
  os::SpawnOptions spawn{.argv = argv};
  spawn.stdin_fd = pipe.read.get();
  os::Child child = PB_TRY(os::Child::spawn(spawn));
  pipe.read.reset();
  // One that ends without reading makes the write fail, or not: whichever of the two is first.
  const Status written = os::write_all(pipe.write.get(), text);
  pipe.write.reset();
  const auto status = child.wait_until(std::chrono::steady_clock::now() + kHelperWithin);
  if (written && status && !status->signalled && status->code == 0) return {};
  return Error{ErrorCode::kIoError, os::base_name(argv.front()) + " did not take the text", {}, {}};
}

Status open_in_browser(const std::string& url) {
  Argv argv = first_installed({{"xdg-open"}, {"open"}});
  if (argv.empty()) return Error{ErrorCode::kNotFound, "no program opens a browser here", "Open " + url, {}};
  argv.push_back(url);
  os::Child child = PB_TRY(os::Child::spawn({.argv = argv}));
  child.detach();
  return {};
}

}  // namespace patchbay::cli
