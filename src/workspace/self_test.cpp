#include "patchbay/workspace/self_test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <utility>

#include "patchbay/os/file.h"
#include "self_test_parts.h"

namespace patchbay::workspace {
namespace {

constexpr char kInside[] = "inside\n";
constexpr int kReadFlags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC;

/// A folder with everything a path may meet; removed at the end.
class Trial {
 public:
  static Result<Trial> make(const std::string& scratch) {
    Trial trial;
    std::string pattern = os::join(scratch, "path-guard-XXXXXX");
    if (::mkdtemp(pattern.data()) == nullptr)
      return errno_error(errno, "preparing the trial of the path guard", scratch);
    trial.top_ = pattern;
    PB_TRY(os::make_private_dirs(trial.root() + "/folder"));
    PB_TRY(os::write_file_volatile(trial.root() + "/folder/file", kInside));
    PB_TRY(os::write_file_volatile(trial.top_ + "/canary", "outside\n"));
    const bool made = ::symlink("folder/file", (trial.root() + "/link").c_str()) == 0 &&
                      ::symlink("../canary", (trial.root() + "/out").c_str()) == 0 &&
                      ::symlink("..", (trial.root() + "/up").c_str()) == 0 &&
                      ::mkfifo((trial.root() + "/pipe").c_str(), 0600) == 0;
    if (!made) return errno_error(errno, "preparing the trial of the path guard", scratch);
    return trial;
  }
  Trial() = default;
  Trial(Trial&& other) noexcept : top_(std::exchange(other.top_, {})) {}
  Trial& operator=(Trial&&) = delete;
  ~Trial() {
    if (!top_.empty()) [[maybe_unused]]
      const Status gone = os::remove_tree(top_);
  }
  std::string root() const { return top_ + "/root"; }

 private:
  std::string top_;
};

Error failed(const std::string& what) {
  return Error{ErrorCode::kInternal,
               "paths cannot be kept inside their roots on this machine: " + what,
               "The kernel offers no openat2, and what stands in for it does not work here.",
               {}};
}

bool opens(const OpenCanonical& open, int root, const std::vector<std::string>& components) {
  return static_cast<bool>(open(root, CleanPath{components}, kReadFlags));
}

}  // namespace

Status prove_by_trial(const std::string& scratch, const OpenCanonical& open) {
  const Trial trial = PB_TRY(Trial::make(scratch));
  const Beneath beneath = PB_TRY(Beneath::open(trial.root()));
  const int root = beneath.fd();
  const os::Fd file = open(root, CleanPath{{"folder", "file"}}, kReadFlags);
  const auto text = file ? os::read_to_end(file.get(), sizeof kInside) : Result<std::string>(std::string());
  if (!text || *text != kInside) return failed("a file inside is not found");
  if (opens(open, root, {"link"}) || opens(open, root, {"out"})) return failed("a link is followed");
  if (opens(open, root, {"up", "canary"}) || opens(open, root, {"up", "root", "folder", "file"}))
    return failed("a folder that is a link is followed");
  const auto walked = beneath.open_for_reading(PB_TRY(beneath.clean("link")), {});
  if (!walked || walked->path.text() != "folder/file") return failed("a link inside is not understood");
  for (const char* leaves : {"out", "up/canary"}) {
    const auto found = beneath.open_for_reading(PB_TRY(beneath.clean(leaves)), {});
    if (found || found.error().code != ErrorCode::kPathSymlinkEscape) return failed("a link leads out");
  }
  if (beneath.clean("../canary")) return failed("a path leads out");
  const auto pipe = beneath.open_for_reading(PB_TRY(beneath.clean("pipe")), {});
  if (pipe || pipe.error().code != ErrorCode::kPathSpecialFile) return failed("a pipe is taken for a file");
  return {};
}

Status prove_path_guard(const std::string& scratch) {
  const Beneath here = PB_TRY(Beneath::open(scratch));
  if (openat2_works(here.fd())) return {};
  return prove_by_trial(scratch, &open_canonical);
}

}  // namespace patchbay::workspace
